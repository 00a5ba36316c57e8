"""What is measured: the same load on each server in turn, steady and then rising, and what connections take."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.load.drive import Drive, Window
from tests.load.process import Cores, Process
from tests.load.servers import Peer, Server, Sync

BUSY: Final = 0.95
OTHERS: Final = 0.10  # other programs that take so much of the cores spoil the figures
CLOSER: Final = 2  # how often the ramp halves its last step


@dataclass(frozen=True, slots=True)
class Shape:
    """So many rooms of so many members, and how often each server's steady load is measured in turn."""

    rooms: int
    members: int
    repeats: int = 3

    def __str__(self) -> str:
        return f"{self.rooms} x {self.members}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates are deliveries a second: one event that reaches one member.

    A step of the ramp is met when ``met`` of what was offered came within it, 99 % of that within ``late_most_s``.
    """

    shapes: tuple[Shape, ...]
    steady: float
    window_s: float
    ramp_first: float
    ramp_factor: float
    ramp_most: float
    step_s: float
    met: float
    late_most_s: float
    crowd: Shape
    calm_s: float  # once all are in: the film starts, which is an event too
    quiet: Shape
    quiet_s: float
    limit_s: float
    grace_s: float = 8.0  # to end in, before a hang is cut off
    settle_s: float = 1.0


FULL: Final = Plan(
    # Single windows are up to 20 % off: the shape that others are compared by is looked at more often.
    shapes=(Shape(100, 10), Shape(20, 50, repeats=9), Shape(5, 200)),
    steady=20_000,
    window_s=1.5,
    ramp_first=40_000,
    ramp_factor=1.5,
    ramp_most=1_500_000,
    step_s=0.6,
    met=0.93,
    late_most_s=0.050,
    crowd=Shape(100, 50),
    calm_s=1.0,
    quiet=Shape(200, 10),
    quiet_s=12.0,
    limit_s=205,
)
QUICK: Final = Plan(
    shapes=(Shape(3, 4, repeats=1),),
    steady=200,
    window_s=2,
    ramp_first=300,
    ramp_factor=2,
    ramp_most=300,
    step_s=0.2,
    met=0.1,
    late_most_s=5,
    crowd=Shape(4, 10),
    calm_s=0.4,
    quiet=Shape(6, 10),
    quiet_s=3.0,
    limit_s=90,
    # How busy the machine is must not show.
    grace_s=60,
    settle_s=20,
)


@dataclass(frozen=True, slots=True)
class Ramp:
    """How far a server came. ``best`` is the highest step that was met; ``bound`` tells what the next step ran into."""

    best: Window | None
    bound: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What so many connections took, each."""

    connections: int
    bytes_each: float
    cpu_s_each: float
    joins_per_second: float


@dataclass(frozen=True, slots=True)
class Found:
    """A shape's figures, by server's name."""

    plan: Plan
    shape: Shape
    frame_bytes: int
    steady: dict[str, list[Window]]
    ramps: dict[str, Ramp]


async def measured_shape(plan: Plan, shape: Shape, servers: Sequence[Server], cores: Cores, redis: Process) -> Found:
    """Fill each server with the shape and put all under the same load in turn."""
    for server in servers:
        await server.fill(shape.rooms, shape.members)
    await asyncio.sleep(plan.calm_s)
    beside = [redis if isinstance(server, Sync) else None for server in servers]
    drives = [Drive(server, cores, one, plan.settle_s) for server, one in zip(servers, beside, strict=True)]
    # What sync_service's events weigh is what the others are given to pass on.
    first = await drives[0].measure(plan.steady, plan.window_s / 3)
    frame_bytes = round(first.frame_bytes)
    for server in servers:
        if isinstance(server, Peer):
            server.frame_bytes = frame_bytes
    steady: dict[str, list[Window]] = {server.name: [] for server in servers}
    in_turn = list(zip(servers, drives, strict=True))
    for _ in range(shape.repeats):
        for server, drive in in_turn:
            steady[server.name].append(await drive.measure(plan.steady, plan.window_s))
        in_turn.reverse()  # so that a machine that grows slower favours nobody
    ramps = {server.name: await _ramp(plan, drive) for server, drive in zip(servers, drives, strict=True)}
    return Found(plan, shape, frame_bytes, steady, ramps)


async def _ramp(plan: Plan, drive: Drive) -> Ramp:
    """Ask for more until a step is not met, then come closer to it from below."""
    best: Window | None = None
    bound, rate = "the end of the ramp", plan.ramp_first
    missed: float | None = None
    closer = 0
    while rate <= plan.ramp_most and closer <= CLOSER:
        window = await drive.measure(rate, plan.step_s)
        if window.clean and window.per_second >= plan.met * rate and window.late(0.99) <= plan.late_most_s:
            best = window
        else:
            missed, bound = rate, _bound(window)
        if window.closed:
            break  # those who are gone would be missed in every step
        if missed is None:
            rate *= plan.ramp_factor
        else:
            closer += 1
            rate = math.sqrt(missed * best.offered_s) if best is not None else missed / plan.ramp_factor
    return Ramp(best, bound)


def _bound(window: Window) -> str:
    if window.others >= OTHERS:
        return "other programs"
    if window.errors:
        return "its rate limits"
    if window.closed:
        return "closed sockets"
    if window.core >= BUSY:
        return "its core"
    return "the load's core" if window.load_core >= BUSY else "late or lost events"


async def measured_memory(plan: Plan, server: Server) -> Memory:
    """Fill an untouched server and see what each connection takes."""
    before, cpu_s = server.process.memory_bytes(), server.process.cpu_s()
    joins_per_second = await server.fill(plan.crowd.rooms, plan.crowd.members)
    cpu_s = server.process.cpu_s() - cpu_s
    await asyncio.sleep(plan.calm_s)
    count = plan.crowd.rooms * plan.crowd.members
    return Memory(count, (server.process.memory_bytes() - before) / count, cpu_s / count, joins_per_second)
