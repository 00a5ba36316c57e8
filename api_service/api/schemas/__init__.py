"""Schemas of the API: requests are parsed by them, answers are described by them.

Answers are encoded straight from the use cases' dataclasses (a marshmallow dump would cost as much as the query); tests
check real answers against the OpenAPI document made of these.
"""
