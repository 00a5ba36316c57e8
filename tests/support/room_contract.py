"""docs/asyncapi.json as a judge: whether a message between a client and sync_service is one that the document knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

DOCUMENT: Final[dict[str, Any]] = json.loads(Path(__file__).parents[2].joinpath("docs", "asyncapi.json").read_text())
Direction = Literal["sent", "received"]


class BrokenContract(AssertionError):
    """A message that the document does not know in this direction, or not like this."""


def resolved(ref: str) -> Any:
    """Return what a reference within the document points to."""
    found: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _message_of(ref: Mapping[str, str]) -> dict[str, Any]:
    message: dict[str, Any] = resolved(resolved(ref["$ref"])["$ref"])
    return message


def messages(direction: Direction) -> Iterator[dict[str, Any]]:
    """Return the document's messages that a client sends or receives."""
    action = {"sent": "receive", "received": "send"}[direction]  # the document speaks for the server
    for operation in DOCUMENT["operations"].values():
        if operation["action"] == action:
            yield from map(_message_of, operation["messages"])


def _whole(schema: Any, *, closed: bool) -> Any:
    """Return a schema with its references filled in; closed, it takes no field that it does not name."""
    if isinstance(schema, list):
        return [_whole(one, closed=closed) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(resolved(schema["$ref"]), closed=closed)
    filled = {name: _whole(value, closed=closed) for name, value in schema.items()}
    if closed and filled.get("type") == "object":
        filled.setdefault("additionalProperties", False)
    return filled


def _validators(direction: Direction) -> dict[str, Draft202012Validator]:
    # The server ignores what it does not know. What it sends itself is all in the document.
    closed = direction == "received"
    return {
        message["name"]: Draft202012Validator(_whole(message["payload"], closed=closed))
        for message in messages(direction)
    }


_VALIDATORS: Final = {"sent": _validators("sent"), "received": _validators("received")}


@lru_cache(maxsize=10_000)  # an event goes to everyone in a room as the same text
def complaint_about(direction: Direction, text: str) -> str | None:
    """Say what is wrong with a frame that a client ``sent`` or ``received``; None if nothing is."""
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        return f"{direction} what is not JSON: {error}"
    type_ = message.get("type") if isinstance(message, dict) else None
    validator = _VALIDATORS[direction].get(type_) if isinstance(type_, str) else None
    if validator is None:
        return f"{direction} what is no message of this direction: {text[:200]}"
    wrong = best_match(validator.iter_errors(message))
    return None if wrong is None else f"{direction} {type_}: {wrong.json_path}: {wrong.message[:500]}"


def check(direction: Direction, text: str) -> None:
    """Raise BrokenContract unless the frame fits."""
    complaint = complaint_about(direction, text)
    if complaint is not None:
        raise BrokenContract(complaint)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
