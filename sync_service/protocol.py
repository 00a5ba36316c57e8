"""WebSocket protocol v1: every message, error code and close code is spelled here, once.

docs/protocol.md explains them. Inbound text is parsed with ``json`` and hooks
rather than with orjson, which lets duplicate keys and 1e400 pass.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import orjson

from sync_service.playback import RATE_MAX, RATE_MIN

VERSION: Final = 1
FRAME_BYTES: Final = 16 * 1024
TEXT_GRAPHEMES: Final = 500
COMMAND_ID_LENGTH: Final = 64
DEPTH_MAX: Final = 8
INTEGER_DIGITS: Final = 16  # 2**53 has 16: beyond it JSON numbers are not exact in a browser
HELLO_DEADLINE_S: Final = 5.0

ERRORS: Final[Mapping[str, str]] = {
    "bad_message": "The frame is not a JSON object of this protocol; the message says which part.",
    "unknown_type": "There is no message of this type in this protocol version.",
    "hello_expected": "The first message must be a hello.",
    "unsupported_protocol": "This server speaks protocol 1 only.",
    "ticket_invalid": "The ticket is not one of this cinema's, or not for this address. Ask the API for a new one.",
    "ticket_expired": "The ticket is too old. Ask the API for a new one.",
    "ticket_reused": "The ticket has been used. Ask the API for a new one, or resume.",
    "resume_invalid": "The resume token is not valid any more. Ask the API for a ticket.",
    "not_a_member": "You are not in this room any more. Say hello again.",
    "forbidden": "Your role does not allow this in this room.",
    "room_full": "The room has as many members as it may have.",
    "room_closed": "The room is closed and stays so.",
    "text_empty": "The text is empty once control characters are taken out.",
    "text_too_long": "The text has more than limits.text_graphemes characters.",
    "too_big": "The frame is larger than limits.frame_bytes.",
    "rate_limited": "Too many messages; try again after retry_after_ms.",
    "too_fast": "Messages kept coming in spite of rate_limited.",
    "slow_consumer": "You read too slowly. Come back and resume.",
    "archive_full": "The archive cannot take chat at the moment; playback goes on. Try again after retry_after_ms.",
    "outcome_unknown": "The store did not answer in time. Repeat the command with the same id: it applies once.",
    "try_again": "The store is away at the moment. Repeat the command with the same id after retry_after_ms.",
    "internal": "Something went wrong on the server; it has been logged.",
}


class CloseCode(IntEnum):
    """Why the server ends a connection (RFC 6455 leaves 4000 to 4999 to applications)."""

    NORMAL = 1000
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    HELLO_TIMEOUT = 4408
    ROOM_FULL = 4409
    ROOM_CLOSED = 4410
    TOO_BIG = 4413
    TOO_FAST = 4429
    INTERNAL = 4500
    TRY_AGAIN = 4503
    SLOW_CONSUMER = 4504


class BadMessage(Exception):
    """An inbound message that does not fit; ``code`` stands in ERRORS, ``id`` is the command's, where it had one."""

    def __init__(self, code: str, message: str, id_: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.id = id_


# --- client to server ---

Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a message: ``check`` gives the value or raises ValueError saying what it must be."""

    check: Check
    required: bool = True


def number(low: float, high: float) -> Check:
    """Accept a finite number within [low, high]."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value  # type: ignore[no-any-return]  # one of the two types above

    return check


def integer(low: int, high: int) -> Check:
    """Accept an integer within [low, high]."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"must be an integer from {low} to {high}")
        return value

    return check


def string(longest: int) -> Check:
    """Accept a non-empty string that UTF-8 can carry."""

    def check(value: Any) -> str:
        if type(value) is not str or not 0 < len(value) <= longest:
            raise ValueError(f"must be a string of 1 to {longest} characters")
        if not value.isascii():
            value.encode()  # a lone surrogate from \ud800 raises UnicodeEncodeError, a ValueError
        return value

    return check


def boolean(value: Any) -> bool:
    """Accept true or false."""
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


_ANY_TIME = number(-1e15, 1e15)
_ID: Final = Field(string(COMMAND_ID_LENGTH))
_LONGEST_FILM_MS: Final = 1_000_000_000

INBOUND: Final[Mapping[str, Mapping[str, Field]]] = {
    "hello": {
        "protocol": Field(integer(0, 1_000)),
        "ticket": Field(string(FRAME_BYTES), required=False),
        "resume": Field(string(FRAME_BYTES), required=False),
        "epoch": Field(integer(0, 2**53), required=False),
        "seq": Field(integer(0, 2**53), required=False),
        "hash": Field(string(64), required=False),
    },
    "ping": {"t0": Field(_ANY_TIME), "rtt_ms": Field(number(0, 60_000), required=False)},
    "play": {"id": _ID},
    "pause": {"id": _ID},
    "seek": {"id": _ID, "position_ms": Field(number(-_LONGEST_FILM_MS, _LONGEST_FILM_MS))},
    "set_rate": {"id": _ID, "rate": Field(number(0.25, 4))},
    "say": {"id": _ID, "text": Field(string(FRAME_BYTES))},
    "report": {
        "id": Field(_ID.check, required=False),
        "ready": Field(boolean, required=False),
        "buffering": Field(boolean, required=False),
        "position_ms": Field(number(0, _LONGEST_FILM_MS), required=False),
        "skew_ms": Field(number(-_LONGEST_FILM_MS, _LONGEST_FILM_MS), required=False),
    },
    "leave": {"id": Field(_ID.check, required=False)},
}


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_no_twins, parse_constant=_no_constant, parse_int=_bounded_int)


def _too_deep(value: Any, left: int = DEPTH_MAX) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return left == 0 or any(_too_deep(item, left - 1) for item in value)


def parse(text: str) -> dict[str, Any]:
    """Give a message's ``type`` and known fields, checked; unknown fields are left out. Raises BadMessage."""
    try:
        raw = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage("bad_message", f"not JSON as this protocol takes it: {error}") from None
    if type(raw) is not dict or _too_deep(raw):
        raise BadMessage("bad_message", f"must be one JSON object, nested at most {DEPTH_MAX} deep")
    type_ = raw.get("type")
    id_ = raw.get("id")
    id_ = id_ if type(id_) is str and 0 < len(id_) <= COMMAND_ID_LENGTH and id_.isprintable() else None
    fields = INBOUND.get(type_) if type(type_) is str else None
    if fields is None:
        raise BadMessage("unknown_type", "type: must be one of " + ", ".join(INBOUND), id_)
    message: dict[str, Any] = {"type": type_}
    for name, field in fields.items():
        value = raw.get(name)
        if value is None:
            if field.required:
                raise BadMessage("bad_message", f"{name}: is required", id_)
            continue
        try:
            message[name] = field.check(value)
        except ValueError as error:
            raise BadMessage("bad_message", f"{name}: {error}", id_) from None
    return message


# --- server to client ---

LIMITS: Final = {
    "frame_bytes": FRAME_BYTES,
    "text_graphemes": TEXT_GRAPHEMES,
    "rate_min": RATE_MIN,
    "rate_max": RATE_MAX,
    "command_id_length": COMMAND_ID_LENGTH,
}


def pong(t0: float, t1: float, t2: float, resume: str | None) -> bytes:
    """Give the answer to a ping: ms with decimals; ``resume`` is a renewed token, now and then."""
    message: dict[str, Any] = {"type": "pong", "t0": t0, "t1": t1, "t2": t2}
    if resume is not None:
        message["resume"] = resume
    return orjson.dumps(message)


def ack(id_: str, seq: int) -> bytes:
    """Give the acknowledgement of a command; ``seq`` is its last event's, or the room's if it changed nothing."""
    return orjson.dumps({"type": "ack", "id": id_, "seq": seq})


def error(code: str, message: str | None = None, id_: str | None = None, retry_after_ms: int | None = None) -> bytes:
    """Give an error; ``message`` defaults to the code's own sentence."""
    body: dict[str, Any] = {"type": "error", "code": code, "message": message or ERRORS[code], "id": id_}
    if retry_after_ms is not None:
        body["retry_after_ms"] = retry_after_ms
    return orjson.dumps(body)


def reconnect(after_ms: int) -> bytes:
    """Tell a client to come back in ``after_ms``, by its resume token."""
    return orjson.dumps({"type": "reconnect", "after_ms": after_ms})
