"""The rooms that this node follows: opens them, hears what other nodes commit, and ends each loop turn.

A turn ends by sending all its commits in one pipeline and then each room's events in one write per socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from sync_service import metrics
from sync_service.audience import Audience
from sync_service.clock import PartitionClock
from sync_service.commands import AutoStart
from sync_service.errors import RoomClosed
from sync_service.events import Closed, MemberLeft
from sync_service.keys import RoomKeys
from sync_service.live_room import Bell, LiveRoom, Order
from sync_service.log import Record
from sync_service.redis_link import OutcomeUnknown, RedisError, RedisLink, StoreAway
from sync_service.room import auto_start_due_ms
from sync_service.state import State
from sync_service.store import RoomStore, Snapshot

log = structlog.get_logger(__name__)

GAP_S: Final = 0.1
SUBSCRIBE_DEADLINE_S: Final = 2.0
HEADS_S: Final = 3.0
UNLOAD_AFTER_S: Final = 30.0
RETRY_S: Final = 0.2


class Partition:
    """One partition on this node: its rooms, its channel, and how far its bell was heard."""

    def __init__(self, number: int, link: RedisLink, node: str) -> None:
        self.number = number
        self.store = RoomStore(link, number, node)
        self.rooms: dict[str, LiveRoom] = {}
        self.loading: dict[str, asyncio.Task[LiveRoom | None]] = {}
        self.subscribed: asyncio.Future[None] | None = None
        self.heard_n: int | None = None
        self.heard_hash = ""
        self.before_load: dict[str, list[Bell]] = {}


class Hub:
    """See the module. ``on_left`` and ``on_closed`` are told after the events were applied here."""

    def __init__(self, link: RedisLink, bell_link: RedisLink, clock: PartitionClock, node: str) -> None:
        self.node = node
        self.clock = clock
        self._link = link
        self._bell = bell_link
        self._loop = asyncio.get_running_loop()
        self._partitions: dict[int, Partition] = {}
        self._by_channel: dict[bytes, Partition] = {}
        self._ready: set[LiveRoom] = set()
        self._dirty: set[Audience] = set()
        self._private: list[tuple[Any, bytes]] = []
        self._turn_due = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self.on_left: Callable[[LiveRoom, MemberLeft], None] = lambda _room, _event: None
        self.on_closed: Callable[[LiveRoom, str], None] = lambda _room, _reason: None
        self.on_snapshot: Callable[[LiveRoom], None] = lambda _room: None
        link.on_down.append(self._store_down)
        bell_link.on_push = self.on_push
        bell_link.on_up.append(self._bell_up)
        bell_link.on_down.append(self._bell_down)

    # --- rooms ---

    def partition(self, number: int) -> Partition:
        """Give a partition's place on this node."""
        partition = self._partitions.get(number)
        if partition is None:
            partition = self._partitions[number] = Partition(number, self._link, self.node)
            self._by_channel[partition.store.channel] = partition
        return partition

    @property
    def rooms(self) -> list[LiveRoom]:
        return [room for partition in self._partitions.values() for room in partition.rooms.values()]

    async def enter(self, number: int, room_id: str, opening: tuple[int, int, State] | None) -> LiveRoom | None:
        """Give the live room, following it from now on; ``opening`` (epoch, seq, state) creates one that is missing.

        None where there is none. Raises RoomClosed, StoreAway, OutcomeUnknown, RedisError.
        """
        partition = self.partition(number)
        room = partition.rooms.get(room_id)
        if room is not None:
            return room
        task = partition.loading.get(room_id)
        if task is None:
            task = partition.loading[room_id] = asyncio.create_task(self._load(partition, room_id))
            task.add_done_callback(lambda _: partition.loading.pop(room_id, None))
        room = await asyncio.shield(task)
        if room is None and opening is not None:
            closed = await partition.store.open(RoomKeys.of(number, room_id), *opening)
            if closed is not None:
                raise RoomClosed(closed)
            return await self.enter(number, room_id, None)
        return room

    async def _load(self, partition: Partition, room_id: str) -> LiveRoom | None:
        await self._subscribe(partition)
        heard = partition.before_load[room_id] = []
        try:
            found = await partition.store.read(RoomKeys.of(partition.number, room_id))
        finally:
            partition.before_load.pop(room_id, None)
        if isinstance(found, str):
            raise RoomClosed(found)
        if found is None:
            return None
        if found.state.closed is not None:
            raise RoomClosed(found.state.closed)
        room = LiveRoom(room_id, partition.store, found, self, self.clock.now_ms)
        partition.rooms[room_id] = room
        metrics.rooms += 1
        for bell in heard:
            room.hear(bell)
        self._watch_start(room)
        self._unload_later(room)
        return room

    def _unload_later(self, room: LiveRoom) -> None:
        self._loop.call_later(UNLOAD_AFTER_S, self._unload, room)

    def _unload(self, room: LiveRoom) -> None:
        partition = self.partition(room.store.number)
        if partition.rooms.get(room.id) is not room:
            return
        if room.audience.sockets or room.held or not room.idle:
            self._unload_later(room)
            return
        self._drop(room)

    def _drop(self, room: LiveRoom) -> None:
        partition = self.partition(room.store.number)
        if partition.rooms.pop(room.id, None) is None:
            return
        metrics.rooms -= 1
        if not partition.rooms and not partition.loading and partition.subscribed is not None:
            self._bell.post("SUNSUBSCRIBE", partition.store.channel)
            partition.subscribed = None
            partition.heard_n = None

    # --- the turn ---

    def ready(self, room: LiveRoom) -> None:
        """Have the room's commands committed when this turn ends (Feed)."""
        self._ready.add(room)
        self._end_turn_soon()

    def tell(self, socket: Any, frame: bytes) -> None:
        """Write a frame to one socket, after the events that this turn brings it."""
        self._private.append((socket, frame))
        self._end_turn_soon()

    def _end_turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn_due = False
        ready, self._ready = self._ready, set()
        for room in ready:
            room.step()
        self._link.flush()
        dirty, self._dirty = self._dirty, set()
        for audience in dirty:
            audience.flush()
        private, self._private = self._private, []
        for socket, frame in private:
            socket.write(frame)

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """Bring events to the sockets and act on what concerns this node (Feed)."""
        self._dirty.add(room.audience)
        self._end_turn_soon()
        for record in records:
            if isinstance(record.event, MemberLeft):
                self.on_left(room, record.event)
            elif isinstance(record.event, Closed):
                self._closed(room, record.event.reason)
        if not room.state.playback.started:
            self._watch_start(room)

    def _closed(self, room: LiveRoom, reason: str) -> None:
        room.audience.flush()
        self.on_closed(room, reason)
        self._drop(room)

    def _watch_start(self, room: LiveRoom) -> None:
        due_ms = auto_start_due_ms(room.state)
        if due_ms is not None and room.start_watched_ms != due_ms:
            room.start_watched_ms = due_ms
            self._loop.call_later(max(due_ms - self.clock.now_ms(), 0) / 1000, self._start_due, room, due_ms)

    def _start_due(self, room: LiveRoom, due_ms: int) -> None:
        if auto_start_due_ms(room.state) != due_ms or not room.audience.sockets:
            return
        if self.clock.now_ms() < due_ms:
            room.start_watched_ms = 0
            self._watch_start(room)
            return
        room.submit(Order(AutoStart(), lambda _outcome: None))

    # --- what others commit ---

    def on_push(self, push: list[Any]) -> None:
        """Take what the bell link is sent."""
        kind = push[0]
        if kind == b"smessage":
            partition = self._by_channel.get(push[1])
            if partition is not None:
                self._heard(partition, push[2])
        elif kind == b"ssubscribe":
            partition = self._by_channel.get(push[1])
            if partition is not None and partition.subscribed is not None and not partition.subscribed.done():
                partition.subscribed.set_result(None)

    def _heard(self, partition: Partition, payload: bytes) -> None:
        head, *lines = payload.split(b"\n")
        n, hash_, node, room_id, epoch, first_seq, prev_hash = head.decode().split(" ")
        expected, partition.heard_n, partition.heard_hash = partition.heard_n, int(n), hash_
        bell = Bell(node, int(epoch), int(first_seq), prev_hash, lines)
        room = partition.rooms.get(room_id)
        if room is not None:
            room.hear(bell)
        elif room_id in partition.before_load:
            partition.before_load[room_id].append(bell)
        if expected is not None and partition.heard_n != expected + 1:
            self._resync_all(partition)

    async def _subscribe(self, partition: Partition) -> None:
        if partition.subscribed is None or partition.subscribed.cancelled():
            partition.subscribed = self._loop.create_future()
            self._bell.post("SSUBSCRIBE", partition.store.channel)
        try:
            async with asyncio.timeout(SUBSCRIBE_DEADLINE_S):
                await asyncio.shield(partition.subscribed)
        except (TimeoutError, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise StoreAway("no answer from the store's channel") from None

    def _store_down(self) -> None:
        for room in self.rooms:
            room.refuse_waiting()

    def _bell_down(self) -> None:
        for partition in self._partitions.values():
            if partition.subscribed is not None and partition.subscribed.done():
                partition.subscribed = None
            partition.heard_n = None

    def _bell_up(self) -> None:
        for partition in self._partitions.values():
            if partition.rooms or partition.subscribed is not None:
                self.spawn(self._hear_again(partition))

    async def _hear_again(self, partition: Partition) -> None:
        if partition.subscribed is None:
            partition.subscribed = self._loop.create_future()
        self._bell.post("SSUBSCRIBE", partition.store.channel)
        await asyncio.shield(partition.subscribed)
        self._resync_all(partition)

    # --- catching up ---

    def gap(self, room: LiveRoom) -> None:
        """Read the log if an own step still waits for earlier events after a moment (Feed)."""
        self._loop.call_later(GAP_S, self._still_gap, room)

    def _still_gap(self, room: LiveRoom) -> None:
        if room.waits_for_others:
            self.resync(room)

    def _resync_all(self, partition: Partition) -> None:
        metrics.gaps += 1
        for room in partition.rooms.values():
            self.resync(room)

    def resync(self, room: LiveRoom) -> None:
        """Read what the copy lacks (Feed)."""
        if not room.syncing:
            room.syncing = True
            self.spawn(self._resync(room))

    async def _resync(self, room: LiveRoom) -> None:
        while True:
            try:
                if await self._resynced(room):
                    return
            except (StoreAway, OutcomeUnknown, RedisError) as error:
                log.info("cannot read a room's log yet", room=room.id, reason=str(error))
            await asyncio.sleep(RETRY_S)

    async def _resynced(self, room: LiveRoom) -> bool:
        word, rest = await room.store.tail(room.keys, room.epoch, room.seq, room.hash)
        if word == "ok":
            room.caught_up(rest)
            return True
        found: Snapshot | str | None = rest[0].decode() if word == "closed" else None
        if word in ("trimmed", "fork"):
            found = await room.store.read(room.keys)
        if isinstance(found, Snapshot):
            log.warning("a room starts over from the store", room=room.id, epoch=found.epoch, seq=found.seq, why=word)
            metrics.snapshots += 1
            room.audience.flush()
            room.replaced(found)
            self.on_snapshot(room)
            return True
        if isinstance(found, str):
            self._closed(room, found)
            return True
        return False

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

    async def start(self) -> None:
        """Begin to compare heads with the store."""
        self.spawn(self._compare_heads())

    async def _compare_heads(self) -> None:
        """Every few seconds ask each partition how far it is, for a bell may be lost without a trace."""
        while True:
            await asyncio.sleep(HEADS_S)
            try:
                await asyncio.gather(*(self._compare(p) for p in self._partitions.values() if p.rooms))
            except (StoreAway, OutcomeUnknown, RedisError) as error:
                log.info("cannot compare heads yet", reason=str(error))

    async def _compare(self, partition: Partition) -> None:
        n, hash_ = await self._link.call("HMGET", partition.store.head, "n", "hash")
        head = (0, "") if n is None else (int(n), hash_.decode())
        if partition.heard_n is None:
            partition.heard_n, partition.heard_hash = head
        if head[0] > partition.heard_n:
            await asyncio.sleep(GAP_S)  # the bell may be on its way
            missed = partition.heard_n < head[0]
        else:
            missed = head != (partition.heard_n, partition.heard_hash) and partition.heard_n <= head[0]
            missed = missed or head[0] < partition.heard_n
        if missed:
            partition.heard_n, partition.heard_hash = head
            self._resync_all(partition)

    async def close(self) -> None:
        """Stop what still runs."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
