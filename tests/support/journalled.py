"""What sync_service tells the archive of a room, in the domain's words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api_service.usecases.people import User
from shared.events.envelope import Event, new_event
from shared.events.journal import (
    CHAT_DELETED,
    CHAT_EDITED,
    CHAT_POSTED,
    MEMBER_CHANGED,
    PLAYBACK_CHANGED,
    REACTIONS_COUNTED,
    SETTINGS_CHANGED,
    VISIT_ASIDE,
    VISIT_ENDED,
    VISIT_STARTED,
)
from shared.events.room_settings import SETTINGS_DEFAULTS

NOW = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)


class Journal:
    """What sync_service tells of one room."""

    def __init__(self, room_id: UUID) -> None:
        self.room_id = room_id

    def event(self, type_: str, seq: int, *, epoch: int = 1, id_: str | None = None, **data: Any) -> Event:
        place = {"room_id": self.room_id, "epoch": epoch, "seq": seq}
        id_ = id_ or f"{self.room_id}:{epoch}:{seq}"
        return new_event(type_, str(self.room_id), {**place, **data}, source="sync_service", id_=id_)

    def came(self, seq: int, user: User, visit: str = "v1", **more: Any) -> Event:
        return self.event(VISIT_STARTED, seq, visit_id=visit, user_id=user.id, started_at=NOW, **more)

    def left(self, seq: int, user: User, visit: str = "v1", *, reason: str = "left", **more: Any) -> Event:
        ended_at = NOW + timedelta(seconds=seq)
        return self.event(
            VISIT_ENDED, seq, visit_id=visit, user_id=user.id, started_at=NOW, ended_at=ended_at, reason=reason, **more
        )

    def played(self, seq: int, position_ms: float = 0, *, by: UUID | None = None, **more: Any) -> Event:
        playback = {"status": "playing", "position_ms": position_ms, "rate": 1.0, "at_ms": NOW.timestamp() * 1000}
        return self.event(PLAYBACK_CHANGED, seq, event="played", playback=playback, by=by, at=NOW, **more)

    def aside(self, seq: int, user: User, reason: str | None, **more: Any) -> Event:
        """Somebody steps aside for a reason, or comes back (None), at the ``seq``th second."""
        at = NOW + timedelta(seconds=seq)
        return self.event(VISIT_ASIDE, seq, user_id=user.id, reason=reason, position_ms=seq * 1_000, at=at, **more)

    def said(self, seq: int, user: User, text: str = "Привет!", *, position_ms: float = 1_500.5, **more: Any) -> Event:
        return self.event(
            CHAT_POSTED,
            seq,
            message_id=f"m{seq}",
            author_id=user.id,
            author_name=user.name,
            text=text,
            position_ms=position_ms,
            sent_at=NOW,
            **more,
        )

    def deleted(self, seq: int, message_id: str, *, at: datetime = NOW, **more: Any) -> Event:
        return self.event(CHAT_DELETED, seq, message_id=message_id, by=None, at=at, **more)

    def edited(self, seq: int, user: User, message_id: str, text: str, *, at: datetime = NOW, **more: Any) -> Event:
        return self.event(CHAT_EDITED, seq, message_id=message_id, text=text, by=user.id, at=at, **more)

    def reacted(self, seq: int, position_ms: int, count: int, **more: Any) -> Event:
        """A node has counted reactions in a minute of the film, after the ``seq``th event."""
        id_ = str(uuid4())
        return self.event(REACTIONS_COUNTED, seq, id_=id_, position_ms=position_ms, count=count, at=NOW, **more)

    def made(self, seq: int, user_id: UUID, role: str, **more: Any) -> Event:
        return self.event(MEMBER_CHANGED, seq, user_id=user_id, role=role, muted_until=None, by=None, at=NOW, **more)

    def set(self, seq: int, *, control: str = "everyone", capacity: int = 50, epoch: int = 1, **settings: Any) -> Event:
        told: dict[str, Any] = {"control": control, "capacity": capacity, "settings": {**SETTINGS_DEFAULTS, **settings}}
        return self.event(SETTINGS_CHANGED, seq, epoch=epoch, **told, by=None, at=NOW)
