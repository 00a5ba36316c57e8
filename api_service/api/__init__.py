"""The JSON API under /api/v1: endpoints, their schemas, and the OpenAPI document made of both.

An endpoint parses, calls one use case and answers: rules and statements belong in the use cases.
"""
