"""database.py against a real PostgreSQL: deadlines, cancellation, transactions, values."""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import text

from api_service import heartbeat
from api_service.database import (
    ACQUIRE_DEADLINE_S,
    ConstraintViolated,
    Database,
    DatabaseTimeout,
    DatabaseUnavailable,
    InvalidValue,
    Statement,
)
from api_service.heartbeat import ANSWER_TICKS, CONNECT_TICKS, PATIENCE_TICKS, TICK_S
from api_service.tables import users
from tests.support.api_fixtures import PATIENCE_S

ONE = Statement(text("SELECT 1 AS number"))
BACKEND = Statement(text("SELECT pg_backend_pid() AS pid"))
SLEEP = Statement(text("SELECT pg_sleep(:seconds)"))
SLEEP_BRIEFLY = Statement(text("SELECT pg_sleep(:seconds)"), deadline_s=0.2)
INSERT = Statement(text("INSERT INTO inbox (event_id) VALUES (:event_id)"))
COUNT = Statement(text("SELECT count(*) AS number FROM inbox"))
CANCEL_OTHERS = Statement(
    text(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'"
    )
)
OTHERS_SLEEPING = Statement(
    text(
        "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    )
)


@pytest.fixture
def heartbeat_of_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heartbeat with the patience that it has in service, which the suite's other tests lengthen."""
    monkeypatch.setattr(heartbeat, "ANSWER_TICKS", ANSWER_TICKS)
    monkeypatch.setattr(heartbeat, "CONNECT_TICKS", CONNECT_TICKS)


async def count(db: Database) -> int:
    return int((await db.one(COUNT)).number)


async def sleeping(sleeper: Database, db: Database) -> asyncio.Task[int]:
    """Start a statement of ``sleeper`` that sleeps until it is ended; gives its task once ``db`` has seen it asleep."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            task = asyncio.create_task(sleeper.run(SLEEP, seconds=30))
            while not task.done():
                if (await db.one(OTHERS_SLEEPING)).number:
                    return task
                await asyncio.sleep(0.01)
            # It had reached its deadline before anybody looked.
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A database with one connection, so that whatever is left on it meets the next statement."""
    made = Database(database_url, size=1)
    await made.start()
    yield made
    await made.close()


async def test_a_stuck_statement_becomes_a_timeout_and_its_connection_is_not_used_again(single: Database) -> None:
    before = (await single.one(BACKEND)).pid

    with pytest.raises(DatabaseTimeout, match=r"within 0\.2 s"):
        await single.run(SLEEP_BRIEFLY, seconds=30)

    assert (await single.one(BACKEND)).pid != before


async def test_a_statement_that_postgresql_cancels_is_a_timeout_and_no_cancelled_task(
    single: Database, db: Database
) -> None:
    task = await sleeping(single, db)

    await db.run(CANCEL_OTHERS)

    with pytest.raises(DatabaseTimeout, match="cancelled"):
        await task
    assert not task.cancelled()
    assert (await single.one(ONE)).number == 1


async def test_a_cancelled_task_stays_cancelled_and_leaves_a_clean_connection(single: Database, db: Database) -> None:
    before = (await single.one(BACKEND)).pid
    task = await sleeping(single, db)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert (await single.one(BACKEND)).pid != before


async def test_a_cancellation_that_comes_together_with_the_result_is_not_swallowed(single: Database) -> None:
    async with single.connection() as connection:
        task = asyncio.create_task(connection.first(ONE))
        raw = connection._raw
        while raw._waiter is None:
            await asyncio.sleep(0)
        raw._waiter.add_done_callback(lambda _: task.cancel())

        with pytest.raises(asyncio.CancelledError):
            await task

    assert (await single.one(ONE)).number == 1


@pytest.mark.parametrize("reachable", [True, False])
async def test_no_moment_of_connecting_swallows_a_cancellation_or_loses_a_connection(
    database_url: str, reachable: bool
) -> None:
    began = time.monotonic()
    for steps in itertools.count():
        url = database_url if reachable else "postgresql://movie@127.0.0.1:1/x"
        made = Database(url, size=1, acquire_deadline_s=PATIENCE_S)
        await made.start()
        task = asyncio.create_task(made.first(ONE))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        # On a busy machine there would be no end of moments.
        if task.done() or time.monotonic() - began > 20:
            await asyncio.gather(task, return_exceptions=True)
            await made.close()
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if reachable:
            assert (await made.one(ONE)).number == 1
        await made.close()

    assert steps > 0


async def test_a_deadline_around_several_statements_stays_a_deadline(single: Database) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await single.run(SLEEP, seconds=30)

    assert (await single.one(ONE)).number == 1


@pytest.mark.usefixtures("heartbeat_of_service")
async def test_a_statement_that_is_only_slow_is_waited_for(db: Database) -> None:
    # Longer than the heartbeat takes to find that a server hangs.
    waited_s = 2 * TICK_S * (PATIENCE_TICKS + ANSWER_TICKS)
    assert await asyncio.gather(*(db.run(SLEEP, seconds=waited_s) for _ in range(3))) == [1, 1, 1]


@pytest.mark.usefixtures("heartbeat_of_service")
async def test_a_connection_that_is_slow_to_open_is_waited_for(database_url: str, free_port: int) -> None:
    target = urlsplit(database_url)

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Longer than an open line may take to answer.
        await asyncio.sleep(1.5 * TICK_S * (PATIENCE_TICKS + ANSWER_TICKS))
        behind_reader, behind_writer = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(pipe(reader, behind_writer), pipe(behind_reader, writer))

    proxy = await asyncio.start_server(connected, "127.0.0.1", free_port)
    slow = Database(
        urlunsplit(target._replace(netloc=f"{target.username}:{target.password}@127.0.0.1:{free_port}")),
        acquire_deadline_s=PATIENCE_S,
    )
    await slow.start()
    try:
        assert (await slow.one(ONE)).number == 1
    finally:
        await slow.close()
        proxy.close()


async def test_waiting_for_a_connection_is_bounded(single: Database) -> None:
    async with single.connection():
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="no connection"):
            await single.one(ONE)
        assert time.monotonic() - started > ACQUIRE_DEADLINE_S - 0.1

    assert (await single.one(ONE)).number == 1


async def test_a_transaction_takes_effect_whole(db: Database) -> None:
    async with db.transaction() as transaction:
        await transaction.run(INSERT, event_id="one")
        await transaction.run(INSERT, event_id="two")
        assert await count(db) == 0

    assert await count(db) == 2


async def test_a_transaction_whose_first_statement_fails_leaves_a_usable_connection(single: Database) -> None:
    await single.run(INSERT, event_id="one")
    before = (await single.one(BACKEND)).pid

    async def work() -> None:
        async with single.transaction() as transaction:
            await transaction.run(INSERT, event_id="one")

    with pytest.raises(ConstraintViolated):
        await work()

    assert (await single.one(BACKEND)).pid == before
    assert await count(single) == 1


async def test_a_transaction_without_statements_costs_nothing(single: Database) -> None:
    async with single.transaction() as transaction:
        assert not transaction.begun

    assert await count(single) == 0


async def test_a_transaction_that_fails_leaves_nothing_and_its_connection_is_used_again(single: Database) -> None:
    before = (await single.one(BACKEND)).pid

    async def work() -> None:
        async with single.transaction() as transaction:
            await transaction.run(INSERT, event_id="one")
            raise LookupError

    with pytest.raises(LookupError):
        await work()

    assert await count(single) == 0
    assert (await single.one(BACKEND)).pid == before


async def test_a_transaction_cancelled_between_its_statements_leaves_nothing(single: Database) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with single.transaction() as transaction:
            await transaction.run(INSERT, event_id="one")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    assert await count(single) == 0


async def test_a_timeout_inside_a_transaction_undoes_it(single: Database) -> None:
    async def work() -> None:
        async with single.transaction() as transaction:
            await transaction.run(INSERT, event_id="one")
            await transaction.run(SLEEP_BRIEFLY, seconds=30)

    with pytest.raises(DatabaseTimeout):
        await work()

    assert await count(single) == 0


async def test_an_announcement_is_made_after_the_commit_and_only_then(db: Database) -> None:
    heard = db.announcement("topic")

    async def fail() -> None:
        async with db.transaction() as transaction:
            transaction.announce("topic")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert not heard.is_set()

    async with db.transaction() as transaction:
        transaction.announce("topic")
        assert not heard.is_set()
    assert heard.is_set()


async def test_a_broken_constraint_is_named(db: Database) -> None:
    await db.run(INSERT, event_id="one")

    with pytest.raises(ConstraintViolated) as caught:
        await db.run(INSERT, event_id="one")

    assert caught.value.constraint == "pk_inbox"


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b"])
async def test_what_postgresql_cannot_hold_is_an_invalid_value(db: Database, value: str) -> None:
    with pytest.raises(InvalidValue):
        await db.run(INSERT, event_id=value)

    assert await count(db) == 0


async def test_lists_documents_ids_and_moments_come_back_as_they_went(db: Database) -> None:
    ids = [uuid.uuid4(), uuid.uuid4()]
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    statement = Statement(
        text(
            "SELECT CAST(:ids AS uuid[]) AS ids, CAST(:none AS uuid[]) AS none, CAST(:document AS jsonb) AS document, "
            "CAST(:moment AS timestamptz) AS moment, CAST(:bytes AS bytea) AS bytes"
        )
    )

    row = await db.one(statement, ids=ids, none=[], document={"name": "Кино %s \\ '"}, moment=moment, bytes=b"\x00\xff")

    assert (row.ids, row.none, row.document, row.moment) == (ids, [], {"name": "Кино %s \\ '"}, moment)
    assert bytes(row.bytes) == b"\x00\xff"
    assert row.moment.utcoffset().total_seconds() == 0


async def test_a_database_without_tables_names_the_remedy(empty_database_url: str) -> None:
    empty = Database(empty_database_url)
    await empty.start()

    with pytest.raises(DatabaseUnavailable, match="alembic upgrade head"):
        await empty.check()

    await empty.close()


async def test_many_tasks_share_few_connections(db: Database) -> None:
    found = await asyncio.gather(*(db.one(BACKEND) for _ in range(200)))

    assert len({row.pid for row in found}) <= 10


async def test_closing_ends_the_connections_in_use_too(database_url: str, db: Database) -> None:
    made = Database(database_url)
    await made.start()
    task = await sleeping(made, db)

    await made.close()

    with pytest.raises(DatabaseUnavailable):
        await task


def test_a_list_of_binds_is_refused_when_the_statement_is_made() -> None:
    with pytest.raises(ValueError, match="ANY"):
        Statement(users.select().where(users.c.id.in_([uuid.uuid4()])))


def test_a_deadline_beyond_the_server_s_own_is_refused() -> None:
    with pytest.raises(ValueError, match="ends statements"):
        Statement(text("SELECT 1"), deadline_s=60)


def test_a_missing_or_unknown_parameter_is_told_of() -> None:
    statement = Statement(text("SELECT :one, :two"))

    with pytest.raises(TypeError, match="two"):
        statement.parameters({"one": 1})
    with pytest.raises(TypeError, match="three"):
        statement.parameters({"one": 1, "two": 2, "three": 3})


async def test_the_server_itself_ends_what_a_vanished_client_left_running(db: Database) -> None:
    limits = Statement(
        text(
            "SELECT current_setting('statement_timeout') AS statement, current_setting('TimeZone') AS zone, "
            "current_setting('idle_in_transaction_session_timeout') AS idle"
        )
    )

    row = await db.one(limits)

    assert (row.statement, row.idle, row.zone) == ("5s", "30s", "UTC")
