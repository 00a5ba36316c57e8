"""Migrations: every step up and down, agreement with the tables, and what the schema promises."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, Integer, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from api_service.tables import metadata

ROOT = Path(__file__).parents[3]
REVISIONS = [revision.revision for revision in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    made = create_engine(make_url(empty_database_url).set(drivername="postgresql+psycopg2"), poolclass=NullPool)
    yield made
    made.dispose()


@pytest.fixture
def config(empty_database_url: str) -> Config:
    found = Config(str(ROOT / "alembic.ini"))
    found.attributes["database_url"] = empty_database_url
    return found


@pytest.fixture
def migrated(engine: Engine, config: Config) -> Iterator[Connection]:
    command.upgrade(config, "head")
    with engine.connect() as connection:
        yield connection


def _shape(engine: Engine) -> set[str]:
    """What stands in the schema, apart from Alembic's own table."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT format('%s %s', relkind, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE nspname = 'public' AND relname NOT LIKE 'alembic%' "
                "UNION ALL SELECT format('%s.%s %s', table_name, column_name, data_type) "
                "FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%' "
                "UNION ALL SELECT 'type ' || typname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace "
                "WHERE nspname = 'public' AND typtype = 'e' "
                "UNION ALL SELECT 'function ' || proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace "
                "WHERE nspname = 'public'"
            )
        )
        return {row[0] for row in rows}


def test_each_revision_goes_up_and_down_and_up_again(engine: Engine, config: Config) -> None:
    for revision in REVISIONS:
        before = _shape(engine)
        command.upgrade(config, revision)
        after = _shape(engine)
        assert after != before

        command.downgrade(config, "-1")
        assert _shape(engine) == before

        command.upgrade(config, revision)
        assert _shape(engine) == after


def test_the_feed_goes_up_and_down_on_data(engine: Engine, config: Config) -> None:
    ids = {name: f"00000000-0000-7000-8000-00000000000{number}" for number, name in enumerate("abfxy")}
    command.upgrade(config, "0002")
    with engine.begin() as connection:
        for name in ("a", "b"):
            connection.execute(
                text("INSERT INTO users (id, issuer, subject, name) VALUES (:id, 'i', :name, :name)"),
                {"id": ids[name], "name": name},
            )
        connection.execute(
            text(
                "INSERT INTO films (id, slug, title, description, year, duration_ms, media_url, poster_url) VALUES "
                """(:f, 'old', '{"ru": "Старый", "en": "Old"}', '{"ru": "", "en": ""}', 2001, 1, '/m', '/p')"""
            ),
            ids,
        )
        connection.execute(
            text("INSERT INTO watchlist (user_id, film_id, added_at) VALUES (:a, :f, '2020-01-01Z')"), ids
        )
        connection.execute(
            text(
                "INSERT INTO friendships (low_id, high_id, requested_by, requested_at, accepted_at) "
                "VALUES (:a, :b, :a, '2020-01-01Z', '2021-01-01Z')"
            ),
            ids,
        )

    command.upgrade(config, "0003")
    with engine.begin() as connection:
        moments = "SELECT (SELECT version_at FROM watchlist), (SELECT version_at FROM friendships)"
        assert [moment.year for moment in connection.execute(text(moments)).one()] == [2020, 2021]
        connection.execute(
            text(
                "INSERT INTO films (id, slug, external_id, title, description, removed_at) VALUES "
                """(:x, 'live', 'live', '{"de": "Wale"}', '{}', NULL), """
                """(:y, 'gone', 'gone', '{"de": "Weg"}', '{}', now())"""
            ),
            ids,
        )
        connection.execute(text("INSERT INTO removed_wishes (user_id, film_id) VALUES (:b, :f)"), ids)

    command.downgrade(config, "0002")
    with engine.begin() as connection:
        films = connection.execute(text("SELECT slug, title, duration_ms, media_url FROM films ORDER BY slug")).all()
        assert [tuple(film) for film in films] == [
            ("live", {"de": "Wale", "ru": "Wale", "en": "Wale"}, 86_400_000, ""),
            ("old", {"ru": "Старый", "en": "Old"}, 1, "/m"),
        ]
        assert connection.execute(text("SELECT count(*) FROM watchlist")).scalar() == 1

    command.upgrade(config, "0003")
    assert "r feed_runs" in _shape(engine)


def test_tables_and_migrations_agree(migrated: Connection) -> None:
    context = MigrationContext.configure(migrated, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, metadata) == []


def test_a_column_without_a_migration_would_be_noticed(migrated: Connection) -> None:
    drifted = type(metadata)()
    for table in metadata.tables.values():
        table.to_metadata(drifted)
    drifted.tables["users"].append_column(Column("shoe_size", Integer))

    differences = compare_metadata(MigrationContext.configure(migrated), drifted)

    assert [(kind, column.name) for kind, _, _, column in differences] == [("add_column", "shoe_size")]


def test_every_foreign_key_leads_an_index(migrated: Connection) -> None:
    inspector = inspect(migrated)
    for table in metadata.tables:
        leading = [
            tuple(index["column_names"])
            for index in inspector.get_indexes(table)
            if not index["dialect_options"].get("postgresql_where")
        ]
        leading.append(tuple(inspector.get_pk_constraint(table)["constrained_columns"]))
        for key in inspector.get_foreign_keys(table):
            columns = tuple(key["constrained_columns"])
            assert any(found[: len(columns)] == columns for found in leading), f"{table}: {key['name']} has no index"


def test_every_constraint_is_named_by_us(migrated: Connection) -> None:
    rows = migrated.execute(
        text(
            "SELECT conname, contype FROM pg_constraint JOIN pg_class t ON t.oid = conrelid "
            "JOIN pg_namespace n ON n.oid = t.relnamespace WHERE nspname = 'public' AND relname <> 'alembic_version'"
        )
    ).all()
    prefixes = {"p": "pk_", "f": "fk_", "u": "uq_", "c": "ck_"}
    assert [name for name, kind in rows if not name.startswith(prefixes[kind])] == []


def _upgrade(**environment: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    return subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_database_s_address_is_all_that_alembic_needs(engine: Engine, empty_database_url: str) -> None:
    done = _upgrade(DATABASE_URL=empty_database_url)

    assert done.returncode == 0, done.stderr
    assert "r users" in _shape(engine)


def test_without_an_address_the_remedy_is_named() -> None:
    done = _upgrade()

    assert done.returncode == 1
    assert "DATABASE_URL=postgresql://" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_told_of_without_its_password(free_port: int) -> None:
    done = _upgrade(DATABASE_URL=f"postgresql://movie:s3cret@127.0.0.1:{free_port}/nowhere")

    assert done.returncode == 1
    assert f"127.0.0.1:{free_port}" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_two_upgrades_at_once_take_turns(engine: Engine, empty_database_url: str) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: _upgrade(DATABASE_URL=empty_database_url), range(2)))

    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    assert "r users" in _shape(engine)
