"""A room's recap: who was there and how long, pauses, who stepped aside, and the liveliest minutes of its films.

How lively a minute was is counted in messages and reactions to the film alike.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, func, literal_column, or_, select, text, union_all

from api_service.database import Queryable, Row, Statement
from api_service.tables import asides, chat_messages, films, reaction_counts, room_events, rooms, users, visits
from api_service.usecases.arrays import array_of
from api_service.usecases.languages import in_language
from api_service.usecases.people import Person, person_shown
from api_service.usecases.room_archive import archived_room, film_no

PEOPLE_MOST: Final = 1_000
PAUSES_MOST: Final = 1_000
ASIDES_MOST: Final = 1_000
LIVELIEST_MOST: Final = 5
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class FilmShown:
    """A film of the room, from the moment ``since`` on; None for the first one."""

    film_id: UUID
    title: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Presence:
    """How long somebody was in the room, in how many visits, between which moments, and how much they said."""

    person: Person
    visits: int
    present_ms: int
    first_at: datetime
    last_at: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the film; ``lasted_ms`` is None for one after which it was not played again.

    ``film`` is the place of its film in the recap's list, as everywhere here.
    """

    at: datetime
    position_ms: int
    lasted_ms: int | None
    by: Person | None
    film: int


@dataclass(frozen=True, slots=True)
class Aside:
    """Somebody's player left the room's timeline; ``lasted_ms`` is None for one who neither came back nor left."""

    at: datetime
    position_ms: int
    lasted_ms: int | None
    reason: str
    person: Person
    film: int


@dataclass(frozen=True, slots=True)
class LivelyMinute:
    """A minute of the film from ``position_ms`` on, and how many messages and reactions to the film came in it."""

    position_ms: int
    messages: int
    reactions: int
    film: int


@dataclass(frozen=True, slots=True)
class Recap:
    """The whole of it: ``people`` are those who were there longest, ``pauses`` and ``asides`` the earliest."""

    films: list[FilmShown]
    people_count: int
    people: list[Presence]
    pauses_count: int
    pauses: list[Pause]
    asides_count: int
    asides: list[Aside]
    messages_count: int
    liveliest: list[LivelyMinute]


_room_id = bindparam("room_id", type_=Uuid)
_most = bindparam("most", type_=Integer)
# A visit whose end was never archived (the live room was lost) is over with its room, or after two days.
_until = func.coalesce(
    visits.c.ended_at,
    func.least(func.coalesce(rooms.c.closed_at, func.now()), visits.c.started_at + text("interval '2 days'")),
)
_present_s = func.sum(func.extract("epoch", func.greatest(_until, visits.c.started_at) - visits.c.started_at))
_PEOPLE = Statement(
    select(
        visits.c.user_id,
        users.c.name,
        func.count().label("visits"),
        _present_s.label("present_s"),
        func.min(visits.c.started_at).label("first_at"),
        func.max(_until).label("last_at"),
        func.count().over().label("people_count"),
    )
    .join_from(visits, users, users.c.id == visits.c.user_id)
    .join(rooms, rooms.c.id == visits.c.room_id)
    .where(visits.c.room_id == _room_id)
    .group_by(visits.c.user_id, users.c.name)
    .order_by(_present_s.desc(), func.min(visits.c.started_at), visits.c.user_id)
    .limit(_most)
)
_said = (chat_messages.c.room_id == _room_id, chat_messages.c.deleted_at.is_(None))
_MESSAGES = Statement(
    select(chat_messages.c.author_id, func.count().label("messages")).where(*_said).group_by(chat_messages.c.author_id)
)
_FILMS = Statement(
    select(room_events.c.film_id, room_events.c.previous_film_id, room_events.c.happened_at)
    .where(room_events.c.room_id == _room_id, room_events.c.film_id.is_not(None))
    .order_by(room_events.c.epoch, room_events.c.seq)
)
_TITLES = Statement(select(films.c.id, films.c.title).where(films.c.id == func.any(array_of("film_ids", Uuid))))
_one, _none = literal_column("1", Integer), literal_column("0", Integer)
_lively = union_all(
    select(
        chat_messages.c.epoch,
        chat_messages.c.seq,
        chat_messages.c.position_ms,
        _one.label("messages"),
        _none.label("reactions"),
    ).where(*_said),
    select(
        reaction_counts.c.epoch,
        reaction_counts.c.seq,
        reaction_counts.c.position_ms,
        _none,
        reaction_counts.c.reactions,
    ).where(reaction_counts.c.room_id == _room_id),
).subquery("lively")
_minute = func.floor(_lively.c.position_ms / MINUTE_MS)
_messages, _reactions = func.sum(_lively.c.messages), func.sum(_lively.c.reactions)
_LIVELIEST = Statement(
    select(
        film_no(_lively).label("film_no"),
        _minute.label("minute"),
        _messages.label("messages"),
        _reactions.label("reactions"),
    )
    .group_by(text("film_no"), text("minute"))
    .order_by((_messages + _reactions).desc(), text("film_no"), text("minute"))
    .limit(_most)
)
_place = (room_events.c.epoch, room_events.c.seq)
_seen = (
    select(room_events, func.lag(room_events.c.status).over(order_by=_place).label("status_before"))
    .where(room_events.c.room_id == _room_id)
    .subquery("seen")
)
_change = (
    select(_seen, func.lead(_seen.c.happened_at).over(order_by=(_seen.c.epoch, _seen.c.seq)).label("next_at"))
    .where(_seen.c.status.is_distinct_from(_seen.c.status_before))
    .subquery("change")
)
_PAUSES = Statement(
    select(
        _change.c.happened_at,
        _change.c.position_ms,
        _change.c.next_at,
        _change.c.user_id,
        users.c.name,
        film_no(_change).label("film_no"),
        func.count().over().label("pauses_count"),
    )
    .outerjoin_from(_change, users, users.c.id == _change.c.user_id)
    .where(
        _change.c.status == "paused",
        _change.c.event != "film_changed",
        _change.c.status_before.is_not(None),
        # When the last one leaves, the room pauses the film by itself: no pause unless it goes on.
        or_(_change.c.user_id.is_not(None), _change.c.next_at.is_not(None)),
    )
    .order_by(_change.c.epoch, _change.c.seq)
    .limit(_most)
)
_step = (
    select(
        asides,
        func.lead(asides.c.happened_at)
        .over(partition_by=asides.c.user_id, order_by=(asides.c.epoch, asides.c.seq))
        .label("next_at"),
    )
    .where(asides.c.room_id == _room_id)
    .subquery("step")
)
_left_at = (
    select(func.min(visits.c.ended_at))
    .where(visits.c.room_id == _room_id, visits.c.user_id == _step.c.user_id, visits.c.ended_at >= _step.c.happened_at)
    .scalar_subquery()
)
_ASIDES = Statement(
    select(
        _step.c.happened_at,
        _step.c.position_ms,
        _step.c.reason,
        func.least(_step.c.next_at, _left_at).label("until"),
        _step.c.user_id,
        users.c.name,
        film_no(_step).label("film_no"),
        func.count().over().label("asides_count"),
    )
    .join_from(_step, users, users.c.id == _step.c.user_id)
    .where(_step.c.reason.is_not(None))
    .order_by(_step.c.epoch, _step.c.seq)
    .limit(_most)
)


async def recap(db: Queryable, reader: UUID | None, locale: str, code: str) -> Recap:
    """Return what happened in a room; raises the problems of room_archive.archived_room.

    Viewers whose accounts were deleted count as one.
    """
    room = await archived_room(db, reader, code)
    shown = await _films_of(db, room, locale)
    people = await db.all(_PEOPLE, room_id=room.id, most=PEOPLE_MOST)
    said = {row.author_id: row.messages for row in await db.all(_MESSAGES, room_id=room.id)}
    pauses = await db.all(_PAUSES, room_id=room.id, most=PAUSES_MOST)
    stepped = await db.all(_ASIDES, room_id=room.id, most=ASIDES_MOST)
    lively = await db.all(_LIVELIEST, room_id=room.id, most=LIVELIEST_MOST)
    return Recap(
        films=shown,
        people_count=people[0].people_count if people else 0,
        people=[
            Presence(
                person=person_shown(row.user_id, row.name, locale),
                visits=row.visits,
                present_ms=round(float(row.present_s) * 1000),
                first_at=row.first_at,
                last_at=row.last_at,
                messages=said.get(row.user_id, 0),
            )
            for row in people
        ],
        pauses_count=pauses[0].pauses_count if pauses else 0,
        pauses=[
            Pause(
                at=row.happened_at,
                position_ms=round(row.position_ms),
                lasted_ms=_between_ms(row.happened_at, row.next_at),
                by=None if row.user_id is None else person_shown(row.user_id, row.name, locale),
                film=row.film_no,
            )
            for row in pauses
        ],
        asides_count=stepped[0].asides_count if stepped else 0,
        asides=[
            Aside(
                at=row.happened_at,
                position_ms=round(row.position_ms),
                lasted_ms=_between_ms(row.happened_at, row.until),
                reason=row.reason,
                person=person_shown(row.user_id, row.name, locale),
                film=row.film_no,
            )
            for row in stepped
        ],
        messages_count=sum(said.values()),
        liveliest=[
            LivelyMinute(round(row.minute) * MINUTE_MS, row.messages, row.reactions, row.film_no) for row in lively
        ],
    )


async def _films_of(db: Queryable, room: Row, locale: str) -> list[FilmShown]:
    """Return a room's films in their order; one that was deleted since has no title."""
    changes = await db.all(_FILMS, room_id=room.id)
    since: list[tuple[UUID, datetime | None]] = [(row.film_id, row.happened_at) for row in changes]
    since.insert(0, (changes[0].previous_film_id if changes else room.film_id, None))
    rows = await db.all(_TITLES, film_ids=[film_id for film_id, _ in since])
    titles = {row.id: in_language(row.title, locale) for row in rows}
    return [FilmShown(film_id, titles.get(film_id, ""), at) for film_id, at in since]


def _between_ms(begun: datetime, ended: datetime | None) -> int | None:
    return None if ended is None else round((ended - begun).total_seconds() * 1000)
