"""The JSON API under /api/v1: endpoints, their schemas, and the OpenAPI document made of both.

An endpoint reads its request, calls one use case and answers. No statements and no rules here.
"""
