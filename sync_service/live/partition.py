"""One partition on this node: its rooms, and the last notification received of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sync_service.live.live_room import LiveRoom, Notification
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store.room_store import RoomStore


class Partition:
    """``head`` is (counter, last event's hash) of the last notification, None before the first.

    ``loading`` and ``opening`` are the reads and creations of rooms under way, ``early`` the notifications received
    between subscribing and reading a room. ``subscribed`` is done once the store has confirmed. ``ended`` are the
    sessions of the API that were ended just now, ``ended_ms`` when the store was last asked for them, by its clock.
    """

    def __init__(self, number: int, shard: Shard, node: str) -> None:
        self.number = number
        self.store = RoomStore(shard, number, node)
        self.rooms: dict[str, LiveRoom] = {}
        self.loading: dict[str, asyncio.Task[LiveRoom | None]] = {}
        self.opening: dict[str, asyncio.Task[str | None]] = {}
        self.early: dict[str, list[Notification]] = {}
        self.head: tuple[int, str] | None = None
        self.subscribed: asyncio.Future[None] | None = None
        self.ended: frozenset[str] = frozenset()
        self.ended_ms = 0

    @property
    def shard(self) -> Shard:
        """The shard that serves it now."""
        return self.store.shard

    @property
    def followed(self) -> bool:
        """Whether any room of it is followed here, or about to be."""
        return bool(self.rooms or self.loading)

    def now_ms(self) -> float:
        """Return the time by its shard's clock, in ms."""
        return self.store.shard.clock.now_ms()


class Partitions:
    """The partitions in use on this node, by number and by channel."""

    def __init__(self, shards: Shards, node: str) -> None:
        self._shards = shards
        self._node = node
        self._by_number: dict[int, Partition] = {}
        self.by_channel: dict[bytes, Partition] = {}

    def __getitem__(self, number: int) -> Partition:
        partition = self._by_number.get(number)
        if partition is None:
            partition = self._by_number[number] = Partition(number, self._shards.of(number), self._node)
            self.by_channel[partition.store.channel] = partition
        return partition

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._by_number.values())

    def at(self, shard: Shard) -> list[Partition]:
        """Return the partitions that a shard serves now."""
        return [partition for partition in self._by_number.values() if partition.shard is shard]
