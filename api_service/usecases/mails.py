"""Mails about invitations: to whom one may go, what is asked of the notification service, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    not_,
    null,
    select,
    update,
)

from api_service.database import Queryable, Row, Statement, Transaction
from api_service.site import Site
from api_service.tables import invitations, muted_inviters, unsubscribed, users
from api_service.usecases import limits, outbox
from api_service.usecases.arrays import rows_of
from api_service.usecases.people import LOCALE
from api_service.usecases.published import Invitee
from shared.events.envelope import Event

# The event that asks for the mail of one invitation.
Asking = Callable[[UUID, Invitee], Event]


@dataclass(frozen=True, slots=True)
class Addressee:
    """An invitation and whom its mail goes to; ``invited_at`` is None for one that was just made."""

    invitation_id: UUID
    invitee: Invitee
    invited_at: datetime | None = None


def may_be_mailed(inviter: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return whether the person in a statement's `users` wants mails that this inviter causes."""
    by_them = (muted_inviters.c.user_id == users.c.id, muted_inviters.c.inviter_id == inviter)
    muted = exists().where(*by_them).correlate_except(muted_inviters)
    ended = exists().where(unsubscribed.c.email == func.lower(users.c.email)).correlate_except(unsubscribed)
    return and_(users.c.email.is_not(None), not_(muted), not_(ended))


INVITEE = (users.c.id, users.c.name, users.c.email, LOCALE, users.c.time_zone)

_invitation_id = bindparam("invitation_id", type_=Uuid)
_asked = rows_of("asked", id=("ids", Uuid), mail_id=("mail_ids", Uuid))
_ASKED = Statement(
    update(invitations)
    .values(mail_id=_asked.c.mail_id, mailed_at=func.now(), delivered_at=null(), failed_at=null(), failure=null())
    .where(invitations.c.id == _asked.c.id)
)
_STANDING = Statement(
    select(invitations.c.id.label("invitation_id"), invitations.c.created_at.label("invited_at"), *INVITEE)
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .where(
        invitations.c.room_id == bindparam("room_id", type_=Uuid),
        invitations.c.revoked_at.is_(None),
        invitations.c.answer.is_distinct_from("declined"),
        may_be_mailed(invitations.c.inviter_id),
    )
    .order_by(invitations.c.id)
)
_at = bindparam("at", type_=DateTime(timezone=True))
_DELIVERED = Statement(
    update(invitations)
    .values(delivered_at=_at, failed_at=null(), failure=null())
    .where(invitations.c.id == _invitation_id, invitations.c.mail_id == bindparam("mail_id", type_=Uuid))
)
_FAILED = Statement(
    update(invitations)
    .values(failed_at=_at, failure=bindparam("failure", type_=Text))
    .where(
        invitations.c.id == _invitation_id,
        invitations.c.mail_id == bindparam("mail_id", type_=Uuid),
        invitations.c.delivered_at.is_(None),
    )
)


async def standing(db: Queryable, room_id: UUID) -> list[Addressee]:
    """Return those invited to a room who can be mailed and have not declined."""
    rows = await db.all(_STANDING, room_id=room_id)
    return [Addressee(row.invitation_id, invitee_of(row), row.invited_at) for row in rows]


async def ask(
    transaction: Transaction, site: Site, room: Row, inviter: UUID | None, to: Sequence[Addressee], asking: Asking
) -> None:
    """Ask for a mail about each invitation in ``to``.

    Mails that an ``inviter`` causes are counted; raises the problem `limit_reached`.
    """
    if inviter is not None:
        await limits.mailed(transaction, site.policy, inviter, room.id, [str(one.invitee.id) for one in to])
    events = [asking(one.invitation_id, one.invitee) for one in to]
    if events:
        ids, mail_ids = [one.invitation_id for one in to], [UUID(event.id) for event in events]
        await transaction.run(_ASKED, ids=ids, mail_ids=mail_ids)
        await outbox.add(transaction, events)


async def delivered(transaction: Transaction, invitation_id: UUID, mail_id: UUID, at: datetime) -> None:
    """Note that the mail server accepted an invitation's last mail; of an earlier mail nothing changes."""
    await transaction.run(_DELIVERED, invitation_id=invitation_id, mail_id=mail_id, at=at)


async def failed(transaction: Transaction, invitation_id: UUID, mail_id: UUID, at: datetime, failure: str) -> None:
    """Note that an invitation's last mail will never be sent; of an earlier mail nothing changes."""
    await transaction.run(_FAILED, invitation_id=invitation_id, mail_id=mail_id, at=at, failure=failure)


def invitee_of(row: Row) -> Invitee:
    """Return the invitee in a row that has the columns of ``INVITEE``."""
    return Invitee(row.id, row.name, row.email, row.locale, row.time_zone)
