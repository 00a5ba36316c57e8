"""The memory of sent mails and the lock on it."""

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.neighbours.notifier.events import Kind, Notification, parse
from deploy.neighbours.notifier.memory import KEEP, Fate, Memory, OnlyNotifier
from tests.support.notifier_fixtures import invitation_created

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def notification() -> Notification:
    return parse(json.dumps(invitation_created()).encode())


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    opened = Memory(tmp_path / "deeper" / "state.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


async def test_what_is_recorded_is_known_after_reopening(tmp_path: Path) -> None:
    one = notification()
    first = Memory(tmp_path / "state.sqlite3")
    await first.open()
    assert await first.fate(one.event_id) is None
    await first.record(one, Fate.SENDING, NOW)
    await first.record(one, Fate.SENT, NOW)
    await first.close()
    second = Memory(tmp_path / "state.sqlite3")
    await second.open()
    assert await second.fate(one.event_id) is Fate.SENT
    assert await second.fates(one.invitation_id, Kind.CREATED) == {one.event_time: Fate.SENT}
    assert await second.fates(one.invitation_id, Kind.REVOKED) == {}
    await second.close()


async def test_every_write_reaches_the_disk_before_it_is_done(memory: Memory) -> None:
    connection = memory._opened()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: the log is synced at each commit


async def test_only_what_is_too_old_to_come_again_is_forgotten(memory: Memory) -> None:
    old, recent = notification(), notification()
    await memory.record(old, Fate.SENT, NOW - KEEP - timedelta(seconds=1))
    await memory.record(recent, Fate.SENT, NOW - KEEP + timedelta(seconds=1))
    assert await memory.forget_old(NOW) == 1
    assert await memory.fate(old.event_id) is None
    assert await memory.fate(recent.event_id) is Fate.SENT


async def test_a_file_that_is_no_database_is_an_error_and_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    path.write_text("somebody's letters, kept here by mistake")
    memory = Memory(path)
    with pytest.raises(sqlite3.DatabaseError):
        await memory.open()
    await memory.close()
    assert path.read_text() == "somebody's letters, kept here by mistake"


def test_only_one_may_work_with_a_memory_at_a_time(tmp_path: Path) -> None:
    first, second = OnlyNotifier(tmp_path / "state"), OnlyNotifier(tmp_path / "state")
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    other = OnlyNotifier(tmp_path / "other")
    assert other.take()
    second.release()
    other.release()
