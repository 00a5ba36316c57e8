"""The archive: the consumer that writes rooms' journal events to PostgreSQL.

They become rows of visits, playback, asides, chat and counts of reactions; roles and settings update `room_roles` and
`rooms`, for tickets and pages, and publish nothing, since they come from the live room. The order of arrival does not
matter: a row that can be overwritten stores its place (epoch, seq) in the room's journal.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, Text, bindparam, case, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Database, DatabaseUnavailable, InvalidValue, Statement, Transaction
from api_service.tables import (
    asides,
    chat_deletions,
    chat_edits,
    chat_messages,
    inbox,
    reaction_counts,
    room_events,
    room_roles,
    rooms,
    visits,
)
from api_service.usecases import erasures
from shared.broker import Broker, Transient
from shared.events import journal
from shared.events.envelope import Event, InvalidEvent
from shared.events.rooms import DELETED_PERSON

QUEUE: Final = "api_service.journal"
KEYS: Final = (
    "visit.*.v1",
    "member.changed.v1",
    "settings.changed.v1",
    "playback.changed.v1",
    "chat.*.v1",
    "reactions.counted.v1",
)
# The broker delivers more events at once than the pool has connections: a burst of chat must leave some to requests.
AT_ONCE: Final = 4


def _values(table: Table, *names: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_CONSUME = Statement(insert(inbox).values(_values(inbox, "event_id")).on_conflict_do_nothing())

# Transactions about one message take turns. Otherwise a message and its deletion that arrive together would each be
# written before the other's commit is visible, and the text would stay. The lock is taken in the statement before the
# one that reads, so that the latter sees what was committed meanwhile.
_turn = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("turn", type_=Text), 0))).subquery("turn")
_CONSUME_IN_TURN = Statement(
    insert(inbox)
    .from_select(["event_id"], select(bindparam("event_id", type_=Text)).select_from(_turn))
    .on_conflict_do_nothing()
)

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

_role = insert(room_roles).values(_values(room_roles, "room_id", "user_id", "role", "epoch", "seq"))
_MEMBER_CHANGED = Statement(
    _role.on_conflict_do_update(
        index_elements=[room_roles.c.room_id, room_roles.c.user_id],
        set_={name: _role.excluded[name] for name in ("role", "epoch", "seq")},
        where=(room_roles.c.role != literal("owner"))
        & (tuple_(room_roles.c.epoch, room_roles.c.seq) < tuple_(_role.excluded.epoch, _role.excluded.seq)),
    )
)

_VISIT_ASIDE = Statement(
    insert(asides)
    .values(_values(asides, "room_id", "epoch", "seq", "user_id", "reason", "position_ms", "happened_at"))
    .on_conflict_do_nothing()
)

_settings = _values(rooms, "control", "capacity", "settings", "settings_epoch", "settings_seq")
_SETTINGS_CHANGED = Statement(
    update(rooms)
    .values(_settings)
    .where(
        rooms.c.id == bindparam("room_id", type_=rooms.c.id.type),
        tuple_(rooms.c.settings_epoch, rooms.c.settings_seq)
        < tuple_(_settings["settings_epoch"], _settings["settings_seq"]),
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
            "length_ms",
            "film_id",
            "previous_film_id",
        )
    )
    .on_conflict_do_nothing()
)

_message = _values(
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
    "reply_to",
)
_deleted_already = (
    select(chat_deletions.c.deleted_at)
    .where(
        chat_deletions.c.room_id == _message["room_id"],
        chat_deletions.c.message_id == _message["message_id"],
    )
    .scalar_subquery()
)


def _of_edit(column: Any) -> Any:
    """Return what the edit of a posted message, if it came before it, says of it."""
    of_message = (chat_edits.c.room_id == _message["room_id"], chat_edits.c.message_id == _message["message_id"])
    return select(column).where(*of_message).scalar_subquery()


_CHAT_POSTED = Statement(
    insert(chat_messages)
    .values(
        {
            **_message,
            "text": case(
                (_deleted_already.is_(None), func.coalesce(_of_edit(chat_edits.c.text), _message["text"])), else_=""
            ),
            "deleted_at": _deleted_already,
            "edited_at": _of_edit(chat_edits.c.edited_at),
        }
    )
    .on_conflict_do_nothing()
)

_deleted_before = (
    select(chat_deletions.c.deleted_at)
    .where(
        chat_deletions.c.room_id == bindparam("room_id", type_=chat_deletions.c.room_id.type),
        chat_deletions.c.message_id == bindparam("message_id", type_=Text),
    )
    .scalar_subquery()
)
_edit = insert(chat_edits).values(
    {
        **_values(chat_edits, "room_id", "message_id", "author_id", "epoch", "seq", "edited_at"),
        "text": case((_deleted_before.is_(None), bindparam("text", type_=Text)), else_=""),
    }
)
_last_edit = (
    _edit.on_conflict_do_update(
        index_elements=[chat_edits.c.room_id, chat_edits.c.message_id],
        set_={name: _edit.excluded[name] for name in ("epoch", "seq", "text", "edited_at")},
        where=tuple_(chat_edits.c.epoch, chat_edits.c.seq) < tuple_(_edit.excluded.epoch, _edit.excluded.seq),
    )
    .returning(*chat_edits.c)
    .cte("last_edit")
)
_CHAT_EDITED = Statement(
    update(chat_messages)
    .values(text=_last_edit.c.text, edited_at=_last_edit.c.edited_at)
    .where(
        chat_messages.c.room_id == _last_edit.c.room_id,
        chat_messages.c.message_id == _last_edit.c.message_id,
        chat_messages.c.deleted_at.is_(None),
    )
)

_taken_back = insert(chat_deletions).values(_values(chat_deletions, "room_id", "message_id", "deleted_at"))
_deletion = (
    _taken_back.on_conflict_do_update(
        index_elements=[chat_deletions.c.room_id, chat_deletions.c.message_id],
        set_={"deleted_at": func.least(chat_deletions.c.deleted_at, _taken_back.excluded.deleted_at)},
    )
    .returning(*chat_deletions.c)
    .cte("deletion")
)
_unedited = (
    update(chat_edits)
    .values(text=literal(""))
    .where(chat_edits.c.room_id == _deletion.c.room_id, chat_edits.c.message_id == _deletion.c.message_id)
    .cte("unedited")
)
_CHAT_DELETED = Statement(
    update(chat_messages)
    .values(text=literal(""), deleted_at=_deletion.c.deleted_at)
    .where(chat_messages.c.room_id == _deletion.c.room_id, chat_messages.c.message_id == _deletion.c.message_id)
    .add_cte(_unedited)
)

_REACTIONS_COUNTED = Statement(
    insert(reaction_counts)
    .values(
        _values(reaction_counts, "id", "room_id", "epoch", "seq", "position_ms", "reactions", "happened_at"),
    )
    .on_conflict_do_nothing()
)


class Archive:
    """Archives each journal event once, however often it is delivered."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._slots = asyncio.Semaphore(AT_ONCE)

    def consume(self, broker: Broker) -> None:
        """Consume the journal's queue; call it before the broker starts."""
        broker.consume(QUEUE, KEYS, self.write)

    async def write(self, event: Event) -> None:
        """Write one event; raises Transient while PostgreSQL is away, InvalidEvent if it can never be written."""
        try:
            async with self._slots:
                try:
                    await self._write(event)
                except ConstraintViolated as violated:
                    if not violated.constraint.startswith("fk_") or not await self._is_of_erased(event):
                        raise
                    await self._write(_of_nobody(event))
        except DatabaseUnavailable as error:
            raise Transient(str(error)) from error
        except ConstraintViolated as violated:
            reason = "no such room or person" if violated.constraint.startswith("fk_") else "out of bounds"
            raise InvalidEvent(f"{reason} ({violated.constraint})") from violated
        except InvalidValue as error:
            raise InvalidEvent(str(error)) from error

    async def _write(self, event: Event) -> None:
        row = _row(event)
        if row is None:
            return
        statement, values = row
        async with self._db.transaction() as transaction:
            if await is_new(transaction, event):
                await transaction.run(statement, **values)

    async def _is_of_erased(self, event: Event) -> bool:
        """Return whether an event speaks of somebody whose account was deleted meanwhile."""
        person = next((event.data[name] for name in _PERSON if event.data.get(name)), None)
        return person is not None and await erasures.is_erased(self._db, UUID(person))


async def is_new(transaction: Transaction, event: Event) -> bool:
    """Return whether an event is delivered for the first time; it is noted with the transaction."""
    if event.type in (journal.CHAT_POSTED, journal.CHAT_DELETED, journal.CHAT_EDITED):
        turn = f"{event.data['room_id']}:{event.data['message_id']}"
        return bool(await transaction.run(_CONSUME_IN_TURN, event_id=event.id, turn=turn))
    return bool(await transaction.run(_CONSUME, event_id=event.id))


# Where events name the person whom they speak of, as far as that is archived.
_PERSON: Final = ("user_id", "author_id", "by")


def _of_nobody(event: Event) -> Event:
    """Return what is archived of an event that speaks of a deleted person: neither their role nor their words."""
    if event.type in (journal.MEMBER_CHANGED, journal.CHAT_POSTED, journal.CHAT_EDITED):
        return replace(event, type="")
    return replace(
        event, data={name: DELETED_PERSON if name in _PERSON else value for name, value in event.data.items()}
    )


def _row(event: Event) -> tuple[Statement, Mapping[str, Any]] | None:
    """Return the statement that archives an event, and its values; None for a type that is not archived."""
    data = event.data
    match event.type:
        case journal.VISIT_STARTED:
            return _VISIT_STARTED, _picked(data, "room_id", "user_id", "epoch", "seq", "started_at", id="visit_id")
        case journal.VISIT_ENDED:
            visit = _picked(data, "room_id", "user_id", "epoch", "seq", "started_at", "ended_at")
            return _VISIT_ENDED, {**visit, **_picked(data, id="visit_id", end_reason="reason")}
        case journal.MEMBER_CHANGED:
            return _MEMBER_CHANGED, _picked(data, "room_id", "user_id", "role", "epoch", "seq")
        case journal.VISIT_ASIDE:
            names = ("room_id", "epoch", "seq", "user_id", "reason", "position_ms")
            return _VISIT_ASIDE, _picked(data, *names, happened_at="at")
        case journal.SETTINGS_CHANGED:
            changed = _picked(data, "room_id", "control", "capacity", "settings")
            return _SETTINGS_CHANGED, {**changed, **_picked(data, settings_epoch="epoch", settings_seq="seq")}
        case journal.PLAYBACK_CHANGED:
            playback = data["playback"]
            return _PLAYBACK_CHANGED, {
                **_picked(data, "room_id", "epoch", "seq", "event", user_id="by", happened_at="at"),
                **_picked(playback, "status", "position_ms", "rate"),
                "length_ms": playback.get("length_ms"),  # entries from before it was there have none
                "playback_at": _moment(playback["at_ms"]),
                "film_id": data.get("film_id"),
                "previous_film_id": data.get("previous_film_id"),
            }
        case journal.CHAT_POSTED:
            said = ("message_id", "author_id", "author_name", "text", "position_ms", "sent_at")
            message = _picked(data, "room_id", "epoch", "seq", *said)
            return _CHAT_POSTED, {**message, "reply_to": data.get("reply_to")}
        case journal.CHAT_DELETED:
            return _CHAT_DELETED, _picked(data, "room_id", "message_id", deleted_at="at")
        case journal.CHAT_EDITED:
            return _CHAT_EDITED, _picked(
                data, "room_id", "message_id", "epoch", "seq", "text", author_id="by", edited_at="at"
            )
        case journal.REACTIONS_COUNTED:
            counted = _picked(data, "room_id", "epoch", "seq", "position_ms", reactions="count", happened_at="at")
            return _REACTIONS_COUNTED, {"id": event.id, **counted}
    return None


def _picked(data: Mapping[str, Any], *same: str, **renamed: str) -> dict[str, Any]:
    return {**{name: data[name] for name in same}, **{name: data[source] for name, source in renamed.items()}}


def _moment(at_ms: float) -> datetime:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidEvent(f"playback.at_ms: {at_ms} is no moment ({error})") from error
