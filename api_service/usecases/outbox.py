"""The outbox: events are written in the transaction of their change, and broker/outbox_relay.py publishes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid, bindparam, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import JSONB

from api_service.database import Queryable, Row, Statement, Transaction
from api_service.tables import outbox
from api_service.usecases.arrays import array_of, rows_of
from shared.events.envelope import Event

SOURCE: Final = "api_service"
TOPIC: Final = "outbox"

_rows = rows_of("event", id=("ids", Uuid), type=("types", Text), subject=("subjects", Text), data=("data", JSONB))
_ADD = Statement(
    insert(outbox).from_select(
        ["id", "type", "subject", "data"], select(_rows.c.id, _rows.c.type, _rows.c.subject, _rows.c.data)
    )
)
_WAITING = Statement(
    select(*(outbox.c[name] for name in ("id", "type", "created_at", "attempts", "due_at", "last_error")))
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.created_at, outbox.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_again = update(outbox).values(published_at=null(), due_at=func.now(), attempts=0).returning(outbox.c.id, outbox.c.type)
# Those that a relay has just claimed are due later too, but have no reason yet.
_AT_ONCE = Statement(
    _again.where(outbox.c.published_at.is_(None), outbox.c.due_at > func.now(), outbox.c.last_error.is_not(None))
)
_AGAIN = Statement(_again.where(outbox.c.id == func.any(array_of("ids", Uuid))))
_AGAIN_SINCE = Statement(_again.where(outbox.c.published_at >= bindparam("since", type_=DateTime(timezone=True))))


async def waiting(db: Queryable, *, limit: int) -> list[Row]:
    """Return the oldest events without confirmation: id, type, created_at, attempts, due_at, last_error or None."""
    return await db.all(_WAITING, limit=limit)


async def replay(db: Queryable, *, ids: Sequence[UUID] = (), since: datetime | None = None) -> list[Row]:
    """Have events published at once, and return their ids and types.

    These are the ones named, published or not; or all that were published since a moment; or those that were put off.
    """
    if ids:
        return await db.all(_AGAIN, ids=list(ids))
    return await db.all(_AT_ONCE) if since is None else await db.all(_AGAIN_SINCE, since=since)


async def add(transaction: Transaction, events: Sequence[Event]) -> None:
    """Write events, to be published once the transaction is committed and only then."""
    if not events:
        return
    await transaction.run(
        _ADD,
        ids=[event.id for event in events],
        types=[event.type for event in events],
        subjects=[event.subject for event in events],
        data=[event.data for event in events],
    )
    transaction.announce(TOPIC)
