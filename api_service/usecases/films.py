"""The catalogue of films, and each viewer's list of films that they want to watch."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from api_service.database import ConstraintViolated, Queryable, Row, Statement
from api_service.problems import FILM_NOT_FOUND
from api_service.tables import films, watchlist
from api_service.usecases import paging
from api_service.usecases.friends import friends_of
from api_service.usecases.paging import Page


@dataclass(frozen=True, slots=True)
class Film:
    """A film as one viewer sees it, in their language; ``matches_count`` counts the friends who want to watch it."""

    id: UUID
    slug: str
    title: str
    description: str
    year: int
    duration_ms: int
    poster_url: str
    media_url: str
    watchlisted: bool
    matches_count: int | None = None


def film_columns(viewer: BindParameter[UUID]) -> list[ColumnElement[Any]]:
    """Return the columns that `film_of` reads, for a statement that selects from `films`."""
    own = (films.c.id, films.c.slug, films.c.title, films.c.description, films.c.year, films.c.duration_ms)
    addresses = (films.c.poster_url, films.c.media_url)
    mine = watchlist.alias("mine")
    wanted = exists().where(mine.c.user_id == viewer, mine.c.film_id == films.c.id)
    return [*(column.label(f"film_{column.name}") for column in (*own, *addresses)), wanted.label("film_watchlisted")]


def film_of(row: Row, locale: str, matches_count: int | None = None) -> Film:
    """Return the film in a row with `film_columns`, in the language ``locale``."""
    return Film(
        id=row.film_id,
        slug=row.film_slug,
        title=row.film_title[locale],
        description=row.film_description[locale],
        year=row.film_year,
        duration_ms=row.film_duration_ms,
        poster_url=row.film_poster_url,
        media_url=row.film_media_url,
        watchlisted=row.film_watchlisted,
        matches_count=matches_count,
    )


_viewer = bindparam("viewer", type_=Uuid)
_after = bindparam("after", type_=Uuid)
_limit = bindparam("limit", type_=Integer)
_pattern = bindparam("pattern", type_=Text)
_friends = friends_of(_viewer)
_theirs = watchlist.alias("theirs")
_matches = (
    select(func.count())
    .select_from(_theirs)
    .join(_friends, _friends.c.id == _theirs.c.user_id)
    .where(_theirs.c.film_id == films.c.id)
    .scalar_subquery()
    .label("matches_count")
)
_seen = select(*film_columns(_viewer), _matches)

_CATALOGUE = Statement(
    _seen.where(
        or_(
            _pattern.is_(None),
            films.c.title["ru"].astext.ilike(_pattern),
            films.c.title["en"].astext.ilike(_pattern),
        ),
        or_(_after.is_(None), films.c.id > _after),
    )
    .order_by(films.c.id)
    .limit(_limit)
)
_FILM = Statement(_seen.where(films.c.id == bindparam("film_id")))
_WANTED = Statement(
    _seen.join(watchlist, watchlist.c.film_id == films.c.id)
    .where(watchlist.c.user_id == _viewer, or_(_after.is_(None), films.c.id > _after))
    .order_by(films.c.id)
    .limit(_limit)
)
_WANT = Statement(
    insert(watchlist).values(user_id=bindparam("viewer"), film_id=bindparam("film_id")).on_conflict_do_nothing()
)
_UNWANT = Statement(
    delete(watchlist).where(watchlist.c.user_id == bindparam("viewer"), watchlist.c.film_id == bindparam("film_id"))
)


async def catalogue(
    db: Queryable, viewer: UUID | None, locale: str, *, query: str = "", limit: int = 20, cursor: str | None = None
) -> Page[Film]:
    """Return a page of the catalogue: films whose title in either language contains ``query``.

    Raises the problem `invalid_cursor`.
    """
    (after,) = paging.decode(cursor, UUID)
    rows = await db.all(_CATALOGUE, viewer=viewer, pattern=_containing(query), after=after, limit=limit + 1)
    return _page(rows, locale, limit)


async def film(db: Queryable, viewer: UUID | None, locale: str, film_id: UUID) -> Film:
    """Return one film; raises the problem `film_not_found`."""
    row = await db.first(_FILM, viewer=viewer, film_id=film_id)
    if row is None:
        raise FILM_NOT_FOUND.problem()
    return film_of(row, locale, row.matches_count)


async def wanted(db: Queryable, viewer: UUID, locale: str, *, limit: int = 20, cursor: str | None = None) -> Page[Film]:
    """Return a page of the films that a viewer wants to watch; raises the problem `invalid_cursor`."""
    (after,) = paging.decode(cursor, UUID)
    return _page(await db.all(_WANTED, viewer=viewer, after=after, limit=limit + 1), locale, limit)


async def want(db: Queryable, viewer: UUID, film_id: UUID) -> None:
    """Add a film to a viewer's list, if it is not there; raises the problem `film_not_found`."""
    try:
        await db.run(_WANT, viewer=viewer, film_id=film_id)
    except ConstraintViolated:
        raise FILM_NOT_FOUND.problem() from None


async def unwant(db: Queryable, viewer: UUID, film_id: UUID) -> None:
    """Remove a film from a viewer's list, if it is there."""
    await db.run(_UNWANT, viewer=viewer, film_id=film_id)


def _page(rows: list[Row], locale: str, limit: int) -> Page[Film]:
    found = [film_of(row, locale, row.matches_count) for row in rows]
    return paging.page(found, limit, lambda last: (last.id,))


def _containing(query: str) -> str | None:
    text = query.strip()
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
