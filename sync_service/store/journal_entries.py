"""What the archive is told of a room's events: the broker events that leave through the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from shared.events import (
    CHAT_DELETED,
    CHAT_POSTED,
    MEMBER_CHANGED,
    PLAYBACK_CHANGED,
    SETTINGS_CHANGED,
    VISIT_ENDED,
    VISIT_STARTED,
)
from sync_service.room.events import (
    Event,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    Muted,
    PlaybackChanged,
    Rebased,
    RoleSet,
    Said,
    SettingsChanged,
)
from sync_service.room.permissions import role_of
from sync_service.room.state import State

Entry = tuple[str, bytes]
NOTHING: Final[Entry] = ("", b"")
AS_IT_IS: Final = b""  # the journal keeps the event itself, and the relay makes the broker event of it


def entry_of(event: Event, after: State) -> Entry:
    """Give what the journal keeps: the broker event's type, and its data as JSON without room_id, epoch and seq.

    Where the event alone says it all the data is AS_IT_IS; of what the archive does not keep there is NOTHING.
    ``after`` is the state that the event leads to.
    """
    entry = _AS_IT_IS.get(type(event), NOTHING)
    if entry is NOTHING and isinstance(event, (RoleSet, Muted)):
        return MEMBER_CHANGED, orjson.dumps(_member_changed(event, after))
    return entry


def data_of(event: Event) -> dict[str, Any]:
    """Give the broker event's data for an event that the journal has kept as it is."""
    _, writer = _TOLD[type(event)]
    return writer(event)


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _joined(event: MemberJoined) -> dict[str, Any]:
    member = event.member
    return {"visit_id": member.visit_id, "user_id": member.id, "started_at": _moment(member.joined_ms)}


def _left(event: MemberLeft) -> dict[str, Any]:
    return {
        "visit_id": event.visit_id,
        "user_id": event.member_id,
        "started_at": _moment(event.joined_ms),
        "ended_at": _moment(event.left_ms),
        "reason": event.reason,
    }


def _member_changed(event: RoleSet | Muted, after: State) -> dict[str, Any]:
    member = after.members.get(event.member_id)
    until_ms = after.rights.muted.get(event.member_id)
    return {
        "user_id": event.member_id,
        "role": role_of(after.rights, event.member_id, "viewer" if member is None else member.role),
        "muted_until": None if until_ms is None else _moment(until_ms),
        "by": event.by,
        "at": _moment(event.time_ms),
    }


def _settings(event: SettingsChanged) -> dict[str, Any]:
    settings = event.settings
    return {
        "control": settings.control,
        "capacity": settings.capacity,
        "settings": {
            "locked": settings.locked,
            "slow_mode_s": settings.slow_mode_s,
            "hold": settings.hold,
            "hold_max_s": settings.hold_max_s,
        },
        "by": event.by,
        "at": _moment(event.time_ms),
    }


def _deleted(event: MessageDeleted) -> dict[str, Any]:
    return {"message_id": event.message_id, "by": event.by, "at": _moment(event.time_ms)}


def _playback(event: PlaybackChanged | Rebased) -> dict[str, Any]:
    playback = event.playback
    return {
        "event": event.type,
        "playback": {
            "status": playback.status,
            "position_ms": playback.position_ms,
            "rate": playback.rate,
            "at_ms": playback.at_ms,
        },
        "by": event.by,
        "at": _moment(event.time_ms),
    }


def _said(event: Said) -> dict[str, Any]:
    message = event.message
    return {
        "message_id": message.id,
        "author_id": message.author["id"],
        "author_name": message.author["name"],
        "text": message.text,
        "position_ms": message.position_ms,
        "sent_at": _moment(message.sent_ms),
        "reply_to": message.reply_to,
    }


_TOLD: Final[Mapping[type[Event], tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    MemberJoined: (VISIT_STARTED, _joined),
    MemberLeft: (VISIT_ENDED, _left),
    PlaybackChanged: (PLAYBACK_CHANGED, _playback),
    Rebased: (PLAYBACK_CHANGED, _playback),
    SettingsChanged: (SETTINGS_CHANGED, _settings),
    Said: (CHAT_POSTED, _said),
    MessageDeleted: (CHAT_DELETED, _deleted),
}
_AS_IT_IS: Final[Mapping[type[Event], Entry]] = {kind: (type_, AS_IT_IS) for kind, (type_, _) in _TOLD.items()}
