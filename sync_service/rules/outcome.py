"""What comes of a command: facts, or a refusal."""

from __future__ import annotations

from sync_service.events import Event
from sync_service.value import value


@value(frozen=True, slots=True)
class Refusal:
    """Why a command has no effect; ``code`` is one of protocol.ERRORS; ``retry_after_ms`` where waiting helps."""

    code: str
    message: str
    retry_after_ms: int | None = None


Events = tuple[Event, ...]
Outcome = Events | Refusal
