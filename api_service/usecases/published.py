"""The events that api_service publishes of rooms and invitations: rows in, contract out, no query and no decision.

Events are made without `new_event`: checking each against its schema cost three fifths of opening a room with ten
invitations (2.4 ms of a core, against 1.3). Tests check every type instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from api_service.database import Row
from api_service.site import Site
from api_service.usecases.languages import in_language
from api_service.usecases.outbox import SOURCE
from api_service.usecases.people import Person, User, person_shown
from shared.events.envelope import Event
from shared.events.feed import FRIENDSHIP_CHANGED, WISH_CHANGED
from shared.events.invitations import INVITATION_CHANGED, INVITATION_CREATED, INVITATION_REVOKED, REMINDER_DUE
from shared.events.rooms import (
    MEMBER_BANNED,
    MEMBER_ERASED,
    MEMBER_REVOKED,
    MEMBER_UNBANNED,
    ROOM_CHANGED,
    ROOM_CLOSED,
    ROOM_OPENED,
    ROOM_REOPENED,
    SESSION_ENDED,
)

# How long a calendar entry goes on after the film: people gather, and nobody presses play to the second.
LOBBY: Final = timedelta(minutes=10)
# How long a calendar entry lasts for a broadcast whose end nobody knows.
BROADCAST: Final = timedelta(hours=2)
Named = Person | User


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person who can be mailed, in which language, and in which time zone times are said."""

    id: UUID
    name: str
    email: str
    locale: str
    time_zone: str | None = None


def room_claim(room: Row) -> dict[str, Any]:
    """Return the claim about a room for sync_service (shared.events.rooms.RoomSchema), in tickets and events alike.

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
            "title": in_language(room.film_title, room.owner_locale),
            "duration_ms": room.film_duration_ms,
        },
        "access": room.access,
        "control": room.control,
        "capacity": room.capacity,
        "starts_at": None if room.starts_at is None else round(room.starts_at.timestamp() * 1000),
        "settings": room.settings,
        "title": room.title,
    }


def room_opened(room: Row) -> Event:
    return _event(ROOM_OPENED, room.id, {"version": room.version, "room": room_claim(room)})


def room_reopened(room: Row, position_ms: float | None, epoch: int) -> Event:
    """Return the event of a room that is open again: where its film stood, and the archive's last ``epoch`` of it."""
    data = {"version": room.version, "room": room_claim(room), "position_ms": position_ms, "epoch": epoch}
    return _event(ROOM_REOPENED, room.id, data)


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


def member_revoked(room: Row, user_id: UUID, by: UUID) -> Event:
    return _event(MEMBER_REVOKED, room.id, {**_place(room), "user_id": user_id, "by": by, "room": room_claim(room)})


def member_erased(room: Row, user_id: UUID) -> Event:
    """Return the event of a person whose account was deleted, to ``room`` as it is without them."""
    return _event(MEMBER_ERASED, room.id, {**_place(room), "user_id": user_id, "room": room_claim(room)})


def room_closed(room_id: UUID, version: int, partition: int, reason: str, closed_at: datetime) -> Event:
    data = {"version": version, "partition": partition, "reason": reason, "closed_at": closed_at}
    return _event(ROOM_CLOSED, room_id, data)


def session_ended(user_id: UUID, sessions: Iterable[UUID], reason: str, ended_at: datetime) -> Event:
    data = {"user_id": user_id, "sessions": list(sessions), "reason": reason, "ended_at": ended_at}
    return _event(SESSION_ENDED, user_id, data)


def ends_at(room: Row) -> datetime | None:
    """Return when a planned screening is over: after the film, and the time that people take to gather; or None."""
    if room.starts_at is None:
        return None
    film = BROADCAST if room.film_duration_ms is None else timedelta(milliseconds=room.film_duration_ms)
    over: datetime = room.starts_at + film + LOBBY
    return over


def invitation_created(site: Site, room: Row, inviter: Named, invitation_id: UUID, invitee: Invitee) -> Event:
    return _event(INVITATION_CREATED, room.id, _open_invitation(site, room, inviter, invitation_id, invitee))


def invitation_changed(
    site: Site, room: Row, invitation_id: UUID, invitee: Invitee, *, change: str, previous: datetime | None
) -> Event:
    """Return the event of a screening that is not as it was; ``change`` is one of CHANGES."""
    data = _open_invitation(site, room, Person(room.owner_id, room.owner_name), invitation_id, invitee)
    return _event(INVITATION_CHANGED, room.id, {**data, "change": change, "previous_starts_at": previous})


def reminder_due(site: Site, room: Row, invitation_id: UUID, invitee: Invitee) -> Event:
    owner = Person(room.owner_id, room.owner_name)
    return _event(REMINDER_DUE, room.id, _open_invitation(site, room, owner, invitation_id, invitee))


def invitation_revoked(site: Site, room: Row, inviter: Named, invitation_id: UUID, invitee: Invitee) -> Event:
    return _event(INVITATION_REVOKED, room.id, _invitation(site, room, inviter, invitation_id, invitee))


def wish_changed(tie: Row, *, wanted: bool) -> Event:
    """Return the event of somebody who put a film on their list or took it off, here and not by the feed."""
    person = {"id": tie.user_id, "issuer": tie.issuer, "subject": tie.subject}
    film = {"id": tie.film_id, "external_id": tie.external_id}
    return _event(WISH_CHANGED, tie.user_id, {"person": person, "film": film, "wanted": wanted, "at": tie.at})


def friendship_changed(people: Iterable[Row], by: UUID, at: datetime, *, friends: bool) -> Event:
    """Return the event of two people who became friends or ended it, here and not by the feed."""
    named = [{"id": person.id, "issuer": person.issuer, "subject": person.subject} for person in people]
    return _event(FRIENDSHIP_CHANGED, by, {"people": named, "friends": friends, "by": by, "at": at})


def _place(room: Row) -> dict[str, Any]:
    return {"version": room.version, "partition": room.partition}


def _open_invitation(site: Site, room: Row, inviter: Named, invitation_id: UUID, invitee: Invitee) -> dict[str, Any]:
    return {
        **_invitation(site, room, inviter, invitation_id, invitee),
        "link": site.room_link(room.code, room.film_external_id or str(room.film_id)),
        "answer_link": site.mail_links.link("invitations", invitation_id, invitee.locale),
    }


def _invitation(site: Site, room: Row, inviter: Named, invitation_id: UUID, invitee: Invitee) -> dict[str, Any]:
    return {
        "invitation_id": invitation_id,
        "title": room.title,
        "starts_at": room.starts_at,
        "ends_at": ends_at(room),
        # Each change of a room raises its version, so a later mail's calendar entry replaces an earlier one's.
        "sequence": room.version,
        "film": {"id": room.film_id, "title": in_language(room.film_title, invitee.locale)},
        "inviter": person_shown(inviter.id, inviter.name, invitee.locale),
        "invitee": {
            "id": invitee.id,
            "name": invitee.name,
            "email": invitee.email,
            "locale": invitee.locale,
            "time_zone": invitee.time_zone,
        },
        "unsubscribe_link": site.mail_links.link("unsubscribe", invitation_id, invitee.locale),
    }


def _event(type_: str, subject: UUID, data: dict[str, Any]) -> Event:
    """Return an event; its data becomes JSON when the outbox stores it."""
    return Event(str(uuid7()), type_, str(subject), data, datetime.now(UTC), SOURCE)
