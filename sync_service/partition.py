"""One partition on this node: its rooms, and how far its bell was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sync_service.live_room import LiveRoom
from sync_service.orders import Bell
from sync_service.redis_link import RedisLink
from sync_service.store import RoomStore


class Partition:
    """``heard`` is (counter, last event's hash) of the last bell, None before the first."""

    def __init__(self, number: int, link: RedisLink, node: str) -> None:
        self.number = number
        self.store = RoomStore(link, number, node)
        self.rooms: dict[str, LiveRoom] = {}
        self.loading: dict[str, asyncio.Task[LiveRoom | None]] = {}
        # What is heard of a room between subscribing and having read it.
        self.early: dict[str, list[Bell]] = {}
        self.heard: tuple[int, str] | None = None
        self.subscribed: asyncio.Future[None] | None = None


class Partitions:
    """Those of this node, by number and by channel."""

    def __init__(self, link: RedisLink, node: str) -> None:
        self._link = link
        self._node = node
        self._by_number: dict[int, Partition] = {}
        self._by_channel: dict[bytes, Partition] = {}

    def __getitem__(self, number: int) -> Partition:
        partition = self._by_number.get(number)
        if partition is None:
            partition = self._by_number[number] = Partition(number, self._link, self._node)
            self._by_channel[partition.store.channel] = partition
        return partition

    def of_channel(self, channel: bytes) -> Partition | None:
        """Give the partition whose events this channel carries."""
        return self._by_channel.get(channel)

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._by_number.values())

    def followed(self) -> list[Partition]:
        """Give those that have rooms here."""
        return [partition for partition in self._by_number.values() if partition.rooms]

    def rooms(self) -> list[LiveRoom]:
        """Give all rooms here."""
        return [room for partition in self._by_number.values() for room in partition.rooms.values()]
