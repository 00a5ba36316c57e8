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
from sync_service.events import (
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
from sync_service.rules.permissions import role_of
from sync_service.state import State

Entry = tuple[str, bytes]
NOTHING: Final[Entry] = ("", b"")


def entry_of(event: Event, after: State) -> Entry:
    """Give (type, data as JSON without room_id, epoch and seq), or NOTHING for what the archive does not keep.

    ``after`` is the state that the event leads to.
    """
    if isinstance(event, RoleSet | Muted):
        return _member_changed(event, after)
    writer = _WRITERS.get(type(event))
    return NOTHING if writer is None else writer(event)


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _joined(event: MemberJoined) -> Entry:
    member = event.member
    data = {"visit_id": member.visit_id, "user_id": member.id, "started_at": _moment(member.joined_ms)}
    return VISIT_STARTED, orjson.dumps(data)


def _left(event: MemberLeft) -> Entry:
    data = {
        "visit_id": event.visit_id,
        "user_id": event.member_id,
        "started_at": _moment(event.joined_ms),
        "ended_at": _moment(event.left_ms),
        "reason": event.reason,
    }
    return VISIT_ENDED, orjson.dumps(data)


def _member_changed(event: RoleSet | Muted, after: State) -> Entry:
    member = after.members.get(event.member_id)
    until_ms = after.rights.muted.get(event.member_id)
    data = {
        "user_id": event.member_id,
        "role": role_of(after.rights, event.member_id, "viewer" if member is None else member.role),
        "muted_until": None if until_ms is None else _moment(until_ms),
        "by": event.by,
        "at": _moment(event.time_ms),
    }
    return MEMBER_CHANGED, orjson.dumps(data)


def _settings(event: SettingsChanged) -> Entry:
    settings = event.settings
    data = {
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
    return SETTINGS_CHANGED, orjson.dumps(data)


def _deleted(event: MessageDeleted) -> Entry:
    data = {"message_id": event.message_id, "by": event.by, "at": _moment(event.time_ms)}
    return CHAT_DELETED, orjson.dumps(data)


def _playback(event: PlaybackChanged | Rebased) -> Entry:
    playback = event.playback
    data = {
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
    return PLAYBACK_CHANGED, orjson.dumps(data)


def _said(event: Said) -> Entry:
    message = event.message
    data = {
        "message_id": message.id,
        "author_id": message.author["id"],
        "author_name": message.author["name"],
        "text": message.text,
        "position_ms": message.position_ms,
        "sent_at": _moment(message.sent_ms),
        "reply_to": message.reply_to,
    }
    return CHAT_POSTED, orjson.dumps(data)


_WRITERS: Final[Mapping[type[Event], Callable[[Any], Entry]]] = {
    MemberJoined: _joined,
    MemberLeft: _left,
    PlaybackChanged: _playback,
    Rebased: _playback,
    SettingsChanged: _settings,
    Said: _said,
    MessageDeleted: _deleted,
}
