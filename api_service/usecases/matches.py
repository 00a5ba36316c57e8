"""Matches: which friends also want to watch a film, and which films most friends want."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array, insert

from api_service.database import Queryable, Statement
from api_service.problems import FILM_NOT_FOUND
from api_service.tables import films, match_rankings, users, watchlist
from api_service.usecases import paging
from api_service.usecases.films import Film, film_columns, film_of, is_offered
from api_service.usecases.friends import friends_of
from api_service.usecases.paging import Page
from api_service.usecases.people import Person

FRIENDS_NAMED: Final = 5
# A ranking of more wishes than these is kept for a while, its first films; all others are counted each time.
MANY_WISHES: Final = 5_000
KEPT_MOST: Final = 200
KEPT_FOR: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Match:
    """A film, how many friends want to watch it, and some of them."""

    film: Film
    friends_count: int
    friends: list[Person]


_viewer = bindparam("viewer", type_=Uuid)
_friends = friends_of(_viewer, showing_lists=True)
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
    select(_wishes.c.film_id, func.array_agg(_friends.c.id).label("by"))
    .join_from(_friends, _wishes, true())
    .group_by(_wishes.c.film_id)
    .cte("wanted")
)
_count = func.cardinality(_wanted.c.by).label("friends_count")
# Any of them: to find the first by name would take all names.
_some = array([literal_column(f"by[{number}]", Uuid) for number in range(1, FRIENDS_NAMED + 1)]).label("named")
_counted = select(_wanted.c.film_id, _count, _some, literal(True).label("complete")).cte("counted")


def _best_first(ranked: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return ranked.c.friends_count.desc(), ranked.c.film_id


# The first of a ranking that has taken long: counting 100,000 wishes costs 50 ms of CPU, reading this 2.
_best = select(_counted).order_by(*_best_first(_counted)).limit(bindparam("most", KEPT_MOST)).subquery("best")
_in_order = {
    name: func.array_agg(aggregate_order_by(_best.c[name], *_best_first(_best)))
    for name in ("film_id", "friends_count", "named")
}
_counting = select(func.sum(_count)).scalar_subquery()
_keep = insert(match_rankings).from_select(
    ["user_id", "ranked_at", "film_ids", "friends_counts", "named"],
    select(_viewer, func.now(), *_in_order.values()).having(_counting > bindparam("many", MANY_WISHES)),
)
_kept = _keep.on_conflict_do_update(
    index_elements=[match_rankings.c.user_id],
    set_={name: _keep.excluded[name] for name in ("ranked_at", "film_ids", "friends_counts", "named")},
).cte("kept")

_place = (
    func.unnest(match_rankings.c.film_ids, match_rankings.c.friends_counts)
    .table_valued("film_id", "friends_count", with_ordinality="n", name="place")
    .render_derived()
)
_standing = (
    select(
        column("film_id", Uuid),
        column("friends_count", Integer),
        column("n", Integer),
        match_rankings.c.named,
        (func.cardinality(match_rankings.c.film_ids) < KEPT_MOST).label("complete"),
    )
    .select_from(match_rankings.join(_place, true()))
    .where(match_rankings.c.user_id == _viewer, match_rankings.c.ranked_at > func.now() - KEPT_FOR)
    .cte("standing")
)


def _page(found: CTE, named_by: str) -> Select[Any]:
    """Return the films of a page of a ranking, whatever has found it; ``named_by`` are the friends to be named."""
    count_after = bindparam("count_after", type_=Integer)
    # Sorted before the films are looked up, of which a page needs a few.
    ranked = (
        select(found)
        .where(
            or_(
                _after.is_(None),
                found.c.friends_count < count_after,
                and_(found.c.friends_count == count_after, found.c.film_id > _after),
            )
        )
        .order_by(*_best_first(found))
        .subquery("ranked")
    )
    person = func.jsonb_build_array(users.c.id, users.c.name)
    named = (
        select(func.jsonb_agg(aggregate_order_by(person, users.c.name, users.c.id)))
        .where(users.c.id == func.any(literal_column(named_by, ARRAY(Uuid))))
        .correlate(ranked)
        .scalar_subquery()
        .label("friends")
    )
    film = (
        select(*film_columns(_viewer), named)
        .where(films.c.id == ranked.c.film_id, is_offered())
        .correlate(ranked)
        .offset(_EACH)
        .lateral("film")
    )
    return (
        select(film, ranked.c.friends_count, ranked.c.complete)
        .join_from(ranked, film, true())
        .order_by(*_best_first(ranked))
        .limit(_limit)
    )


_RANKED = Statement(_page(_counted, "ranked.named").add_cte(_kept))
_RANKED_BEFORE = Statement(_page(_standing, "ranked.named[ranked.n:ranked.n]"))


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
    """Return the films that friends want to watch, those wanted by most first; raises the problem `invalid_cursor`.

    Of whoever's friends want more than MANY_WISHES the order, the counts and who is named may be KEPT_FOR old.
    """
    count_after, after = paging.decode(cursor, int, UUID)
    wanted = {"viewer": viewer, "count_after": count_after, "after": after, "limit": limit + 1}
    rows = await db.all(_RANKED_BEFORE, **wanted)
    if not rows or not (rows[0].complete or len(rows) > limit):
        rows = await db.all(_RANKED, **wanted)
    found = [
        Match(
            film=film_of(row, locale, row.friends_count),
            friends_count=row.friends_count,
            friends=[Person(UUID(id_), name) for id_, name in row.friends or ()],
        )
        for row in rows
    ]
    return paging.page(found, limit, lambda last: (last.friends_count, last.film.id))
