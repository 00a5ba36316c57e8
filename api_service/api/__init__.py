"""The JSON API under /api/v1: endpoints, their schemas, and the OpenAPI document made of both."""
