"""Bans: who may not enter a room, until somebody lifts it. The live room hears of each and shows them the door."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import BANNED, CANNOT_BAN, NOT_ROOM_MODERATOR, PERSON_NOT_FOUND
from api_service.tables import bans, room_roles, users
from api_service.tables import rooms as rooms_table
from api_service.usecases import outbox, published, rooms
from api_service.usecases.people import Person, User

MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Ban:
    """Somebody who may not enter, since when and by whose word; ``banned_by`` is None once that account is gone."""

    person: Person
    banned_by: Person | None
    banned_at: datetime


_room_id = bindparam("room_id", type_=Uuid)
_user_id = bindparam("user_id", type_=Uuid)
_judge = users.alias("judge")
_LIST = Statement(
    select(bans.c.user_id, users.c.name, bans.c.banned_by, _judge.c.name.label("judge_name"), bans.c.banned_at)
    .join_from(bans, users, users.c.id == bans.c.user_id)
    .outerjoin(_judge, _judge.c.id == bans.c.banned_by)
    .where(bans.c.room_id == _room_id)
    .order_by(bans.c.banned_at, bans.c.user_id)
    .limit(bindparam("limit", type_=Integer))
)
_ROLE = Statement(
    select(room_roles.c.role)
    .select_from(users)
    .outerjoin(room_roles, and_(room_roles.c.room_id == _room_id, room_roles.c.user_id == users.c.id))
    .where(users.c.id == _user_id)
)
_BAN = Statement(
    insert(bans)
    .values(room_id=_room_id, user_id=_user_id, banned_by=bindparam("banned_by", type_=Uuid))
    .on_conflict_do_nothing()
)
_LIFT = Statement(delete(bans).where(bans.c.room_id == _room_id, bans.c.user_id == _user_id))
_NEXT_VERSION = Statement(
    update(rooms_table).values(version=rooms_table.c.version + 1).where(rooms_table.c.id == _room_id)
)


async def listed(db: Queryable, viewer: UUID, code: str) -> list[Ban]:
    """Give a room's bans, the oldest first; raises `room_not_found`, `banned` and `not_room_moderator`."""
    row = await _moderated_room(db, viewer, code)
    found = await db.all(_LIST, room_id=row.id, limit=MOST_SHOWN)
    return [
        Ban(
            Person(ban.user_id, ban.name),
            None if ban.banned_by is None else Person(ban.banned_by, ban.judge_name),
            ban.banned_at,
        )
        for ban in found
    ]


async def ban(db: Database, judge: User, code: str, user_id: UUID) -> None:
    """Ban somebody from an open room, whether they were in it or not; banning them again changes nothing.

    Their invitation stands and is worth nothing while the ban does. Raises the problems `room_not_found`, `banned`,
    `not_room_moderator`, `room_closed`, `person_not_found` and `cannot_ban`.
    """
    async with db.transaction() as transaction:
        row = await _held(transaction, judge, code)
        target = await transaction.first(_ROLE, room_id=row.id, user_id=user_id)
        if target is None:
            raise PERSON_NOT_FOUND.problem()
        among_equals = target.role == "moderator" and row.owner_id != judge.id
        if user_id in (row.owner_id, judge.id) or among_equals:
            raise CANNOT_BAN.problem()
        if await transaction.run(_BAN, room_id=row.id, user_id=user_id, banned_by=judge.id):
            row = await _next(transaction, judge, row)
            await outbox.add(transaction, [published.member_banned(row, user_id, judge.id)])


async def lift(db: Database, judge: User, code: str, user_id: UUID) -> None:
    """Let somebody enter an open room again; where no ban stands nothing changes.

    Raises the problems `room_not_found`, `banned`, `not_room_moderator` and `room_closed`.
    """
    async with db.transaction() as transaction:
        row = await _held(transaction, judge, code)
        if await transaction.run(_LIFT, room_id=row.id, user_id=user_id):
            row = await _next(transaction, judge, row)
            await outbox.add(transaction, [published.member_unbanned(row, user_id, judge.id)])


async def _moderated_room(db: Queryable, viewer: UUID, code: str) -> Row:
    row = await rooms.visible_room(db, viewer, code)
    if row.banned:
        raise BANNED.problem()
    if row.owner_id != viewer and row.role != "moderator":
        raise NOT_ROOM_MODERATOR.problem()
    return row


async def _held(transaction: Transaction, judge: User, code: str) -> Row:
    row = await _moderated_room(transaction, judge.id, code)
    return await rooms.held_room(transaction, judge.id, row.id)


async def _next(transaction: Transaction, judge: User, row: Row) -> Row:
    """Raise the room's version: it is what tells the live room which word about somebody is the last."""
    await transaction.run(_NEXT_VERSION, room_id=row.id)
    return await rooms.changed_room(transaction, judge.id, row.id)
