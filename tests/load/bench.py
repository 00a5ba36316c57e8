"""`make bench`: what a delivery costs sync_service, beside a plain Node.js relay and a C loop of send(), in one run.

All three are under the same load in turn, several times: figures of one run are good for ratios, since the machine's
mood changes between runs. docs/operations.md tells how to read them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import uvloop

from deploy.local.free_ports import free_port
from deploy.local.redis_server import Redis
from shared.service import allow_open_files
from tests.load.plan import FULL, QUICK, Plan, Shape, measured_memory, measured_shape
from tests.load.process import Cores, Process
from tests.load.quiet import measured_quiet
from tests.load.report import Report
from tests.load.servers import NO_BROKER, ROOT, Relay, SendLoop, Server, Sync, built_send_loop

FIGURES: Final = ROOT / "build" / "bench.json"
NAMES: Final = {"sync": Sync, "relay": Relay, "loop": SendLoop}


class Bench:
    """What is measured, in a folder of its own."""

    def __init__(self, plan: Plan, names: Sequence[str], amqp_url: str, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self.report = Report()
        self.cores = Cores()
        port = free_port()
        self._redis = Redis(folder / "redis", port=port, log=folder / "redis.log", dies_with_us=True)
        self._databases = iter(range(1, 256))
        loop = built_send_loop()
        makes: dict[str, Callable[[], Server]] = {
            "sync": lambda: Sync(folder, self._redis.url_of(next(self._databases)), amqp_url),
            "relay": lambda: Relay(folder),
            "loop": lambda: SendLoop(folder, loop),
        }
        self._makes = [makes[name] for name in names]

    async def run(self) -> None:
        """Measure and print one thing after the other."""
        with self.cores.for_servers():
            self._redis.start()
        assert self._redis.pid is not None
        redis = Process(self._redis.pid)
        try:
            for shape in self._plan.shapes:
                with self._servers(self._makes) as servers:
                    self.report.shape(await measured_shape(self._plan, shape, servers, self.cores, redis))
            for make in self._makes:
                with self._servers([make]) as servers:
                    self.report.connections(servers[0].name, await measured_memory(self._plan, servers[0]))
            await self._quiet(redis)
        finally:
            self._redis.kill()

    async def _quiet(self, redis: Process) -> None:
        shape = self._plan.quiet
        for make in self._makes:
            with self._servers([make]) as (server,):
                if not isinstance(server, SendLoop):  # which answers nobody
                    beside = redis if isinstance(server, Sync) else None
                    found = await measured_quiet(server, shape.rooms, shape.members, self._plan.quiet_s, beside)
                    self.report.quiet_row(server.name, found)

    @contextlib.contextmanager
    def _servers(self, makes: Sequence[Callable[[], Server]]) -> Iterator[list[Server]]:
        """Start fresh ones, so that nothing pays for what was measured before."""
        with contextlib.ExitStack() as started:
            servers = []
            for make in makes:
                with self.cores.for_servers():
                    servers.append(make())
                started.callback(servers[-1].stop)
            yield servers


def run(plan: Plan, names: Sequence[str], amqp_url: str, figures: Path) -> int:
    """Measure within the plan's time; return the exit code: 0 if all of it ran, whatever the figures say."""
    began = time.monotonic()
    allow_open_files()
    with tempfile.TemporaryDirectory(prefix="movie-together-bench-") as folder:
        bench = Bench(plan, names, amqp_url, Path(folder))
        where = "Servers and Redis on one core, the load on another" if bench.cores.apart else "All on one core"
        print(f"{where}. A delivery is one event to one member; cpu/M: seconds of the server's CPU for a million.")
        # What hangs outside of the loop ends here; the servers end with us.
        hung_s = plan.limit_s + plan.grace_s
        watchdog = threading.Timer(hung_s, _give_up, [hung_s])
        watchdog.daemon = True
        watchdog.start()
        problem = None
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_within(plan.limit_s, bench.run()))
        except TimeoutError:
            problem = f"not everything was measured within {plan.limit_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever it was, what has been measured is worth keeping
            problem = "".join(traceback.format_exception(error)[-2:])
        watchdog.cancel()
    took = time.monotonic() - began
    bench.report.save(figures, seconds=round(took, 1), cores_apart=bench.cores.apart, problem=problem)
    print(f"\n{took:.0f} s; the figures are in {figures}")
    if problem is not None:
        print(f"incomplete: {problem}", file=sys.stderr)
    return 0 if problem is None else 1


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(seconds):
        await work


def _give_up(seconds: float) -> None:
    print(f"incomplete: hung for {seconds:g} s", file=sys.stderr, flush=True)
    os._exit(1)


def _shape(text: str) -> Shape:
    rooms, members = map(int, text.split("x"))
    return next((one for one in FULL.shapes if (one.rooms, one.members) == (rooms, members)), Shape(rooms, members))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see only that it works, in seconds")
    parser.add_argument("--shapes", type=_shape, nargs="+", metavar="ROOMSxMEMBERS")
    parser.add_argument("--servers", choices=NAMES, nargs="+", default=list(NAMES))
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--rate", type=float, metavar="DELIVERIES/S", help="of the steady load")
    parser.add_argument("--amqp", default=NO_BROKER, metavar="URL", help="archive to this RabbitMQ meanwhile")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="what is not measured by then is left out")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the JSON goes (default: build/bench.json)")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    shapes = tuple(arguments.shapes or plan.shapes)
    if arguments.repeats:
        shapes = tuple(replace(shape, repeats=arguments.repeats) for shape in shapes)
    plan = replace(
        plan,
        shapes=shapes,
        steady=arguments.rate or plan.steady,
        limit_s=arguments.limit or plan.limit_s,
    )
    return run(plan, arguments.servers, arguments.amqp, arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
