"""Friendships: asked for by one, accepted by the other, ended by either."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Database, Queryable, Statement, Transaction
from api_service.problems import FRIEND_YOURSELF, PERSON_NOT_FOUND
from api_service.tables import blocks, friendships, users
from api_service.usecases import outbox, paging, published
from api_service.usecases.paging import Page
from api_service.usecases.people import GUEST_ISSUER, MAIL_ISSUER, Person

Status = Literal["accepted", "incoming", "outgoing"]


@dataclass(frozen=True, slots=True)
class Friend:
    """Another person and how one stands with them; ``since`` is when they accepted, or else were asked."""

    person: Person
    status: Status
    since: datetime


def friends_of(user_id: BindParameter[UUID], *, showing_lists: bool = False) -> CTE:
    """Return the accepted friends of a person as a part of another statement, one column ``id``.

    ``showing_lists`` leaves out those who hide their lists of films.
    """
    accepted = friendships.c.accepted_at.is_not(None)

    def others(me: ColumnElement[UUID], other: ColumnElement[UUID]) -> Select[UUID]:
        hides = exists().where(users.c.id == other, users.c.list_hidden)
        found = select(other.label("id")).where(me == user_id, accepted)
        return found.where(~hides) if showing_lists else found

    low, high = friendships.c.low_id, friendships.c.high_id
    return union_all(others(low, high), others(high, low)).cte("friends")


_me = bindparam("me", type_=Uuid)
_status = case(
    (friendships.c.accepted_at.is_not(None), literal("accepted")),
    (friendships.c.requested_by == _me, literal("outgoing")),
    else_=literal("incoming"),
).label("status")
_since = func.coalesce(friendships.c.accepted_at, friendships.c.requested_at).label("since")

_wanted = bindparam("status", type_=Text)
_after_name, _after = bindparam("after_name", type_=Text), bindparam("after", type_=Uuid)
_LIST = Statement(
    select(users.c.id, users.c.name, _status, _since)
    .join_from(
        friendships,
        users,
        users.c.id == case((friendships.c.low_id == _me, friendships.c.high_id), else_=friendships.c.low_id),
    )
    .where(
        or_(friendships.c.low_id == _me, friendships.c.high_id == _me),
        or_(_wanted.is_(None), _status.element == _wanted),
        or_(_after.is_(None), tuple_(users.c.name, users.c.id) > tuple_(_after_name, _after)),
    )
    .order_by(users.c.name, users.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_ask = insert(friendships).values(
    low_id=bindparam("low_id"), high_id=bindparam("high_id"), requested_by=bindparam("me", type_=Uuid)
)


def _accepts(asking: ColumnElement[UUID]) -> ColumnElement[bool]:
    return and_(friendships.c.accepted_at.is_(None), friendships.c.requested_by != asking)


# Two people who ask each other at the same moment meet in one row: the second request accepts the first.
_ASK = Statement(
    _ask.on_conflict_do_update(
        index_elements=[friendships.c.low_id, friendships.c.high_id],
        set_={
            "accepted_at": case(
                (friendships.c.accepted_at.is_not(None), friendships.c.accepted_at),
                (_accepts(_ask.excluded.requested_by), func.now()),
                else_=None,
            ),
            "version_at": case((_accepts(_ask.excluded.requested_by), func.now()), else_=friendships.c.version_at),
        },
    ).returning(_status, _since, (friendships.c.accepted_at == func.now()).label("accepted_now"))
)
_name_of, _asking = bindparam("user_id", type_=Uuid), bindparam("me", type_=Uuid)
_blocked = or_(
    and_(blocks.c.user_id == _name_of, blocks.c.blocked_id == _asking),
    and_(blocks.c.user_id == _asking, blocks.c.blocked_id == _name_of),
)
_NAME = Statement(
    select(users.c.id, users.c.name).where(
        users.c.id == _name_of,
        users.c.removed_at.is_(None),
        users.c.issuer.not_in((literal(MAIL_ISSUER), literal(GUEST_ISSUER))),
        ~exists().where(_blocked),
    )
)
_PEOPLE = Statement(
    select(users.c.id, users.c.issuer, users.c.subject)
    .where(users.c.id.in_((bindparam("low_id", type_=Uuid), bindparam("high_id", type_=Uuid))))
    .order_by(users.c.id)
)
# The tombstone is for versions of the feed that are older than this and come later.
_END = Statement(
    text("""
WITH taken AS (
    DELETE FROM friendships WHERE low_id = :low_id AND high_id = :high_id RETURNING low_id, high_id, accepted_at
), tombstones AS (
    INSERT INTO removed_friendships AS tombstone (low_id, high_id)
    SELECT low_id, high_id FROM taken WHERE accepted_at IS NOT NULL
    ON CONFLICT (low_id, high_id) DO UPDATE SET
        version_at = greatest(tombstone.version_at, excluded.version_at), removed_at = now()
)
SELECT accepted_at IS NOT NULL AS were_friends, now() AS at FROM taken
""")
)


async def friends(
    db: Queryable, me: UUID, *, status: Status | None = None, limit: int = 100, cursor: str | None = None
) -> Page[Friend]:
    """Return a person's friends and open requests, or those of one status, in the order of names.

    Raises the problem `invalid_cursor`.
    """
    after_name, after = paging.decode(cursor, paging.text, UUID)
    rows = await db.all(_LIST, me=me, status=status, after_name=after_name, after=after, limit=limit + 1)
    found = [Friend(Person(row.id, row.name), row.status, row.since) for row in rows]
    return paging.page(found, limit, lambda last: (last.person.name, last.person.id))


async def ask(db: Database, me: UUID, other: UUID) -> Friend:
    """Ask a person to be friends, or accept when they had asked; repeating changes nothing.

    The cinema is told once they are friends. Raises the problems `friend_yourself` and `person_not_found`, also where
    one of the two has blocked the other.
    """
    if me == other:
        raise FRIEND_YOURSELF.problem()
    person = await db.first(_NAME, user_id=other, me=me)
    if person is None:
        raise PERSON_NOT_FOUND.problem()
    pair = _ordered(me, other)
    try:
        async with db.transaction() as transaction:
            row = await transaction.one(_ASK, me=me, **pair)
            if row.accepted_now:
                await _tell(transaction, pair, me, row.since, friends=True)
    except ConstraintViolated:  # the account went away since the look-up
        raise PERSON_NOT_FOUND.problem() from None
    return Friend(Person(person.id, person.name), row.status, row.since)


async def end(db: Database, me: UUID, other: UUID) -> None:
    """End a friendship and tell the cinema, or take back or decline a request; nothing happens if there was none."""
    pair = _ordered(me, other)
    async with db.transaction() as transaction:
        taken = await transaction.first(_END, **pair)
        if taken is not None and taken.were_friends:
            await _tell(transaction, pair, me, taken.at, friends=False)


async def _tell(transaction: Transaction, pair: dict[str, UUID], by: UUID, at: datetime, *, friends: bool) -> None:
    people = await transaction.all(_PEOPLE, **pair)
    await outbox.add(transaction, [published.friendship_changed(people, by, at, friends=friends)])


def _ordered(one: UUID, other: UUID) -> dict[str, UUID]:
    # PostgreSQL orders uuid by bytes, and so does Python.
    low, high = sorted((one, other))
    return {"low_id": low, "high_id": high}
