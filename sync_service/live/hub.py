"""The rooms that this node follows: opened on demand, delivered to the sockets here, dropped when nobody is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from sync_service import metrics
from sync_service.delivery.frames import text_frame
from sync_service.live.live_room import LiveRoom, Notification, RoomClosed
from sync_service.live.partition import Partition, Partitions
from sync_service.live.reactions import Reactions
from sync_service.live.recovery import Recovery
from sync_service.live.subscriptions import Subscriptions
from sync_service.live.timers import Timers
from sync_service.live.turn import Turn
from sync_service.live.welcome import snapshot
from sync_service.redis_client.clock import JUMP_MS, PartitionClock
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.events import (
    Closed,
    FilmChanged,
    MemberChanged,
    MemberLeft,
    MessageDeleted,
    Muted,
    PlaybackChanged,
    Rebased,
    Said,
)
from sync_service.room.state import State
from sync_service.store.records import Record
from sync_service.store.redis_keys import RoomKeys

log = structlog.get_logger(__name__)

T = TypeVar("T")

UNLOAD_AFTER_S: Final = 30.0


class Hub:
    """See the module.

    ``on_left`` runs with each member who has left, ``on_closed`` with each room that is closed and why, ``on_snapshot``
    with each room that has started over, all of them after the events were applied here. ``on_sessions_ended`` runs
    with sessions of the API that were ended, some of them more than once. ``active`` are the numbers of the partitions
    with events on this node since the journal relay last took them out.
    """

    def __init__(self, shards: Shards, node: str) -> None:
        self.node = node
        self.partitions = Partitions(shards, node)
        self.turn = Turn()
        self.active: set[int] = set()
        self.on_left: list[Callable[[LiveRoom, MemberLeft], None]] = []
        self.on_closed: list[Callable[[LiveRoom, str], None]] = []
        self.on_snapshot: list[Callable[[LiveRoom], None]] = []
        self.on_sessions_ended: list[Callable[[frozenset[str]], None]] = []
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers = Timers()
        self.reactions = Reactions(self.spawn)
        self._recovery = Recovery(shards, self.partitions, self.spawn, on_closed=self._closed)
        self._subscriptions = Subscriptions(
            shards,
            self.partitions,
            on_missed=self._recovery.resync_all,
            on_signal=self._deliver_signal,
            on_ended=self.sessions_ended,
        )
        shards.watch(self._watch_shard)
        shards.on_layout.append(self._layout_changed)

    async def start(self) -> None:
        """Begin to compare heads with the store."""
        self.spawn(self._recovery.compare_heads())

    async def close(self) -> None:
        """Append the reactions that were counted to the journal, and cancel the tasks that still run."""
        await self.reactions.flush()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- rooms ---

    async def enter(
        self, number: int, room_id: str, opening: State | None = None, restore: tuple[int, int] | None = None
    ) -> LiveRoom | None:
        """Return the live room, followed from now on; one that is missing is created from ``opening``.

        With ``restore`` (epoch, seq) the room lived before, and ``opening`` counts only if no node has a newer replica.
        None where there is no such room. Raises RoomClosed or StoreError.
        """
        partition = self.partitions[number]
        room = partition.rooms.get(room_id)
        if room is not None:
            return room
        room = await _shared(partition.loading, room_id, partial(self._load, partition, room_id))
        if room is None and opening is not None:
            keys = RoomKeys.of(number, room_id)
            if restore is not None:
                await self._recovery.restore(partition.store, keys, *restore, opening)
            else:
                await _shared(partition.opening, room_id, partial(partition.store.open, keys, 1, 0, opening))
            return await self.enter(number, room_id)
        return room

    async def _load(self, partition: Partition, room_id: str) -> LiveRoom | None:
        early: list[Notification] = []
        partition.early[room_id] = early
        try:
            await self._subscriptions.subscribe(partition)
            found = await partition.store.read(RoomKeys.of(partition.number, room_id))
        finally:
            del partition.early[room_id]
        if isinstance(found, str):
            raise RoomClosed(found)
        if found is None:
            return None
        if found.state.closed is not None:
            raise RoomClosed(found.state.closed)
        room = LiveRoom(room_id, partition.store, found, self, partition.now_ms)
        partition.rooms[room_id] = room
        metrics.rooms += 1
        for notification in early:
            room.receive(notification)
        self._timers.schedule(room)
        self._unload_later(room)
        return room

    def _unload_later(self, room: LiveRoom) -> None:
        self._loop.call_later(UNLOAD_AFTER_S, self._unload, room)

    def _unload(self, room: LiveRoom) -> None:
        partition = self.partitions[room.store.number]
        if partition.rooms.get(room.id) is not room:
            return
        if room.audience.sockets or room.connected_here or not room.idle:
            self._unload_later(room)
            return
        self._drop(room)

    def _drop(self, room: LiveRoom) -> None:
        partition = self.partitions[room.store.number]
        if partition.rooms.pop(room.id, None) is None:
            return
        metrics.rooms -= 1
        if not partition.rooms and not partition.loading:
            self._subscriptions.unsubscribe(partition)

    def _closed(self, room: LiveRoom, reason: str) -> None:
        room.audience.flush()
        for on_closed in self.on_closed:
            on_closed(room, reason)
        self._drop(room)

    # --- what a room needs of its node (live_room.Feed) ---

    def ready(self, room: LiveRoom) -> None:
        """Have the room's commands committed when the turn ends."""
        self.turn.commit(room)

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """Deliver events to the sockets here, and do what they mean for this node."""
        self.turn.write(room.audience)
        self.active.add(room.store.number)
        due = False
        for record in records:
            event = record.event
            kind = type(event)
            if kind in _NEVER_DUE:
                continue
            due = True
            if kind is PlaybackChanged:
                if event.type == "length_changed":
                    room.players.compare_lengths()
                continue
            if isinstance(event, MemberLeft):
                for on_left in self.on_left:
                    on_left(room, event)
                if event.reason in _SENT_AWAY:
                    room.audience.flush()
                    room.audience.dismiss(event.member_id, event.reason)
            elif isinstance(event, Closed):
                self._closed(room, event.reason)
            elif isinstance(event, MemberChanged | FilmChanged):
                room.players.follow(event)
            elif isinstance(event, Rebased):
                self._timers.rebased(room)
        if due:
            self._timers.schedule(room)

    def started_over(self, room: LiveRoom) -> None:
        """Send the sockets here the room whole, in place of what they have."""
        frame = text_frame(snapshot(room, room.now_ms()))
        for socket in tuple(room.audience.sockets):
            socket.write(frame)
        for on_snapshot in self.on_snapshot:
            on_snapshot(room)
        self._timers.schedule(room)

    def resync(self, room: LiveRoom) -> None:
        """Read from the store what the replica lacks."""
        self._recovery.resync(room)

    def gap(self, room: LiveRoom) -> None:
        """Read the log, unless the events before an own step come soon."""
        self._recovery.gap(room)

    # --- signals ---

    def signal(self, room: LiveRoom, message: bytes) -> None:
        """Send an unordered message that nothing stores (a reaction, typing) to everyone, on all nodes."""
        self._deliver_signal(room, message)
        self._subscriptions.signal(room.store, room.id, message)

    def _deliver_signal(self, room: LiveRoom, message: bytes) -> None:
        room.audience.push(text_frame(message))
        self.turn.write(room.audience)

    # --- sessions of the API ---

    def sessions_ended(self, partition: Partition, sids: frozenset[str]) -> None:
        """Note the sessions that were ended just now, all of them, and have their sockets here closed."""
        partition.ended = sids
        if sids:
            for on_sessions_ended in self.on_sessions_ended:
                on_sessions_ended(sids)

    # --- shards ---

    def _watch_shard(self, shard: Shard) -> None:
        shard.link.on_down.append(partial(self._store_down, shard))
        shard.clock.on_jump.append(partial(self._shard_jumped, shard))

    def _store_down(self, shard: Shard) -> None:
        for partition in self.partitions.at(shard):
            for room in partition.rooms.values():
                room.commits.refuse_waiting()

    def _layout_changed(self) -> None:
        for partition in self.partitions:
            before, now = partition.shard, self._shards.of(partition.number)
            if now is not before:
                log.info("a partition moves", partition=partition.number, before=before.name, now=now.name)
                partition.store.shard = now
                self._subscriptions.moved(partition, before)
                self._compare_clocks(partition, before.clock, now.clock)

    def _compare_clocks(self, partition: Partition, before: PartitionClock, now: PartitionClock) -> None:
        if before.synchronized and now.synchronized:
            shift_ms = now.offset_ms - before.offset_ms
            if abs(shift_ms) > JUMP_MS:
                self._timers.clock_jumped(partition.rooms.values(), shift_ms, before.good_at_s)
        now.adopt(before)

    def _shard_jumped(self, shard: Shard, shift_ms: float, good_at_s: float) -> None:
        for partition in self.partitions.at(shard):
            self._timers.clock_jumped(partition.rooms.values(), shift_ms, good_at_s)

    # --- tasks ---

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a task until it or the hub ends; an exception is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the hub failed", exc_info=task.exception())


_SENT_AWAY: Final = frozenset({"kicked", "banned", "revoked", "guests_off"})
# Events that bring no deadline nearer.
_NEVER_DUE: Final = frozenset({Said, MessageDeleted, Muted})


async def _shared(tasks: dict[str, asyncio.Task[T]], room_id: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``begin`` once per room and share its result; a caller that is cancelled does not cancel it for others."""
    task = tasks.get(room_id)
    if task is None:
        task = tasks[room_id] = asyncio.create_task(begin())
        task.add_done_callback(partial(_over, tasks, room_id))
    return await asyncio.shield(task)


def _over(tasks: dict[str, asyncio.Task[T]], room_id: str, task: asyncio.Task[T]) -> None:
    del tasks[room_id]
    if not task.cancelled():
        task.exception()  # every caller has received it; with none left it concerns nobody
