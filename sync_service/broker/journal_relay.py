"""Relays each partition's journal to RabbitMQ for the archive: one node at a time, and nothing is lost.

A lease makes one node the relay of a partition. An entry is deleted only once the broker has confirmed it; one that is
published twice has the same id. While RabbitMQ is away the journal grows.
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
from shared.events.envelope import Event
from sync_service import metrics
from sync_service.redis_client.client import StoreError
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store import redis_keys
from sync_service.store.changes import data_of
from sync_service.store.records import read_event
from sync_service.store.scripts import RELAY

log = structlog.get_logger(__name__)

LOOK_S: Final = 0.25  # at the partitions with events on this node
LOOK_AT_ALL_S: Final = 1.0  # at the others too, whose node may have died or not be their relay
BATCH: Final = 200
LEASE_MS: Final = 10_000
PAUSE_FIRST_S: Final = 0.25
PAUSE_MOST_S: Final = 5.0  # within the lease, so that the relay stays on its node


class JournalRelay:
    """See the module. ``active`` are the numbers of partitions with events on this node; it takes them out."""

    def __init__(self, shards: Shards, broker: Broker, node: str, active: set[int]) -> None:
        self._shards = shards
        self._broker = broker
        self._node = node
        self._active = active
        self._looked_s: dict[Shard, float] = {}
        self._relays: dict[int, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to relay."""
        self._task = asyncio.create_task(self._shards.rounds(LOOK_S, self._look), name="journal")

    async def close(self) -> None:
        """Stop; entries that were not confirmed stay in the journal."""
        for task in (*self._relays.values(), *([self._task] if self._task is not None else [])):
            await cancelled(task)

    async def _look(self, shard: Shard) -> None:
        """Start a relay for each partition whose journal has entries, or may have."""
        numbers = shard.partitions
        active = self._active.intersection(numbers)
        self._active -= active
        now_s = time.monotonic()
        if now_s >= self._looked_s.get(shard, 0.0) + LOOK_AT_ALL_S:
            self._looked_s[shard] = now_s
            lengths = await shard.link.call_each([("XLEN", redis_keys.partition(n, "journal")) for n in numbers])
            metrics.journal_backlog.update(zip(numbers, lengths, strict=True))
            active.update(number for number, length in zip(numbers, lengths, strict=True) if length)
        if self._broker.connected:
            for number in active:
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
        if isinstance(error, StoreError):
            log.info("the journal waits for the store", partition=number, reason=str(error))
        elif error is not None:
            log.error("a journal's relay failed", partition=number, exc_info=error)

    async def _relay(self, number: int) -> None:
        """Publish the journal, batch by batch, as long as this node is the partition's relay."""
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
    """Return the broker event of a journal entry, which is valid by construction (store/changes.py)."""
    entry = dict(zip(fields[::2], fields[1::2], strict=True))
    room, epoch, seq = entry[b"room"].decode(), int(entry[b"epoch"]), int(entry[b"seq"])
    stored: dict[str, Any] = orjson.loads(entry[b"data"])
    # With a type it is the room's event itself, else the broker event's data.
    fields_of_event = data_of(read_event(stored)) if "type" in stored else stored
    data: dict[str, Any] = {"room_id": room, "epoch": epoch, "seq": seq, **fields_of_event}
    time = datetime.fromtimestamp(int(id_.split(b"-")[0]) / 1000, UTC)
    # The place in the room's history names its events; what no step has made shares the place of the one before it.
    event_id = entry[b"id"].decode() if b"id" in entry else f"{room}:{epoch}:{seq}"
    return Event(event_id, entry[b"type"].decode(), room, data, time, "sync_service")
