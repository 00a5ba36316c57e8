"""The archive: what rooms journalled becomes rows of visits, playback and chat, in whatever order it arrives."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, tuple_
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Database, DatabaseUnavailable, InvalidValue, Statement
from api_service.tables import chat_messages, inbox, room_events, visits
from shared import events
from shared.broker import Broker, Transient
from shared.events import Event, InvalidEvent

QUEUE: Final = "api_service.journal"
KEYS: Final = ("visit.*.v1", "playback.changed.v1", "chat.*.v1")
# The broker hands over more events at once than there are connections: a burst of chat must leave some for requests.
AT_ONCE: Final = 4


def _values(table: Table, *names: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_CONSUME = Statement(insert(inbox).values(_values(inbox, "event_id")).on_conflict_do_nothing())

_visit = insert(visits).values(_values(visits, "id", "room_id", "user_id", "epoch", "seq", "started_at"))
_VISIT_STARTED = Statement(_visit.on_conflict_do_nothing(index_elements=[visits.c.id]))

_end = insert(visits).values(
    _values(visits, "id", "room_id", "user_id", "epoch", "seq", "started_at", "ended_at", "end_reason")
)
_VISIT_ENDED = Statement(
    _end.on_conflict_do_update(
        index_elements=[visits.c.id],
        set_={name: _end.excluded[name] for name in ("epoch", "seq", "ended_at", "end_reason")},
        where=(visits.c.room_id == _end.excluded.room_id)
        & (tuple_(visits.c.epoch, visits.c.seq) < tuple_(_end.excluded.epoch, _end.excluded.seq)),
    )
)
_PLAYBACK_CHANGED = Statement(
    insert(room_events)
    .values(
        _values(
            room_events,
            "room_id",
            "epoch",
            "seq",
            "event",
            "status",
            "position_ms",
            "rate",
            "playback_at",
            "user_id",
            "happened_at",
        )
    )
    .on_conflict_do_nothing()
)
_CHAT_POSTED = Statement(
    insert(chat_messages)
    .values(
        _values(
            chat_messages,
            "room_id",
            "epoch",
            "seq",
            "message_id",
            "author_id",
            "author_name",
            "text",
            "position_ms",
            "sent_at",
        )
    )
    .on_conflict_do_nothing()
)


class Archive:
    """Keeps each journalled event once, however often it comes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = asyncio.Semaphore(AT_ONCE)

    def consume(self, broker: Broker) -> None:
        """Take the journal's queue; to be said before the broker starts."""
        broker.consume(QUEUE, KEYS, self.keep)

    async def keep(self, event: Event) -> None:
        """Archive one event; raises Transient while PostgreSQL is away and InvalidEvent for what can never be kept."""
        row = _row(event)
        if row is None:
            return
        statement, values = row
        try:
            async with self._places, self._db.transaction() as transaction:
                if await transaction.run(_CONSUME, event_id=event.id):
                    await transaction.run(statement, **values)
        except DatabaseUnavailable as error:
            raise Transient(str(error)) from error
        except ConstraintViolated as violated:
            raise InvalidEvent(f"no such room or person ({violated.constraint})") from violated
        except InvalidValue as error:
            raise InvalidEvent(str(error)) from error


def _row(event: Event) -> tuple[Statement, Mapping[str, Any]] | None:
    """Give the statement that keeps an event, or None for a kind that is not archived."""
    data = event.data
    match event.type:
        case events.VISIT_STARTED:
            return _VISIT_STARTED, _picked(data, "room_id", "user_id", "epoch", "seq", "started_at", id="visit_id")
        case events.VISIT_ENDED:
            names = ("room_id", "user_id", "epoch", "seq", "started_at", "ended_at")
            return _VISIT_ENDED, _picked(data, *names, id="visit_id", end_reason="reason")
        case events.PLAYBACK_CHANGED:
            playback = data["playback"]
            return _PLAYBACK_CHANGED, {
                **_picked(data, "room_id", "epoch", "seq", "event", user_id="by", happened_at="at"),
                **_picked(playback, "status", "position_ms", "rate"),
                "playback_at": _moment(playback["at_ms"]),
            }
        case events.CHAT_POSTED:
            names = ("message_id", "author_id", "author_name", "text", "position_ms", "sent_at")
            return _CHAT_POSTED, _picked(data, "room_id", "epoch", "seq", *names)
    return None


def _picked(data: Mapping[str, Any], *same: str, **renamed: str) -> dict[str, Any]:
    return {**{name: data[name] for name in same}, **{name: data[source] for name, source in renamed.items()}}


def _moment(at_ms: float) -> datetime:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidEvent(f"playback.at_ms: {at_ms} is no moment ({error})") from error
