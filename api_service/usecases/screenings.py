"""A screening's course: those invited are told of a change and reminded in time; rooms that nobody uses are closed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Text, and_, bindparam, case, func, select, text, update

from api_service.database import Database, Row, Statement, Transaction
from api_service.site import Site
from api_service.tables import rooms, visits
from api_service.usecases import mails, outbox, published
from api_service.usecases.room_access import room_row

BATCH: Final = 50
# Whoever was invited less than this before their reminder needs none beside the invitation.
_SOON: Final = timedelta(minutes=15)

_CLOSE = Statement(
    update(rooms)
    .values(closed_at=func.now(), closed_reason=bindparam("reason", type_=Text), version=rooms.c.version + 1)
    .where(rooms.c.id == bindparam("room_id"), rooms.c.closed_at.is_(None))
    .returning(rooms.c.version, rooms.c.partition, rooms.c.closed_at)
)
_batch = bindparam("batch", type_=Integer)
_due = (
    select(rooms.c.id)
    .where(
        rooms.c.closed_at.is_(None),
        rooms.c.starts_at.between(func.now(), func.now() + bindparam("lead", type_=Interval)),
        rooms.c.reminded_for.is_distinct_from(rooms.c.starts_at),
    )
    .order_by(rooms.c.starts_at)
    .limit(_batch)
    .with_for_update(skip_locked=True, key_share=True)
    .cte("due")
)
_REMIND = Statement(
    update(rooms)
    .values(reminded_for=rooms.c.starts_at)
    .where(rooms.c.id == _due.c.id)
    .returning(rooms.c.id, rooms.c.owner_id)
)
# A visit whose end was never archived (the live room was lost) counts as two days long.
_seen = (
    select(func.max(func.coalesce(visits.c.ended_at, visits.c.started_at + text("interval '2 days'"))))
    .where(visits.c.room_id == rooms.c.id)
    .scalar_subquery()
)
_waited = case(
    (and_(_seen.is_(None), rooms.c.starts_at.is_not(None)), bindparam("unattended", type_=Interval)),
    else_=bindparam("abandoned", type_=Interval),
)
_ABANDONED = Statement(
    select(rooms.c.id, rooms.c.owner_id)
    .where(
        rooms.c.closed_at.is_(None),
        # PostgreSQL's greatest() leaves out what is null.
        func.greatest(rooms.c.created_at, rooms.c.starts_at, rooms.c.reopened_at, _seen) + _waited < func.now(),
    )
    .order_by(rooms.c.id)
    .limit(_batch)
    .with_for_update(skip_locked=True, key_share=True)
)


async def changed(transaction: Transaction, site: Site, room: Row, change: str, previous: datetime | None) -> None:
    """Tell those invited of another start or film of ``room``, the row afterwards; ``change`` is one of CHANGES.

    Raises the problem `limit_reached`.
    """
    await _changed(transaction, site, room, change, previous, inviter=room.owner_id)


async def reopened(transaction: Transaction, site: Site, room: Row) -> None:
    """Tell those invited to a screening that is still to come that it takes place; raises `limit_reached`."""
    if room.starts_at is not None and room.starts_at > datetime.now(UTC):
        await _changed(transaction, site, room, "reopened", room.starts_at, inviter=room.owner_id)


async def close(transaction: Transaction, site: Site, viewer: UUID, room_id: UUID, reason: str) -> None:
    """Close an open room and publish that; those invited to a screening that has not begun are told."""
    closed = await transaction.first(_CLOSE, room_id=room_id, reason=reason)
    if closed is None:
        return
    event = published.room_closed(room_id, closed.version, closed.partition, reason, closed.closed_at)
    await outbox.add(transaction, [event])
    room = await room_row(transaction, viewer, room_id)
    if room.starts_at is not None and room.starts_at > closed.closed_at:
        # Whatever the limits say: nobody is left waiting before a closed room.
        await _changed(transaction, site, room, "cancelled", room.starts_at, inviter=None)


async def remind(db: Database, site: Site) -> int:
    """Ask for the reminders that are due, each once whatever happens; return to how many rooms."""
    async with db.transaction() as transaction:
        lead = timedelta(minutes=site.policy.reminder_min)
        due = await transaction.all(_REMIND, lead=lead, batch=BATCH)
        for one in due:
            room = await room_row(transaction, one.owner_id, one.id)
            to = await mails.standing(transaction, room.id)
            early = list(_early(to, room.starts_at - lead))
            await mails.ask(transaction, site, room, None, early, partial(published.reminder_due, site, room))
    return len(due)


async def close_abandoned(db: Database, site: Site) -> int:
    """Close rooms that everybody left long ago, or to whose start nobody came; return how many."""
    waits = {
        "abandoned": timedelta(hours=site.policy.abandoned_h),
        "unattended": timedelta(hours=site.policy.unattended_h),
    }
    async with db.transaction() as transaction:
        found = await transaction.all(_ABANDONED, batch=BATCH, **waits)
        for row in found:
            await close(transaction, site, row.owner_id, row.id, "abandoned")
    return len(found)


def _early(to: Iterable[mails.Addressee], due_at: datetime) -> Iterable[mails.Addressee]:
    return (one for one in to if one.invited_at is None or one.invited_at < due_at - _SOON)


async def _changed(
    transaction: Transaction, site: Site, room: Row, change: str, previous: datetime | None, *, inviter: UUID | None
) -> None:
    to = await mails.standing(transaction, room.id)
    asking = partial(published.invitation_changed, site, room, change=change, previous=previous)
    await mails.ask(transaction, site, room, inviter, to, asking)
