"""An empty corner of a running store for each test: a database, a Redis database."""

import itertools
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis

from deploy.local.program import plain_environment
from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore
from sync_service.redis_client.address import read_address

ROOT = Path(__file__).parents[2]

CATALOGUES: Final = ("pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc", "pg_statistic", "pg_enum")
# Changes with every statement that alters the schema or gathers statistics; a copy has what its template has.
_VERSION: Final = "(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM {})"
SCHEMA: Final = f"SELECT concat_ws(',', {', '.join(map(_VERSION.format, CATALOGUES))})"
DISCONNECT: Final = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Foreign keys are not looked at meanwhile, so that the order of the tables does not matter.
EMPTY: Final = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'alembic_version' LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class
        WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$
"""
SIZE: Final = "SELECT pg_database_size(current_database())"
GROWN: Final = 4 * 1024 * 1024  # bytes by which a copy may have grown and still be worth emptying


def _unique(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def _name(url: str) -> str:
    return urlsplit(url).path.strip("/")


class Databases:
    """Databases on the server of `server_url`: empty ones, and copies of one with every migration applied.

    A copy that was given back is emptied and used again, which takes a hundredth of the time of a new one.
    """

    def __init__(self, server_url: str) -> None:
        self._server = urlsplit(server_url)
        self._template: str | None = None
        self._schema, self._size = "", 0
        self._spare: list[str] = []

    def make_empty(self) -> str:
        """Make a database without tables and return its address."""
        return self._make(_unique("test"), template="template0")

    def make_migrated(self) -> str:
        """Make a database with every migration applied and return its address."""
        if self._template is None:
            template = self._make(_unique("template"), template="template0")
            migrate(template)
            self._template = template
            self._schema, self._size = self._run(SCHEMA, template), self._run(SIZE, template)
        if self._spare:
            return self._spare.pop()
        return self._make(_unique("test"), template=_name(self._template))

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._run(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def give_back(self, url: str) -> None:
        """Empty a migrated database for the next test; drop it if its schema has changed or it has grown."""
        with _connected(url) as cursor:
            _value(cursor, DISCONNECT)
            reusable = _value(cursor, SCHEMA) == self._schema and _value(cursor, SIZE) < self._size + GROWN
            if reusable:
                _value(cursor, EMPTY)
        if reusable:
            self._spare.append(url)
        else:
            self.drop(url)

    def close(self) -> None:
        """Drop the copies that wait for use, and the migrated database that they come from."""
        while self._spare:
            self.drop(self._spare.pop())
        if self._template is not None:
            self.drop(self._template)
            self._template = None

    def _make(self, name: str, template: str) -> str:
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url_of(name)

    def _url_of(self, database: str) -> str:
        return urlunsplit(self._server._replace(path=f"/{database}"))

    def _run(self, statement: str, url: str = "") -> Any:
        """Run a statement in the database at ``url`` (the server's own without one); return the value it selects."""
        with _connected(url or self._url_of("postgres")) as cursor:
            return _value(cursor, statement)


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _value(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    row = cursor.fetchone() if cursor.description else None
    return None if row is None else row[0]


def migrate(database_url: str) -> None:
    """Apply every migration, the way a person does."""
    done = subprocess.run(
        ["python", "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env=plain_environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"alembic upgrade head ended with code {done.returncode}\n{done.stderr}")


_numbers = itertools.cycle(range(1, 256))


def empty_redis(store: Redis | GivenStore) -> str:
    """Return the address of an empty Redis database: one of its own, or the given one (which this empties)."""
    url = store.url if isinstance(store, GivenStore) else store.url_of(next(_numbers))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def open_redis(url: str) -> "redis.Redis":
    """Return a client of a Redis or, which looks the same here, of a Cluster."""
    address = read_address(url)
    if address.kind == "cluster":
        host, port = address.hosts[0]
        return cast("redis.Redis", redis.RedisCluster(host=host, port=port))
    return redis.Redis.from_url(url)
