"""Bans: who may not enter a room until the ban is lifted; the live room receives each and removes the person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import CANNOT_BAN, PERSON_NOT_FOUND
from api_service.tables import bans, room_roles, users
from api_service.usecases import outbox, published
from api_service.usecases.people import Person, User
from api_service.usecases.room_access import locked_room, moderated_room, next_version

MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Ban:
    """Who may not enter, since when, and who banned them; ``banned_by`` is None once that account is gone."""

    person: Person
    banned_by: Person | None
    banned_at: datetime


_room_id = bindparam("room_id", type_=Uuid)
_user_id = bindparam("user_id", type_=Uuid)
_moderator = users.alias("moderator")
_LIST = Statement(
    select(bans.c.user_id, users.c.name, bans.c.banned_by, _moderator.c.name.label("moderator_name"), bans.c.banned_at)
    .join_from(bans, users, users.c.id == bans.c.user_id)
    .outerjoin(_moderator, _moderator.c.id == bans.c.banned_by)
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


async def listed(db: Queryable, viewer: UUID, code: str) -> list[Ban]:
    """Return a room's bans, the oldest first; raises `room_not_found`, `banned` and `not_room_moderator`."""
    row = await moderated_room(db, viewer, code)
    found = await db.all(_LIST, room_id=row.id, limit=MOST_SHOWN)
    return [
        Ban(
            Person(ban.user_id, ban.name),
            None if ban.banned_by is None else Person(ban.banned_by, ban.moderator_name),
            ban.banned_at,
        )
        for ban in found
    ]


async def ban(db: Database, moderator: User, code: str, user_id: UUID) -> None:
    """Ban a person from an open room, whether they were in it or not; banning them again changes nothing.

    Their invitation stands, without effect while the ban lasts. Raises the problems `room_not_found`, `banned`,
    `not_room_moderator`, `room_closed`, `person_not_found` and `cannot_ban`.
    """
    async with db.transaction() as transaction:
        row = await _locked(transaction, moderator, code)
        target = await transaction.first(_ROLE, room_id=row.id, user_id=user_id)
        if target is None:
            raise PERSON_NOT_FOUND.problem()
        among_equals = target.role == "moderator" and row.owner_id != moderator.id
        if user_id in (row.owner_id, moderator.id) or among_equals:
            raise CANNOT_BAN.problem()
        if await transaction.run(_BAN, room_id=row.id, user_id=user_id, banned_by=moderator.id):
            row = await next_version(transaction, moderator.id, row.id)
            await outbox.add(transaction, [published.member_banned(row, user_id, moderator.id)])


async def lift(db: Database, moderator: User, code: str, user_id: UUID) -> None:
    """Lift a person's ban from an open room; without a ban nothing changes.

    Raises the problems `room_not_found`, `banned`, `not_room_moderator` and `room_closed`.
    """
    async with db.transaction() as transaction:
        row = await _locked(transaction, moderator, code)
        if await transaction.run(_LIFT, room_id=row.id, user_id=user_id):
            row = await next_version(transaction, moderator.id, row.id)
            await outbox.add(transaction, [published.member_unbanned(row, user_id, moderator.id)])


async def _locked(transaction: Transaction, moderator: User, code: str) -> Row:
    row = await moderated_room(transaction, moderator.id, code)
    return await locked_room(transaction, moderator.id, row.id)
