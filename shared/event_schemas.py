"""Every broker event as a JSON Schema (draft 2020-12), generated from the schemas that read it: docs/events/.

``make events`` writes the files.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from shared.events.envelope import SCHEMAS, envelope_of
from shared.events.feed import FEED_FILM, FEED_PERSON
from shared.json_schema import bounds

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DELETED: Final = {"required": ["deleted"], "properties": {"deleted": {"const": True}}}
# What a schema says beyond its fields.
_RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    FEED_FILM: {"anyOf": [{"required": ["titles"], "properties": {"titles": {"minProperties": 1}}}, _DELETED]},
    FEED_PERSON: {"anyOf": [{"required": ["name"], "properties": {"name": {"type": "string"}}}, _DELETED]},
}


def document(type_: str) -> dict[str, Any]:
    """Return the JSON Schema of whole events of this type, envelope and data."""
    found: dict[str, type[Schema]] = {}

    def named(schema: Any) -> str:  # apispec hands over the schema itself, whatever it declares
        cls = schema if isinstance(schema, type) else type(schema)
        name = str(cls.__name__).removesuffix("Schema")
        found[name] = cls
        return name

    # OpenAPI 3.1 took JSON Schema over as it is; in 3.0 null would be no type of its own.
    plugin = MarshmallowPlugin(schema_name_resolver=named)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter: Any = plugin.converter
    converter.add_attribute_function(bounds)
    data = converter.schema2jsonschema(SCHEMAS[type_])
    envelope = converter.schema2jsonschema(envelope_of(type_))
    known = {
        "specversion": {"const": "1.0"},
        "type": {"const": type_},
        "datacontenttype": {"const": "application/json"},
        "data": {**data, **_RULES.get(type_, {})},
    }
    parts = spec.to_dict().get("components", {}).get("schemas", {})
    whole = {
        "$schema": DIALECT,
        "title": type_,
        "description": _sentence(type(SCHEMAS[type_])),
        "type": "object",
        "properties": {**envelope["properties"], **known},
        "required": envelope["required"],
        "$defs": {name: {"description": _sentence(found[name]), **part} for name, part in sorted(parts.items())},
    }
    plain: dict[str, Any] = _as_json_schema({name: value for name, value in whole.items() if value})
    return plain


def text(type_: str) -> str:
    """Return the schema of a type as its file holds it."""
    return json.dumps(document(type_), ensure_ascii=False, indent=2) + "\n"


def write(folder: Path) -> None:
    """Write a file for each type, `<type>.json`, and remove those of types that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        if file.stem not in SCHEMAS:
            file.unlink()
    for type_ in SCHEMAS:
        (folder / f"{type_}.json").write_text(text(type_), "utf-8")


def _sentence(schema: type[Schema]) -> str:
    # A class without a docstring of its own would show its parent's.
    return " ".join(inspect.cleandoc(schema.__dict__.get("__doc__") or "").replace("``", "`").split())


def _as_json_schema(value: Any) -> Any:
    """Return a part of an OpenAPI document in the words of JSON Schema."""
    if isinstance(value, list):
        return [_as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    part = {name: _as_json_schema(one) for name, one in value.items() if one != "" or name != "description"}
    if isinstance(part.get("$ref"), str):
        part["$ref"] = part["$ref"].replace("#/components/schemas/", "#/$defs/")
    if part.get("format") == "url":
        part["format"] = "uri"
    return part


if __name__ == "__main__":
    write(Path(sys.argv[1]))
