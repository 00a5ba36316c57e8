"""How the feed and the matches do with many rows: statements, and the plans that PostgreSQL makes of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from api_service.database import Connection, Database, Statement
from api_service.usecases import friends, matches
from tests.support.api_fixtures import PATIENCE_S, Cinema
from tests.support.feed_fixtures import FeedingProgram, film_row, person_row, wish_row
from tests.support.fresh_stores import Databases

ME = UUID(int=0x7000 << 64)
FILM, POPULAR = (UUID(int=(0x7000 << 64) + number) for number in (5, 2000))
# One person with 5,000 friends; everybody wants 20 of 2,000 films, and all want one more.
FILL = """
CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('00000000-0000-7000-0000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
INSERT INTO users (id, issuer, subject, name)
    SELECT pg_temp.id(n), 'i', n::text, 'Person ' || n FROM generate_series(0, 20000) AS n;
INSERT INTO films (id, slug, external_id, title, description)
    SELECT pg_temp.id(n), n::text, n::text, '{"en": "Film"}', '{}' FROM generate_series(0, 2000) AS n;
INSERT INTO friendships (low_id, high_id, requested_by, accepted_at)
    SELECT pg_temp.id(0), pg_temp.id(n), pg_temp.id(0), now() FROM generate_series(1, 5000) AS n;
INSERT INTO friendships (low_id, high_id, requested_by, accepted_at)
    SELECT pg_temp.id(n), pg_temp.id(n + k), pg_temp.id(n), now()
    FROM generate_series(1, 15000) AS n, generate_series(1, 5) AS k;
INSERT INTO watchlist (user_id, film_id)
    SELECT pg_temp.id(n), pg_temp.id((n * 37 + k * 91) % 2000)
    FROM generate_series(1, 20000) AS n, generate_series(1, 20) AS k;
INSERT INTO watchlist (user_id, film_id) SELECT pg_temp.id(n), pg_temp.id(2000) FROM generate_series(1, 20000) AS n;
INSERT INTO match_rankings (user_id, ranked_at, film_ids, friends_counts, named)
    SELECT id, now() - interval '1 day', '{}', '{}', '{}' FROM users;
"""
STATEMENTS: dict[str, tuple[Statement, dict[str, Any]]] = {
    "a film's matches": (matches._WANTING, {"viewer": ME, "film_id": FILM, "after": None, "limit": 101}),
    "a popular film's matches": (matches._WANTING, {"viewer": ME, "film_id": POPULAR, "after": None, "limit": 101}),
    "the next page of them": (matches._WANTING, {"viewer": ME, "film_id": POPULAR, "after": FILM, "limit": 101}),
    "one's matches": (matches._RANKED, {"viewer": ME, "count_after": None, "after": None, "limit": 21}),
    "one's matches as kept": (
        matches._RANKED_BEFORE,
        {"viewer": ME, "count_after": None, "after": None, "limit": 21},
    ),
}


@pytest.fixture(scope="module")
def crowd_url(databases: Databases) -> Iterator[str]:
    """The address of a database with very many friends and wishes."""
    url = databases.make_migrated()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(FILL)
            cursor.execute("ANALYZE")  # without VACUUM, when indexes seem to cost most
    yield url
    databases.drop(url)


@pytest.fixture
async def crowd(crowd_url: str) -> AsyncIterator[Database]:
    """The database with very many friends and wishes."""
    db = Database(crowd_url, acquire_deadline_s=PATIENCE_S)
    await db.start()
    yield db
    await db.close()


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from _scanned(part)


async def _plan(db: Database, name: str, *settings: str, explain: str = "FORMAT JSON") -> dict[str, Any]:
    statement, parameters = STATEMENTS[name]
    async with db.connection() as connection:
        for setting in settings:
            await connection.command(f"SET {setting} = off")
        cursor = await connection._raw.cursor()
        await cursor.execute(f"EXPLAIN ({explain}) {statement.sql}", statement.parameters(parameters))
        ((found,),) = await cursor.fetchall()
        plan: dict[str, Any] = found[0]["Plan"]
        return plan


async def test_matches_of_somebody_with_very_many_friends_are_found_by_indexes(crowd: Database) -> None:
    for name in STATEMENTS:
        assert list(_scanned(await _plan(crowd, name))) == [], name

    without = await _plan(crowd, "one's matches", "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
    assert {"friendships", "watchlist"} <= set(_scanned(without)), "a plan without indexes would be noticed"


async def test_very_many_matches_and_friends_come_in_pages_without_gaps_or_repeats(crowd: Database) -> None:
    found, cursor, pages = [], None, 0
    while cursor is not None or pages == 0:
        page = await matches.friends_wanting(crowd, ME, POPULAR, limit=1_000, cursor=cursor)
        found += [person.id for person in page.items]
        cursor, pages = page.next_cursor, pages + 1
    listed, cursor, rounds = [], None, 0
    while cursor is not None or rounds == 0:
        friends_page = await friends.friends(crowd, ME, status="accepted", limit=1_000, cursor=cursor)
        listed += [friend.person.id for friend in friends_page.items]
        cursor, rounds = friends_page.next_cursor, rounds + 1

    assert (pages, rounds) == (5, 5)
    assert len(found) == len(set(found)) == len(listed) == len(set(listed)) == 5_000
    best, *_ = (await matches.ranked(crowd, ME, "en")).items
    assert (best.film.id, best.friends_count, len(best.friends)) == (POPULAR, 5_000, 5)


async def test_a_ranking_of_very_many_wishes_is_kept_for_a_minute(crowd: Database) -> None:
    cinema = Cinema(crowd)
    somebody = UUID(int=(0x7000 << 64) + 77)  # with a few friends, one of them ME
    await matches.ranked(crowd, somebody, "en")
    await matches.ranked(crowd, ME, "en")
    kept = "SELECT user_id FROM match_rankings WHERE ranked_at > now() - interval '1 minute'"
    assert await cinema.rows(kept) == [(ME,)], "what is counted at once is never old"
    used = {}
    for name in ("one's matches", "one's matches as kept"):
        plan = await _plan(crowd, name, explain="ANALYZE, BUFFERS, FORMAT JSON")
        used[name] = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert used["one's matches as kept"] * 10 < used["one's matches"]

    async def best() -> tuple[UUID, int]:
        match, *_ = (await matches.ranked(crowd, ME, "en")).items
        assert len(match.friends) == matches.FRIENDS_NAMED
        return match.film.id, match.friends_count

    before = await best()
    await cinema.rows(
        "DELETE FROM watchlist WHERE user_id = :user_id AND film_id = :film_id RETURNING film_id",
        user_id=somebody,
        film_id=POPULAR,
    )
    assert await best() == before
    await cinema.rows("UPDATE match_rankings SET ranked_at = ranked_at - interval '1 minute' RETURNING user_id")
    assert await best() == (POPULAR, before[1] - 1)

    found: list[tuple[int, UUID]] = []
    cursor = None
    while cursor is not None or not found:
        page = await matches.ranked(crowd, ME, "en", limit=150, cursor=cursor)
        found += [(-match.friends_count, match.film.id) for match in page.items]
        cursor = page.next_cursor
    assert len(found) == 2_001, "beyond what is kept, all the others come too"
    assert found == sorted(set(found))


async def test_rows_go_in_by_the_batch(program: FeedingProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    await program.feed("people", person_row("anna"))
    await program.feed("films", *(film_row(str(number)) for number in range(2_000)))
    statements = 0
    real = Connection._execute

    async def counted(self: Connection, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return await real(self, *arguments)

    monkeypatch.setattr(Connection, "_execute", counted)

    assert set(await program.feed("wishes", *(wish_row("anna", str(number)) for number in range(2_000)))) == {"created"}

    assert statements < 50
