"""What other services are told of rooms and invitations: rows in, contract out. Nothing here asks or decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api_service.database import Row
from api_service.outbox import SOURCE
from api_service.people import User
from shared.events import (
    INVITATION_CREATED,
    INVITATION_REVOKED,
    ROOM_CLOSED,
    ROOM_OPENED,
    Event,
    new_event,
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where people reach us, in a browser and by socket, and how many partitions the rooms are spread over."""

    public_url: str
    sync_public_url: str
    partitions: int

    def room_link(self, code: str) -> str:
        return f"{self.public_url}/rooms/{code}"

    def socket_url(self, partition: int) -> str:
        return f"{self.sync_public_url}/ws/p{partition}"


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody who can be written to, in their language."""

    id: UUID
    name: str
    email: str
    locale: str


def room_claim(room: Row) -> dict[str, Any]:
    """Give what sync_service must know of a room; tickets and `room.opened` carry the same.

    The film's title is in the owner's language, whoever joins: a live room has one title.
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
        "settings": {},
    }


def room_opened(room: Row) -> Event:
    return new_event(ROOM_OPENED, str(room.id), {"version": room.version, "room": room_claim(room)}, source=SOURCE)


def room_closed(room_id: UUID, version: int, partition: int, reason: str, closed_at: datetime) -> Event:
    data = {"version": version, "partition": partition, "reason": reason, "closed_at": closed_at}
    return new_event(ROOM_CLOSED, str(room_id), data, source=SOURCE)


def invitation_created(site: Site, room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> Event:
    data = {
        **_invitation(room, inviter, invitation_id, invitee),
        "link": site.room_link(room.code),
        "starts_at": room.starts_at,
    }
    return new_event(INVITATION_CREATED, str(room.id), data, source=SOURCE)


def invitation_revoked(room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> Event:
    data = _invitation(room, inviter, invitation_id, invitee)
    return new_event(INVITATION_REVOKED, str(room.id), data, source=SOURCE)


def _invitation(room: Row, inviter: User, invitation_id: UUID, invitee: Invitee) -> Mapping[str, Any]:
    return {
        "invitation_id": invitation_id,
        "film": {"id": room.film_id, "title": room.film_title[invitee.locale]},
        "inviter": {"id": inviter.id, "name": inviter.name},
        "invitee": {"id": invitee.id, "name": invitee.name, "email": invitee.email, "locale": invitee.locale},
    }
