"""All rooms of the cinema's, for whoever runs it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Integer, bindparam, func, select

from api_service.database import Database, Queryable, Row, Statement
from api_service.problems import ROOM_NOT_FOUND
from api_service.site import Site
from api_service.tables import films, rooms, users, visits
from api_service.usecases import screenings
from api_service.usecases.languages import in_language
from api_service.usecases.live_view import HERE
from api_service.usecases.my_rooms import HAS_STATUS, RoomsStatus

CLOSED_BY_CINEMA: Final = "cinema"


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A room in a list of all: names of its owner and film, and how many people are inside."""

    code: str
    status: Literal["open", "closed"]
    people_count: int
    starts_at: datetime | None
    created_at: datetime
    owner: str
    film: str


_people = (
    select(func.count(visits.c.user_id.distinct()))
    .where(visits.c.room_id == rooms.c.id, *HERE)
    .correlate(rooms)
    .scalar_subquery()
)
_NEWEST = Statement(
    select(
        rooms.c.code,
        rooms.c.starts_at,
        rooms.c.created_at,
        rooms.c.closed_at,
        _people.label("people_count"),
        users.c.name.label("owner"),
        users.c.locale,
        films.c.title,
    )
    .join_from(rooms, users, users.c.id == rooms.c.owner_id)
    .join(films, films.c.id == rooms.c.film_id)
    .where(HAS_STATUS)
    .order_by(rooms.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_OWNER = Statement(
    select(users.c.id, users.c.locale, rooms.c.id.label("room_id"))
    .join_from(rooms, users, users.c.id == rooms.c.owner_id)
    .where(rooms.c.code == bindparam("code", type_=rooms.c.code.type))
)
_IS_OPEN = Statement(select(rooms.c.closed_at.is_(None).label("open")).where(rooms.c.id == bindparam("room_id")))


async def newest(db: Queryable, *, limit: int, status: RoomsStatus | None = None) -> list[ListedRoom]:
    """Return the newest rooms, with a ``status`` only those."""
    return [
        ListedRoom(
            code=row.code,
            status="open" if row.closed_at is None else "closed",
            people_count=row.people_count,
            starts_at=row.starts_at,
            created_at=row.created_at,
            owner=row.owner,
            film=in_language(row.title, row.locale),
        )
        for row in await db.all(_NEWEST, limit=limit, status=status)
    ]


async def owner_of(db: Queryable, code: str) -> Row:
    """Return a room's owner (id, locale) and its ``room_id``; raises the problem `room_not_found`."""
    row = await db.first(_OWNER, code=code)
    if row is None:
        raise ROOM_NOT_FOUND.problem("There is no room with this code.")
    return row


async def close(db: Database, site: Site, code: str) -> bool:
    """Close a room for everyone and publish that; return whether it was open. Raises the problem `room_not_found`."""
    async with db.transaction() as transaction:
        owner = await owner_of(transaction, code)
        was_open = bool((await transaction.one(_IS_OPEN, room_id=owner.room_id)).open)
        await screenings.close(transaction, site, owner.id, owner.room_id, CLOSED_BY_CINEMA)
    return was_open
