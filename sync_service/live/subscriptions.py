"""Notifications of commits: one sharded channel per partition, each message carrying a whole step and a counter.

Pub/sub promises nothing: a jump of the counter, or a lost connection, means that a step may have been missed. Signals
(a reaction, typing) travel over the same channels, unordered; nothing repairs a missed one. So do the sessions of the
API that were ended; of a missed one each node reads in its next sweep (live/presence.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sync_service.live.live_room import LiveRoom, Notification
from sync_service.live.partition import Partition, Partitions
from sync_service.redis_client.client import StoreAway
from sync_service.redis_client.shards import Shard, Shards
from sync_service.store.room_store import RoomStore

SUBSCRIBE_DEADLINE_S: Final = 2.0
RETRY_S: Final = 0.2
_SIGNAL: Final = b"*"  # a notification begins with its counter
_ENDED: Final = b"-"  # as end_sessions.lua writes it


class Subscriptions:
    """The channels that this node follows.

    ``on_missed`` receives a partition of which a notification may have been missed, ``on_signal`` a room and a signal,
    ``on_ended`` a partition and sessions of the API that were ended.
    """

    def __init__(
        self,
        shards: Shards,
        partitions: Partitions,
        *,
        on_missed: Callable[[Partition], None],
        on_signal: Callable[[LiveRoom, bytes], None],
        on_ended: Callable[[Partition, frozenset[str]], None],
    ) -> None:
        self._shards = shards
        self._partitions = partitions
        self._on_missed = on_missed
        self._on_signal = on_signal
        self._on_ended = on_ended
        self._loop = asyncio.get_running_loop()
        shards.watch(self._watch)

    def _watch(self, shard: Shard) -> None:
        shard.link.on_push.append(self._pushed)
        shard.link.on_unsubscribed.append(partial(self._unsubscribed, shard))
        shard.link.on_up.append(partial(self._up, shard))
        shard.link.on_down.append(partial(self._down, shard))

    # --- subscribing ---

    async def subscribe(self, partition: Partition) -> None:
        """Follow a partition's channel; returns once the store has confirmed. Raises StoreAway."""
        subscribed = partition.subscribed or self._ask(partition)
        try:
            async with asyncio.timeout(SUBSCRIBE_DEADLINE_S):
                await asyncio.wait([subscribed])
        except TimeoutError:
            raise StoreAway("the store does not confirm a subscription") from None
        if subscribed.cancelled():
            raise StoreAway("the connection to the store was lost before it confirmed a subscription")

    def unsubscribe(self, partition: Partition) -> None:
        """Stop following a partition's channel."""
        if partition.subscribed is not None:
            partition.store.link.unsubscribe(partition.store.channel)
        self._forget(partition)

    def moved(self, partition: Partition, before: Shard) -> None:
        """Follow a partition's channel at the shard that serves it now."""
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
                # Nothing was received of what was committed before this moment.
                self._on_missed(partition)
            else:
                self._lost(partition)

        partition.store.link.subscribe(partition.store.channel, answered)
        partition.subscribed = subscribed
        return subscribed

    def _ask_again(self, partition: Partition) -> None:
        if partition.followed and partition.subscribed is None and partition.store.link.up:
            self._ask(partition)

    def _lost(self, partition: Partition) -> None:
        """Subscribe again: the store has dropped the channel but not the connection, so another shard may serve it."""
        self._forget(partition)
        self._shards.invalidate()
        self._loop.call_later(RETRY_S, self._ask_again, partition)

    def _forget(self, partition: Partition) -> None:
        if partition.subscribed is not None:
            partition.subscribed.cancel()
            partition.subscribed = None
        partition.head = None

    def _unsubscribed(self, shard: Shard, channel: bytes) -> None:
        partition = self._partitions.by_channel.get(channel)
        if partition is not None and partition.shard is shard and partition.subscribed is not None:
            self._lost(partition)

    def _down(self, shard: Shard) -> None:
        for partition in self._partitions.at(shard):
            self._forget(partition)

    def _up(self, shard: Shard) -> None:
        for partition in self._partitions.at(shard):
            self._ask_again(partition)

    # --- receiving ---

    def _pushed(self, push: list[Any]) -> None:
        partition = self._partitions.by_channel.get(push[1])
        if partition is None:
            return
        payload: bytes = push[2]
        if payload.startswith(_SIGNAL):
            self._receive_signal(partition, payload)
        elif payload.startswith(_ENDED):
            sids = frozenset(payload[1:].decode().split(" "))
            self._on_ended(partition, partition.ended | sids)
        else:
            self._receive(partition, payload)

    def _receive(self, partition: Partition, payload: bytes) -> None:
        """Take a notification: "<counter> <hash> <node> <room> <epoch> <first seq> <prev hash>" and the log's lines."""
        end = payload.index(b"\n")
        n, hash_, node, room_id, step = payload[:end].decode().split(" ", 4)
        counter = int(n)
        before, partition.head = partition.head, (counter, hash_)
        room = partition.rooms.get(room_id)
        if room is not None:
            # The answer to an own step comes next, over the same connection, and says the same.
            if node != partition.store.node or not room.commits.in_flight:
                room.receive(_notification(node, step, payload[end + 1 :]))
        elif room_id in partition.early:
            partition.early[room_id].append(_notification(node, step, payload[end + 1 :]))
        if before is not None and counter != before[0] + 1:
            self._on_missed(partition)

    # --- signals ---

    def signal(self, store: RoomStore, room_id: str, message: bytes) -> None:
        """Publish a signal to the other nodes; it is dropped while the store is away."""
        payload = b"%s%s %s\n%s" % (_SIGNAL, store.node.encode(), room_id.encode(), message)
        with contextlib.suppress(StoreAway):
            store.link.send(_ignore, "SPUBLISH", store.channel, payload)

    def _receive_signal(self, partition: Partition, payload: bytes) -> None:
        head, message = payload[1:].split(b"\n", 1)
        node, room_id = head.decode().split(" ")
        room = partition.rooms.get(room_id)
        if room is not None and node != partition.store.node:
            self._on_signal(room, message)


def _notification(node: str, step: str, lines: bytes) -> Notification:
    epoch, first_seq, prev_hash = step.split(" ")
    return Notification(node, int(epoch), int(first_seq), prev_hash, lines.split(b"\n"))


def _ignore(_reply: Any) -> None:
    """Ignore how many nodes a signal reached."""
