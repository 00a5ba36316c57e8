"""What happens in rooms now, as far as the archive knows: who is inside, and where the film stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Uuid, exists, func, select, text, true

from api_service.database import Queryable, Row, Statement
from api_service.tables import room_events, rooms, users, visits
from api_service.usecases.arrays import rows_of
from api_service.usecases.people import DELETED_ID, Person

PEOPLE_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Now:
    """``people_count`` people are inside, the first of them by name.

    The film was at ``position_ms`` at ``at`` (None before anything was played), and goes on from there while playing.
    ``length_ms`` is its length as the room's players agree, None where the catalogue's counts.
    """

    people_count: int
    people: list[Person]
    status: Literal["playing", "paused", "holding"]
    position_ms: int
    rate: float
    at: datetime | None
    length_ms: int | None = None

    def position_at(self, moment: datetime) -> float:
        """Return where the film stands (ms), not bounded by its length."""
        if self.at is None or self.status != "playing":
            return self.position_ms
        return self.position_ms + max((moment - self.at).total_seconds(), 0) * 1000 * self.rate


# A visit whose end was never archived (the live room was lost) is over after two days.
HERE: Final = (visits.c.ended_at.is_(None), visits.c.started_at > func.now() - text("interval '2 days'"))
SOMEBODY_HERE: Final = exists().where(visits.c.room_id == rooms.c.id, *HERE).correlate_except(visits)

_wanted = rows_of("wanted", id=("room_ids", Uuid))
_INSIDE = Statement(
    select(visits.c.room_id, visits.c.user_id, users.c.name)
    .distinct()
    .join_from(_wanted, visits, visits.c.room_id == _wanted.c.id)
    .join(users, users.c.id == visits.c.user_id)
    .where(*HERE, visits.c.user_id != DELETED_ID)
    .order_by(visits.c.room_id, users.c.name, visits.c.user_id)
)
_last = (
    select(*(room_events.c[name] for name in ("status", "position_ms", "rate", "playback_at", "length_ms")))
    .where(room_events.c.room_id == _wanted.c.id)
    .order_by(room_events.c.epoch.desc(), room_events.c.seq.desc())
    .limit(1)
    .lateral("last_event")
)
_FILM = Statement(select(_wanted.c.id, *_last.c).select_from(_wanted).join(_last, true()))


async def now_in(db: Queryable, found: Sequence[Row]) -> dict[UUID, Now]:
    """Return what happens in the open ones of these rooms (rows of room_access), by the room's id."""
    open_rooms = [row.id for row in found if row.closed_at is None]
    if not open_rooms:
        return {}
    inside: dict[UUID, list[Person]] = {}
    for row in await db.all(_INSIDE, room_ids=open_rooms):
        inside.setdefault(row.room_id, []).append(Person(row.user_id, row.name))
    film = {row.id: row for row in await db.all(_FILM, room_ids=open_rooms)}
    return {id_: _now(inside.get(id_, []), film.get(id_)) for id_ in open_rooms}


NOTHING_YET: Final = Now(0, [], "paused", 0, 1.0, None)


def _now(people: list[Person], last: Row | None) -> Now:
    count, named = len(people), people[:PEOPLE_NAMED]
    if last is None:
        return replace(NOTHING_YET, people_count=count, people=named)
    film = last.status, round(last.position_ms), last.rate, last.playback_at, last.length_ms
    return Now(count, named, *film)
