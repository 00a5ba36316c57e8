"""One partition on this node: its rooms, and how far its bell was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sync_service.live.live_room import LiveRoom
from sync_service.live.orders import Bell
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store.room_store import RoomStore


class Partition:
    """``heard`` is (counter, last event's hash) of the last bell, None before the first."""

    def __init__(self, number: int, shard: Shard, node: str) -> None:
        self.number = number
        self.store = RoomStore(shard, number, node)
        self.rooms: dict[str, LiveRoom] = {}
        self.loading: dict[str, asyncio.Task[LiveRoom | None]] = {}
        self.opening: dict[str, asyncio.Task[str | None]] = {}
        # What is heard of a room between subscribing and having read it.
        self.early: dict[str, list[Bell]] = {}
        self.heard: tuple[int, str] | None = None
        self.subscribed: asyncio.Future[None] | None = None

    @property
    def shard(self) -> Shard:
        """Who serves it now."""
        return self.store.shard

    @property
    def wanted(self) -> bool:
        """Whether anything here follows what happens in it."""
        return bool(self.rooms or self.loading)

    def now_ms(self) -> float:
        """Give the present moment by its shard's clock."""
        return self.store.shard.clock.now_ms()


class Partitions:
    """Those of this node, by number and by channel."""

    def __init__(self, shards: Shards, node: str) -> None:
        self._shards = shards
        self._node = node
        self._by_number: dict[int, Partition] = {}
        self.by_channel: dict[bytes, Partition] = {}  # the one whose events a channel carries

    def __getitem__(self, number: int) -> Partition:
        partition = self._by_number.get(number)
        if partition is None:
            partition = self._by_number[number] = Partition(number, self._shards.of(number), self._node)
            self.by_channel[partition.store.channel] = partition
        return partition

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._by_number.values())

    def at(self, shard: Shard) -> list[Partition]:
        """Give those that a shard serves now."""
        return [partition for partition in self._by_number.values() if partition.shard is shard]

    def rooms(self) -> list[LiveRoom]:
        """Give all rooms here."""
        return [room for partition in self._by_number.values() for room in partition.rooms.values()]
