"""Catching up: with events that were missed, with a history that is not ours, with a store that has lost a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final

import structlog

from sync_service import metrics
from sync_service.live.live_room import LiveRoom
from sync_service.live.partition import Partition, Partitions
from sync_service.redis_client.client import OutcomeUnknown, RedisError, StoreAway
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.state import State
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore

log = structlog.get_logger(__name__)

HEADS_S: Final = 3.0
BELL_ON_ITS_WAY_S: Final = 0.1
RETRY_S: Final = 0.2
PATIENCE: Final = 3  # attempts after which those whose commands wait are told to try again
_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)


class Recovery:
    """See the module. ``on_closed`` is told of a room that turned out to be closed."""

    def __init__(
        self,
        shards: Shards,
        partitions: Partitions,
        on_closed: Callable[[LiveRoom, str], None],
    ) -> None:
        self._shards = shards
        self._partitions = partitions
        self._on_closed = on_closed

    async def bring_up(self, room: LiveRoom) -> None:
        """Read what the copy lacks until it has all; ``room.syncing`` is set by the caller."""
        for attempt in count():
            try:
                if await self._read(room):
                    return
            except _AWAY as error:
                log.info("cannot read a room's log yet", room=room.id, reason=str(error))
                if attempt >= PATIENCE:
                    room.refuse_waiting()
            await asyncio.sleep(RETRY_S)

    async def _read(self, room: LiveRoom) -> bool:
        word, rest = await room.store.tail(room.keys, room.copy.epoch, room.copy.seq, room.copy.hash)
        if word == "ok":
            room.caught_up(rest)
            return True
        if word == "closed":
            self._on_closed(room, rest[0].decode())
            return True
        if word == "missing":
            await self.restore(room.store, room.keys, room.copy.epoch, room.copy.seq, room.state)
        if word != "trimmed":
            # Also where another epoch has begun: one that is not above this one was brought back from an older copy.
            await room.store.raise_epoch(room.keys, room.copy.epoch, room.state)
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

    async def restore(self, store: RoomStore, names: RoomKeys, epoch: int, seq: int, state: State) -> None:
        """Have a room that the store has lost come back from the newest copy that anyone offers."""
        while True:
            wait_ms = await store.offer(names, epoch, seq, state)
            if wait_ms is None:
                return
            await asyncio.sleep(wait_ms / 1000 + 0.01)

    async def compare_heads(self, on_missed: Callable[[Partition], None]) -> None:
        """Every few seconds ask each partition how far it is: one read, whatever the number of rooms."""

        async def compare(shard: Shard) -> None:
            followed = [partition for partition in self._partitions.at(shard) if partition.rooms]
            for partition in await asyncio.gather(*(self._behind(partition) for partition in followed)):
                if partition is not None:
                    on_missed(partition)

        await self._shards.rounds(HEADS_S, compare)

    async def _behind(self, partition: Partition) -> Partition | None:
        before = partition.heard
        n, hash_ = await partition.store.link.call("HMGET", partition.store.head, "n", "hash")
        head = (0, "") if n is None else (int(n), hash_.decode())
        if before is None:
            partition.heard = partition.heard or head
            return None
        if head[0] > before[0]:
            await asyncio.sleep(BELL_ON_ITS_WAY_S)
            missed = partition.heard is not None and partition.heard[0] < head[0]
        else:
            # A counter that fell, or another step under the same number: the store has lost what we have heard.
            missed = head != before
        if missed:
            partition.heard = head
        return partition if missed else None
