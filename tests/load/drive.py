"""Causing events at a steady rate, whatever the server makes of it, and what came of that."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.process import Cores, Process
from tests.load.servers import Server

TICK_S = 0.001
WARM_UP_S = 0.25


@dataclass(frozen=True, slots=True)
class Window:
    """What one measurement gave.

    ``cpu_s`` and ``beside_s`` are the server's and of what serves beside it; ``core`` and ``load_core`` the busy shares
    of the two cores, ``others`` the share of both that other programs took; ``late_s`` is sorted.
    """

    offered_s: float
    seconds: float
    deliveries: int
    missing: int
    errors: int
    closed: int
    frame_bytes: float
    cpu_s: float
    beside_s: float
    core: float
    load_core: float
    others: float
    kernel_share: float
    late_s: Sequence[float]

    @property
    def per_second(self) -> float:
        return self.deliveries / self.seconds

    @property
    def per_million(self) -> float:
        """CPU seconds of the server for a million deliveries."""
        return self.cpu_s / max(self.deliveries, 1) * 1e6

    @property
    def clean(self) -> bool:
        """Everyone got all of it."""
        return not (self.missing or self.errors or self.closed)

    def late(self, share: float) -> float:
        """Return the delay in seconds that this share of the deliveries kept within."""
        return self.late_s[int(share * (len(self.late_s) - 1))] if self.late_s else 0.0


class Drive:
    """Spreads events over the rooms and members of a server; ``beside`` is what serves with it (Redis).

    What has not come when nothing more came for ``settle_s`` is missing.
    """

    def __init__(self, server: Server, cores: Cores, beside: Process | None = None, settle_s: float = 1.0) -> None:
        self._server = server
        self._cores = cores
        self._beside = beside
        self._settle_s = settle_s
        self._members = len(server.rooms[0])
        self._order = [(room, member) for room in range(len(server.rooms)) for member in range(self._members)]
        random.Random(1).shuffle(self._order)
        self._caused = 0
        self.first_error = b""

    async def measure(self, deliveries_s: float, seconds: float) -> Window:
        """Cause so many deliveries a second; count from when it goes steadily, and see that all of them come."""
        server, rate = self._server, deliveries_s / self._members
        server.keep_alive()
        begin, caused = self._counts(), self._caused
        await self._cause(rate, WARM_UP_S)
        server.late_s.clear()
        before, cpu, began = self._counts(), self._cpu(), time.monotonic()
        await self._cause(rate, seconds)
        took = time.monotonic() - began
        after, used = self._counts(), [now - then for now, then in zip(self._cpu(), cpu, strict=True)]
        cpu_s, beside_s, load_s, own, kernel, busy_s, uncounted_s, load_busy_s, load_uncounted_s = used
        late_s = sorted(server.late_s)
        expected = begin[0] + (self._caused - caused) * self._members
        end = await self._settled(expected)
        deliveries = after[0] - before[0]
        return Window(
            offered_s=deliveries_s,
            seconds=took,
            deliveries=deliveries,
            missing=max(expected - end[0], 0),
            errors=end[2] - begin[2],
            closed=end[3] - begin[3],
            frame_bytes=(after[1] - before[1]) / max(deliveries, 1),
            cpu_s=cpu_s,
            beside_s=beside_s,
            core=busy_s / took,
            load_core=load_busy_s / took,
            others=max(busy_s + load_busy_s - uncounted_s - load_uncounted_s - cpu_s - beside_s - load_s, 0) / took / 2,
            kernel_share=kernel / max(own + kernel, 1),
            late_s=late_s,
        )

    async def _cause(self, rate: float, seconds: float) -> None:
        began, done = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            for _ in range(int(elapsed * rate) - done):
                room, member = self._order[self._caused % len(self._order)]
                self._server.cause(room, member, self._caused)
                self._caused += 1
                done += 1
            await asyncio.sleep(TICK_S)

    async def _settled(self, expected: int) -> tuple[int, int, int, int]:
        """Wait for what is still on its way."""
        patience = time.monotonic() + self._settle_s
        counts = self._counts()
        while counts[0] < expected:
            over = time.monotonic() > patience
            await asyncio.sleep(0.02)  # what the kernel holds for us comes in here, also where we were asleep for long
            before, counts = counts, self._counts()
            if counts[0] > before[0]:
                patience = time.monotonic() + self._settle_s
            elif over:
                break
        return counts

    def _counts(self) -> tuple[int, int, int, int]:
        """Events, bytes, errors and closed sockets so far."""
        listeners = self._server.listeners
        self.first_error = self.first_error or next((one.first_error for one in listeners if one.first_error), b"")
        return (
            sum(listener.events for listener in listeners),
            sum(listener.received for listener in listeners),
            sum(listener.errors for listener in listeners),
            sum(listener.closed for listener in listeners),
        )

    def _cpu(self) -> tuple[float, ...]:
        """Seconds of the server, of what is beside it and of us; its ticks; then two figures of each core."""
        return (
            self._server.process.cpu_s(),
            0.0 if self._beside is None else self._beside.cpu_s(),
            time.process_time(),
            *self._server.process.ticks(),
            *self._cores.times(self._cores.servers),
            *self._cores.times(self._cores.load),
        )
