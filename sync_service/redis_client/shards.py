"""The masters that hold the rooms, and which of them serves a partition now.

A shard is a master with its replicas. When a replica is promoted it stays the same shard, and its link connects to the
new master. A standalone Redis is one shard, and so is a master behind Sentinels.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Final

import structlog

from sync_service import metrics
from sync_service.redis_client.address import Address, StoreAddress
from sync_service.redis_client.client import RedisLink, StoreAway, StoreError
from sync_service.redis_client.clock import PartitionClock, follow
from sync_service.redis_client.topology import SLOTS, Group, Layout, slot_of, topology_of

log = structlog.get_logger(__name__)

LOOK_S: Final = 3.0
FIRST_LOOK_S: Final = 0.4  # while no master is known
LOOK_LEAST_S: Final = 0.1
WRITE_PROBE_S: Final = 1.0
# A master that cannot save, is out of memory or lacks replicas: it answers reads as ever.
_NO_WRITES: Final = frozenset({"MISCONF", "OOM", "NOREPLICAS"})


class Shard:
    """One master and its replicas: the connection to it, its clock, and the numbers of the partitions it serves."""

    def __init__(self, link: RedisLink, clock: PartitionClock, group: Group | None = None) -> None:
        self.link = link
        self.clock = clock
        self.group = group
        self.partitions: tuple[int, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._refuses_writes = False
        self._probing: asyncio.Task[None] | None = None
        link.on_up.append(self._up)
        link.on_down.append(self._down)
        link.on_refused.append(self._refused)

    @property
    def name(self) -> str:
        """Its master's address, for logs and metrics."""
        return "nowhere" if self.group is None else f"{self.group.master[0]}:{self.group.master[1]}"

    async def start(self) -> None:
        """Begin to connect and to follow the master's clock."""
        metrics.shards_up[self.name] = False
        await self.link.start()
        self._task = asyncio.create_task(follow(self.link, self.clock), name=f"clock {self.name}")

    async def close(self) -> None:
        """Stop following the clock and disconnect."""
        tasks = [task for task in (self._task, self._probing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.link.close()
        metrics.shards_up.pop(self.name, None)

    def update(self, group: Group) -> None:
        """Take the shard's entry in a new layout; reconnects at once where the master is another."""
        before, self.group = self.group, group
        if before is not None and before.master != group.master:
            metrics.shards_up.pop(f"{before.master[0]}:{before.master[1]}", None)
            log.warning("a shard has a new master", before=before.master, now=group.master)
            self.link.reconnect()

    def _up(self) -> None:
        metrics.shards_up[self.name] = not self._refuses_writes

    def _down(self) -> None:
        metrics.shards_up[self.name] = False
        self.clock.forget()

    # --- a master that is there and takes no writes ---

    def _refused(self, word: str) -> None:
        if word not in _NO_WRITES:
            return
        metrics.refused_writes[word] += 1
        if not self._refuses_writes:
            self._refuses_writes = True
            metrics.shards_up[self.name] = False
            log.error("Redis takes no writes: nothing can be done in its rooms", shard=self.name, reason=word)
            self._probing = asyncio.create_task(self._until_it_writes(), name=f"writes {self.name}")

    async def _until_it_writes(self) -> None:
        """Try to write until that works again."""
        while self._refuses_writes:
            await asyncio.sleep(WRITE_PROBE_S)
            with contextlib.suppress(StoreError):
                number = self.partitions[0] if self.partitions else 0
                await self.link.call("SET", f"{{p{number}}}:writes", "1", "PX", 1000)
                self._refuses_writes = False
        metrics.shards_up[self.name] = self.link.up
        log.warning("Redis takes writes again", shard=self.name)


class Shards:
    """All shards. ``on_layout`` runs after partitions have moved from one to another."""

    def __init__(self, store: StoreAddress, name: str, partitions: int, *, scripts: Sequence[bytes] = ()) -> None:
        self._store = store
        self._name = name
        self._scripts = scripts
        self._slots = [slot_of(f"p{number}".encode()) for number in range(partitions)]
        self._topology = topology_of(store)
        self._layout = Layout(())
        self._nowhere = Shard(RedisLink(store, name), PartitionClock())
        self._shards: list[Shard] = []
        self._by_slot: list[Shard] = [self._nowhere] * SLOTS
        self._watchers: list[Callable[[Shard], None]] = []
        self.on_layout: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._invalidated = asyncio.Event()
        self.database = store.database

    def __iter__(self) -> Iterator[Shard]:
        return iter(tuple(self._shards))

    def of(self, number: int) -> Shard:
        """Return the shard that serves a partition now; where none does, one that is never up."""
        slot = self._slots[number] if number < len(self._slots) else slot_of(f"p{number}".encode())
        return self._by_slot[slot]

    def watch(self, watcher: Callable[[Shard], None]) -> None:
        """Call ``watcher`` with each shard: with those there are, and with every other one before it first connects."""
        self._watchers.append(watcher)
        for shard in self._shards:
            watcher(shard)

    async def start(self) -> None:
        """Begin to look for the shards and to connect to them, without waiting for them."""
        if self._topology.moves:
            self._spawn(self._run())
        else:
            await self._look()

    async def close(self) -> None:
        """End all connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(shard.close() for shard in self._shards))

    async def check(self) -> None:
        """Raise with the reason unless every shard answers and every partition has one (for readiness)."""
        if not self._shards:
            raise ConnectionError("no master of Redis is known yet (REDIS_URL)")
        without = sum(self.of(number) is self._nowhere for number in range(len(self._slots)))
        if without:
            raise ConnectionError(f"no master of Redis serves {without} of the partitions")
        results = await asyncio.gather(*(shard.link.check() for shard in self._shards), return_exceptions=True)
        for shard, result in zip(self._shards, results, strict=True):
            if isinstance(result, BaseException):
                raise ConnectionError(f"{shard.name}: {result}")

    async def rounds(self, every_s: float, visit: Callable[[Shard], Coroutine[Any, Any, None]]) -> None:
        """Visit each shard that is up every ``every_s``; one that hangs delays no other."""
        under_way: dict[Shard, asyncio.Task[None]] = {}
        try:
            while True:
                await asyncio.sleep(every_s)
                for shard in self:
                    if shard.link.up and shard not in under_way:
                        task = under_way[shard] = asyncio.create_task(visit(shard))
                        task.add_done_callback(partial(_visited, under_way, shard))
        finally:
            for task in under_way.values():
                task.cancel()

    # --- following the layout ---

    def invalidate(self) -> None:
        """Look at the layout again soon, because a shard has refused a request."""
        self._invalidated.set()

    async def _run(self) -> None:
        while True:
            await self._look_together()
            await asyncio.sleep(LOOK_LEAST_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self._shards else FIRST_LOOK_S):
                    await self._invalidated.wait()
            self._invalidated.clear()

    async def _locate(self, shard: Shard) -> Address:
        """Return the address of a shard's master by the latest layout; raises StoreAway where none is known."""
        if self._topology.moves:
            await self._look_together()
        if shard.group is None:
            raise StoreAway("no master is known")
        return shard.group.master

    async def _look_together(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = self._spawn(self._look())
        await asyncio.wait([self._looking])

    async def _look(self) -> None:
        links = [shard.link for shard in self._shards if shard.link.up]
        known = {node for shard in self._shards if shard.group is not None for node in shard.group.nodes}
        layout = await self._topology.find(links, known)
        if layout is None:
            log.warning("no server names the masters of Redis (REDIS_URL)")
        elif layout.version >= self._layout.version or not layout.ids & self._layout.ids:
            await self._follow(layout)

    async def _follow(self, layout: Layout) -> None:
        before, self._layout = self._layout, layout
        if layout.groups == before.groups:
            return
        left, new = list(self._shards), []
        for group in layout.groups:
            shard = _led_by(group, left)
            if shard is None:
                new.append(group)
            else:
                left.remove(shard)
                shard.update(group)
        for group in new:
            shard = next((shard for shard in left if _taken_over(shard, group)), None)
            if shard is None:
                shard = self._new(group)
                await shard.start()
            else:
                left.remove(shard)
                shard.update(group)
        self._serve()
        for shard in left:
            self._shards.remove(shard)
            self._spawn(shard.close())
        for callback in self.on_layout:
            callback()

    def _new(self, group: Group) -> Shard:
        link = RedisLink(
            self._store,
            self._name,
            scripts=self._scripts,
            locate=lambda: self._locate(shard),
            masters_only=self._topology.moves,
        )
        link.on_refused.append(lambda _word: self.invalidate())
        shard = Shard(link, PartitionClock(), group)
        self._shards.append(shard)
        for watcher in self._watchers:
            watcher(shard)
        return shard

    def _serve(self) -> None:
        self._by_slot = [self._nowhere] * SLOTS
        for shard in self._shards:
            if shard.group is not None and shard.group in self._layout.groups:
                for span in shard.group.slots:
                    self._by_slot[span.start : span.stop] = [shard] * len(span)
        for shard in self._shards:
            shard.partitions = tuple(n for n in range(len(self._slots)) if self.of(n) is shard)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("following the masters of Redis failed", exc_info=task.exception())


def _led_by(group: Group, shards: Sequence[Shard]) -> Shard | None:
    return next((shard for shard in shards if shard.group and shard.group.master == group.master), None)


def _taken_over(shard: Shard, group: Group) -> bool:
    """Return whether the group is this shard after a failover: led by one of its replicas, or with the same slots."""
    return shard.group is not None and (group.master in shard.group.nodes or group.slots == shard.group.slots)


def _visited(under_way: dict[Shard, asyncio.Task[None]], shard: Shard, task: asyncio.Task[None]) -> None:
    del under_way[shard]
    if task.cancelled():
        return
    error = task.exception()
    if isinstance(error, StoreError):
        log.info("a shard does not answer yet", shard=shard.name, reason=str(error))
    elif error is not None:
        log.error("a round failed at a shard", shard=shard.name, exc_info=error)
