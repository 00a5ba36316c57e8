"""Whoever resumes, from wherever, gets exactly what they have missed or a snapshot: at every trim and loss point.

A history of LENGTH events is trimmed after each of them and, at each of them, loses its tail and grows another one, in
the same epoch (nobody has noticed yet) and in a new one. Clients come back from every point of what was and what is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from sync_service.delivery.frames import text_frame
from sync_service.live.replica import Replica
from sync_service.room.commands import Seek
from sync_service.store.records import Record, body_of, placed
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.scripts import RAISE, TAIL
from sync_service.store.snapshot import SECTIONS, Snapshot
from tests.support.fresh_stores import open_redis
from tests.unit.sync.rooms import empty_room, facts, joined

LENGTH = 20
CASES_LEAST = 10_000
ORIGIN, ORIGIN_OF_NEXT = "a" * 16, "b" * 16
ROOM = joined(empty_room(), "anna")
NAMES = RoomKeys.of(3, "room")

Point = tuple[int, int, str]


def grown(after: list[Record], length: int, what: int, *, epoch: int = 1, origin: str = ORIGIN) -> list[Record]:
    """A history that goes on by so many events; ``what`` tells it from others."""
    history = list(after)
    hash_, first = (history[-1].hash, history[-1].seq + 1) if history else (origin, 1)
    for seq in range(first, first + length):
        (event,) = facts(ROOM, Seek(by="anna", position_ms=what * 100 + seq), seq)
        body = body_of(event)
        hash_ = hashlib.sha1(hash_.encode() + body, usedforsecurity=False).hexdigest()[:16]
        history.append(placed(epoch, seq, hash_.encode(), event, body))
    return history


TRUTH = grown([], LENGTH, 0)


@dataclass(frozen=True, slots=True)
class World:
    """What the store has: ``history`` from ``origin`` on, of which the log has lost the first ``trimmed``."""

    history: list[Record]
    trimmed: int
    origin: Point

    @property
    def log(self) -> list[Record]:
        return self.history[self.trimmed :]

    @property
    def head(self) -> Point:
        return point_of(self.history[-1]) if self.history else self.origin

    def after(self, point: Point) -> list[Record] | None:
        """What came after a point, by looking: None for a point that is not of this history."""
        if point == self.origin:
            return self.history
        at = next((n for n, record in enumerate(self.history) if point_of(record) == point), None)
        return None if at is None else self.history[at + 1 :]

    def keeps(self, point: Point) -> bool:
        """Whether the log shows that this point is of the history."""
        return point == self.head or point in map(point_of, self.log)


def point_of(record: Record) -> Point:
    return record.epoch, record.seq, record.hash


def worlds() -> Iterator[World]:
    """Every loss point with every trim: shorter, equally long and longer than what was; then under a new epoch."""
    for kept in range(LENGTH + 1):
        for trimmed in range(LENGTH + 1):
            more = (kept * 7 + trimmed * 3) % (LENGTH - kept + 3)
            history = grown(TRUTH[:kept], more, 1)
            yield World(history, min(trimmed, len(history)), (1, 0, ORIGIN))
    for kept in range(LENGTH + 1):
        for more in range(3):
            since = grown([], more, 2, epoch=2, origin=ORIGIN_OF_NEXT)
            history = [moved(record, kept) for record in since]
            yield World(history, 0, (2, kept, ORIGIN_OF_NEXT))


def moved(record: Record, by: int) -> Record:
    return placed(record.epoch, record.seq + by, record.hash.encode(), record.event, body_of(record.event))


def points(world: World) -> list[Point]:
    """Every point of what was, what is, and of neither."""
    known = {world.origin, (1, 0, ORIGIN), *map(point_of, TRUTH), *map(point_of, world.history)}
    epoch, seq, hash_ = world.head
    strange = {(epoch, seq + 1, hash_), (epoch, seq, ""), (epoch, seq, hash_[:8]), (epoch + 1, seq, hash_)}
    return sorted(known | strange)


def fill(store: redis.Redis, world: World) -> None:
    """Bring the store to where the world is; a new epoch begins by the script that begins one."""
    store.flushdb()
    epoch, seq, hash_ = world.origin
    store.hset(NAMES.room.decode(), mapping={"epoch": 1, "seq": seq, "hash": ORIGIN})
    if epoch == 2:
        store.rpush(NAMES.log, *(record.json for record in TRUTH[:seq] or TRUTH))
        store.eval(RAISE.source.decode(), 2, NAMES.room, NAMES.log, 1, hash_)
    if world.log:
        store.rpush(NAMES.log, *(record.json for record in world.log))
    if world.history:
        _, seq, hash_ = world.head
        store.hset(NAMES.room.decode(), mapping={"seq": seq, "hash": hash_})


def replicas(world: World) -> Iterator[tuple[Replica, int]]:
    """Copies of nodes that have followed this history since various moments, and since which event."""
    epoch, first, hash_ = world.origin
    for since in {0, len(world.history) // 2, len(world.history)}:
        seq, hash_now = (world.history[since - 1].seq, world.history[since - 1].hash) if since else (first, hash_)
        replica = Replica(Snapshot(epoch, seq, hash_now, dict.fromkeys(SECTIONS, hash_now), ROOM))
        for record in world.history[since:]:
            replica.apply(record)
        yield replica, seq


@pytest.fixture
def store(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the server that has the room."""
    with open_redis(redis_url) as opened:
        if isinstance(opened, redis.RedisCluster):
            node = opened.get_node_from_key(NAMES.room.decode())  # type: ignore[no-untyped-call]  # redis-py's
            yield opened.get_redis_connection(node)
        else:
            yield opened


def test_the_log_gives_the_exact_suffix_or_says_that_it_cannot(store: redis.Redis) -> None:
    cases = 0
    sha = store.script_load(TAIL.source)
    for world in worlds():
        fill(store, world)
        pipeline = store.pipeline(transaction=False)
        asked = points(world)
        for epoch, seq, hash_ in asked:
            pipeline.evalsha(sha, 3, NAMES.room, NAMES.log, NAMES.closed, epoch, seq, hash_)
        for point, (word, *lines) in zip(asked, pipeline.execute(), strict=True):
            cases += 1
            missed = world.after(point)
            if word == b"ok":
                assert missed is not None, (world, point)
                assert lines == [record.json for record in missed], (world, point)
            else:
                assert not world.keeps(point), (world, point, word)
                assert word in {b"trimmed", b"fork", b"epoch"}
                # What must not be taken for a lost tail: the epoch would be ended for nothing.
                assert word != b"fork" or missed is None, (world, point)
    assert cases >= CASES_LEAST


def test_a_node_gives_the_exact_suffix_or_a_snapshot(store: redis.Redis) -> None:
    cases = 0
    for world in worlds():
        fill(store, world)
        log = [record.json for record in world.log]
        assert store.lrange(NAMES.log, 0, -1) == log
        for replica, since in replicas(world):
            for point in points(world):
                cases += 1
                epoch, seq, _ = point
                if replica.may_remember(epoch, seq):
                    replica.remember(log)
                frames, missed = replica.suffix_after(*point), world.after(point)
                if frames is not None:
                    assert missed is not None, (world, point)
                    assert frames == [text_frame(record.json) for record in missed], (world, point)
                else:
                    followed = missed is not None and (seq >= since or world.keeps(point))
                    assert not followed, (world, point, since)
    assert cases >= CASES_LEAST


def test_without_its_hashes_a_fork_is_answered_as_a_clean_resume(store: redis.Redis) -> None:
    """The twin of the above: what the hash is for."""
    trusting = TAIL.source.replace(b"if not string.find(", b"if false and not string.find(")
    trusting = trusting.replace(b"if have[3] == ARGV[3] then", b"if true then")
    assert trusting.count(b"if false") == trusting.count(b"if true") == 1
    history = grown(TRUTH[:10], 5, 1)
    fill(store, World(history, 0, (1, 0, ORIGIN)))
    for seq in (12, 15):
        lost = TRUTH[seq - 1]
        answers = {
            source: store.eval(source.decode(), 3, NAMES.room, NAMES.log, NAMES.closed, *point_of(lost))[0]
            for source in (TAIL.source, trusting)
        }
        assert answers == {TAIL.source: b"fork", trusting: b"ok"}
