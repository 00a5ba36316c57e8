"""`make bench-flood`: how long others wait while one member's sockets send frames that say nothing.

Three sockets send 2.7 MB/s of empty frames together and come back as often as they are closed; people in another room
on the same node move the film. The bar is 50 ms for nine of ten answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import uvloop

from deploy.local.free_ports import free_port
from deploy.local.redis_server import Redis
from tests.load.listener import Listener, Step, frame, upgrade
from tests.load.process import Cores
from tests.load.servers import NO_BROKER, Sync
from tests.support.sync_fixtures import person

SOCKETS: Final = 3
BYTES_PER_S: Final = 2_700_000
BLOCK_S: Final = 0.01
COMES_BACK_S: Final = 0.1
MEMBERS: Final = 5
COMMAND_EVERY_S: Final = 0.15  # a member may command ten times a second
SETTLES_S: Final = 0.5
BAR_MS: Final = 50
PING, PONG, FRAGMENT = b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x00\x80\0\0\0\0"
_FIRST_FRAGMENT: Final = b"\x01\x80\0\0\0\0"
_CLOSE: Final = 0x88


@dataclass(frozen=True)
class Kind:
    """What is sent, and whether the flooders have entered a room before."""

    name: str
    what: bytes
    entered: bool = True


KINDS: Final = (
    Kind("pings", PING),
    Kind("pongs", PONG),
    Kind("pongs before hello", PONG, entered=False),
    Kind("empty fragments", FRAGMENT),
)


@dataclass
class Waited:
    """How long (ms) commands waited for their answers, and with which codes flooding sockets were closed."""

    name: str
    ms: list[float] = field(default_factory=list)
    closes: Counter[int] = field(default_factory=Counter)
    sent: int = 0

    def part(self, share: float) -> float:
        """Return the time within which this share of the answers came."""
        return sorted(self.ms)[int(len(self.ms) * share)]


class Bystander(Listener):
    """A member who moves the film, and waits for each answer."""

    def __init__(self, request: bytes, steps: Sequence[Step]) -> None:
        super().__init__(request, steps)
        self._answered = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if b'"type":"ack"' in data:
            self._answered.set()

    async def seek(self, number: int) -> float:
        """Seek somewhere; return the ms until that was acknowledged."""
        self._answered.clear()
        began = time.monotonic()
        command = {"type": "seek", "id": f"{id(self)}-{number}", "position_ms": 1_000 * (number % 60)}
        self.send(frame(json.dumps(command).encode()))
        await asyncio.wait_for(self._answered.wait(), 60)
        return (time.monotonic() - began) * 1e3


class Flooder(threading.Thread):
    """One socket of the flood, from a thread of its own, until it is told to stop."""

    def __init__(self, kind: Kind, server: Sync, ticket: Callable[[], str], waited: Waited) -> None:
        super().__init__(daemon=True)
        self._kind = kind
        self._port = server.port
        self._ticket = ticket
        self._waited = waited
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as line:
                self._enter(line)
                self._flood(line)
            self.over.wait(COMES_BACK_S)

    def _enter(self, line: socket.socket) -> None:
        line.settimeout(5)
        line.sendall(upgrade(self._port, "/ws/p9"))
        _read_until(line, b"\r\n\r\n")
        if self._kind.entered:
            line.sendall(frame(json.dumps({"type": "hello", "protocol": 1, "ticket": self._ticket()}).encode()))
            _read_until(line, b'"type":"welcome"')
        if self._kind.what == FRAGMENT:
            line.sendall(_FIRST_FRAGMENT)

    def _flood(self, line: socket.socket) -> None:
        line.settimeout(0.2)  # a server that reads no further holds us up, and is told of no more
        block = self._kind.what * int(BYTES_PER_S / SOCKETS * BLOCK_S / len(self._kind.what))
        came = b""
        while not self.over.wait(BLOCK_S):
            with contextlib.suppress(TimeoutError):
                line.sendall(block)
                self._waited.sent += len(block)
            with contextlib.suppress(BlockingIOError):
                came = came[-200:] + line.recv(65_536, socket.MSG_DONTWAIT)
            at = came.rfind(_CLOSE)
            if at >= 0 and len(came) >= at + 4 and came[at + 1] >= 2:
                self._waited.closes[struct.unpack_from("!H", came, at + 2)[0]] += 1
                return


def _read_until(line: socket.socket, end: bytes) -> None:
    got = b""
    while end not in got:
        data = line.recv(65_536)
        if not data:
            raise ConnectionError("closed while entering")
        got += data


async def measured(server: Sync, kinds: Sequence[Kind], seconds: float) -> list[Waited]:
    """Return what the people of a room of MEMBERS waited while nothing else happens, and during each flood."""
    server.make = Bystander
    await server.fill(1, MEMBERS)
    bystanders = [one for one in server.listeners if isinstance(one, Bystander)]
    found = [await _waited(bystanders, Waited("nothing"), seconds)]
    for kind in kinds:
        waited = Waited(kind.name)
        ticket = partial(server.cinema.ticket, server.cinema.room(partition=9), person())
        flooders = [Flooder(kind, server, ticket, waited) for _ in range(SOCKETS)]
        for one in flooders:
            one.start()
        await asyncio.sleep(SETTLES_S)
        found.append(await _waited(bystanders, waited, seconds))
        for one in flooders:
            one.over.set()
        for one in flooders:
            await asyncio.to_thread(one.join)
    return found


async def _waited(bystanders: Sequence[Bystander], waited: Waited, seconds: float) -> Waited:
    until = time.monotonic() + seconds

    async def watch(one: Bystander, after_s: float) -> None:
        await asyncio.sleep(after_s)
        number = 0
        while time.monotonic() < until:
            number += 1
            waited.ms.append(await one.seek(number))
            await asyncio.sleep(COMMAND_EVERY_S)

    apart_s = COMMAND_EVERY_S / len(bystanders)
    await asyncio.gather(*(watch(one, number * apart_s) for number, one in enumerate(bystanders)))
    return waited


def main(seconds: float = 6.0) -> int:
    with tempfile.TemporaryDirectory(prefix="movie-together-flood-") as name:
        folder, cores = Path(name), Cores()
        with cores.for_servers():
            redis = Redis(folder / "redis", port=free_port(), log=folder / "redis.log", dies_with_us=True).start()
            server = Sync(folder, redis.url_of(0), NO_BROKER)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                found = runner.run(measured(server, KINDS, seconds))
        finally:
            server.stop()
            redis.kill()
    print(f"{'a flood of':20}| p50 ms | p90 ms | most ms | MB sent | closed with (bar: p90 within {BAR_MS} ms)")
    for one in found:
        closes = ", ".join(f"{code}: {times}" for code, times in sorted(one.closes.items()))
        print(
            f"{one.name:20}| {one.part(0.5):6.1f} | {one.part(0.9):6.1f} | {max(one.ms):7.1f} "
            f"| {one.sent / 1e6:7.1f} | {closes}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
