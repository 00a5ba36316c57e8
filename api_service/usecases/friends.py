"""Friendships: asked for by one, accepted by the other, ended by either."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CTE, BindParameter, Uuid, bindparam, case, delete, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Queryable, Statement
from api_service.problems import FRIEND_YOURSELF, PERSON_NOT_FOUND
from api_service.tables import friendships, users
from api_service.usecases.people import Person

Status = Literal["accepted", "incoming", "outgoing"]
MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Friend:
    """Another person and the friendship's status; ``since`` is when it was accepted, or else requested."""

    person: Person
    status: Status
    since: datetime


def friends_of(user_id: BindParameter[UUID]) -> CTE:
    """Return a person's accepted friends as a CTE with one column ``id``, for other statements."""
    accepted = friendships.c.accepted_at.is_not(None)
    return union_all(
        select(friendships.c.high_id.label("id")).where(friendships.c.low_id == user_id, accepted),
        select(friendships.c.low_id).where(friendships.c.high_id == user_id, accepted),
    ).cte("friends")


_me = bindparam("me", type_=Uuid)
_pair = (friendships.c.low_id == bindparam("low_id"), friendships.c.high_id == bindparam("high_id"))
_status = case(
    (friendships.c.accepted_at.is_not(None), literal("accepted")),
    (friendships.c.requested_by == _me, literal("outgoing")),
    else_=literal("incoming"),
).label("status")
_since = func.coalesce(friendships.c.accepted_at, friendships.c.requested_at).label("since")

_LIST = Statement(
    select(users.c.id, users.c.name, _status, _since)
    .join_from(
        friendships,
        users,
        users.c.id == case((friendships.c.low_id == _me, friendships.c.high_id), else_=friendships.c.low_id),
    )
    .where(or_(friendships.c.low_id == _me, friendships.c.high_id == _me))
    .order_by(users.c.name, users.c.id)
    .limit(MOST_SHOWN)
)
_ask = insert(friendships).values(
    low_id=bindparam("low_id"), high_id=bindparam("high_id"), requested_by=bindparam("me", type_=Uuid)
)
# Two people who ask each other at the same moment meet in one row: the second request accepts the first.
_ASK = Statement(
    _ask.on_conflict_do_update(
        index_elements=[friendships.c.low_id, friendships.c.high_id],
        set_={
            "accepted_at": case(
                (friendships.c.accepted_at.is_not(None), friendships.c.accepted_at),
                (friendships.c.requested_by != _ask.excluded.requested_by, func.now()),
                else_=None,
            )
        },
    ).returning(_status, _since)
)
_NAME = Statement(select(users.c.id, users.c.name).where(users.c.id == bindparam("user_id")))
_END = Statement(delete(friendships).where(*_pair))


async def friends(db: Queryable, me: UUID) -> list[Friend]:
    """Return a person's friends and open requests, ordered by name; at most ``MOST_SHOWN``."""
    return [Friend(Person(row.id, row.name), row.status, row.since) for row in await db.all(_LIST, me=me)]


async def ask(db: Queryable, me: UUID, other: UUID) -> Friend:
    """Ask a person to be friends, or accept their request; repeating it changes nothing.

    Raises the problems `friend_yourself` and `person_not_found`.
    """
    if me == other:
        raise FRIEND_YOURSELF.problem()
    person = await db.first(_NAME, user_id=other)
    if person is None:
        raise PERSON_NOT_FOUND.problem()
    try:
        row = await db.one(_ASK, me=me, **_ordered(me, other))
    except ConstraintViolated:  # the account went away since the look-up
        raise PERSON_NOT_FOUND.problem() from None
    return Friend(Person(person.id, person.name), row.status, row.since)


async def end(db: Queryable, me: UUID, other: UUID) -> None:
    """End a friendship, or withdraw or decline a request; without one nothing changes."""
    await db.run(_END, **_ordered(me, other))


def _ordered(one: UUID, other: UUID) -> dict[str, UUID]:
    # PostgreSQL orders uuid by bytes, and so does Python.
    low, high = sorted((one, other))
    return {"low_id": low, "high_id": high}
