"""Matches: which friends also want to watch a film, and which films most friends want."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, bindparam, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api_service.database import Queryable, Statement
from api_service.problems import FILM_NOT_FOUND
from api_service.tables import films, users, watchlist
from api_service.usecases import paging
from api_service.usecases.films import Film, film_columns, film_of, is_offered
from api_service.usecases.friends import friends_of
from api_service.usecases.paging import Page
from api_service.usecases.people import Person

FRIENDS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Match:
    """A film, how many friends want to watch it, and some of them."""

    film: Film
    friends_count: int
    friends: list[Person]


_viewer = bindparam("viewer", type_=Uuid)
_friends = friends_of(_viewer)
_after = bindparam("after", type_=Uuid)
_limit = bindparam("limit", type_=Integer)

# A page is cut by ids, and only its own names are read and ordered: most of everybody may want a film.
_matching = (
    select(watchlist.c.user_id.label("id"))
    .join(_friends, _friends.c.id == watchlist.c.user_id)
    .where(watchlist.c.film_id == bindparam("film_id"), or_(_after.is_(None), watchlist.c.user_id > _after))
    .order_by(watchlist.c.user_id)
    .limit(_limit)
    .cte("matching")
    .prefix_with("MATERIALIZED")
)
_name = select(users.c.name).where(users.c.id == _matching.c.id).scalar_subquery().label("name")
_WANTING = Statement(select(_matching.c.id, _name).order_by(_name, _matching.c.id))
_SHOWN = Statement(select(films.c.id).where(films.c.id == bindparam("film_id"), films.c.removed_at.is_(None)))

# With OFFSET 0 PostgreSQL looks each one up by its key, whatever its statistics say: it would rather read all of the
# table, whenever the friends have most of its rows or autovacuum has not been there for a while.
_EACH: Final = literal_column("0", Integer)
_wishes = select(watchlist.c.film_id).where(watchlist.c.user_id == _friends.c.id).offset(_EACH).lateral("wish")
_wanted = (
    select(_wishes.c.film_id, func.count().label("friends_count"))
    .join_from(_friends, _wishes, true())
    .group_by(_wishes.c.film_id)
    .cte("wanted")
)
# Any five, for the films of the page alone: to find the first by name would take all names.
_some = (
    select(watchlist.c.user_id.label("id"))
    .join_from(_friends, watchlist, watchlist.c.user_id == _friends.c.id)
    .where(watchlist.c.film_id == films.c.id)
    .limit(FRIENDS_NAMED)
    .correlate(films)
    .subquery("some")
)
_named = (
    select(
        func.jsonb_agg(aggregate_order_by(func.jsonb_build_array(users.c.id, users.c.name), users.c.name, users.c.id))
    )
    .join_from(_some, users, users.c.id == _some.c.id)
    .scalar_subquery()
    .label("friends")
)
_count_after = bindparam("count_after", type_=Integer)
# Sorted before the films are looked up, of which a page needs a few.
_ranked = (
    select(_wanted.c.film_id, _wanted.c.friends_count)
    .where(
        or_(
            _after.is_(None),
            _wanted.c.friends_count < _count_after,
            and_(_wanted.c.friends_count == _count_after, _wanted.c.film_id > _after),
        )
    )
    .order_by(_wanted.c.friends_count.desc(), _wanted.c.film_id)
    .subquery("ranked")
)
_film = (
    select(*film_columns(_viewer), _named)
    .where(films.c.id == _ranked.c.film_id, is_offered())
    .correlate(_ranked)
    .offset(_EACH)
    .lateral("film")
)
_RANKED = Statement(
    select(_film, _ranked.c.friends_count)
    .join_from(_ranked, _film, true())
    .order_by(_ranked.c.friends_count.desc(), _ranked.c.film_id)
    .limit(_limit)
)


async def friends_wanting(
    db: Queryable, viewer: UUID, film_id: UUID, *, limit: int = 100, cursor: str | None = None
) -> Page[Person]:
    """Return a page of the accepted friends who want to watch a film, within the page by name.

    Raises the problems `film_not_found` and `invalid_cursor`.
    """
    (after,) = paging.decode(cursor, UUID)
    if await db.first(_SHOWN, film_id=film_id) is None:
        raise FILM_NOT_FOUND.problem()
    found = await db.all(_WANTING, viewer=viewer, film_id=film_id, after=after, limit=limit + 1)
    in_order = sorted(row.id for row in found)[:limit]
    shown = [Person(row.id, row.name) for row in found if row.id <= in_order[-1]]
    return Page(shown, paging.encode(in_order[-1]) if len(found) > limit else None)


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
