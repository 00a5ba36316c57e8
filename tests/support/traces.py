"""Where a word stands in the stores: every column of the database, every key of Redis."""

from collections.abc import Callable, Iterator
from typing import Any

import redis

from tests.support.api_fixtures import Cinema
from tests.support.fresh_stores import open_redis

# Kinds of columns that hold no words.
_WORDLESS = {"bigint", "integer", "smallint", "double precision", "boolean", "timestamp with time zone"}


async def places_of(cinema: Cinema, word: str) -> set[str]:
    """Return every column of the database in which a word stands, in any spelling."""
    columns = await cinema.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    )
    found = set()
    for table, column, kind in columns:
        sql = f'SELECT count(*) FROM "{table}" WHERE position(lower(:word) IN lower("{column}"::text)) > 0'  # noqa: S608
        if kind not in _WORDLESS and await cinema.value(sql, word=word):
            found.add(f"{table}.{column}")
    return found


def in_redis(url: str, word: str) -> set[str]:
    """Return the keys in whose name or value a word stands."""
    with open_redis(url) as store:
        return {key.decode() for key in store.scan_iter() if word.encode() in b"\n".join((key, *_values(store, key)))}


def _values(store: redis.Redis, key: bytes) -> Iterator[bytes]:
    read: dict[bytes, Callable[[], Any]] = {
        b"none": list,
        b"string": lambda: [store.get(key) or b""],
        b"hash": lambda: [part for pair in store.hgetall(key).items() for part in pair],
        b"list": lambda: store.lrange(key, 0, -1),
        b"set": lambda: store.smembers(key),
        b"zset": lambda: store.zrange(key, 0, -1),
        b"stream": lambda: [value for _, entry in store.xrange(key) or [] for value in (entry or {}).values()],
    }
    yield from read[bytes(store.type(key))]()  # type: ignore[arg-type]
