"""The rooms that this node follows: opens them, and ends each loop turn.

A turn ends by sending all its commits in one pipeline and then each room's events in one write per socket; under load
both may wait some milliseconds for more (pace.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from sync_service import metrics
from sync_service.delivery.audience import Audience, Socket
from sync_service.delivery.frames import text_frame
from sync_service.live.live_room import LiveRoom, RoomClosed
from sync_service.live.pace import Pace
from sync_service.live.partition import Partition, Partitions
from sync_service.live.recovery import Recovery
from sync_service.live.subscriptions import Bells
from sync_service.live.timers import Timekeeper
from sync_service.live.welcome import snapshot
from sync_service.redis_client.clock import JUMP_MS, PartitionClock
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.events import Closed, MemberLeft, MessageDeleted, Muted, PlaybackChanged, Rebased, Said
from sync_service.room.state import State
from sync_service.store.records import Record
from sync_service.store.redis_keys import RoomKeys

log = structlog.get_logger(__name__)

T = TypeVar("T")

GAP_S: Final = 0.1
UNLOAD_AFTER_S: Final = 30.0


class Hub:
    """See the module. ``on_left``, ``on_closed`` and ``on_snapshot`` are told after the events were applied here.

    ``stirred`` are the numbers of the partitions in which something has happened here since somebody last looked.
    """

    def __init__(self, shards: Shards, node: str) -> None:
        self.node = node
        self.partitions = Partitions(shards, node)
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._bells = Bells(shards, self.partitions, self._resync_all, self.signalled)
        self._recovery = Recovery(shards, self.partitions, self._closed)
        self._ready: set[LiveRoom] = set()
        self._dirty: set[Audience] = set()
        self._told: set[Socket] = set()
        self.stirred: set[int] = set()
        self.pace = Pace(self._loop.time())
        self._timekeeper = Timekeeper()
        self._step_due = False
        self._fan_out_due = False
        self._turn_due = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self.on_left: Callable[[LiveRoom, MemberLeft], None] = lambda _room, _event: None
        self.on_closed: Callable[[LiveRoom, str], None] = lambda _room, _reason: None
        self.on_snapshot: Callable[[LiveRoom], None] = lambda _room: None
        shards.watch(self._watch_shard)
        shards.on_layout.append(self._layout_changed)

    async def start(self) -> None:
        """Begin to compare heads with the store."""
        self.spawn(self._recovery.compare_heads(self._resync_all))

    async def close(self) -> None:
        """Stop what still runs."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- rooms ---

    async def enter(
        self, number: int, room_id: str, opening: State | None = None, restore: tuple[int, int] | None = None
    ) -> LiveRoom | None:
        """Give the live room, following it from now on; ``opening`` creates one that is missing.

        A room that lived before, by ``restore`` (epoch, seq), is brought back: ``opening`` counts only if no node has a
        newer copy. None where there is no room. Raises RoomClosed, StoreAway, OutcomeUnknown, RedisError.
        """
        partition = self.partitions[number]
        room = partition.rooms.get(room_id)
        if room is not None:
            return room
        room = await _shared(partition.loading, room_id, partial(self._load, partition, room_id))
        if room is None and opening is not None:
            names = RoomKeys.of(number, room_id)
            if restore is not None:
                await self._recovery.restore(partition.store, names, *restore, opening)
            else:
                await _shared(partition.opening, room_id, partial(partition.store.open, names, 1, 0, opening))
            return await self.enter(number, room_id)
        return room

    async def _load(self, partition: Partition, room_id: str) -> LiveRoom | None:
        heard = partition.early[room_id] = []
        try:
            await self._bells.subscribe(partition)
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
        for bell in heard:
            room.hear(bell)
        self._timekeeper.watch(room)
        self._unload_later(room)
        return room

    def _unload_later(self, room: LiveRoom) -> None:
        self._loop.call_later(UNLOAD_AFTER_S, self._unload, room)

    def _unload(self, room: LiveRoom) -> None:
        partition = self.partitions[room.store.number]
        if partition.rooms.get(room.id) is not room:
            return
        if room.audience.sockets or room.held or not room.idle:
            self._unload_later(room)
            return
        self._drop(room)

    def _drop(self, room: LiveRoom) -> None:
        partition = self.partitions[room.store.number]
        if partition.rooms.pop(room.id, None) is None:
            return
        metrics.rooms -= 1
        if not partition.rooms and not partition.loading:
            self._bells.unsubscribe(partition)

    # --- the turn ---

    def ready(self, room: LiveRoom) -> None:
        """Have the room's commands committed when this turn ends, or with those of some turns (Feed)."""
        self._ready.add(room)
        self._end_turn_soon()

    def told(self, socket: Socket) -> None:
        """Have what a socket keeps written, after the events that this turn brings it."""
        self._told.add(socket)
        self._end_turn_soon()

    def _end_turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn_due = False
        if self._ready and not self._step_due:
            wait_s = self.pace.commit_wait_s(self._loop.time())
            if wait_s:
                self._step_due = True
                self._loop.call_later(wait_s, self._step)
            else:
                self._step()
        if not self._fan_out_due and (self._dirty or self._told):
            wait_s = self.pace.write_wait_s(self._loop.time())
            if wait_s:
                self._fan_out_due = True
                self._loop.call_later(wait_s, self._fan_out)
            else:
                self._fan_out()

    def _step(self) -> None:
        self._step_due = False
        ready, self._ready = self._ready, set()
        self.pace.committed(len(ready))
        links = set()
        for room in ready:
            links.add(room.store.link)
            try:
                room.step()
            except Exception:
                log.exception("a room's commands could not be decided", room=room.id)
                room.fail()
        for link in links:
            link.flush()

    def _fan_out(self) -> None:
        self._fan_out_due = False
        dirty, self._dirty = self._dirty, set()
        deliveries = 0
        for audience in dirty:
            deliveries += audience.flush()
        told, self._told = self._told, set()
        for socket in told:
            if socket.kept:
                socket.flush()
        self.pace.delivered(deliveries, self._loop.time())

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """Bring events to the sockets and act on what concerns this node (Feed)."""
        self._dirty.add(room.audience)
        self.stirred.add(room.store.number)
        self._end_turn_soon()
        due = False
        for record in records:
            event = record.event
            kind = type(event)
            if kind in _NEVER_DUE:
                continue
            due = True
            if kind is PlaybackChanged:
                continue
            if isinstance(event, MemberLeft):
                self.on_left(room, event)
                if event.reason in _SENT_AWAY:
                    room.audience.flush()
                    room.audience.dismiss(event.member_id, event.reason)
            elif isinstance(event, Closed):
                self._closed(room, event.reason)
            elif isinstance(event, Rebased):
                self._timekeeper.rebased(room)
        if due:
            self._timekeeper.watch(room)

    def signal(self, room: LiveRoom, message: bytes) -> None:
        """Bring what is not kept (a reaction, somebody typing) to everyone, here and on the other nodes."""
        self.signalled(room, message)
        self._bells.signal(room.store, room.id, message)

    def signalled(self, room: LiveRoom, message: bytes) -> None:
        """Bring a signal to the sockets here."""
        room.audience.push(text_frame(message))
        self._dirty.add(room.audience)
        self._end_turn_soon()

    def started_over(self, room: LiveRoom) -> None:
        """Replace what the clients have by the room as it is now (Feed)."""
        frame = text_frame(snapshot(room, room.now_ms()))
        for socket in tuple(room.audience.sockets):
            socket.write(frame)
        self.on_snapshot(room)
        self._timekeeper.watch(room)

    def late(self, room: LiveRoom) -> None:
        """Ask the store's time at once (Feed)."""
        room.store.shard.clock.doubt()

    def _closed(self, room: LiveRoom, reason: str) -> None:
        room.audience.flush()
        self.on_closed(room, reason)
        self._drop(room)

    # --- catching up ---

    def gap(self, room: LiveRoom) -> None:
        """Read the log if an own step still waits for earlier events after a moment (Feed)."""
        self._loop.call_later(GAP_S, self._still_gap, room)

    def _still_gap(self, room: LiveRoom) -> None:
        if room.waits_for_others:
            self.resync(room)

    def _resync_all(self, partition: Partition) -> None:
        for room in partition.rooms.values():
            metrics.gaps += 1
            self.resync(room)

    def resync(self, room: LiveRoom) -> None:
        """Read what the copy lacks (Feed)."""
        if not room.syncing:
            room.syncing = True
            self.spawn(self._recovery.bring_up(room))

    # --- shards ---

    def _watch_shard(self, shard: Shard) -> None:
        shard.link.on_down.append(partial(self._store_down, shard))
        shard.clock.on_jump.append(partial(self._shard_jumped, shard))

    def _store_down(self, shard: Shard) -> None:
        for partition in self.partitions.at(shard):
            for room in partition.rooms.values():
                room.refuse_waiting()

    def _layout_changed(self) -> None:
        for partition in self.partitions:
            before, now = partition.shard, self._shards.of(partition.number)
            if now is not before:
                log.info("a partition moves", partition=partition.number, before=before.name, now=now.name)
                partition.store.shard = now
                self._bells.moved(partition, before)
                self._compare_clocks(partition, before.clock, now.clock)

    def _compare_clocks(self, partition: Partition, before: PartitionClock, now: PartitionClock) -> None:
        if before.synchronized and now.synchronized:
            shift_ms = now.offset_ms - before.offset_ms
            if abs(shift_ms) > JUMP_MS:
                self._timekeeper.clock_jumped(partition.rooms.values(), shift_ms, before.good_at_s)
        now.believe(before)

    def _shard_jumped(self, shard: Shard, shift_ms: float, good_at_s: float) -> None:
        for partition in self.partitions.at(shard):
            self._timekeeper.clock_jumped(partition.rooms.values(), shift_ms, good_at_s)

    # --- tasks ---

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a task of this hub; what it raises is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the hub failed", exc_info=task.exception())


_SENT_AWAY: Final = frozenset({"kicked", "banned"})
# Events after which nothing can be due that was not before.
_NEVER_DUE: Final = frozenset({Said, MessageDeleted, Muted})


async def _shared(tasks: dict[str, asyncio.Task[T]], room_id: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do for a room, once for all who want it at the same time, what ends for none of them because one has gone."""
    task = tasks.get(room_id)
    if task is None:
        task = tasks[room_id] = asyncio.create_task(begin())
        task.add_done_callback(partial(_over, tasks, room_id))
    return await asyncio.shield(task)


def _over(tasks: dict[str, asyncio.Task[T]], room_id: str, task: asyncio.Task[T]) -> None:
    del tasks[room_id]
    if not task.cancelled():
        task.exception()  # whoever waited has it; it is no surprise if all of them have gone
