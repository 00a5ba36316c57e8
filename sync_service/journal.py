"""The way out to the archive: each partition's journal goes to RabbitMQ, by one node at a time, and nothing is lost.

A lease makes one node the relay of a partition. An entry is deleted only once the broker has confirmed it; one that
is published twice has the same id. While RabbitMQ is away the journal keeps.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog

from shared.broker import Broker, NotConfirmed, Unroutable
from shared.events import Event
from sync_service import keys, metrics
from sync_service.redis_link import OutcomeUnknown, RedisError, RedisLink, StoreAway
from sync_service.store import RELAY

log = structlog.get_logger(__name__)

POLL_S: Final = 0.25
BATCH: Final = 200
LEASE_MS: Final = 10_000
PAUSE_S: Final = 1.0


class Journal:
    """Relays what the partitions' journals hold."""

    def __init__(self, link: RedisLink, broker: Broker, node: str, partitions: int) -> None:
        self._link = link
        self._broker = broker
        self._node = node
        self._partitions = partitions
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to relay."""
        self._task = asyncio.create_task(self._run(), name="journal")

    async def close(self) -> None:
        """Stop; what was not confirmed stays in the journal."""
        for task in (*self._tasks, *([self._task] if self._task is not None else [])):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if not self._broker.connected or not self._link.up:
                continue
            numbers = [number for number in range(self._partitions) if number not in self._busy]
            try:
                lengths = await asyncio.gather(
                    *(self._link.call("XLEN", keys.partition(number, "journal")) for number in numbers)
                )
            except _AWAY:
                continue
            for number, length in zip(numbers, lengths, strict=True):
                metrics.journal_backlog[number] = length
                if length:
                    self._busy.add(number)
                    task = asyncio.create_task(self._relay(number), name=f"journal p{number}")
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _relay(self, number: int) -> None:
        """Publish what there is, batch by batch, as long as this node is the partition's relay."""
        journal, relay = keys.partition(number, "journal"), keys.partition(number, "relay")
        try:
            while True:
                entries = await RELAY.call(self._link, 2, relay, journal, self._node, LEASE_MS, BATCH)
                if not entries:
                    return
                results = await asyncio.gather(
                    *(self._broker.publish(event_of(id_, fields)) for id_, fields in entries), return_exceptions=True
                )
                done = [id_ for (id_, _), result in zip(entries, results, strict=True) if result is None]
                if done:
                    await self._link.call("XDEL", journal, *done)
                if len(done) < len(entries):
                    reason = next(result for result in results if result is not None)
                    if not isinstance(reason, NotConfirmed | Unroutable):
                        raise reason
                    log.warning(
                        "the journal waits", partition=number, entries=len(entries) - len(done), reason=str(reason)
                    )
                    await asyncio.sleep(PAUSE_S)
                    return
        except _AWAY as error:
            log.info("the journal waits for the store", partition=number, reason=str(error))
        finally:
            self._busy.discard(number)


def event_of(id_: bytes, fields: list[bytes]) -> Event:
    """Give the broker event of a journal entry; it is valid by construction (journal_entries.py)."""
    entry = dict(zip(fields[::2], fields[1::2], strict=True))
    room, epoch, seq = entry[b"room"].decode(), int(entry[b"epoch"]), int(entry[b"seq"])
    data: dict[str, Any] = {"room_id": room, "epoch": epoch, "seq": seq, **orjson.loads(entry[b"data"])}
    time = datetime.fromtimestamp(int(id_.split(b"-")[0]) / 1000, UTC)
    return Event(f"{room}:{epoch}:{seq}", entry[b"type"].decode(), room, data, time, "sync_service")


_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)
