"""Answers to invitations: accepted or declined by the invited person, signed in or by the link in their mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, bindparam, func, or_, select, update

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import INVITATION_NOT_FOUND, INVITATION_OVER
from api_service.site import Site
from api_service.tables import invitations, rooms, users
from api_service.usecases import paging
from api_service.usecases.paging import Page
from api_service.usecases.people import LOCALE, Person, person_shown
from api_service.usecases.room_access import ROOM_ROWS
from api_service.usecases.rooms import Room, room_of

Answer = Literal["accepted", "declined"]


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as the invited person sees it; ``answer`` is None until they give one."""

    id: UUID
    room: Room
    inviter: Person
    answer: Answer | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ByLink:
    """An invitation behind a link in a mail, with the language of the person whom it was sent to."""

    invited: Invited
    locale: str
    is_over: bool


_viewer = bindparam("viewer", type_=Uuid)
_after = bindparam("after", type_=Uuid)
_invitation_id = bindparam("invitation_id", type_=Uuid)
_inviter = users.alias("inviter")
_OWN = (
    ROOM_ROWS.add_columns(
        invitations.c.id.label("invitation_id"),
        invitations.c.answer,
        invitations.c.created_at.label("invited_at"),
        _inviter.c.id.label("inviter_id"),
        _inviter.c.name.label("inviter_name"),
    )
    .join(invitations, invitations.c.room_id == rooms.c.id)
    .join(_inviter, _inviter.c.id == invitations.c.inviter_id)
    .where(invitations.c.invitee_id == _viewer, invitations.c.revoked_at.is_(None))
)
_LIST = Statement(
    _OWN.where(rooms.c.closed_at.is_(None), or_(_after.is_(None), invitations.c.id < _after))
    .order_by(invitations.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_ONE = Statement(_OWN.where(invitations.c.id == _invitation_id))
_ANSWER = Statement(
    update(invitations)
    .values(answer=bindparam("answer", type_=Text), answered_at=func.now())
    .where(
        invitations.c.id == _invitation_id,
        invitations.c.invitee_id == bindparam("invitee_id", type_=Uuid),
        invitations.c.revoked_at.is_(None),
        invitations.c.answer.is_distinct_from(bindparam("answer", type_=Text)),
    )
)
_WHO = Statement(
    select(invitations.c.invitee_id, LOCALE, invitations.c.revoked_at)
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .where(invitations.c.id == _invitation_id)
)
_ENTERED = Statement(
    update(invitations)
    .values(answer="accepted", answered_at=func.now())
    .where(
        invitations.c.room_id == bindparam("room_id", type_=Uuid),
        invitations.c.invitee_id == _viewer,
        invitations.c.revoked_at.is_(None),
        invitations.c.answer.is_distinct_from("accepted"),
    )
)


async def of_viewer(
    db: Queryable, site: Site, viewer: UUID, locale: str, *, limit: int = 20, cursor: str | None = None
) -> Page[Invited]:
    """Return a page of one's invitations to open rooms, newest first; raises the problem `invalid_cursor`."""
    (after,) = paging.decode(cursor, UUID)
    rows = await db.all(_LIST, viewer=viewer, after=after, limit=limit + 1)
    return paging.page([_invited(row, site, viewer, locale) for row in rows], limit, lambda last: (last.id,))


async def answer(db: Database, site: Site, viewer: UUID, locale: str, invitation_id: UUID, given: Answer) -> Invited:
    """Accept or decline an invitation, also another time; raises `invitation_not_found` and `invitation_over`."""
    async with db.transaction() as transaction:
        row = await transaction.first(_ONE, viewer=viewer, invitation_id=invitation_id)
        if row is None:
            raise INVITATION_NOT_FOUND.problem()
        if row.closed_at is not None:
            raise INVITATION_OVER.problem()
        await transaction.run(_ANSWER, invitation_id=invitation_id, invitee_id=viewer, answer=given)
        row = await transaction.one(_ONE, viewer=viewer, invitation_id=invitation_id)
    return _invited(row, site, viewer, locale)


async def entered(db: Database | Transaction, viewer: UUID, room_id: UUID) -> None:
    """Count entering a room as accepting the invitation to it."""
    await db.run(_ENTERED, viewer=viewer, room_id=room_id)


async def by_link(db: Queryable, site: Site, invitation_id: UUID, signature: str) -> ByLink:
    """Return the invitation that a mail's link stands for; raises the problem `invitation_not_found`."""
    who = await _who(db, site, invitation_id, signature)
    row = await db.first(_ONE, viewer=who.invitee_id, invitation_id=invitation_id)
    if row is None:  # revoked
        raise INVITATION_OVER.problem()
    invited = _invited(row, site, who.invitee_id, who.locale)
    return ByLink(invited, who.locale, is_over=invited.room.status == "closed")


async def answer_by_link(db: Database, site: Site, invitation_id: UUID, signature: str, given: Answer) -> ByLink:
    """Accept or decline without signing in; raises the problems `invitation_not_found` and `invitation_over`."""
    who = await _who(db, site, invitation_id, signature)
    if who.revoked_at is not None:
        raise INVITATION_OVER.problem()
    invited = await answer(db, site, who.invitee_id, who.locale, invitation_id, given)
    return ByLink(invited, who.locale, is_over=False)


async def _who(db: Queryable, site: Site, invitation_id: UUID, signature: str) -> Row:
    row: Row | None = None
    if site.mail_links.is_valid("invitations", invitation_id, signature):
        row = await db.first(_WHO, invitation_id=invitation_id)
    if row is None:
        raise INVITATION_NOT_FOUND.problem()
    return row


def _invited(row: Row, site: Site, viewer: UUID, locale: str) -> Invited:
    inviter = person_shown(row.inviter_id, row.inviter_name, locale)
    return Invited(row.invitation_id, room_of(row, site, viewer, locale), inviter, row.answer, row.invited_at)
