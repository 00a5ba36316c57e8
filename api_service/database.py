"""PostgreSQL through aiopg: the only module that knows the driver.

Statements are built with SQLAlchemy Core and compiled once, at import; running one costs what the driver costs.
Compiled statements bypass SQLAlchemy's bind expansion: lists go as `= ANY(array)`, many rows as `unnest`.
"""

import asyncio
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import aiopg
import orjson
import psycopg2
import psycopg2.errors
import psycopg2.extras
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, register_adapter
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import psycopg2 as psycopg2_dialect
from sqlalchemy.sql.elements import ClauseElement

from api_service.heartbeat import Heartbeat, Silent

STATEMENT_DEADLINE_S: Final = 5.0
# A longer wait for a connection is refused: behind a slow database the queue would only grow.
ACQUIRE_DEADLINE_S: Final = 2.0
POOL_SIZE: Final = 10

# PostgreSQL itself ends a statement whose client has gone (aiopg only drops the connection), and a transaction that a
# frozen process left open.
_SERVER_OPTIONS: Final = " ".join(
    (
        "-c timezone=UTC",
        f"-c statement_timeout={STATEMENT_DEADLINE_S * 1000:.0f}",
        "-c idle_in_transaction_session_timeout=30000",
        # Statements are short and many: workers of one would take the processors from the others.
        "-c max_parallel_workers_per_gather=0",
    )
)
_CONNECTION: Final[dict[str, Any]] = {
    "options": _SERVER_OPTIONS,
    "application_name": "api_service",
    "enable_json": False,  # registered once below, not with two queries per connection
    "enable_hstore": False,
    "enable_uuid": False,
}
_SILENT: Final = "PostgreSQL answers nobody: it hangs, or the way to it does"
_DIALECT: Final = psycopg2_dialect.dialect()  # type: ignore[no-untyped-call]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]
psycopg2.extras.register_default_json(globally=True, loads=orjson.loads)
psycopg2.extras.register_default_jsonb(globally=True, loads=orjson.loads)
register_adapter(dict, lambda value: psycopg2.extras.Json(value, dumps=_json))

Row = Any  # a named tuple of the statement's columns


class DatabaseUnavailable(Exception):
    """PostgreSQL is unreachable, disconnected, or has no free connection; whether a COMMIT took effect is unknown."""


class DatabaseTimeout(DatabaseUnavailable):
    """A statement exceeded its deadline and was abandoned."""


class ConstraintViolated(Exception):
    """The named constraint refused a row."""

    def __init__(self, constraint: str, reason: str) -> None:
        super().__init__(reason)
        self.constraint = constraint


class InvalidValue(Exception):
    """A value that PostgreSQL cannot store, such as a text with a NUL character."""


class Statement:
    """A statement compiled once; ``deadline_s`` is how long one run of it may take."""

    __slots__ = ("_defaults", "_names", "_row", "deadline_s", "sql")

    def __init__(self, clause: ClauseElement, *, deadline_s: float = STATEMENT_DEADLINE_S) -> None:
        if deadline_s > STATEMENT_DEADLINE_S:
            raise ValueError(f"PostgreSQL itself ends statements after {STATEMENT_DEADLINE_S:g} s")
        compiled = clause.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        if "POSTCOMPILE" in self.sql:
            raise ValueError(f"the statement needs bind expansion at each run, use = ANY(array): {self.sql}")
        bound = dict(compiled.params)
        self._defaults = {name: value for name, value in bound.items() if value is not None}
        self._names = frozenset(bound)
        self._row: Callable[[Sequence[Any]], Row] | None = None
        self.deadline_s = deadline_s

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the values of all parameters; raises TypeError if one is missing or unknown."""
        values = {**self._defaults, **given}
        if values.keys() != self._names:
            raise TypeError(f"parameters {sorted(values.keys() ^ self._names)} are missing or unknown: {self.sql}")
        return values

    def rows(self, description: Sequence[Any], values: Sequence[Sequence[Any]]) -> list[Row]:
        """Return a run's values as named tuples."""
        if self._row is None:
            self._row = _namer([column[0] for column in description])
        return list(map(self._row, values))


_MIGRATED: Final = Statement(text("SELECT version_num FROM alembic_version"), deadline_s=1.5)


class Connection:
    """One connection for the length of a ``with``; use cases take it or the Database alike."""

    def __init__(self, raw: aiopg.Connection, heartbeat: Heartbeat) -> None:
        self._raw = raw
        self._heartbeat = heartbeat

    async def all(self, statement: Statement, /, **parameters: Any) -> list[Row]:
        """Run a statement and return all rows."""
        cursor = await self._run(statement, parameters)
        return statement.rows(cursor.description, cursor.fetchall())

    async def first(self, statement: Statement, /, **parameters: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        cursor = await self._run(statement, parameters)
        row = cursor.fetchone()
        return None if row is None else statement.rows(cursor.description, [row])[0]

    async def one(self, statement: Statement, /, **parameters: Any) -> Row:
        """Run a statement and return its first row; raises LookupError without one."""
        return _required(await self.first(statement, **parameters))

    async def run(self, statement: Statement, /, **parameters: Any) -> int:
        """Run a statement and return the number of rows it touched."""
        return int((await self._run(statement, parameters)).rowcount)

    async def command(self, sql: str) -> None:
        """Run a bare command such as COMMIT."""
        await self._execute(sql, None, STATEMENT_DEADLINE_S)

    async def _run(self, statement: Statement, parameters: dict[str, Any]) -> Any:
        return await self._execute(statement.sql, statement.parameters(parameters), statement.deadline_s)

    async def _execute(self, sql: str, values: dict[str, Any] | None, deadline_s: float) -> Any:
        """Return psycopg2's cursor, its result fetched."""
        cancelled = _Cancelled()
        try:
            cursor = await self._raw.cursor()
            async with self._heartbeat.watch():
                await cursor.execute(sql, values, timeout=deadline_s)
        except BaseException as error:
            cancelled.check()
            fault = _fault(error, sql, deadline_s)
            if fault is None:
                raise
            raise fault from error
        cancelled.check()
        return cursor.raw


class Transaction(Connection):
    """Statements that take effect together, and the topics to announce after their commit."""

    def __init__(self, raw: aiopg.Connection, heartbeat: Heartbeat) -> None:
        super().__init__(raw, heartbeat)
        self.announcements: set[str] = set()
        self.begun = False

    async def _execute(self, sql: str, values: dict[str, Any] | None, deadline_s: float) -> Any:
        if self.begun:
            return await super()._execute(sql, values, deadline_s)
        # BEGIN travels with the first statement: one round trip less, a tenth of what opening a room costs.
        self.begun = True
        return await super()._execute(f"BEGIN; {sql}", values, deadline_s)

    def announce(self, topic: str) -> None:
        """Wake this process's waiters for ``topic`` after the commit.

        Not NOTIFY: PostgreSQL holds one lock for all of a cluster's notifying transactions until each is on disk, which
        would make rooms be created one at a time.
        """
        self.announcements.add(topic)


class _Line:
    """The heartbeat's own connection."""

    def __init__(self, raw: aiopg.Connection) -> None:
        self._raw = raw

    async def ask(self) -> None:
        cursor = await self._raw.cursor()
        await cursor.execute("SELECT 1")

    def close(self) -> None:
        self._raw.close()


class Database:
    """A bounded pool of connections that outlives PostgreSQL's restarts."""

    def __init__(self, url: str, *, size: int = POOL_SIZE, acquire_deadline_s: float = ACQUIRE_DEADLINE_S) -> None:
        self._url = url
        self._size = size
        self._acquire_deadline_s = acquire_deadline_s
        self._pool: aiopg.Pool | None = None
        self._heartbeat = Heartbeat(self._connect_line)
        self._topics: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Make the pool; connections are opened when first needed, so PostgreSQL may be away."""
        self._pool = await aiopg.create_pool(
            self._url,
            minsize=0,
            maxsize=self._size,
            timeout=self._acquire_deadline_s,
            **_CONNECTION,
        )
        await self._heartbeat.start()

    async def close(self) -> None:
        """Close every connection, those in use too."""
        await self._heartbeat.close()
        if self._pool is not None:
            self._pool.terminate()
            await self._pool.wait_closed()
            self._pool = None

    async def check(self) -> None:
        """Raise DatabaseUnavailable with the reason unless PostgreSQL answers and has our tables."""
        await self.first(_MIGRATED)

    async def all(self, statement: Statement, /, **parameters: Any) -> list[Row]:
        """Run a statement by itself and return all rows."""
        async with self._lend() as raw:
            return await Connection(raw, self._heartbeat).all(statement, **parameters)

    async def first(self, statement: Statement, /, **parameters: Any) -> Row | None:
        """Run a statement by itself and return its first row, or None."""
        async with self._lend() as raw:
            return await Connection(raw, self._heartbeat).first(statement, **parameters)

    async def one(self, statement: Statement, /, **parameters: Any) -> Row:
        """Run a statement by itself and return its first row; raises LookupError without one."""
        return _required(await self.first(statement, **parameters))

    async def run(self, statement: Statement, /, **parameters: Any) -> int:
        """Run a statement by itself and return the number of rows it touched."""
        async with self._lend() as raw:
            return await Connection(raw, self._heartbeat).run(statement, **parameters)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; statements on it take effect one by one."""
        async with self._lend() as raw:
            yield Connection(raw, self._heartbeat)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Lend a connection whose statements take effect together at the end, or not at all after an exception."""
        async with self._lend() as raw:
            transaction = Transaction(raw, self._heartbeat)
            try:
                yield transaction
            except Exception:
                if transaction.begun and not raw.closed:
                    await transaction.command("ROLLBACK")
                raise
            if transaction.begun:
                await transaction.command("COMMIT")
        for topic in transaction.announcements:
            self.announcement(topic).set()

    def announcement(self, topic: str) -> asyncio.Event:
        """Return the event that is set after each commit that announced ``topic``; the waiter clears it."""
        return self._topics.setdefault(topic, asyncio.Event())

    async def _connect_line(self) -> _Line:
        return _Line(await aiopg.connect(self._url, **_CONNECTION))

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[aiopg.Connection]:
        pool = self._pool
        if pool is None:
            raise DatabaseUnavailable("the database is not started, or closed again")
        cancelled = _Cancelled()
        try:
            async with self._heartbeat.watch():
                raw = await pool.acquire()
        except Silent:
            raise DatabaseUnavailable(_SILENT) from None
        except TimeoutError:
            cancelled.check()
            raise DatabaseUnavailable(f"no connection to PostgreSQL within {self._acquire_deadline_s:g} s") from None
        except psycopg2.Error as error:
            cancelled.check()
            raise DatabaseUnavailable(_line(error)) from error
        try:
            cancelled.check()
            yield raw
        finally:
            # After a timeout or a cancellation a statement may still be running on it: never lend it again.
            if not raw.closed and raw.raw.get_transaction_status() != TRANSACTION_STATUS_IDLE:
                raw.close()
            pool.release(raw)


class _Cancelled:
    """Whether the current task was cancelled since this was created.

    aiopg waits with `asyncio.wait_for`, which before Python 3.12 swallows a cancellation that comes together with the
    result; and it raises CancelledError for the server's own "canceling statement". So cancellations are counted here.
    """

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0

    def check(self) -> None:
        """Raise CancelledError if the task was cancelled."""
        if self._task is not None and self._task.cancelling() > self._before:
            raise asyncio.CancelledError


def _fault(error: BaseException, sql: str, deadline_s: float) -> Exception | None:
    """Return our exception for what a statement raised in a task that was not cancelled; None to leave it as it is."""
    match error:
        case Silent():
            return DatabaseUnavailable(_SILENT)
        case asyncio.CancelledError():
            return DatabaseTimeout(f"PostgreSQL cancelled a statement: {sql}")
        case TimeoutError():
            return DatabaseTimeout(f"no answer from PostgreSQL within {deadline_s:g} s: {sql}")
        case psycopg2.IntegrityError():
            return ConstraintViolated(error.diag.constraint_name or "", str(error))
        case psycopg2.DataError() | ValueError():
            return InvalidValue(str(error))
        case psycopg2.errors.UndefinedTable():
            return DatabaseUnavailable(f"{_line(error)}; bring the tables with `alembic upgrade head`")
        case psycopg2.OperationalError() | psycopg2.InterfaceError():
            return DatabaseUnavailable(_line(error))
    return None


def _namer(columns: list[str]) -> Callable[[Sequence[Any]], Row]:
    row: Any = namedtuple("Row", columns, rename=True)  # type: ignore[misc]  # the columns are known at run time only
    return cast("Callable[[Sequence[Any]], Row]", row._make)


def _required(row: Row | None) -> Row:
    if row is None:
        raise LookupError("the statement returned no row")
    return row


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


Queryable = Database | Connection
