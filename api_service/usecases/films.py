"""The catalogue of films, and each viewer's list of films that they want to watch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    desc,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)

from api_service.database import Database, Queryable, Row, Statement
from api_service.problems import FILM_NOT_FOUND
from api_service.tables import films, watchlist
from api_service.usecases import outbox, paging, published
from api_service.usecases.friends import friends_of
from api_service.usecases.languages import in_language
from api_service.usecases.paging import Page


@dataclass(frozen=True, slots=True)
class Film:
    """A film as one viewer sees it, in their language; ``matches_count`` counts the friends who want to watch it.

    ``media_url`` is the source that our own page plays; ``sources``, ``captions``, ``audio`` and ``trailers`` are as
    the cinema fed them (shared/feed.py). ``duration_ms`` is None for a live broadcast.
    """

    id: UUID
    slug: str
    title: str
    description: str
    year: int | None
    duration_ms: int | None
    poster_url: str | None
    media_url: str | None
    external_id: str | None
    backdrop_url: str | None
    watch_url: str | None
    age_rating: str | None
    genres: list[str]
    sources: list[dict[str, Any]]
    captions: list[dict[str, Any]]
    audio: list[dict[str, Any]]
    trailers: list[dict[str, Any]]
    available_from: datetime | None
    available_until: datetime | None
    watchlisted: bool
    matches_count: int | None = None

    def addresses(self) -> list[str | None]:
        """Return where everything lies that is played and shown of the film; some are None."""
        parts = (*self.sources, *self.captions, *self.audio, *self.trailers)
        return [self.media_url, self.poster_url, self.backdrop_url, *(part["url"] for part in parts)]


# What a viewer sees as it stands in the table.
_PLAIN: Final = (
    "id",
    "slug",
    "year",
    "duration_ms",
    "poster_url",
    "media_url",
    "external_id",
    "backdrop_url",
    "watch_url",
    "age_rating",
    "genres",
    "sources",
    "captions",
    "audio",
    "trailers",
    "available_from",
    "available_until",
)


def film_columns(viewer: BindParameter[UUID]) -> list[ColumnElement[Any]]:
    """Return the columns that `film_of` reads, for a statement over the table of films."""
    own = [films.c[name].label(f"film_{name}") for name in (*_PLAIN, "title", "description")]
    mine = watchlist.alias("mine")
    wanted = exists().where(mine.c.user_id == viewer, mine.c.film_id == films.c.id)
    return [*own, wanted.label("film_watchlisted")]


def film_of(row: Row, locale: str, matches_count: int | None = None) -> Film:
    """Return the film of a row with `film_columns`, in one language."""
    return Film(
        **{name: getattr(row, f"film_{name}") for name in _PLAIN},
        title=in_language(row.film_title, locale),
        description=in_language(row.film_description, locale),
        watchlisted=row.film_watchlisted,
        matches_count=matches_count,
    )


def is_offered() -> ColumnElement[bool]:
    """Return the condition that a film is neither taken out nor past its availability; it may still be to come."""
    return and_(
        films.c.removed_at.is_(None), or_(films.c.available_until.is_(None), films.c.available_until > func.now())
    )


_viewer = bindparam("viewer", type_=Uuid)
_after = bindparam("after", type_=Uuid)
_limit = bindparam("limit", type_=Integer)
_pattern = bindparam("pattern", type_=Text)
_friends = friends_of(_viewer, showing_lists=True)
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

_title = (
    func.jsonb_each_text(films.c.title).table_valued(column("key", Text), column("value", Text), name="title").lateral()
)
_genre = bindparam("genre", type_=Text)
_found = _seen.where(
    is_offered(),
    or_(_pattern.is_(None), exists(select(_title.c.value).where(_title.c.value.ilike(_pattern)))),
    or_(_genre.is_(None), films.c.genres.op("@>")(func.jsonb_build_array(_genre))),
).limit(_limit)

Order = Literal["catalogue", "newest", "title"]
_in_language = films.c.title.op("->>")(bindparam("locale", type_=Text))
_any_language = select(func.min(_title.c.value)).scalar_subquery()
# What a list is sorted by before the id, and how a cursor's part of it is read.
_SORTED: Final[dict[str, tuple[ColumnElement[Any], Any, Callable[[Any], Any]]]] = {
    "newest": (-func.coalesce(films.c.year, 0), Integer, paging.whole),
    "title": (func.lower(func.coalesce(_in_language, _any_language)), Text, paging.text),
}
_CATALOGUE = Statement(_found.where(or_(_after.is_(None), films.c.id > _after)).order_by(films.c.id))
_CATALOGUE_BY: Final = {
    order: Statement(
        _found.add_columns(key.label("order_key"))
        .where(or_(_after.is_(None), tuple_(key, films.c.id) > tuple_(bindparam("after_key", type_=kind), _after)))
        .order_by(key, films.c.id)
    )
    for order, (key, kind, _) in _SORTED.items()
}
_each_genre = func.jsonb_array_elements_text(films.c.genres).table_valued("value", name="genre").lateral()
_GENRES = Statement(
    select(_each_genre.c.value)
    .select_from(films)
    .join(_each_genre, literal(value=True))
    .where(is_offered())
    .group_by(_each_genre.c.value)
    .order_by(desc(func.count()), _each_genre.c.value)
    .limit(bindparam("limit", type_=Integer))
)
_FILM = Statement(_seen.where(films.c.id == bindparam("film_id"), films.c.removed_at.is_(None)))
_WANTED = Statement(
    _seen.join(watchlist, watchlist.c.film_id == films.c.id)
    .where(watchlist.c.user_id == _viewer, films.c.removed_at.is_(None), or_(_after.is_(None), films.c.id > _after))
    .order_by(films.c.id)
    .limit(_limit)
)
_WANT = Statement(
    text("""
WITH put AS (
    INSERT INTO watchlist (user_id, film_id)
    SELECT CAST(:viewer AS uuid), id FROM films WHERE id = :film_id AND removed_at IS NULL
    ON CONFLICT DO NOTHING RETURNING user_id, film_id
)
SELECT put.user_id, put.film_id, person.issuer, person.subject, film.external_id, now() AS at
FROM put JOIN users AS person ON person.id = put.user_id JOIN films AS film ON film.id = put.film_id
""")
)
# The tombstone is for versions of the feed that are older than this and come later.
_UNWANT = Statement(
    text("""
WITH taken AS (
    DELETE FROM watchlist WHERE user_id = :viewer AND film_id = :film_id RETURNING user_id, film_id
), tombstones AS (
    INSERT INTO removed_wishes AS tombstone (user_id, film_id) SELECT user_id, film_id FROM taken
    ON CONFLICT (user_id, film_id) DO UPDATE SET
        version_at = greatest(tombstone.version_at, excluded.version_at), removed_at = now()
)
SELECT taken.user_id, taken.film_id, person.issuer, person.subject, film.external_id, now() AS at
FROM taken JOIN users AS person ON person.id = taken.user_id JOIN films AS film ON film.id = taken.film_id
""")
)


async def catalogue(
    db: Queryable,
    viewer: UUID | None,
    locale: str,
    *,
    query: str = "",
    genre: str = "",
    order: Order = "catalogue",
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Film]:
    """Return films whose title in any language contains ``query``, of one ``genre`` if it is named.

    They come in the catalogue's ``order``, the newest first, or by title in the viewer's language. A cursor is of one
    order. Raises the problem `invalid_cursor`.
    """
    wanted = {"viewer": viewer, "pattern": _containing(query), "genre": genre or None, "limit": limit + 1}
    if order == "catalogue":
        (after,) = paging.decode(cursor, UUID)
        return _page(await db.all(_CATALOGUE, after=after, **wanted), locale, limit)
    after_key, after = paging.decode(cursor, _SORTED[order][2], UUID)
    localised = {"locale": locale} if order == "title" else {}
    rows = await db.all(_CATALOGUE_BY[order], after=after, after_key=after_key, **wanted, **localised)
    keys = {row.film_id: row.order_key for row in rows}
    found = [film_of(row, locale, row.matches_count) for row in rows]
    return paging.page(found, limit, lambda last: (keys[last.id], last.id))


async def genres(db: Queryable, *, limit: int = 20) -> list[str]:
    """Return the genres of the catalogue, those of most films first, as the cinema calls them."""
    return [row.value for row in await db.all(_GENRES, limit=limit)]


async def film(db: Queryable, viewer: UUID | None, locale: str, film_id: UUID) -> Film:
    """Return one film; raises the problem `film_not_found`."""
    row = await db.first(_FILM, viewer=viewer, film_id=film_id)
    if row is None:
        raise FILM_NOT_FOUND.problem()
    return film_of(row, locale, row.matches_count)


async def wanted(db: Queryable, viewer: UUID, locale: str, *, limit: int = 20, cursor: str | None = None) -> Page[Film]:
    """Return the films that a viewer wants to watch; raises the problem `invalid_cursor`."""
    (after,) = paging.decode(cursor, UUID)
    return _page(await db.all(_WANTED, viewer=viewer, after=after, limit=limit + 1), locale, limit)


async def want(db: Database, viewer: UUID, film_id: UUID) -> None:
    """Put a film on a viewer's list, once, and tell the cinema; raises the problem `film_not_found`."""
    async with db.transaction() as transaction:
        put = await transaction.first(_WANT, viewer=viewer, film_id=film_id)
        if put is not None:
            await outbox.add(transaction, [published.wish_changed(put, wanted=True)])
        elif await transaction.first(_FILM, viewer=viewer, film_id=film_id) is None:
            raise FILM_NOT_FOUND.problem()


async def unwant(db: Database, viewer: UUID, film_id: UUID) -> None:
    """Take a film off a viewer's list and tell the cinema; nothing happens if it is not there."""
    async with db.transaction() as transaction:
        taken = await transaction.first(_UNWANT, viewer=viewer, film_id=film_id)
        if taken is not None:
            await outbox.add(transaction, [published.wish_changed(taken, wanted=False)])


def _page(rows: list[Row], locale: str, limit: int) -> Page[Film]:
    found = [film_of(row, locale, row.matches_count) for row in rows]
    return paging.page(found, limit, lambda last: (last.id,))


def _containing(query: str) -> str | None:
    text = query.strip()
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
