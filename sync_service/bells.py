"""Hearing what is committed: one sharded channel per partition, each bell carrying a whole step and a counter.

Pub/sub promises nothing: a counter that jumps, or a connection that was lost, means that a step may have been missed.
Signals (a reaction, somebody typing) travel over the same channels, unordered, and are missed without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from sync_service.live_room import LiveRoom
from sync_service.orders import Bell
from sync_service.partition import Partition, Partitions
from sync_service.redis_link import RedisLink, StoreAway
from sync_service.store import RoomStore

SUBSCRIBE_DEADLINE_S: Final = 2.0
_SIGNAL: Final = b"*"  # a bell begins with its counter


class Bells:
    """Subscriptions of this node.

    ``on_missed`` is told of a partition where something may have been missed, ``on_signal`` of a room's signals.
    """

    def __init__(
        self,
        link: RedisLink,
        partitions: Partitions,
        on_missed: Callable[[Partition], None],
        on_signal: Callable[[LiveRoom, bytes], None],
    ) -> None:
        self._link = link
        self._partitions = partitions
        self._on_missed = on_missed
        self._on_signal = on_signal
        link.on_push = self._on_push
        link.on_up.append(self._on_up)
        link.on_down.append(self._on_down)

    async def subscribe(self, partition: Partition) -> None:
        """Hear this partition from now on; returns once the store has confirmed. Raises StoreAway."""
        subscribed = partition.subscribed or self._ask(partition)
        try:
            async with asyncio.timeout(SUBSCRIBE_DEADLINE_S):
                await asyncio.wait([subscribed])
        except TimeoutError:
            raise StoreAway("the store's channel does not answer") from None
        if subscribed.cancelled():
            raise StoreAway("the connection to the store's channel was lost")

    def unsubscribe(self, partition: Partition) -> None:
        """Hear this partition no longer."""
        if partition.subscribed is not None:
            self._link.post("SUNSUBSCRIBE", partition.store.channel)
            partition.subscribed = None
        partition.heard = None

    def _ask(self, partition: Partition) -> asyncio.Future[None]:
        if not self._link.up:
            raise StoreAway("no connection to the store's channel")
        partition.subscribed = asyncio.get_running_loop().create_future()
        self._link.post("SSUBSCRIBE", partition.store.channel)
        return partition.subscribed

    def _on_push(self, push: list[Any]) -> None:
        partition = self._partitions.of_channel(push[1])
        if partition is None:
            return
        if push[0] == b"smessage":
            self._hear(partition, push[2])
        elif push[0] == b"ssubscribe" and partition.subscribed is not None and not partition.subscribed.done():
            partition.subscribed.set_result(None)
            # What was committed before this moment was not heard.
            self._on_missed(partition)

    def signal(self, store: RoomStore, room_id: str, message: bytes) -> None:
        """Bring a signal to the other nodes; lost without a word while the store is away."""
        payload = b"%s%s %s\n%s" % (_SIGNAL, store.node.encode(), room_id.encode(), message)
        with contextlib.suppress(StoreAway):
            store.link.send(_nothing, "SPUBLISH", store.channel, payload)

    def _hear_signal(self, partition: Partition, payload: bytes) -> None:
        head, message = payload[1:].split(b"\n", 1)
        node, room_id = head.decode().split(" ")
        room = partition.rooms.get(room_id)
        if room is not None and node != partition.store.node:
            self._on_signal(room, message)

    def _hear(self, partition: Partition, payload: bytes) -> None:
        if payload.startswith(_SIGNAL):
            self._hear_signal(partition, payload)
            return
        head, *lines = payload.split(b"\n")
        n, hash_, node, room_id, epoch, first_seq, prev_hash = head.decode().split(" ")
        before, partition.heard = partition.heard, (int(n), hash_)
        jumped = before is not None and int(n) != before[0] + 1
        bell = Bell(node, int(epoch), int(first_seq), prev_hash, lines)
        room = partition.rooms.get(room_id)
        if room is not None:
            room.hear(bell)
        elif room_id in partition.early:
            partition.early[room_id].append(bell)
        if jumped:
            self._on_missed(partition)

    def _on_down(self) -> None:
        for partition in self._partitions:
            if partition.subscribed is not None:
                partition.subscribed.cancel()
                partition.subscribed = None
            partition.heard = None

    def _on_up(self) -> None:
        for partition in self._partitions.followed():
            self._ask(partition)


def _nothing(_reply: Any) -> None:
    """Nobody asks whether a signal was heard."""
