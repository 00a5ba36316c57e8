"""The way out to the archive: each partition's journal goes to RabbitMQ, by one node at a time, and nothing is lost.

A lease makes one node the relay of a partition. An entry is deleted only once the broker has confirmed it; one that
is published twice has the same id. While RabbitMQ is away the journal keeps.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import orjson
import structlog

from shared.broker import Broker, NotConfirmed, Unroutable, cancelled
from shared.events import Event
from sync_service import metrics
from sync_service.redis_client.client import OutcomeUnknown, RedisError, StoreAway
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store import redis_keys
from sync_service.store.changes import data_of
from sync_service.store.records import read_event
from sync_service.store.scripts import RELAY

log = structlog.get_logger(__name__)

LOOK_S: Final = 0.25  # at partitions in which something has just happened here
LOOK_AT_ALL_S: Final = 1.0  # at the others too, whose node may be gone or not be their relay
BATCH: Final = 200
LEASE_MS: Final = 10_000
PAUSE_FIRST_S: Final = 0.25
PAUSE_MOST_S: Final = 5.0  # within the lease, so that the relay stays where it is


class Journal:
    """Relays what the partitions' journals hold; ``stirred`` are those in which something happens on this node."""

    def __init__(self, shards: Shards, broker: Broker, node: str, stirred: set[int]) -> None:
        self._shards = shards
        self._broker = broker
        self._node = node
        self._stirred = stirred
        self._looked_s: dict[Shard, float] = {}
        self._relays: dict[int, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to relay."""
        self._task = asyncio.create_task(self._shards.rounds(LOOK_S, self._look), name="journal")

    async def close(self) -> None:
        """Stop; what was not confirmed stays in the journal."""
        for task in (*self._relays.values(), *([self._task] if self._task is not None else [])):
            await cancelled(task)

    async def _look(self, shard: Shard) -> None:
        """Have each partition relayed that has something to tell, or may have."""
        numbers = shard.partitions
        stirred = self._stirred.intersection(numbers)
        self._stirred -= stirred
        now_s = time.monotonic()
        if now_s >= self._looked_s.get(shard, 0.0) + LOOK_AT_ALL_S:
            self._looked_s[shard] = now_s
            lengths = await shard.link.call_each([("XLEN", redis_keys.partition(n, "journal")) for n in numbers])
            metrics.journal_backlog.update(zip(numbers, lengths, strict=True))
            stirred.update(number for number, length in zip(numbers, lengths, strict=True) if length)
        if self._broker.connected:
            for number in stirred:
                self._start(number)

    def _start(self, number: int) -> None:
        if number not in self._relays:
            self._relays[number] = asyncio.create_task(self._relay(number), name=f"journal p{number}")
            self._relays[number].add_done_callback(partial(self._ended, number))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        del self._relays[number]
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, _AWAY):
            log.info("the journal waits for the store", partition=number, reason=str(error))
        elif error is not None:
            log.error("a journal's relay failed", partition=number, exc_info=error)

    async def _relay(self, number: int) -> None:
        """Publish what there is, batch by batch, as long as this node is the partition's relay."""
        journal, relay = redis_keys.partition(number, "journal"), redis_keys.partition(number, "relay")
        pause_s = PAUSE_FIRST_S
        while True:
            # The partition may move to another shard between two batches.
            link = self._shards.of(number).link
            entries = await RELAY.call(link, 2, relay, journal, self._node, LEASE_MS, BATCH)
            if not entries:
                return
            results = await asyncio.gather(
                *(self._broker.publish(event_of(id_, fields)) for id_, fields in entries), return_exceptions=True
            )
            confirmed = [id_ for (id_, _), result in zip(entries, results, strict=True) if result is None]
            if confirmed:
                await link.call("XDEL", journal, *confirmed)
                pause_s = PAUSE_FIRST_S
            reason = next((result for result in results if result is not None), None)
            if reason is not None:
                if not isinstance(reason, NotConfirmed | Unroutable):
                    raise reason
                waiting = len(entries) - len(confirmed)
                log.warning("the journal waits", partition=number, entries=waiting, reason=str(reason))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MOST_S)


def event_of(id_: bytes, fields: list[bytes]) -> Event:
    """Give the broker event of a journal entry; it is valid by construction (store/changes.py)."""
    entry = dict(zip(fields[::2], fields[1::2], strict=True))
    room, epoch, seq = entry[b"room"].decode(), int(entry[b"epoch"]), int(entry[b"seq"])
    kept: dict[str, Any] = orjson.loads(entry[b"data"])
    # What has a type is the room's own event.
    told = data_of(read_event(kept)) if "type" in kept else kept
    data: dict[str, Any] = {"room_id": room, "epoch": epoch, "seq": seq, **told}
    time = datetime.fromtimestamp(int(id_.split(b"-")[0]) / 1000, UTC)
    return Event(f"{room}:{epoch}:{seq}", entry[b"type"].decode(), room, data, time, "sync_service")


_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)
