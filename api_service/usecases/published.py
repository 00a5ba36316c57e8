"""The events that api_service publishes of rooms and invitations: rows in, contract out, no query and no decision.

Events are made without `new_event`: checking each against its schema cost three fifths of opening a room with ten
invitations (2.4 ms of a core, against 1.3). Tests check every type instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from api_service.database import Row
from api_service.site import Site
from api_service.usecases.outbox import SOURCE
from api_service.usecases.people import User
from shared.events import (
    INVITATION_CREATED,
    INVITATION_REVOKED,
    MEMBER_BANNED,
    MEMBER_UNBANNED,
    ROOM_CHANGED,
    ROOM_CLOSED,
    ROOM_OPENED,
    Event,
)


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person who can be mailed, and in which language."""

    id: UUID
    name: str
    email: str
    locale: str


def room_claim(room: Row) -> dict[str, Any]:
    """Return the claim about a room for sync_service (shared.events.RoomSchema), in tickets and events alike.

    The film's title is in the owner's language: a live room has one title for everyone.
    """
    return {
        "id": str(room.id),
        "code": room.code,
        "version": room.version,
        "partition": room.partition,
        "owner": str(room.owner_id),
        "film": {
            "id": str(room.film_id),
            "title": room.film_title[room.owner_locale],
            "duration_ms": room.film_duration_ms,
        },
        "access": room.access,
        "control": room.control,
        "capacity": room.capacity,
        "starts_at": None if room.starts_at is None else round(room.starts_at.timestamp() * 1000),
        "settings": room.settings,
    }


def room_opened(room: Row) -> Event:
    return _event(ROOM_OPENED, room.id, {"version": room.version, "room": room_claim(room)})


def room_changed(room: Row, fields: Iterable[str], settings: Iterable[str]) -> Event:
    """Return the event of a change to the named fields and the named settings of ``room``, the row afterwards."""
    claim = room_claim(room)
    changes = {name: claim[name] for name in fields}
    if changed := {name: claim["settings"][name] for name in settings}:
        changes["settings"] = changed
    return _event(ROOM_CHANGED, room.id, {**_place(room), "changes": changes, "room": claim})


def member_banned(room: Row, user_id: UUID, by: UUID) -> Event:
    return _event(MEMBER_BANNED, room.id, {**_place(room), "user_id": user_id, "by": by, "room": room_claim(room)})


def member_unbanned(room: Row, user_id: UUID, by: UUID) -> Event:
    return _event(MEMBER_UNBANNED, room.id, {**_place(room), "user_id": user_id, "by": by, "room": room_claim(room)})


def room_closed(room_id: UUID, version: int, partition: int, reason: str, closed_at: datetime) -> Event:
    data = {"version": version, "partition": partition, "reason": reason, "closed_at": closed_at}
    return _event(ROOM_CLOSED, room_id, data)


def invitation_created(site: Site, room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> Event:
    data = {
        **_invitation(room, inviter, invitation_id, invitee),
        "link": site.room_link(room.code, str(room.film_id)),
        "starts_at": room.starts_at,
    }
    return _event(INVITATION_CREATED, room.id, data)


def invitation_revoked(room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> Event:
    return _event(INVITATION_REVOKED, room.id, _invitation(room, inviter, invitation_id, invitee))


def _place(room: Row) -> dict[str, Any]:
    return {"version": room.version, "partition": room.partition}


def _invitation(room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> dict[str, Any]:
    return {
        "invitation_id": invitation_id,
        "film": {"id": room.film_id, "title": room.film_title[invitee.locale]},
        "inviter": {"id": inviter.id, "name": inviter.name},
        "invitee": {"id": invitee.id, "name": invitee.name, "email": invitee.email, "locale": invitee.locale},
    }


def _event(type_: str, room_id: UUID, data: dict[str, Any]) -> Event:
    """Return an event; its data becomes JSON when the outbox stores it."""
    return Event(str(uuid7()), type_, str(room_id), data, datetime.now(UTC), SOURCE)
