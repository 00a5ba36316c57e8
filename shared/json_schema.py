"""Marshmallow's schemas as JSON Schema: what apispec's converter leaves out, for documents of events and of the API."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate


def bounds(_: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Return a field's bounds that the converter does not know (an attribute function of apispec).

    These are a lowest number that is itself excluded, how many members an object has, and what they may be called.
    """
    found: dict[str, Any] = {}
    for one in field.validators:
        if isinstance(one, validate.Range) and one.min is not None and not one.min_inclusive:
            ret.pop("minimum", None)
            found["exclusiveMinimum"] = one.min
    if isinstance(field, fields.Dict):
        for wrong, right in (("minLength", "minProperties"), ("maxLength", "maxProperties")):
            if wrong in ret:
                found[right] = ret.pop(wrong)
        names = _names(field)
        if names:
            found["propertyNames"] = names
    return found


def _names(field: fields.Dict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in field.key_field.validators if field.key_field is not None else ():
        if isinstance(one, validate.Length) and one.max is not None:
            found["maxLength"] = one.max
        if isinstance(one, validate.Regexp):
            found["pattern"] = one.regex.pattern
    return found
