"""From exceptions and refusals to error codes and close codes."""

from __future__ import annotations

from shared.tickets import InvalidTicket
from sync_service.live.live_room import RoomClosed
from sync_service.protocol.codes import CloseCode
from sync_service.protocol.inbound import BadMessage
from sync_service.redis_client.client import StoreError
from sync_service.room.events import Refusal
from sync_service.sockets.resume_tokens import InvalidResume

RETRY_AFTER_MS = 500


class Goodbye(Exception):
    """Ends a connection with the close code ``close``; with ``code``, an error message goes out first."""

    def __init__(self, close: CloseCode, code: str | None = None, message: str | None = None) -> None:
        super().__init__(code or close.name.lower())
        self.close = close
        self.code = code
        self.message = message


_REFUSED_JOIN = {
    "room_full": CloseCode.ROOM_FULL,
    "room_closed": CloseCode.ROOM_CLOSED,
    "ticket_reused": CloseCode.UNAUTHORIZED,
    "resume_invalid": CloseCode.UNAUTHORIZED,
    "session_ended": CloseCode.SESSION_ENDED,
    "room_locked": CloseCode.FORBIDDEN,
    "kicked": CloseCode.FORBIDDEN,
    "banned": CloseCode.FORBIDDEN,
    "revoked": CloseCode.FORBIDDEN,
    "guests_off": CloseCode.FORBIDDEN,
}


def goodbye_of(error: Exception) -> Goodbye:
    """Return how an exception ends a connection; an unexpected one reveals nothing."""
    match error:
        case Goodbye():
            return error
        case InvalidTicket():
            return Goodbye(CloseCode.UNAUTHORIZED, error.code, str(error))
        case InvalidResume():
            return Goodbye(CloseCode.UNAUTHORIZED, "resume_invalid", str(error))
        case RoomClosed():
            return Goodbye(CloseCode.ROOM_CLOSED, "room_closed", f"the room is closed: {error.reason}")
        case BadMessage():
            return Goodbye(CloseCode.BAD_MESSAGE, error.code, str(error))
        case StoreError():
            return Goodbye(CloseCode.TRY_AGAIN, "try_again")
        case _:
            return Goodbye(CloseCode.INTERNAL, "internal")


def refused_join(refusal: Refusal) -> Goodbye:
    """Return how a connection ends whose member may not join."""
    return Goodbye(_REFUSED_JOIN.get(refusal.code, CloseCode.TRY_AGAIN), refusal.code, refusal.message or None)
