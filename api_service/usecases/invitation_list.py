"""Invitations as the owner of their room sees them, and how far each has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Integer, Interval, Uuid, and_, bindparam, case, exists, func, literal, or_, select, text

from api_service.database import Queryable, Row, Statement
from api_service.tables import bans, films, invitations, room_roles, rooms, users
from api_service.tables import outbox as outbox_table
from api_service.usecases import paging
from api_service.usecases.paging import Page
from api_service.usecases.people import MAIL_ISSUER, Person
from api_service.usecases.published import LOBBY
from api_service.usecases.room_access import owned_room

MOST_SHOWN: Final = 1_000
Status = Literal["pending", "sent", "delivered", "failed", "accepted", "declined", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation, valid until ``revoked_at``.

    ``status`` is the person's answer if there is one, else how far the last mail has come: ``pending`` here, ``sent``
    to the notification service, ``delivered`` to the mail server or ``failed``, for the reason ``failure``.
    ``moderates``: the person has that role, or will have it from their first visit on.
    """

    id: UUID
    invitee: Person
    status: Status
    created_at: datetime
    mailed_at: datetime | None
    answered_at: datetime | None
    revoked_at: datetime | None
    failure: str | None
    moderates: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody who is invited and may come; ``answer`` is "accepted" or None."""

    person: Person
    answer: str | None


# Whether a room's screening is over, over rooms and films; null where nobody knows when it ends.
IS_OVER: Final = or_(
    rooms.c.closed_at.is_not(None),
    rooms.c.starts_at + films.c.duration_ms * text("interval '1 ms'") + literal(LOBBY, Interval) < func.now(),
)
_STATUS = case(
    (invitations.c.revoked_at.is_not(None), literal("revoked")),
    (invitations.c.answer.is_not(None), invitations.c.answer),
    (IS_OVER, literal("expired")),
    (invitations.c.failed_at.is_not(None), literal("failed")),
    (invitations.c.delivered_at.is_not(None), literal("delivered")),
    # The relay has marked the event that asked for the mail, or it was so long ago that the outbox has forgotten it.
    (
        and_(
            invitations.c.mail_id.is_not(None),
            or_(outbox_table.c.id.is_(None), outbox_table.c.published_at.is_not(None)),
        ),
        literal("sent"),
    ),
    else_=literal("pending"),
).label("status")
SHOWN: Final = (
    select(
        invitations.c.id,
        users.c.id.label("invitee_id"),
        users.c.name,
        _STATUS,
        invitations.c.created_at,
        invitations.c.mailed_at,
        invitations.c.answered_at,
        invitations.c.revoked_at,
        invitations.c.failure,
        func.coalesce(room_roles.c.role == "moderator", literal(value=False)).label("moderates"),
    )
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .join(rooms, rooms.c.id == invitations.c.room_id)
    .join(films, films.c.id == rooms.c.film_id)
    .outerjoin(
        room_roles,
        and_(room_roles.c.room_id == invitations.c.room_id, room_roles.c.user_id == invitations.c.invitee_id),
    )
    .outerjoin(outbox_table, outbox_table.c.id == invitations.c.mail_id)
)
_after = bindparam("after", type_=Uuid)
_LIST = Statement(
    SHOWN.where(invitations.c.room_id == bindparam("room_id"), or_(_after.is_(None), invitations.c.id > _after))
    .order_by(invitations.c.id)
    .limit(bindparam("limit", type_=Integer))
)

_EXPECTED = Statement(
    select(users.c.id, users.c.name, invitations.c.answer)
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .where(
        invitations.c.room_id == bindparam("room_id"),
        invitations.c.revoked_at.is_(None),
        invitations.c.answer.is_distinct_from(literal("declined")),
        users.c.issuer != MAIL_ISSUER,
        ~exists().where(bans.c.room_id == invitations.c.room_id, bans.c.user_id == users.c.id),
    )
    .order_by(users.c.name, users.c.id)
    .limit(bindparam("limit", type_=Integer))
)


async def listed(
    db: Queryable, owner: UUID, code: str, *, limit: int = MOST_SHOWN, cursor: str | None = None
) -> Page[Invitation]:
    """Return a page of the invitations to one's room, revoked ones too, in the order of their creation.

    Raises the problems `room_not_found`, `not_room_owner` and `invalid_cursor`.
    """
    return await page_of(db, (await owned_room(db, owner, code)).id, limit, cursor)


async def of_room(db: Queryable, room_id: UUID) -> list[Invitation]:
    """Return a room's first ``MOST_SHOWN`` invitations, as `listed`."""
    return (await page_of(db, room_id, MOST_SHOWN)).items


async def expected(db: Queryable, room_id: UUID) -> list[Expected]:
    """Return the people who are invited to a room and may come, as everybody who enters it may know.

    Not those invited by e-mail, whose name is an address until they sign in.
    """
    rows = await db.all(_EXPECTED, room_id=room_id, limit=MOST_SHOWN)
    return [Expected(Person(row.id, row.name), row.answer) for row in rows]


async def page_of(db: Queryable, room_id: UUID, limit: int, cursor: str | None = None) -> Page[Invitation]:
    """Return a page of a room's invitations; raises the problem `invalid_cursor`."""
    (after,) = paging.decode(cursor, UUID)
    rows = await db.all(_LIST, room_id=room_id, after=after, limit=limit + 1)
    return paging.page([_shown(row) for row in rows], limit, lambda last: (last.id,))


def _shown(row: Row) -> Invitation:
    invitee = Person(row.invitee_id, row.name)
    moments = (row.created_at, row.mailed_at, row.answered_at, row.revoked_at)
    return Invitation(row.id, invitee, row.status, *moments, row.failure, row.moderates)
