"""Hearing what is committed: one sharded channel per partition, each bell carrying a whole step and a counter.

Pub/sub promises nothing: a counter that jumps, or a connection that was lost, means that a step may have been missed.
Signals (a reaction, somebody typing) travel over the same channels, unordered, and are missed without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sync_service.live.live_room import LiveRoom
from sync_service.live.orders import Bell
from sync_service.live.partition import Partition, Partitions
from sync_service.redis_client.client import StoreAway
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store.room_store import RoomStore

SUBSCRIBE_DEADLINE_S: Final = 2.0
RETRY_S: Final = 0.2
_SIGNAL: Final = b"*"  # a bell begins with its counter


class Bells:
    """Subscriptions of this node.

    ``on_missed`` is told of a partition where something may have been missed, ``on_signal`` of a room's signals.
    """

    def __init__(
        self,
        shards: Shards,
        partitions: Partitions,
        on_missed: Callable[[Partition], None],
        on_signal: Callable[[LiveRoom, bytes], None],
    ) -> None:
        self._shards = shards
        self._partitions = partitions
        self._on_missed = on_missed
        self._on_signal = on_signal
        self._loop = asyncio.get_running_loop()
        shards.watch(self._watch)

    def _watch(self, shard: Shard) -> None:
        shard.link.on_push = self._on_push
        shard.link.on_unheard = partial(self._on_unheard, shard)
        shard.link.on_up.append(partial(self._on_up, shard))
        shard.link.on_down.append(partial(self._on_down, shard))

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
            partition.store.link.unsubscribe(partition.store.channel)
        self._forget(partition)

    def moved(self, partition: Partition, before: Shard) -> None:
        """Hear a partition where it is served now."""
        if partition.subscribed is not None:
            before.link.unsubscribe(partition.store.channel)
        self._forget(partition)
        self._ask_again(partition)

    def _ask(self, partition: Partition) -> asyncio.Future[None]:
        subscribed: asyncio.Future[None] = self._loop.create_future()

        def answered(reply: Exception | None) -> None:
            if partition.subscribed is not subscribed:
                return
            if reply is None:
                subscribed.set_result(None)
                # What was committed before this moment was not heard.
                self._on_missed(partition)
            else:
                self._lost(partition)

        partition.store.link.subscribe(partition.store.channel, answered)
        partition.subscribed = subscribed
        return subscribed

    def _ask_again(self, partition: Partition) -> None:
        if partition.wanted and partition.subscribed is None and partition.store.link.up:
            self._ask(partition)

    def _lost(self, partition: Partition) -> None:
        """The store hears us no longer, without the connection being lost: the partition goes to another shard."""
        self._forget(partition)
        self._shards.doubt()
        self._loop.call_later(RETRY_S, self._ask_again, partition)

    def _forget(self, partition: Partition) -> None:
        if partition.subscribed is not None:
            partition.subscribed.cancel()
            partition.subscribed = None
        partition.heard = None

    def _on_push(self, push: list[Any]) -> None:
        partition = self._partitions.by_channel.get(push[1])
        if partition is not None:
            self._hear(partition, push[2])

    def _on_unheard(self, shard: Shard, channel: bytes) -> None:
        partition = self._partitions.by_channel.get(channel)
        if partition is not None and partition.shard is shard and partition.subscribed is not None:
            self._lost(partition)

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
        end = payload.index(b"\n")
        n, hash_, node, room_id, step = payload[:end].decode().split(" ", 4)
        count = int(n)
        before, partition.heard = partition.heard, (count, hash_)
        room = partition.rooms.get(room_id)
        if room is not None:
            # The answer to one's own step comes next, over the same connection, and says the same.
            if node != partition.store.node or not room.in_flight:
                room.hear(_bell(node, step, payload[end + 1 :]))
        elif room_id in partition.early:
            partition.early[room_id].append(_bell(node, step, payload[end + 1 :]))
        if before is not None and count != before[0] + 1:
            self._on_missed(partition)

    def _on_down(self, shard: Shard) -> None:
        for partition in self._partitions.at(shard):
            self._forget(partition)

    def _on_up(self, shard: Shard) -> None:
        for partition in self._partitions.at(shard):
            self._ask_again(partition)


def _bell(node: str, step: str, lines: bytes) -> Bell:
    epoch, first_seq, prev_hash = step.split(" ")
    return Bell(node, int(epoch), int(first_seq), prev_hash, lines.split(b"\n"))


def _nothing(_reply: Any) -> None:
    """Nobody asks whether a signal was heard."""
