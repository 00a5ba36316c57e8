"""From a client's text to a checked message.

orjson lets duplicate keys and 1e400 pass and takes a huge integer for a float: it reads only texts that certainly have
none of these. All others go to ``json`` with hooks, eight times slower, which refuse them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import orjson
from marshmallow import ValidationError, missing

from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.fields import Value
from sync_service.protocol.messages import FILM_MOST_MS, ID_LENGTH, RTT_MOST_MS, T0_MOST

DEPTH_MAX: Final = 8
INTEGER_DIGITS: Final = 16  # 2**53 has 16: beyond it JSON numbers are not exact in a browser


class BadMessage(Exception):
    """An inbound message that does not fit; ``code`` is one of ERRORS, ``id`` the command's, where it had one."""

    def __init__(self, code: str, message: str = "", id_: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.id = id_


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > INTEGER_DIGITS + 1:
        raise ValueError("an integer is too large")
    return int(digits)


def read_plain(text: str) -> dict[str, Any] | None:
    """Return the object of a text that orjson reads as this protocol does, as nearly all are; None for any other."""
    try:
        raw = orjson.loads(text)
    except ValueError:
        return None
    # Each key takes a colon: with no more colons than keys found, none stood twice.
    if type(raw) is not dict or text.count(":") != len(raw):
        return None
    for value in raw.values():
        kind = type(value)
        if (kind is int or kind is float) and not -_EXACT < value < _EXACT:
            return None
        if kind is dict or kind is list:
            return None
    return raw


_EXACT: Final = 10**INTEGER_DIGITS
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_int=_bounded_int
)


def _too_deep(value: Any, left: int = DEPTH_MAX) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return left == 0 or any(_too_deep(item, left - 1) for item in value)


def read_any(text: str) -> dict[str, Any]:
    """Return the object of any text that this protocol takes. Raises BadMessage."""
    try:
        raw = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage("bad_message", f"not JSON as this protocol takes it: {error}") from None
    if type(raw) is not dict or _too_deep(raw):
        raise BadMessage("bad_message", f"must be one JSON object, nested at most {DEPTH_MAX} deep")
    return raw


# The fields of each type: name, check, whether it is required, and the default of one that is left out.
_FIELDS: Final[Mapping[str, list[tuple[str, Callable[[Any], Any], bool, Any]]]] = {
    type_: [
        (name, cast("Value", field).read, field.required, field.load_default) for name, field in schema.fields.items()
    ]
    for type_, schema in CLIENT.items()
}


def _quick_ping(raw: dict[str, Any]) -> dict[str, Any] | None:
    message: dict[str, Any] = {"type": "ping"}
    for name, (low, high) in _PING_NUMBERS.items():
        value = raw.get(name)
        if value is None and name != "t0":
            continue
        if not _is_number(value, low, high):
            return None
        message[name] = value
    return message


def _quick_report(raw: dict[str, Any]) -> dict[str, Any] | None:
    skew_ms, position_ms = raw.get("skew_ms"), raw.get("position_ms")
    if len(raw) != 3 or not _is_number(skew_ms, -FILM_MOST_MS, FILM_MOST_MS):
        return None
    return raw if _is_number(position_ms, 0, FILM_MOST_MS) else None


def _is_number(value: Any, low: float, high: float) -> bool:
    kind = type(value)
    return (kind is float or kind is int) and low <= value <= high


_PING_NUMBERS: Final = {
    "t0": (-T0_MOST, T0_MOST),
    "rtt_ms": (0, RTT_MOST_MS),
    "skew_ms": (-FILM_MOST_MS, FILM_MOST_MS),
}


# What people who only watch send is read without the fields of its schema where it certainly fits, in half the time or
# less. What is not certain comes back as None and goes the usual way, which says what is wrong.
_QUICK: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any] | None]]] = {
    "ping": _quick_ping,
    "report": _quick_report,
}


def parse(text: str) -> dict[str, Any]:
    """Return a message's ``type`` and known fields, checked; unknown fields are left out. Raises BadMessage."""
    raw = read_plain(text) or read_any(text)
    type_ = raw.get("type")
    if type(type_) is str and type_ in _QUICK:
        message = _QUICK[type_](raw)
        if message is not None:
            return message
    id_ = raw.get("id")
    id_ = id_ if type(id_) is str and 0 < len(id_) <= ID_LENGTH and id_.isprintable() else None
    fields = _FIELDS.get(type_) if type(type_) is str else None
    if fields is None:
        raise BadMessage("unknown_type", "type: must be one of " + ", ".join(CLIENT), id_)
    message = {"type": type_}
    for name, read, required, default in fields:
        value = raw.get(name)
        if value is None:  # a field that is null is a field left out
            if required:
                raise BadMessage("bad_message", f"{name}: is required", id_)
            if default is not missing:
                message[name] = default
            continue
        try:
            message[name] = read(value)
        except ValidationError as error:
            raise BadMessage("bad_message", f"{name}: {error.messages[0]}", id_) from None
    if type_ == "hello" and ("ticket" in message) == ("resume" in message):
        raise BadMessage("bad_message", "hello: needs either a ticket or a resume token")
    return message
