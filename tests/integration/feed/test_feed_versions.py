"""Whatever the order in which versions of things come, and however often: the same stands in the end."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api_service.database import Database
from api_service.usecases.feed.rows import FEEDS, apply, read_object
from tests.support.api_fixtures import ISSUER, PATIENCE_S, Cinema
from tests.support.feed_fixtures import film_row, friendship_row, person_row, wish_row

VERSIONS = st.integers(1, 4)
TITLES = st.sampled_from(["Whales", "Paper Whales"])
Row = tuple[str, dict[str, Any]]
FILM: st.SearchStrategy[Row] = st.builds(
    lambda name, version, title, deleted: ("films", film_row(name, version, titles={"en": title}, deleted=deleted)),
    st.sampled_from(["x", "y"]),
    VERSIONS,
    TITLES,
    st.booleans(),
)
PERSON: st.SearchStrategy[Row] = st.builds(
    lambda version, name, deleted: ("people", person_row("clara", version, name=name, deleted=deleted)),
    VERSIONS,
    TITLES,
    st.booleans(),
)
FRIENDSHIP: st.SearchStrategy[Row] = st.builds(
    lambda pair, version, deleted: ("friendships", friendship_row(pair[0], pair[1], version, deleted=deleted)),
    st.sampled_from([("anna", "boris"), ("boris", "anna")]),
    VERSIONS,
    st.booleans(),
)
WISH: st.SearchStrategy[Row] = st.builds(
    lambda name, film, version, deleted: ("wishes", wish_row(name, film, version, deleted=deleted)),
    st.sampled_from(["anna", "boris"]),
    st.sampled_from(["a", "b"]),
    VERSIONS,
    st.booleans(),
)
STANDING = """
SELECT 'film' AS kind, external_id AS one, title ->> 'en' AS other FROM films WHERE removed_at IS NULL
UNION ALL SELECT 'person', subject, name FROM users WHERE removed_at IS NULL
UNION ALL SELECT 'friendship', least(a.subject, b.subject), greatest(a.subject, b.subject) FROM friendships
    JOIN users AS a ON a.id = low_id JOIN users AS b ON b.id = high_id
UNION ALL SELECT 'wish', subject, external_id FROM watchlist
    JOIN users ON users.id = user_id JOIN films ON films.id = film_id
ORDER BY 1, 2, 3
"""


async def brought_in(db: Database, rows: list[Row], batch: int) -> list[Any]:
    """Feed rows into an empty cinema, so many of a kind at once, and return what stands then."""
    cinema = Cinema(db)
    await cinema.rows("TRUNCATE users, films CASCADE; SELECT 1")
    start = [("people", person_row(name, 1)) for name in ("anna", "boris")]
    start += [("films", film_row(name, 1)) for name in ("a", "b")]
    for kind, row in start:
        await apply(db, FEEDS[kind], [read_object(FEEDS[kind], row, ISSUER)])
    for first in range(0, len(rows), batch):
        part = rows[first : first + batch]
        for kind, feed in FEEDS.items():
            await apply(db, feed, [read_object(feed, row, ISSUER) for of, row in part if of == kind])
    return [tuple(row) for row in await cinema.rows(STANDING)]


async def test_order_and_repetition_of_versions_do_not_matter(db: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(
        rows=st.lists(st.one_of(FILM, PERSON, FRIENDSHIP, WISH), max_size=12),
        repeated=st.lists(st.integers(0, 11), max_size=4),
        batches=st.tuples(st.integers(1, 20), st.integers(1, 20)),
        shuffled=st.randoms(use_true_random=False),
    )
    @settings(max_examples=60)
    def check(rows: list[Row], repeated: list[int], batches: tuple[int, int], shuffled: Any) -> None:
        again = [*rows, *(rows[number] for number in repeated if number < len(rows))]
        shuffled.shuffle(again)

        def stands(order: list[Row], batch: int) -> list[Any]:
            return asyncio.run_coroutine_threadsafe(brought_in(db, order, batch), loop).result(PATIENCE_S)

        assert stands(rows, batches[0]) == stands(again, batches[1])

    await asyncio.to_thread(check)


async def test_batches_that_come_at_once_end_as_if_one_by_one(db: Database) -> None:
    await brought_in(db, [], 1)
    feed = FEEDS["wishes"]
    versions = [wish_row("anna", "a", version, deleted=version % 2 == 0) for version in range(1, 21)]

    await asyncio.gather(*(apply(db, feed, [read_object(feed, row, ISSUER)]) for row in versions))

    assert await Cinema(db).value("SELECT count(*) FROM watchlist") == 0, "the last version has removed it"
