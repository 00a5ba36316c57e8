"""How the feed and the matches do with many rows: statements, and the plans that PostgreSQL makes of them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest

from api_service.database import Connection, Database, Statement
from api_service.usecases import friends, matches
from tests.support.api_fixtures import PATIENCE_S
from tests.support.feed_fixtures import FeedingProgram, film_row, person_row, wish_row

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
"""
STATEMENTS: dict[str, tuple[Statement, dict[str, Any]]] = {
    "a film's matches": (matches._WANTING, {"viewer": ME, "film_id": FILM, "after": None, "limit": 101}),
    "a popular film's matches": (matches._WANTING, {"viewer": ME, "film_id": POPULAR, "after": None, "limit": 101}),
    "the next page of them": (matches._WANTING, {"viewer": ME, "film_id": POPULAR, "after": FILM, "limit": 101}),
    "one's matches": (matches._RANKED, {"viewer": ME, "count_after": None, "after": None, "limit": 21}),
}


@pytest.fixture
async def crowd(database_url: str) -> AsyncIterator[Database]:
    """A database with very many friends and wishes."""
    db = Database(database_url, acquire_deadline_s=PATIENCE_S)
    await db.start()
    async with db.connection() as connection:
        cursor = await connection._raw.cursor()
        await cursor.execute(f"SET statement_timeout = 0; {FILL}", timeout=PATIENCE_S)  # once, whatever it takes
        await cursor.execute("ANALYZE", timeout=PATIENCE_S)  # without VACUUM, when indexes seem to cost most
    yield db
    await db.close()


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from _scanned(part)


async def _plan(db: Database, name: str, *settings: str) -> dict[str, Any]:
    statement, parameters = STATEMENTS[name]
    async with db.connection() as connection:
        for setting in settings:
            await connection.command(f"SET {setting} = off")
        cursor = await connection._raw.cursor()
        await cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.parameters(parameters))
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
