"""The protocol as an AsyncAPI 3.0 document, generated from the schemas of protocol.py: docs/asyncapi.json.

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

from sync_service.protocol.fields import OneOf, Versions
from sync_service.protocol.messages import CLIENT, ERRORS, EVENTS, SERVER, CloseCode, Message

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
_ANNA: Final = "9f1c6f4e-5c0d-4d8e-9d3b-0c2f5a6e7b81"
_BORIS: Final = "1b0e3a52-7a46-4f5c-8a1e-6d2c9f4b7e03"
_SAID: Final = "0199c5a1-52f0-7c3e-b1a4-2f6d8e9c0a17"
_PLACE: Final = {"epoch": 1, "seq": 8, "hash": "9287a12dee4ad2cc"}
_FACT: Final = {**_PLACE, "time_ms": 1795437924063, "by": _ANNA, "command": "a1"}
_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Hello": {"protocol": 1, "resume": "eyJ…", "epoch": 1, "seq": 7, "hash": "4e5f7c0ea46f8f23"},
    "Ping": {"t0": 15321.25, "rtt_ms": 31.5},
    "Play": {"id": "a1"},
    "Pause": {"id": "a2"},
    "Seek": {"id": "a3", "position_ms": 754_000},
    "SetRate": {"id": "a4", "rate": 1.25},
    "Report": {"ready": True, "buffering": False, "position_ms": 754_020, "skew_ms": -18.5},
    "Say": {"id": "a5", "text": "Смотрите, кит!", "reply_to": _SAID},
    "React": {"emoji": "🐋"},
    "Typing": {},
    "DeleteMessage": {"id": "a6", "message_id": _SAID},
    "SetRole": {"id": "a7", "member_id": _BORIS, "role": "moderator"},
    "Mute": {"id": "a8", "member_id": _BORIS, "seconds": 300},
    "Kick": {"id": "a9", "member_id": _BORIS},
    "ChangeSettings": {"id": "a10", "control": "moderators", "slow_mode_s": 10},
    "History": {"id": "a11", "before": _SAID, "limit": 50},
    "Leave": {},
    "Pong": {"t0": 15321.25, "t1": 1795437924063.112, "t2": 1795437924063.174},
    "Ack": {"id": "a1", "seq": 8},
    "Error": {"code": "rate_limited", "message": ERRORS["rate_limited"], "id": "a5", "retry_after_ms": 480},
    "Reconnect": {"after_ms": 740},
    "Reacted": {"by": _ANNA, "emoji": "🐋", "position_ms": 754_020},
    "IsTyping": {"by": _ANNA},
    "Skew": {"by": _BORIS, "skew_ms": -640},
    "MessageDeleted": {**_FACT, "message_id": _SAID},
    "Said": {
        **_FACT,
        "message": {
            "id": _SAID,
            "author": {"id": _ANNA, "name": "Anna"},
            "text": "Смотрите, кит!",
            "position_ms": 754_020,
            "sent_ms": 1795437924063,
            "reply_to": None,
            "deleted": False,
        },
    },
}


def document() -> dict[str, Any]:
    """Give the AsyncAPI document."""
    values: dict[str, type[Schema]] = {}

    def named(schema: Any) -> str:  # apispec hands over the schema itself, whatever it declares
        name = type(schema).__name__
        values[name] = type(schema)
        return name

    # OpenAPI 3.1 took JSON Schema over as it is; in 3.0 null would be no type of its own.
    plugin = MarshmallowPlugin(schema_name_resolver=named)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter: Any = plugin.converter
    converter.add_attribute_function(_own_fields)
    messages = {
        type(schema).__name__: _message(schema, converter.schema2jsonschema(schema))
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
    name = type(schema).__name__
    json_schema["properties"] = {"type": {"const": schema.type}, **json_schema["properties"]}
    json_schema["required"] = ["type", *json_schema.get("required", ())]
    message: dict[str, Any] = {
        "name": schema.type,
        "summary": _sentence(type(schema)),
        "payload": {**json_schema, **_RULES.get(name, {})},
    }
    if name in _EXAMPLES:
        message["examples"] = [{"payload": {"type": schema.type, **_EXAMPLES[name]}}]
    return message


def _sentence(schema: type[Schema]) -> str:
    # A class without a docstring of its own would show its parent's.
    return " ".join(inspect.cleandoc(schema.__dict__.get("__doc__") or "").replace("``", "`").split())


def _own_fields(_: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Say of our own kinds of fields what the converter cannot know."""
    if isinstance(field, Versions):
        one = {"type": "integer", "minimum": 0, "maximum": 1_000}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 16}]}
    if isinstance(field, OneOf) and all(type(word) is int for word in ret["enum"]):
        return {"type": "integer"}
    return {}


def _received(schema: Message) -> dict[str, Any]:
    operation: dict[str, Any] = {"action": "receive", "channel": _CHANNEL, "messages": [_ref(type(schema).__name__)]}
    answers = _ANSWERS.get(schema.type, ("Ack", "Error"))
    if answers:
        operation["reply"] = {"channel": _CHANNEL, "messages": [_ref(name) for name in answers]}
    return operation


def _sent(summary: str, schemas: Iterable[Message]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": _CHANNEL,
        "summary": summary,
        "messages": [_ref(type(schema).__name__) for schema in schemas],
    }


_CHANNEL: Final = {"$ref": "#/channels/room"}


def _ref(message: str) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{message}"}


def text() -> str:
    """Give the document as its file holds it."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
