"""Matches: which friends also want to watch a film, and which films most friends want."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api_service.database import Queryable, Statement
from api_service.tables import films, users, watchlist
from api_service.usecases import paging
from api_service.usecases.films import Film, film, film_columns, film_of, is_offered
from api_service.usecases.friends import friends_of
from api_service.usecases.paging import Page
from api_service.usecases.people import Person

FRIENDS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Match:
    """A film, how many friends want to watch it, and the first of them by name."""

    film: Film
    friends_count: int
    friends: list[Person]


_viewer = bindparam("viewer", type_=Uuid)
_friends = friends_of(_viewer)
_after_name, _after = bindparam("after_name", type_=Text), bindparam("after", type_=Uuid)
_limit = bindparam("limit", type_=Integer)

_WANTING = Statement(
    select(users.c.id, users.c.name)
    .join_from(watchlist, _friends, _friends.c.id == watchlist.c.user_id)
    .join(users, users.c.id == watchlist.c.user_id)
    .where(
        watchlist.c.film_id == bindparam("film_id"),
        or_(_after.is_(None), tuple_(users.c.name, users.c.id) > tuple_(_after_name, _after)),
    )
    .order_by(users.c.name, users.c.id)
    .limit(_limit)
)

_wanted = (
    select(watchlist.c.film_id, func.count().label("friends_count"))
    .join(_friends, _friends.c.id == watchlist.c.user_id)
    .group_by(watchlist.c.film_id)
    .cte("wanted")
)
_first_friends = (
    select(users.c.id, users.c.name)
    .join_from(watchlist, _friends, _friends.c.id == watchlist.c.user_id)
    .join(users, users.c.id == watchlist.c.user_id)
    .where(watchlist.c.film_id == _wanted.c.film_id)
    .order_by(users.c.name, users.c.id)
    .limit(FRIENDS_NAMED)
    .correlate(_wanted)
    .subquery("first_friends")
)
_named = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(_first_friends.c.id, _first_friends.c.name),
                _first_friends.c.name,
                _first_friends.c.id,
            )
        )
    )
    .scalar_subquery()
    .label("friends")
)
_count_after = bindparam("count_after", type_=Integer)
_RANKED = Statement(
    select(*film_columns(_viewer), _wanted.c.friends_count, _named)
    .join_from(_wanted, films, films.c.id == _wanted.c.film_id)
    .where(
        is_offered(),
        or_(
            _after.is_(None),
            _wanted.c.friends_count < _count_after,
            and_(_wanted.c.friends_count == _count_after, films.c.id > _after),
        ),
    )
    .order_by(_wanted.c.friends_count.desc(), films.c.id)
    .limit(_limit)
)


async def friends_wanting(
    db: Queryable, viewer: UUID, locale: str, film_id: UUID, *, limit: int = 100, cursor: str | None = None
) -> Page[Person]:
    """Return the accepted friends who want to watch a film, by name.

    Raises the problems `film_not_found` and `invalid_cursor`.
    """
    after_name, after = paging.decode(cursor, paging.text, UUID)
    await film(db, viewer, locale, film_id)
    rows = await db.all(_WANTING, viewer=viewer, film_id=film_id, after_name=after_name, after=after, limit=limit + 1)
    found = [Person(row.id, row.name) for row in rows]
    return paging.page(found, limit, lambda last: (last.name, last.id))


async def ranked(
    db: Queryable, viewer: UUID, locale: str, *, limit: int = 20, cursor: str | None = None
) -> Page[Match]:
    """Return the films that friends want to watch, those wanted by most first; raises the problem `invalid_cursor`."""
    count_after, after = paging.decode(cursor, int, UUID)
    rows = await db.all(_RANKED, viewer=viewer, count_after=count_after, after=after, limit=limit + 1)
    found = [
        Match(
            film=film_of(row, locale, row.friends_count),
            friends_count=row.friends_count,
            friends=[Person(UUID(id_), name) for id_, name in row.friends],
        )
        for row in rows
    ]
    return paging.page(found, limit, lambda last: (last.friends_count, last.film.id))
