"""Catching up: after missed events, on a history that the store does not have, with a store that has lost a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Final

import structlog

from sync_service import metrics
from sync_service.live.live_room import LiveRoom
from sync_service.live.partition import Partition, Partitions
from sync_service.redis_client.client import StoreError
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.state import State
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore

log = structlog.get_logger(__name__)

GAP_S: Final = 0.1  # how long an own step waits for the events before it
HEADS_S: Final = 3.0
IN_TRANSIT_S: Final = 0.1  # how long a notification may take after its commit
RETRY_S: Final = 0.2
ATTEMPTS_BEFORE_REFUSING: Final = 3


class Recovery:
    """See the module. ``on_closed`` receives a room that turned out to be closed, and why."""

    def __init__(
        self,
        shards: Shards,
        partitions: Partitions,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        *,
        on_closed: Callable[[LiveRoom, str], None],
    ) -> None:
        self._shards = shards
        self._partitions = partitions
        self._spawn = spawn
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()

    # --- one room ---

    def resync(self, room: LiveRoom) -> None:
        """Read from the store what the replica lacks, unless that is being done."""
        if not room.syncing:
            room.syncing = True
            self._spawn(self._bring_up(room))

    def gap(self, room: LiveRoom) -> None:
        """Resync if the room's own step still waits for the events before it after GAP_S."""
        self._loop.call_later(GAP_S, self._still_gap, room)

    def _still_gap(self, room: LiveRoom) -> None:
        if room.waits_for_others:
            self.resync(room)

    async def _bring_up(self, room: LiveRoom) -> None:
        for attempt in count():
            try:
                if await self._read(room):
                    return
            except StoreError as error:
                log.info("cannot read a room's log yet", room=room.id, reason=str(error))
                if attempt >= ATTEMPTS_BEFORE_REFUSING:
                    room.commits.refuse_waiting()
            await asyncio.sleep(RETRY_S)

    async def _read(self, room: LiveRoom) -> bool:
        replica = room.replica
        word, rest = await room.store.tail(room.keys, replica.epoch, replica.seq, replica.hash)
        if word == "ok":
            room.caught_up(rest)
            return True
        if word == "closed":
            self._on_closed(room, rest[0].decode())
            return True
        if word == "missing":
            await self.restore(room.store, room.keys, replica.epoch, replica.seq, room.state)
        if word != "trimmed":
            # Also where another epoch has begun: one that is not above this one was restored from an older replica.
            await room.store.raise_epoch(room.keys, replica.epoch, room.state)
        found = await room.store.read(room.keys)
        if found is None:
            return False
        if isinstance(found, str):
            self._on_closed(room, found)
            return True
        log.warning("a room starts over from the store", room=room.id, epoch=found.epoch, seq=found.seq, why=word)
        metrics.snapshots += 1
        room.audience.flush()
        room.replaced(found)
        return True

    async def restore(self, store: RoomStore, keys: RoomKeys, epoch: int, seq: int, state: State) -> None:
        """Bring back a room that the store has lost, from the newest replica that any node offers."""
        while True:
            wait_ms = await store.offer(keys, epoch, seq, state)
            if wait_ms is None:
                return
            await asyncio.sleep(wait_ms / 1000 + 0.01)

    # --- all rooms of a partition ---

    def resync_all(self, partition: Partition) -> None:
        """Resync every room of a partition, because a notification was missed."""
        for room in partition.rooms.values():
            metrics.gaps += 1
            self.resync(room)

    async def compare_heads(self) -> None:
        """Compare every HEADS_S with each partition's head in the store: one read, whatever the number of rooms."""

        async def compare(shard: Shard) -> None:
            followed = [partition for partition in self._partitions.at(shard) if partition.rooms]
            behind = await asyncio.gather(*(self._is_behind(partition) for partition in followed))
            for partition, is_behind in zip(followed, behind, strict=True):
                if is_behind:
                    self.resync_all(partition)

        await self._shards.rounds(HEADS_S, compare)

    async def _is_behind(self, partition: Partition) -> bool:
        before = partition.head
        n, hash_ = await partition.store.link.call("HMGET", partition.store.head, "n", "hash")
        head = (0, "") if n is None else (int(n), hash_.decode())
        if before is None:
            partition.head = partition.head or head
            return False
        if head[0] > before[0]:
            await asyncio.sleep(IN_TRANSIT_S)
            missed = partition.head is not None and partition.head[0] < head[0]
        else:
            # A counter that fell, or another step under the same number: the store has lost steps that we have.
            missed = head != before
        if missed:
            partition.head = head
        return missed
