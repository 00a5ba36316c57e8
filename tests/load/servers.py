"""The servers under load: sync_service, and the two that it is measured against.

Each is a process of its own whose rooms are filled and in which events are caused; the load is the same for all.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from deploy.local.free_ports import free_port
from deploy.local.program import NotStarted, Program, WebProgram, plain_environment
from tests.load.listener import STAMP, Listener, Sampler, Step, frame, stamp, upgrade
from tests.load.process import Process
from tests.support.sync_fixtures import Cinema, person

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
RELAY = HERE / "relay.mjs"
SEND_LOOP = HERE / "send_loop.c"

SAMPLED = 10  # every tenth member notes how late events come
OPENING_AT_ONCE = 50
CONTROL = 0xFFFF_FFFF
UPGRADED = b"\r\n\r\n"
# The archive is left out: its journal waits in Redis for a broker that is not there.
NO_BROKER = "amqp://guest:guest@127.0.0.1:1/"
SAY_EVERY = 7  # a member may say 2 and command 10 a second; prime to the number of members, so that all do both
FILM_MS = 7_200_000


class Server:
    """A server that is running. ``rooms`` are its listeners, by room, once it is filled."""

    name: ClassVar[str]

    def __init__(self, program: Program) -> None:
        self._program = program
        assert program.pid is not None
        self.process = Process(program.pid)
        self.port = program.port
        self.rooms: list[list[Listener]] = []
        self.late_s: list[float] = []
        self.make: Callable[[bytes, Sequence[Step]], Listener] = Listener

    @property
    def listeners(self) -> list[Listener]:
        return [listener for room in self.rooms for listener in room]

    async def fill(self, rooms: int, members: int) -> float:
        """Fill so many rooms; return how many members came in each second."""
        self._expect(rooms, members)
        began = time.monotonic()
        for room in range(rooms):
            self.rooms.append([])
            for first in range(0, members, OPENING_AT_ONCE):
                seats = range(first, min(first + OPENING_AT_ONCE, members))
                self.rooms[room] += await asyncio.gather(*(self._seat(room, member) for member in seats))
        return rooms * members / (time.monotonic() - began)

    async def _seat(self, room: int, member: int) -> Listener:
        request, steps = self._opening(room, member)
        make: Callable[[], Listener] = (
            functools.partial(Sampler, request, steps, self.late_s)
            if member % SAMPLED == 0 and self.make is Listener
            else functools.partial(self.make, request, steps)
        )
        return await self._listener(make)

    async def _listener(self, make: Callable[[], Listener]) -> Listener:
        _, listener = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", self.port)
        await listener.opened
        return listener

    def _expect(self, rooms: int, members: int) -> None:
        """Prepare what is the same for all members."""

    def _opening(self, room: int, member: int) -> tuple[bytes, Sequence[Step]]:
        """Return what a member begins with."""
        raise NotImplementedError

    def cause(self, room: int, member: int, number: int) -> None:
        """Bring about one event, which everyone in the room gets."""
        raise NotImplementedError

    def keep_alive(self) -> None:
        """Let it hear from everyone, where it cuts off those who are silent."""

    def stop(self) -> None:
        """Hang up and end the process."""
        for listener in self.listeners:
            listener.hang_up()
        self._program.kill()


class Sync(Server):
    """sync_service as it runs for real: every check, every limit, and the commit in Redis of each event."""

    name = "sync_service"
    program: ClassVar[Sequence[str]] = ("python", "-m", "sync_service")
    _ids = itertools.count()

    def __init__(self, folder: Path, redis_url: str, amqp_url: str, *, program: Sequence[str] = program) -> None:
        self.cinema = Cinema()
        self._claims: list[dict[str, Any]] = []
        port = free_port()
        settings = {
            **self.cinema.settings,
            "REDIS_URL": redis_url,
            "AMQP_URL": amqp_url,
            "SYNC_PORT": str(port),
            "LOG_LEVEL": "error",
        }
        started = WebProgram(
            "sync_service",
            list(program),
            ready_url=f"http://127.0.0.1:{port}/readyz",
            log=folder / f"sync-{port}.log",
            env=plain_environment(**settings),
            cwd=str(ROOT),
            timeout_s=30,
            dies_with_us=True,
        )
        super().__init__(started.start())

    def _expect(self, rooms: int, members: int) -> None:
        film = {"id": person(), "title": "Фильм", "duration_ms": FILM_MS}
        self._claims = [self.cinema.room(partition=number % 64, capacity=members, film=film) for number in range(rooms)]

    def _opening(self, room: int, member: int) -> tuple[bytes, Sequence[Step]]:
        claim = self._claims[room]
        hello = {"type": "hello", "protocol": 1, "ticket": self.cinema.ticket(claim, name=f"Member {member}")}
        ready = {"type": "report", "ready": True}
        return upgrade(self.port, f"/ws/p{claim['partition']}"), [
            (UPGRADED, frame(json.dumps(hello).encode())),
            (b'"type":"welcome"', frame(json.dumps(ready).encode()) if member == 0 else b""),
        ]

    def cause(self, room: int, member: int, number: int) -> None:
        id_ = next(self._ids)
        command = (
            {"type": "seek", "id": f"{id_}", "position_ms": number * 1_000 % FILM_MS}
            if number % SAY_EVERY
            else {"type": "say", "id": f"{id_}", "text": stamp()}
        )
        self.rooms[room][member].send(frame(json.dumps(command).encode()))

    def keep_alive(self) -> None:
        ping = frame(b'{"type":"ping","t0":0}')
        for listener in self.listeners:
            listener.send(ping)


class Peer(Server):
    """A server that passes on what it is given: ``frame_bytes`` is what a delivery weighs."""

    frame_bytes = 300

    def _event(self) -> bytes:
        begin = b'{"epoch":1,"type":"said",%s%s","pad":"' % (STAMP[:-1], stamp().encode())
        return begin + b"x" * (self.frame_bytes - 4 - len(begin) - 2) + b'"}'


class Relay(Peer):
    """The Node.js relay (relay.mjs)."""

    name = "Node.js ws"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        program = WebProgram(
            "relay",
            ["node", str(RELAY), str(port)],
            ready_url=f"http://127.0.0.1:{port}/",
            log=folder / f"relay-{port}.log",
            env=plain_environment(),
            cwd=str(ROOT),
            timeout_s=30,
            dies_with_us=True,
        )
        super().__init__(program.start())

    def _opening(self, room: int, member: int) -> tuple[bytes, Sequence[Step]]:
        return upgrade(self.port, f"/{room}"), [(UPGRADED, b"")]

    def cause(self, room: int, member: int, number: int) -> None:
        self.rooms[room][member].send(frame(self._event()))


class SendLoop(Peer):
    """The C loop (send_loop.c)."""

    name = "C send()"

    def __init__(self, folder: Path, program: Path) -> None:
        port = free_port()
        super().__init__(
            Program(
                "send_loop",
                [str(program), str(port)],
                port=port,
                log=folder / f"send-loop-{port}.log",
                timeout_s=30,
                dies_with_us=True,
            ).start()
        )
        self._control: Listener | None = None

    async def fill(self, rooms: int, members: int) -> float:
        self._control = await self._listener(lambda: Listener(struct.pack("!I", CONTROL), [(b"\n", b"")]))
        return await super().fill(rooms, members)

    def _opening(self, room: int, member: int) -> tuple[bytes, Sequence[Step]]:
        return struct.pack("!I", room), [(b"\n", b"")]

    def cause(self, room: int, member: int, number: int) -> None:
        event = self._event()
        data = struct.pack("!BBH", 0x81, 126, len(event)) + event
        assert self._control is not None
        self._control.send(struct.pack("!II", room, len(data)) + data)


def built_send_loop() -> Path:
    """Compile the C loop into `build/`; return the program. Raises NotStarted where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotStarted("the C loop needs a compiler: apt-get install gcc libc6-dev")
    program = ROOT / "build" / "send_loop"
    program.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, SEND_LOOP],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotStarted(f"the C loop cannot be compiled\n{done.stderr}")
    return program
