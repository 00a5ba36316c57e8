"""Whose invitations bring no mail: an inviter muted by a person, and addresses whose readers want none at all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Queryable, Row, Statement
from api_service.problems import INVITATION_NOT_FOUND, PERSON_NOT_FOUND
from api_service.site import Site
from api_service.tables import invitations, muted_inviters, unsubscribed, users
from api_service.usecases.people import LOCALE, Person, User, person_shown

MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Muted:
    """Whose invitations bring no mail, and since when."""

    person: Person
    muted_at: datetime


@dataclass(frozen=True, slots=True)
class Mails:
    """Whether a person gets mails about invitations at all, and the inviters whom they have muted."""

    wanted: bool
    muted: list[Muted]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom a link in a mail stands for: their address, and who invited them."""

    user_id: UUID
    email: str | None
    locale: str
    inviter: Person


_user_id = bindparam("user_id", type_=Uuid)
_email = bindparam("email", type_=Text)
_MUTE = Statement(
    insert(muted_inviters)
    .values(user_id=_user_id, inviter_id=bindparam("inviter_id", type_=Uuid))
    .on_conflict_do_nothing()
)
_UNMUTE = Statement(
    delete(muted_inviters).where(
        muted_inviters.c.user_id == _user_id, muted_inviters.c.inviter_id == bindparam("inviter_id", type_=Uuid)
    )
)
_MUTED = Statement(
    select(users.c.id, users.c.name, muted_inviters.c.muted_at)
    .join_from(muted_inviters, users, users.c.id == muted_inviters.c.inviter_id)
    .where(muted_inviters.c.user_id == _user_id)
    .order_by(users.c.name, users.c.id)
    .limit(MOST_SHOWN)
)
_IS_MUTED = Statement(
    select(literal(1)).where(
        muted_inviters.c.user_id == _user_id, muted_inviters.c.inviter_id == bindparam("inviter_id", type_=Uuid)
    )
)
_END = Statement(insert(unsubscribed).values(email=func.lower(_email)).on_conflict_do_nothing())
_BEGIN = Statement(delete(unsubscribed).where(unsubscribed.c.email == func.lower(_email)))
_ENDED = Statement(select(literal(1)).where(unsubscribed.c.email == func.lower(_email)))
_inviter = users.alias("inviter")
_RECEIVER = Statement(
    select(users.c.id, users.c.email, LOCALE, _inviter.c.id.label("inviter_id"), _inviter.c.name)
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .join(_inviter, _inviter.c.id == invitations.c.inviter_id)
    .where(invitations.c.id == bindparam("invitation_id", type_=Uuid))
)


async def mails_of(db: Queryable, user: User) -> Mails:
    """Return what a person has chosen about mails."""
    rows = await db.all(_MUTED, user_id=user.id)
    muted = [Muted(Person(row.id, row.name), row.muted_at) for row in rows]
    return Mails(not await is_unsubscribed(db, user.email), muted)


async def mute(db: Queryable, user_id: UUID, inviter_id: UUID) -> None:
    """Have an inviter's invitations bring a person no mail; raises the problem `person_not_found`."""
    try:
        await db.run(_MUTE, user_id=user_id, inviter_id=inviter_id)
    except ConstraintViolated:
        raise PERSON_NOT_FOUND.problem() from None


async def unmute(db: Queryable, user_id: UUID, inviter_id: UUID) -> None:
    """Have an inviter's invitations mailed again."""
    await db.run(_UNMUTE, user_id=user_id, inviter_id=inviter_id)


async def is_muted(db: Queryable, user_id: UUID, inviter_id: UUID) -> bool:
    """Return whether an inviter's invitations bring a person no mail."""
    return await db.first(_IS_MUTED, user_id=user_id, inviter_id=inviter_id) is not None


async def want_mails(db: Queryable, email: str | None, *, wanted: bool) -> None:
    """Have invitations mailed to an address, or not; without an address nothing changes."""
    if email is not None:
        await db.run(_BEGIN if wanted else _END, email=email)


async def is_unsubscribed(db: Queryable, email: str | None) -> bool:
    """Return whether no invitation is mailed to an address."""
    return email is not None and await db.first(_ENDED, email=email) is not None


async def receiver(db: Queryable, site: Site, invitation_id: UUID, signature: str) -> Receiver:
    """Return whom a mail's link to unsubscribe stands for; raises the problem `invitation_not_found`."""
    row: Row | None = None
    if site.mail_links.is_valid("unsubscribe", invitation_id, signature):
        row = await db.first(_RECEIVER, invitation_id=invitation_id)
    if row is None:
        raise INVITATION_NOT_FOUND.problem()
    return Receiver(row.id, row.email, row.locale, person_shown(row.inviter_id, row.name, row.locale))
