"""Every event that a test receives, held against its JSON Schema in docs/events/."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from shared.events.envelope import Event, decode

FOLDER: Final = Path(__file__).parents[2] / "docs" / "events"

# What did not fit its schema since the last look.
violations: list[str] = []


@cache
def validator(type_: str) -> Draft202012Validator:
    """Return the validator of the file for this type."""
    schema = json.loads((FOLDER / f"{type_}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def complaints(type_: str, raw: Any) -> list[str]:
    """Return what is wrong with a whole event by the schema of its type."""
    return [f"{type_}: {error.json_path}: {error.message}" for error in validator(type_).iter_errors(raw)]


def decode_and_check(body: bytes) -> Event:
    """Return the event in a message, as `shared.events.envelope.decode`; what its schema would refuse is noted."""
    event = decode(body)
    violations.extend(complaints(event.type, json.loads(body)))
    return event
