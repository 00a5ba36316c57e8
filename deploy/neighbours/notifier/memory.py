"""The durable memory of what became of each event, in SQLite: the reason why one event makes one mail.

`sent` is written after the SMTP server accepted the mail. A crash between the two is the only way to a second mail (the
row then still says `sending`, which is written before, and the log says so); both mails carry the same Message-ID.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, TypeVar

from deploy.neighbours.notifier.events import Kind, Notification

KEEP = timedelta(days=90)
T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    event_id TEXT PRIMARY KEY,
    invitation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    event_time REAL NOT NULL,
    fate TEXT NOT NULL,
    changed_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mails_by_invitation ON mails (invitation_id);
CREATE INDEX IF NOT EXISTS mails_by_age ON mails (changed_at);
"""


class Fate(StrEnum):
    SENDING = "sending"
    SENT = "sent"
    WAITING = "waiting"  # for its next attempt
    NEEDLESS = "needless"  # overtaken by the invitation's end
    SET_ASIDE = "set_aside"  # among the dead letters, from where a person may bring it back


class Memory:
    """One SQLite file; every change is on the disk before the call returns (WAL, synchronous=FULL)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # SQLite blocks while it waits for the disk; one thread keeps that off the event loop and the calls in order.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memory")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open or create the file; raises `sqlite3.Error` or `OSError`."""
        await self._run(self._open)

    async def close(self) -> None:
        if self._connection is not None:
            await self._run(self._connection.close)
        self._thread.shutdown()

    async def fate(self, event_id: str) -> Fate | None:
        rows = await self._fetch("SELECT fate FROM mails WHERE event_id = ?", event_id)
        return Fate(rows[0][0]) if rows else None

    async def fates(self, invitation_id: str, kind: Kind) -> dict[datetime, Fate]:
        """What became of the invitation's events of one kind, by the time of the event."""
        rows = await self._fetch(
            "SELECT event_time, fate FROM mails WHERE invitation_id = ? AND kind = ?", invitation_id, kind
        )
        return {datetime.fromtimestamp(float(row[0]), UTC): Fate(row[1]) for row in rows}

    async def record(self, notification: Notification, fate: Fate, now: datetime) -> None:
        await self._execute(
            "INSERT INTO mails VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (event_id) DO UPDATE SET fate = excluded.fate, changed_at = excluded.changed_at",
            notification.event_id,
            notification.invitation_id,
            notification.kind,
            (notification.event_time or now).timestamp(),
            fate,
            now.timestamp(),
        )

    async def forget_old(self, now: datetime) -> int:
        """Drop what is older than any broker or person will deliver again; returns how many."""
        return await self._execute("DELETE FROM mails WHERE changed_at < ?", (now - KEEP).timestamp())

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    async def _fetch(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        def fetch() -> list[tuple[str, ...]]:
            with closing(self._opened().execute(statement, values)) as cursor:
                return cursor.fetchall()

        return await self._run(fetch)

    async def _execute(self, statement: str, *values: object) -> int:
        def execute() -> int:
            with closing(self._opened().execute(statement, values)) as cursor:
                return cursor.rowcount

        return await self._run(execute)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the memory is not open")
        return self._connection

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class OnlyNotifier:
    """The right to work with one memory: two notifiers at once could both find an event unsent. Any death frees it."""

    def __init__(self, state: Path) -> None:
        self._path = state.with_name(state.name + ".lock")
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take it if no other process has it; raises `OSError` where the file cannot be made."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
