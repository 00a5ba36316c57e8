"""Error codes and close codes, each spelled once; docs/protocol.md explains them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

# Each with the sentence that is sent where there is nothing more particular to say.
ERRORS: Final[Mapping[str, str]] = {
    "bad_message": "The frame is not a JSON object of this protocol; the message says which part.",
    "unknown_type": "There is no message of this type in this protocol version.",
    "hello_expected": "The first message must be a hello.",
    "unsupported_protocol": "This server speaks none of these protocol versions; it speaks 1.",
    "ticket_invalid": "The ticket is not one of this cinema's, or not for this address. Ask the API for a new one.",
    "ticket_expired": "The ticket is too old. Ask the API for a new one.",
    "ticket_reused": "The ticket has been used. Ask the API for a new one, or resume.",
    "resume_invalid": "The resume token is not valid any more. Ask the API for a ticket.",
    "session_ended": "The session that opened this was ended: signed out, or blocked by the cinema.",
    "not_a_member": "You are not in this room any more. Say hello again.",
    "forbidden": "Your role does not allow this in this room.",
    "muted": "You were muted; you may speak again after retry_after_ms.",
    "slow_mode": "The room is in slow mode; you may speak again after retry_after_ms.",
    "cooldown": "Play and pause were undone back and forth; the film stays as it is for retry_after_ms.",
    "too_early": "The film is planned for later; only the owner starts it before retry_after_ms is over.",
    "lobby": "The film has not begun; its owner starts it when all are here.",
    "aside": "You are aside; come back before you move the film for all.",
    "member_not_found": "There is no such member in this room.",
    "message_not_found": "There is no such message in this room's chat.",
    "too_late_to_edit": "A message may be edited for five minutes after it was sent.",
    "too_many_reactions": "The message has as many reactions as it may have.",
    "room_full": "The room has as many members as it may have.",
    "room_locked": "The room is locked: nobody new comes in. Ask someone inside to unlock it.",
    "room_closed": "The room is closed and stays so.",
    "kicked": "You were sent out of the room. Its link lets you in again.",
    "banned": "You were banned from the room.",
    "revoked": "Your invitation to the room was taken back.",
    "guests_off": "The room lets nobody in without an account. Sign in and ask the API for a ticket.",
    "text_empty": "Nothing of the text can be seen.",
    "text_too_long": "The text has more than limits.text_graphemes characters or limits.text_code_points code points.",
    "too_big": "The frame is larger than limits.frame_bytes.",
    "rate_limited": "Too many messages; try again after retry_after_ms.",
    "too_fast": "Messages kept coming in spite of rate_limited.",
    "too_many_connections": "You have as many connections open as one person may. Close another tab or device.",
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
    SESSION_ENDED = 4440
    INTERNAL = 4500
    TRY_AGAIN = 4503
    SLOW_CONSUMER = 4504
