"""A replica of a room returns the exact suffix to who resumes, or says that it cannot."""

from __future__ import annotations

import pytest

from sync_service.delivery.frames import text_frame
from sync_service.live.replica import RECENT_MOST, Replica
from sync_service.room.commands import Seek
from sync_service.store.records import Record, body_of, placed, read_record
from sync_service.store.snapshot import Snapshot
from tests.unit.sync.rooms import empty_room, facts, joined

SECTIONS = ("playback", "rights", "meta", "members")


def history(length: int) -> list[Record]:
    """So many events in their places."""
    room = joined(empty_room(), "anna")
    records = []
    for seq in range(1, length + 1):
        (event,) = facts(room, Seek(by="anna", position_ms=seq), seq)
        records.append(placed(1, seq, b"a%015x" % seq, event, body_of(event)))
    return records


def replica_at(seq: int, hash_: str) -> Replica:
    """A replica that begins at this point."""
    state = joined(empty_room(), "anna")
    return Replica(Snapshot(1, seq, hash_, dict.fromkeys(SECTIONS, hash_), state))


HISTORY = history(700)


def hash_at(seq: int) -> str:
    """The hash of the true history after this event."""
    return HISTORY[seq - 1].hash if seq else "origin"


@pytest.mark.parametrize("trimmed", [0, 3, 90, 400], ids=lambda seqs: f"log without its first {seqs}")
@pytest.mark.parametrize("heard", [0, 1, 20, RECENT_MOST - 1, RECENT_MOST, RECENT_MOST + 44])
@pytest.mark.parametrize("read_at", [0, 1, 7, 380])
def test_whoever_asks_gets_the_exact_suffix_or_none(read_at: int, heard: int, trimmed: int) -> None:
    end = read_at + heard
    replica = replica_at(read_at, hash_at(read_at))
    for record in HISTORY[read_at:end]:
        replica.apply(record)
    oldest = max(read_at, end - RECENT_MOST + 1)
    for asked in range(end + 2):
        check(replica, asked, oldest, end)
    if replica.may_remember(1, oldest - 1):
        replica.remember(record.json for record in HISTORY[trimmed:end])
        oldest = trimmed + 1 if 0 < trimmed + 1 <= oldest else oldest
        for asked in range(end + 2):
            check(replica, asked, oldest, end)


def check(replica: Replica, asked: int, oldest: int, end: int) -> None:
    """Ask for what came after a point: of this history, of another one, of another epoch."""
    suffix = replica.suffix_after(1, asked, hash_at(asked))
    if oldest <= asked <= end:
        assert suffix == FRAMES[asked:end]
    else:
        assert suffix is None
    assert replica.suffix_after(1, asked, f"b{asked:015x}") is None
    assert replica.suffix_after(2, asked, hash_at(asked)) is None


FRAMES = [text_frame(record.json) for record in HISTORY]


def test_a_record_reads_as_it_was_written() -> None:
    for record in HISTORY[:20]:
        assert read_record(record.json) == record


def test_events_that_do_not_follow_are_recognised() -> None:
    replica = replica_at(5, "h5")
    assert replica.follows(6, "h5")
    assert not replica.follows(6, "other")
    assert not replica.follows(7, "h5")
    assert not replica.follows(5, "h4")


def test_a_replica_remembers_who_last_changed_each_section() -> None:
    replica = replica_at(0, "origin")
    for record in HISTORY[:3]:
        replica.apply(record)
    assert replica.hashes == {**dict.fromkeys(SECTIONS, "origin"), "playback": HISTORY[2].hash}
    assert replica.state.playback.position_ms == 3
