"""Messages to one client, as JSON; the room's events are encoded once for everyone (store/records.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from shared import texts
from sync_service.protocol import silence
from sync_service.protocol.codes import ERRORS
from sync_service.protocol.messages import FRAME_BYTES, HISTORY_MOST, ID_LENGTH
from sync_service.room.playback import RATE_MAX, RATE_MIN
from sync_service.room.state import Message

LIMITS: Final = {
    "frame_bytes": FRAME_BYTES,
    "text_graphemes": texts.GRAPHEMES,
    "text_code_points": texts.CODE_POINTS,
    "rate_min": RATE_MIN,
    "rate_max": RATE_MAX,
    "command_id_length": ID_LENGTH,
    "history": HISTORY_MOST,
    "silent_ms": int(silence.ASK_S * 1000),
    "gone_ms": int(silence.LEAVES_WITHIN_S * 1000),
    "grace_ms": int(silence.GRACE_S * 1000),
}


def pong(t0: float, t1: float, t2: float, resume: str | None) -> bytes:
    """Return the answer to a ping: ms with decimals; ``resume`` is a renewed token, now and then."""
    message: dict[str, Any] = {"type": "pong", "t0": t0, "t1": t1, "t2": t2}
    if resume is not None:
        message["resume"] = resume
    return orjson.dumps(message)


def ack(id_: str, seq: int) -> bytes:
    """Return the acknowledgement of a command; ``seq`` is its last event's, or the room's if it changed nothing."""
    return orjson.dumps({"type": "ack", "id": id_, "seq": seq})


def error(code: str, message: str | None = None, id_: str | None = None, retry_after_ms: int | None = None) -> bytes:
    """Return an error; ``message`` defaults to the code's own sentence."""
    body: dict[str, Any] = {"type": "error", "code": code, "message": message or ERRORS[code], "id": id_}
    if retry_after_ms is not None:
        body["retry_after_ms"] = retry_after_ms
    return orjson.dumps(body)


def history(id_: str, messages: Sequence[Message], *, more: bool) -> bytes:
    """Return messages of the chat, oldest first; ``more`` says whether there are older ones."""
    return orjson.dumps({"type": "history", "id": id_, "messages": messages, "more": more})


def reconnect(after_ms: int) -> bytes:
    """Return the request to come back in ``after_ms``, by the resume token."""
    return orjson.dumps({"type": "reconnect", "after_ms": after_ms})


def reacted(by: str, emoji: str, position_ms: int) -> bytes:
    """Return the signal of a reaction, which is not kept."""
    return orjson.dumps({"type": "reacted", "by": by, "emoji": emoji, "position_ms": position_ms})


def typing(by: str) -> bytes:
    """Return the signal that a member is typing."""
    return orjson.dumps({"type": "typing", "by": by})


def skew(by: str, skew_ms: int) -> bytes:
    """Return the signal of how far (ms) a member's player is from its place."""
    return orjson.dumps({"type": "skew", "by": by, "skew_ms": skew_ms})


def film_differs(duration_ms: int, yours_ms: int) -> bytes:
    """Return the message to one whose film is ``yours_ms`` long where the room's is ``duration_ms``."""
    return orjson.dumps({"type": "film_differs", "duration_ms": duration_ms, "yours_ms": yours_ms})
