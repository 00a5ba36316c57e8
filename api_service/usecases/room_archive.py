"""What was said, seen and played in a room, page by page: for those who were there, and for the cinema's programs.

A room may have had several films one after another: ``film`` is the place of the one that was its film then, from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from api_service.database import Queryable, Row, Statement
from api_service.problems import BANNED, NOT_THERE
from api_service.tables import chat_messages, room_events, users, visits
from api_service.usecases import paging
from api_service.usecases.paging import Page
from api_service.usecases.people import Person, person_shown
from api_service.usecases.room_access import any_room, visible_room

MessageOrder = Literal["film", "sent"]


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """A chat message; ``position_ms`` is where the film was. Of a deleted one ``text`` is None.

    ``edited_at`` is when its author last wrote it anew.
    """

    id: str
    author: Person
    text: str | None
    position_ms: int
    film: int
    sent_at: datetime
    reply_to: str | None
    deleted: bool
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's presence; ``ended_at`` is None while it lasts, and where the live room was lost."""

    id: str
    person: Person
    started_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class PlaybackEvent:
    """The film was at ``position_ms`` at the moment ``at``; ``by`` is None where the room did it by itself."""

    event: str
    status: str
    position_ms: int
    rate: float
    at: datetime
    by: Person | None
    happened_at: datetime
    film: int


_room_id = bindparam("room_id", type_=Uuid)
_limit = bindparam("limit", type_=Integer)
_epoch, _seq = bindparam("epoch", type_=BigInteger), bindparam("seq", type_=BigInteger)
_WAS_THERE = Statement(
    select(visits.c.id).where(visits.c.room_id == _room_id, visits.c.user_id == bindparam("user_id")).limit(1)
)


def film_no(table: FromClause) -> ColumnElement[int]:
    """Return the column of how many changes of the film there were by a row of a room's history."""
    changes = room_events.alias("changes")
    return (
        select(func.count())
        .where(
            changes.c.room_id == _room_id,
            changes.c.film_id.is_not(None),
            tuple_(changes.c.epoch, changes.c.seq) <= tuple_(table.c.epoch, table.c.seq),
        )
        .correlate(table)
        .scalar_subquery()
    )


_films_before = film_no(chat_messages)
_messages = (
    select(
        chat_messages.c.message_id,
        chat_messages.c.author_id,
        chat_messages.c.author_name,
        chat_messages.c.text,
        chat_messages.c.position_ms,
        chat_messages.c.sent_at,
        chat_messages.c.reply_to,
        chat_messages.c.deleted_at,
        chat_messages.c.edited_at,
        chat_messages.c.epoch,
        chat_messages.c.seq,
        _films_before.label("film_no"),
    )
    .where(chat_messages.c.room_id == _room_id)
    .limit(_limit)
)
_message_place = (chat_messages.c.epoch, chat_messages.c.seq)
_by_film = (_films_before, chat_messages.c.position_ms, *_message_place)
_film, _position_ms = bindparam("film", type_=BigInteger), bindparam("position_ms", type_=Double)
_MESSAGES: Final[Mapping[MessageOrder, Statement]] = {
    "sent": Statement(
        _messages.where(or_(_epoch.is_(None), tuple_(*_message_place) > tuple_(_epoch, _seq))).order_by(*_message_place)
    ),
    "film": Statement(
        _messages.where(or_(_epoch.is_(None), tuple_(*_by_film) > tuple_(_film, _position_ms, _epoch, _seq))).order_by(
            *_by_film
        )
    ),
}
_started_at, _visit_id = bindparam("started_at", type_=DateTime(timezone=True)), bindparam("visit_id", type_=Text)
_VISITS = Statement(
    select(visits.c.id, visits.c.user_id, users.c.name, visits.c.started_at, visits.c.ended_at, visits.c.end_reason)
    .join_from(visits, users, users.c.id == visits.c.user_id)
    .where(
        visits.c.room_id == _room_id,
        or_(_visit_id.is_(None), tuple_(visits.c.started_at, visits.c.id) > tuple_(_started_at, _visit_id)),
    )
    .order_by(visits.c.started_at, visits.c.id)
    .limit(_limit)
)
_PLAYBACK = Statement(
    select(
        *(column for column in room_events.c if column is not room_events.c.room_id),
        users.c.name,
        film_no(room_events).label("film_no"),
    )
    .outerjoin_from(room_events, users, users.c.id == room_events.c.user_id)
    .where(
        and_(
            room_events.c.room_id == _room_id,
            or_(_epoch.is_(None), tuple_(room_events.c.epoch, room_events.c.seq) > tuple_(_epoch, _seq)),
        )
    )
    .order_by(room_events.c.epoch, room_events.c.seq)
    .limit(_limit)
)


async def archived_room(db: Queryable, reader: UUID | None, code: str) -> Row:
    """Return the row of a room whose archive a person may read: they were in it, or own it; None stands for a program.

    Who is banned, or may not know of the room any more, reads nothing of it. Raises the problems `room_not_found`,
    `banned` and `not_there`.
    """
    if reader is None:
        return await any_room(db, code)
    row = await visible_room(db, reader, code)
    if row.banned:
        raise BANNED.problem()
    if row.owner_id != reader and await db.first(_WAS_THERE, room_id=row.id, user_id=reader) is None:
        raise NOT_THERE.problem()
    return row


async def messages(
    db: Queryable,
    reader: UUID | None,
    locale: str,
    code: str,
    *,
    order: MessageOrder = "film",
    limit: int = 20,
    cursor: str | None = None,
) -> Page[ArchivedMessage]:
    """Return a page of a room's chat in the ``order`` of the films and the time in them, or of sending.

    Raises the problems of archived_room and `invalid_cursor`.
    """
    room = await archived_room(db, reader, code)
    place: dict[str, Any]
    if order == "film":
        film, position_ms, epoch, seq = paging.decode(cursor, paging.whole, paging.number, paging.whole, paging.whole)
        place = {"film": film, "position_ms": position_ms, "epoch": epoch, "seq": seq}
    else:
        epoch, seq = paging.decode(cursor, paging.whole, paging.whole)
        place = {"epoch": epoch, "seq": seq}
    rows = await db.all(_MESSAGES[order], room_id=room.id, limit=limit + 1, **place)
    found = paging.page(
        rows,
        limit,
        lambda last: (*((last.film_no, last.position_ms) if order == "film" else ()), last.epoch, last.seq),
    )
    return Page([_message(row, locale) for row in found.items], found.next_cursor)


async def visits_of(
    db: Queryable, reader: UUID | None, locale: str, code: str, *, limit: int = 20, cursor: str | None = None
) -> Page[Visit]:
    """Return a page of the visits to a room, the earliest first.

    Raises the problems of archived_room and `invalid_cursor`.
    """
    room = await archived_room(db, reader, code)
    started_at, visit_id = paging.decode(cursor, datetime.fromisoformat, paging.text)
    rows = await db.all(_VISITS, room_id=room.id, limit=limit + 1, started_at=started_at, visit_id=visit_id)
    found = paging.page(rows, limit, lambda last: (last.started_at, last.id))
    return Page(
        [
            Visit(row.id, person_shown(row.user_id, row.name, locale), row.started_at, row.ended_at, row.end_reason)
            for row in found.items
        ],
        found.next_cursor,
    )


async def playback(
    db: Queryable, reader: UUID | None, locale: str, code: str, *, limit: int = 20, cursor: str | None = None
) -> Page[PlaybackEvent]:
    """Return a page of what happened to a room's film, the earliest first.

    Raises the problems of archived_room and `invalid_cursor`.
    """
    room = await archived_room(db, reader, code)
    epoch, seq = paging.decode(cursor, paging.whole, paging.whole)
    rows = await db.all(_PLAYBACK, room_id=room.id, limit=limit + 1, epoch=epoch, seq=seq)
    found = paging.page(rows, limit, lambda last: (last.epoch, last.seq))
    return Page([_event(row, locale) for row in found.items], found.next_cursor)


def _message(row: Row, locale: str) -> ArchivedMessage:
    deleted = row.deleted_at is not None
    return ArchivedMessage(
        id=row.message_id,
        author=person_shown(row.author_id, row.author_name, locale),
        text=None if deleted else row.text,
        position_ms=round(row.position_ms),
        film=row.film_no,
        sent_at=row.sent_at,
        reply_to=row.reply_to,
        deleted=deleted,
        edited_at=row.edited_at,
    )


def _event(row: Row, locale: str) -> PlaybackEvent:
    return PlaybackEvent(
        event=row.event,
        status=row.status,
        position_ms=round(row.position_ms),
        rate=row.rate,
        at=row.playback_at,
        by=None if row.user_id is None else person_shown(row.user_id, row.name, locale),
        happened_at=row.happened_at,
        film=row.film_no,
    )
