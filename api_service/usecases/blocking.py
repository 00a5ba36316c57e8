"""People whom a person blocks: they neither find nor ask nor invite whoever has blocked them, and are not told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Database, Queryable, Statement
from api_service.problems import PERSON_NOT_FOUND
from api_service.tables import blocks, invitations, users
from api_service.usecases import friends
from api_service.usecases.people import Person

MOST_SHOWN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Blocked:
    """Whom a person has blocked, and since when."""

    person: Person
    blocked_at: datetime


_user_id = bindparam("user_id", type_=Uuid)
_blocked_id = bindparam("blocked_id", type_=Uuid)
_BLOCK = Statement(insert(blocks).values(user_id=_user_id, blocked_id=_blocked_id).on_conflict_do_nothing())
_UNBLOCK = Statement(delete(blocks).where(blocks.c.user_id == _user_id, blocks.c.blocked_id == _blocked_id))
_DECLINE = Statement(
    update(invitations)
    .values(answer="declined", answered_at=func.now())
    .where(
        invitations.c.invitee_id == _user_id,
        invitations.c.inviter_id == _blocked_id,
        invitations.c.answer.is_(None),
        invitations.c.revoked_at.is_(None),
    )
)
_BLOCKED = Statement(
    select(users.c.id, users.c.name, blocks.c.blocked_at)
    .join_from(blocks, users, users.c.id == blocks.c.blocked_id)
    .where(blocks.c.user_id == _user_id)
    .order_by(users.c.name, users.c.id)
    .limit(MOST_SHOWN)
)


async def blocked_by(db: Queryable, user_id: UUID) -> list[Blocked]:
    """Return whom a person has blocked, by name; the first MOST_SHOWN."""
    return [Blocked(Person(row.id, row.name), row.blocked_at) for row in await db.all(_BLOCKED, user_id=user_id)]


async def block(db: Database, user_id: UUID, other: UUID) -> None:
    """Block a person, which ends a friendship, its request and their open invitations; raises `person_not_found`."""
    try:
        await db.run(_BLOCK, user_id=user_id, blocked_id=other)
    except ConstraintViolated:  # nobody, or oneself
        raise PERSON_NOT_FOUND.problem() from None
    await friends.end(db, user_id, other)
    await db.run(_DECLINE, user_id=user_id, blocked_id=other)


async def unblock(db: Queryable, user_id: UUID, other: UUID) -> None:
    """Block a person no more; nothing happens if they are not blocked."""
    await db.run(_UNBLOCK, user_id=user_id, blocked_id=other)
