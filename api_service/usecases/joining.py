"""Joining a room: the ticket for one person, and the position from which a lost live room is restored."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Database, Queryable, Statement
from api_service.problems import BANNED
from api_service.site import Site
from api_service.tables import chat_messages, room_events, room_roles, visits
from api_service.usecases import answers, published
from api_service.usecases.entitlement import Entitlement, question_of
from api_service.usecases.people import Guest, User
from api_service.usecases.room_access import check_open, visible_room
from api_service.usecases.rooms import Room, room_of
from shared.tickets import TTL_S, Minter


@dataclass(frozen=True, slots=True)
class Joining:
    """A ticket that opens the room's socket once, within ``expires_in_s``."""

    ticket: str
    expires_in_s: int
    socket_url: str
    room: Room


@dataclass(frozen=True, slots=True)
class Archived:
    """The last playback in the archive, and ``seen_at``, the time of the room's last archived event of any kind.

    ``length_ms`` is the film's length as the room's players had agreed on it, None where the catalogue's counts.
    """

    epoch: int
    seq: int
    status: str
    position_ms: float
    rate: float
    at: datetime
    length_ms: int | None
    seen_at: datetime


_room_id = bindparam("room_id", type_=Uuid)
_ENTER = Statement(
    insert(room_roles)
    .values(room_id=_room_id, user_id=bindparam("user_id"), role=bindparam("role", type_=room_roles.c.role.type))
    .on_conflict_do_nothing()
)


def _last(table: Any, moment: Any) -> Any:
    return (
        select(moment)
        .where(table.c.room_id == _room_id)
        .order_by(table.c.epoch.desc(), table.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )


_ARCHIVED = Statement(
    select(
        room_events,
        func.greatest(
            room_events.c.happened_at,
            _last(chat_messages, chat_messages.c.sent_at),
            _last(visits, func.greatest(visits.c.started_at, visits.c.ended_at)),
        ).label("seen_at"),
    )
    .where(room_events.c.room_id == _room_id)
    .order_by(room_events.c.epoch.desc(), room_events.c.seq.desc())
    .limit(1)
)


async def join(
    db: Database,
    site: Site,
    minter: Minter,
    user: User,
    locale: str,
    code: str,
    session_id: UUID | None,
    entitlement: Entitlement | None = None,
) -> Joining:
    """Return a ticket for a room that the viewer may know of; what it opens ends with their session, if they have one.

    A simultaneous ban reaches the live room, which refuses tickets of banned people. Raises the problems
    `room_not_found`, `room_closed` and `banned`, and those of the cinema's ``entitlement``, if it has one.
    """
    row = await visible_room(db, user.id, code)
    check_open(row)
    if row.banned:
        raise BANNED.problem()
    if entitlement is not None:
        await entitlement.check(await question_of(db, row, user, locale))
    is_guest = isinstance(user, Guest)
    if row.role is None:
        await db.run(_ENTER, room_id=row.id, user_id=user.id, role="guest" if is_guest else "viewer")
    if row.owner_id != user.id:
        await answers.entered(db, user.id, row.id)
    seen = room_of(row, site, user.id, locale)
    if is_guest and row.role is None:
        seen = replace(seen, role="guest")
    ticket = minter.mint(
        user={"id": user.id, "name": user.name, "role": seen.role, **({"guest": True} if is_guest else {})},
        room=published.room_claim(row),
        restore=restore(await archived(db, row.id), row.film_duration_ms),
        sid="" if session_id is None else str(session_id),
    )
    return Joining(ticket, TTL_S, site.socket_url(row.partition), seen)


async def archived(db: Queryable, room_id: UUID) -> Archived | None:
    """Return a room's last archived playback, or None if there is none."""
    row = await db.first(_ARCHIVED, room_id=room_id)
    if row is None:
        return None
    place = row.epoch, row.seq
    return Archived(*place, row.status, row.position_ms, row.rate, row.playback_at, row.length_ms, row.seen_at)


def restore(last: Archived | None, duration_ms: int | None) -> dict[str, Any] | None:
    """Return the ticket's `restore`, or None; a film that was playing is taken to have played until ``seen_at``.

    ``duration_ms`` is the catalogue's length; where neither it nor the players' is known, nothing bounds the position.
    """
    if last is None:
        return None
    position_ms = last.position_ms
    if last.status == "playing":
        position_ms += max((last.seen_at - last.at).total_seconds(), 0) * 1000 * last.rate
    end_ms = last.length_ms if last.length_ms is not None else duration_ms
    if end_ms is not None:
        position_ms = min(position_ms, end_ms)
    return {"position_ms": position_ms, "epoch": last.epoch, "seq": last.seq, "length_ms": last.length_ms}
