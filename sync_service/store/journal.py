"""What the journal tells the archive of a room's events: the data of broker events (shared/events/journal.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.events.room_settings import SETTINGS_DEFAULTS
from sync_service.room.events import (
    CameBack,
    FilmChanged,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    Muted,
    PlaybackChanged,
    Rebased,
    RoleSet,
    Said,
    SettingsChanged,
    SteppedAside,
)
from sync_service.room.permissions import role_of
from sync_service.room.state import State


def moment(ms: float) -> str:
    """Return a moment (ms since the epoch) as events have it: RFC 3339 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visit_started(event: MemberJoined) -> dict[str, Any]:
    member = event.member
    return {"visit_id": member.visit_id, "user_id": member.id, "started_at": moment(member.joined_ms)}


def visit_ended(event: MemberLeft) -> dict[str, Any]:
    return {
        "visit_id": event.visit_id,
        "user_id": event.member_id,
        "started_at": moment(event.joined_ms),
        "ended_at": moment(event.left_ms),
        "reason": event.reason,
    }


def member_changed(event: RoleSet | Muted, after: State) -> dict[str, Any]:
    member = after.members.get(event.member_id)
    until_ms = after.rights.muted.get(event.member_id)
    return {
        "user_id": event.member_id,
        "role": role_of(after.rights, event.member_id, "viewer" if member is None else member.role),
        "muted_until": None if until_ms is None else moment(until_ms),
        "by": event.by,
        "at": moment(event.time_ms),
    }


def aside_changed(event: SteppedAside | CameBack) -> dict[str, Any]:
    return {
        "user_id": event.member_id,
        "reason": event.reason if isinstance(event, SteppedAside) else None,
        "position_ms": event.position_ms,
        "at": moment(event.time_ms),
    }


def settings_changed(event: SettingsChanged) -> dict[str, Any]:
    settings = event.settings
    return {
        "control": settings.control,
        "capacity": settings.capacity,
        "settings": {name: getattr(settings, name) for name in SETTINGS_DEFAULTS},
        "by": event.by,
        "at": moment(event.time_ms),
    }


def chat_deleted(event: MessageDeleted) -> dict[str, Any]:
    return {"message_id": event.message_id, "by": event.by, "at": moment(event.time_ms)}


def chat_edited(event: MessageEdited) -> dict[str, Any]:
    return {"message_id": event.message_id, "text": event.text, "by": event.by, "at": moment(event.time_ms)}


def playback_changed(event: PlaybackChanged | Rebased) -> dict[str, Any]:
    playback = event.playback
    return {
        "event": event.type,
        "playback": {
            "status": playback.status,
            "position_ms": playback.position_ms,
            "rate": playback.rate,
            "at_ms": playback.at_ms,
            "length_ms": playback.length_ms,
        },
        "by": event.by,
        "at": moment(event.time_ms),
    }


def film_changed(event: FilmChanged) -> dict[str, Any]:
    changed = PlaybackChanged("played", event.time_ms, event.by, event.command, event.playback)
    films = {"film_id": event.film["id"], "previous_film_id": event.previous_film_id}
    return {**playback_changed(changed), "event": event.type, **films}


def chat_posted(event: Said) -> dict[str, Any]:
    message = event.message
    return {
        "message_id": message.id,
        "author_id": message.author["id"],
        "author_name": message.author["name"],
        "text": message.text,
        "position_ms": message.position_ms,
        "sent_at": moment(message.sent_ms),
        "reply_to": message.reply_to,
    }
