"""The protocol as an AsyncAPI 3.0 document, generated from the schemas of this package: docs/asyncapi.json.

``make asyncapi`` writes the file. https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.codes import ERRORS, CloseCode
from sync_service.protocol.event_messages import EVENTS
from sync_service.protocol.fields import OneOf, Versions
from sync_service.protocol.messages import Message
from sync_service.protocol.server_messages import SERVER

_SNAPSHOT: Final = ["room", "state", "members", "messages"]
# What a schema says beyond its fields.
_RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Hello": {"oneOf": [{"required": ["ticket"]}, {"required": ["resume"]}]},
    "Welcome": {
        "if": {"properties": {"mode": {"const": "snapshot"}}},
        "then": {"required": _SNAPSHOT},
        "else": {"not": {"anyOf": [{"required": [name]} for name in _SNAPSHOT]}},
    },
}
# What answers a message besides the events that everyone receives; a command without a line here: Ack or Error.
_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "hello": ("Welcome", "Error"),
    "ping": ("Pong",),
    "history": ("Messages", "Error"),
    "react": (),
    "typing": (),
    "leave": (),
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    values: dict[str, type[Schema]] = {}

    def named(schema: Any) -> str:  # apispec hands over the schema itself, whatever it declares
        name = _name(type(schema))
        values[name] = type(schema)
        return name

    # OpenAPI 3.1 took JSON Schema over as it is; in 3.0 null would be no type of its own.
    plugin = MarshmallowPlugin(schema_name_resolver=named)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter: Any = plugin.converter
    converter.add_attribute_function(_own_fields)
    messages = {
        _name(type(schema)): _message(schema, converter.schema2jsonschema(schema))
        for schema in (*CLIENT.values(), *SERVER.values())
    }
    schemas = spec.to_dict()["components"]["schemas"]
    for name, value in schemas.items():
        del value["additionalProperties"]  # whoever reads ignores what they do not know: more may come to it
        schemas[name] = {"description": _sentence(values[name]), **value}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Movie Together: the room protocol",
            "version": "1.0.0",
            "description": "How a client follows a live room and acts in it. docs/protocol.md explains it.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "sync": {
                "host": "sync.example",
                "protocol": "wss",
                "description": "Where sync_service is: the `socket_url` that comes with a ticket tells it.",
            }
        },
        "channels": {
            "room": {
                "address": "/ws/p{partition}",
                "description": "One connection of one member: text frames with one JSON object each, hello first.",
                "parameters": {"partition": {"description": "The room's partition, which `socket_url` carries."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            **{type_: _received(schema) for type_, schema in CLIENT.items()},
            "events": _sent("What happened in the room, in order, to everyone in it.", EVENTS.values()),
            "signals": _sent(
                "What is for this connection alone, and signs that have no place in the log.",
                (schema for type_, schema in SERVER.items() if type_ not in EVENTS),
            ),
        },
        "components": {"messages": messages, "schemas": schemas},
        "x-error-codes": dict(ERRORS),
        "x-close-codes": {str(int(code)): code.name.lower() for code in CloseCode},
    }


def _message(schema: Message, json_schema: dict[str, Any]) -> dict[str, Any]:
    name = _name(type(schema))
    json_schema["properties"] = {"type": {"const": schema.type}, **json_schema["properties"]}
    json_schema["required"] = ["type", *json_schema.get("required", ())]
    message: dict[str, Any] = {
        "name": schema.type,
        "summary": _sentence(type(schema)),
        "payload": {**json_schema, **_RULES.get(name, {})},
    }
    if schema.example is not None:
        message["examples"] = [{"payload": {"type": schema.type, **schema.example}}]
    return message


def _name(schema: type[Schema]) -> str:
    return schema.__name__.removesuffix("Schema")


def _sentence(schema: type[Schema]) -> str:
    # A class without a docstring of its own would show its parent's.
    return " ".join(inspect.cleandoc(schema.__dict__.get("__doc__") or "").replace("``", "`").split())


def _own_fields(_: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Return what the converter cannot know of our own kinds of fields."""
    if isinstance(field, Versions):
        one = {"type": "integer", "minimum": 0, "maximum": 1_000}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 16}]}
    if isinstance(field, OneOf) and all(type(word) is int for word in ret["enum"]):
        return {"type": "integer"}
    return {}


def _received(schema: Message) -> dict[str, Any]:
    operation: dict[str, Any] = {"action": "receive", "channel": _CHANNEL, "messages": [_ref(_name(type(schema)))]}
    answers = _ANSWERS.get(schema.type, ("Ack", "Error"))
    if answers:
        operation["reply"] = {"channel": _CHANNEL, "messages": [_ref(name) for name in answers]}
    return operation


def _sent(summary: str, schemas: Iterable[Message]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": _CHANNEL,
        "summary": summary,
        "messages": [_ref(_name(type(schema))) for schema in schemas],
    }


_CHANNEL: Final = {"$ref": "#/channels/room"}


def _ref(message: str) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{message}"}


def text() -> str:
    """Return the document as its file holds it."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
