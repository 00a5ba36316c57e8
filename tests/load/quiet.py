"""The row "quiet": people who only watch, with the real page's cadence, and what they take while nothing happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.load.listener import Listener, Step, frame
from tests.load.process import Process
from tests.load.servers import Relay, Server

# core/pings.js (EVERY_MOST_MS), test_load_bench.py compares. Its skew goes along with the pings (core/reports.js).
PING_EVERY_S: Final = 15.0
TICK_S: Final = 0.01
PING: Final = frame(b'{"type":"ping","t0":1795437924063.5,"rtt_ms":21.4,"skew_ms":-0.4}')
ASKED: Final = b"\x89\x00"  # the server's WebSocket ping
ALIVE: Final = b"\x8a\x80\0\0\0\0"
PEOPLE: Final = 10_000


class Viewer(Listener):
    """A page that only watches: it answers the server's pings, as browsers do by themselves."""

    def __init__(self, request: bytes, steps: Sequence[Step]) -> None:
        super().__init__(request, steps)
        self.asked = 0
        self.pongs = 0

    def data_received(self, data: bytes) -> None:
        if not self._steps:
            self.pongs += data.count(b'"type":"pong"') + data.count(b'"type":"ping"')  # the echo's answer
            for _ in range(data.count(ASKED)):
                self.asked += 1
                self.send(ALIVE)
        super().data_received(data)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What so many viewers took of a core, the server's Redis included, in ``seconds``; for 10,000 of them each."""

    viewers: int
    seconds: float
    pings: int
    answered: int
    asked: int
    events: int
    closed: int
    core: float
    redis_core: float

    def per_people(self, core: float) -> float:
        """Return a share of a core for PEOPLE viewers."""
        return core * PEOPLE / self.viewers


async def measured_quiet(server: Server, rooms: int, members: int, seconds: float, redis: Process | None) -> Quiet:
    """Fill a server and let everyone watch for so long; the relay gets rooms of one, in which it is an echo."""
    server.make = Viewer
    await (server.fill(rooms * members, 1) if isinstance(server, Relay) else server.fill(rooms, members))
    viewers = [one for one in server.listeners if isinstance(one, Viewer)]
    await _watched(viewers, 1.0)
    events, asked, pongs = (sum(getattr(one, name) for one in viewers) for name in ("events", "asked", "pongs"))
    cpu_s, beside_s, began = server.process.cpu_s(), 0.0 if redis is None else redis.cpu_s(), time.monotonic()
    pings = await _watched(viewers, seconds)
    took = time.monotonic() - began
    return Quiet(
        viewers=len(viewers),
        seconds=took,
        pings=pings,
        answered=sum(one.pongs for one in viewers) - pongs,
        asked=sum(one.asked for one in viewers) - asked,
        events=sum(one.events for one in viewers) - events,
        closed=sum(one.closed for one in viewers),
        core=(server.process.cpu_s() - cpu_s) / took,
        redis_core=0.0 if redis is None else (redis.cpu_s() - beside_s) / took,
    )


async def _watched(viewers: Sequence[Viewer], seconds: float) -> int:
    """Have everyone send what the page sends, each at its own moment; return the number of pings."""
    began, pings, pinged = time.monotonic(), 0, _in_turn(viewers)
    while (elapsed_s := time.monotonic() - began) < seconds:
        while pings < elapsed_s * len(viewers) / PING_EVERY_S:
            next(pinged).send(PING)
            pings += 1
        await asyncio.sleep(TICK_S)
    return pings


def _in_turn(viewers: Sequence[Viewer]) -> Iterator[Viewer]:
    while True:
        yield from viewers
