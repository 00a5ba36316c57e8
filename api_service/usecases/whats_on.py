"""What goes on for one person: rooms that somebody is in, that are planned, that wait, and invitations to answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, and_, bindparam, exists, func, or_, select

from api_service.database import Queryable, Row, Statement
from api_service.site import Site
from api_service.tables import bans, films, friendships, invitations, rooms, users
from api_service.usecases.answers import Answer
from api_service.usecases.invitation_list import IS_OVER
from api_service.usecases.live_view import now_in
from api_service.usecases.my_rooms import MINE
from api_service.usecases.people import Person, person_shown
from api_service.usecases.room_access import ROOM_ROWS, VISIBLE
from api_service.usecases.rooms import Room, room_of

# More open rooms than anybody looks through at once; the list of all of them goes on.
MOST_ROOMS: Final = 100


@dataclass(frozen=True, slots=True)
class Invite:
    """A person's own invitation to a room, and their answer or None."""

    id: UUID
    inviter: Person
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """An open room of a person's, with their invitation to it if they have one."""

    room: Room
    invite: Invite | None = None


@dataclass(frozen=True, slots=True)
class WhatsOn:
    """A person's open rooms, each in one group.

    ``invited``: not answered yet, what somebody is in first. ``live``: somebody is inside. ``planned``: begins later,
    the next one first. ``waiting``: empty, begun or not; the one last played first. ``declined``: they do not come.
    ``is_all``: there are no more than these.
    """

    invited: list[OpenRoom] = field(default_factory=list)
    live: list[OpenRoom] = field(default_factory=list)
    planned: list[OpenRoom] = field(default_factory=list)
    waiting: list[OpenRoom] = field(default_factory=list)
    declined: list[OpenRoom] = field(default_factory=list)
    is_all: bool = True

    def rooms(self) -> list[Room]:
        """Return the rooms of all groups."""
        return [one.room for group in self._groups() for one in group]

    def _groups(self) -> tuple[list[OpenRoom], ...]:
        return self.invited, self.live, self.planned, self.waiting, self.declined

    def __bool__(self) -> bool:
        """Whether there is any room."""
        return any(self._groups())


@dataclass(frozen=True, slots=True)
class Awaited:
    """How many friend requests and how many invitations wait for a person's answer."""

    requests: int
    invitations: int


_viewer = bindparam("viewer", type_=Uuid)
_inviter = users.alias("inviter")
_banned = exists().where(bans.c.room_id == rooms.c.id, bans.c.user_id == _viewer).correlate_except(bans)
_OPEN = Statement(
    ROOM_ROWS.add_columns(
        invitations.c.id.label("invitation_id"),
        invitations.c.answer,
        _inviter.c.id.label("inviter_id"),
        _inviter.c.name.label("inviter_name"),
        IS_OVER.label("is_over"),
    )
    .join(MINE, MINE.c.room_id == rooms.c.id)
    .outerjoin(
        invitations,
        and_(
            invitations.c.room_id == rooms.c.id,
            invitations.c.invitee_id == _viewer,
            invitations.c.revoked_at.is_(None),
        ),
    )
    .outerjoin(_inviter, _inviter.c.id == invitations.c.inviter_id)
    .where(VISIBLE, rooms.c.closed_at.is_(None), ~_banned)
    .order_by(rooms.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


def _asking(me: ColumnElement[UUID], other: ColumnElement[UUID]) -> Any:
    """Return how many people on the ``other`` side of a friendship have asked the one on the side ``me``."""
    return (
        select(func.count())
        .select_from(friendships)
        .where(me == _viewer, friendships.c.requested_by == other, friendships.c.accepted_at.is_(None))
        .scalar_subquery()
    )


_low, _high = friendships.c.low_id, friendships.c.high_id
_AWAITED = Statement(
    select(
        (_asking(_low, _high) + _asking(_high, _low)).label("requests"),
        select(func.count())
        .select_from(invitations)
        .join(rooms, rooms.c.id == invitations.c.room_id)
        .join(films, films.c.id == rooms.c.film_id)
        .where(
            invitations.c.invitee_id == _viewer,
            invitations.c.revoked_at.is_(None),
            invitations.c.answer.is_(None),
            or_(IS_OVER.is_(None), ~IS_OVER),
            ~_banned,
        )
        .scalar_subquery()
        .label("invitations"),
    )
)


async def whats_on(db: Queryable, site: Site, viewer: UUID, locale: str) -> WhatsOn:
    """Return a person's open rooms by what one can do with each; the newest MOST_ROOMS of them."""
    rows = await db.all(_OPEN, viewer=viewer, limit=MOST_ROOMS + 1)
    shown = rows[:MOST_ROOMS]
    now = await now_in(db, shown)
    found = [(OpenRoom(room_of(row, site, viewer, locale, now=now), _invite(row, locale)), row) for row in shown]
    return _grouped(found, datetime.now(UTC), is_all=len(rows) <= MOST_ROOMS)


async def awaited(db: Queryable, viewer: UUID) -> Awaited:
    """Return how much waits for a person's answer."""
    row = await db.one(_AWAITED, viewer=viewer)
    return Awaited(row.requests, row.invitations)


def _invite(row: Row, locale: str) -> Invite | None:
    if row.invitation_id is None:
        return None
    return Invite(row.invitation_id, person_shown(row.inviter_id, row.inviter_name, locale), row.answer)


def _grouped(found: Iterable[tuple[OpenRoom, Row]], now: datetime, *, is_all: bool) -> WhatsOn:
    on = WhatsOn(is_all=is_all)
    for one, row in found:
        _group(on, one, now, is_over=bool(row.is_over)).append(one)
    on.invited.sort(key=lambda one: (-_people(one), one.room.starts_at or now))
    on.live.sort(key=_people, reverse=True)
    on.planned.sort(key=lambda one: one.room.starts_at or now)
    on.waiting.sort(key=_last_played, reverse=True)
    return on


def _group(on: WhatsOn, one: OpenRoom, now: datetime, *, is_over: bool) -> list[OpenRoom]:
    room = one.room
    if one.invite and one.invite.answer is None and not is_over:
        return on.invited
    if one.invite and one.invite.answer == "declined":
        return on.declined
    if room.now and room.now.people_count:
        return on.live
    if room.starts_at is not None and room.starts_at > now:
        return on.planned
    return on.waiting


def _people(one: OpenRoom) -> int:
    return one.room.now.people_count if one.room.now else 0


def _last_played(one: OpenRoom) -> datetime:
    played = one.room.now.at if one.room.now else None
    return played or one.room.created_at
