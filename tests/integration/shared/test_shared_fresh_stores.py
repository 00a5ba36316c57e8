"""A database that is used again is as good as a new one."""

from collections.abc import Iterator

import psycopg2
import pytest

from deploy.local.postgres import Postgres
from deploy.local.stores import GivenStore
from tests.support.fresh_stores import Databases


@pytest.fixture(scope="module")
def databases(postgres: Postgres | GivenStore) -> Iterator[Databases]:
    """Makers of databases that no other test has used."""
    made = Databases(postgres.url)
    yield made
    made.close()


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


INSERT = """INSERT INTO users (id, issuer, subject, name, locale) VALUES (gen_random_uuid(), 'i', 's', 'Vera', 'ru')"""


def test_a_copy_that_comes_back_is_emptied_and_used_again(databases: Databases) -> None:
    url = databases.make_migrated()
    run(url, INSERT)
    databases.give_back(url)
    again = databases.make_migrated()
    assert again == url
    assert run(again, "SELECT count(*) FROM users") == [(0,)]
    assert run(again, "SELECT count(*) FROM alembic_version") == [(1,)]
    databases.give_back(again)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users DISABLE TRIGGER ALL",
        "ALTER TABLE users ALTER COLUMN name DROP NOT NULL",
        "CREATE TABLE more (one int)",
        f"{INSERT}; ANALYZE users",
        "CREATE INDEX extra ON users (name)",
    ],
)
def test_a_copy_whose_schema_was_changed_is_not_used_again(databases: Databases, change: str) -> None:
    url = databases.make_migrated()
    run(url, change)
    databases.give_back(url)
    again = databases.make_migrated()
    assert again != url
    databases.give_back(again)


def test_a_copy_that_has_grown_is_not_used_again(databases: Databases) -> None:
    url = databases.make_migrated()
    run(
        url,
        "INSERT INTO users (id, issuer, subject, name, locale)"
        " SELECT gen_random_uuid(), 'i', n::text, repeat('n', 100), 'ru' FROM generate_series(1, 20000) n",
    )
    databases.give_back(url)
    assert databases.make_migrated() != url
