"""The outbox: events are written in the transaction of their change, and broker/outbox_relay.py publishes them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ARRAY, Text, Uuid, bindparam, cast, column, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from api_service.database import Statement, Transaction
from api_service.tables import outbox
from shared.events import Event

SOURCE: Final = "api_service"
TOPIC: Final = "outbox"

_ids = bindparam("ids", type_=ARRAY(Uuid))
_rows = (
    func.unnest(
        cast(_ids, ARRAY(Uuid)),
        cast(bindparam("types"), ARRAY(Text)),
        cast(bindparam("subjects"), ARRAY(Text)),
        cast(bindparam("data"), ARRAY(JSONB)),
    )
    .table_valued(
        column("id", Uuid), column("type", Text), column("subject", Text), column("data", JSONB), name="event"
    )
    .render_derived()
)
_ADD = Statement(
    insert(outbox).from_select(
        ["id", "type", "subject", "data"], select(_rows.c.id, _rows.c.type, _rows.c.subject, _rows.c.data)
    )
)


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
