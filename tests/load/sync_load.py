"""Load on one sync process: how much server CPU a delivery costs, and how late it comes.

Bounded in count and time. `python -m tests.load.sync_load --redis redis://… --rooms 20 --members 50 --rate 400`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvloop

from tests.processes import processes
from tests.sync_fixtures import Cinema, person, start_node

MASK = b"\0\0\0\0"  # masking by zeros is masking (RFC 6455, section 5.3), and costs the load nothing


class Server:
    """What the kernel counts for a process (proc(5))."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def cpu_s(self) -> tuple[float, float]:
        """Seconds of CPU so far, in its own code and in the kernel's."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / ticks, int(fields[12]) / ticks

    def memory_bytes(self) -> int:
        """Resident memory."""
        return int((self._folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peer(asyncio.Protocol):
    """A member reduced to what a load needs: says hello, sends ready frames, counts what comes."""

    def __init__(self, port: int, partition: int, ticket: str, sample: list[float] | None) -> None:
        self._request = (
            f"GET /ws/p{partition} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        ).encode()
        self._hello = frame(json.dumps({"type": "hello", "protocol": 1, "ticket": ticket}).encode())
        self._sample = sample
        self._buffer = b""
        self._upgraded = False
        self.events = 0
        self.errors = 0
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        at = 0
        if not self._upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.welcomed.set_exception(ConnectionError(data[:100].decode()))
                return
            self._upgraded = True
            at = end + 4
            assert self.transport is not None
            self.transport.write(self._hello)
        size = len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                if size - at < 4:
                    break
                length, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif length == 127:
                if size - at < 10:
                    break
                length, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if size - start < length:
                break
            self._take(data, start, start + length)
            at = start + length
        self._buffer = data[at:]

    def _take(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"epoch":', start):
            self.events += 1
            if self._sample is not None:
                sent = data.find(b'"text":"@', start, end)
                if sent > 0:
                    self._sample.append(time.monotonic() - float(data[sent + 9 : data.index(b'"', sent + 9)]))
        elif data.startswith(b'{"type":"welcome"', start):
            if not self.welcomed.done():
                self.welcomed.set_result(None)
        elif data.startswith(b'{"type":"error"', start):
            self.errors += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionError("closed before the welcome"))


def frame(payload: bytes) -> bytes:
    """A client's text frame."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + MASK + payload


async def crowd(
    cinema: Cinema, port: int, rooms: int, members: int, sample: list[float]
) -> tuple[list[list[Peer]], float]:
    """Fill the rooms; gives their members and how many joined each second."""
    loop = asyncio.get_running_loop()
    full: list[list[Peer]] = []
    started = time.monotonic()
    for number in range(rooms):
        room = cinema.room(partition=number % 64, capacity=members)
        peers = []
        for index in range(members):
            ticket = cinema.ticket(room, person(), f"Member {index}")
            _, peer = await loop.create_connection(
                lambda ticket=ticket, room=room, index=index: Peer(  # type: ignore[misc]  # bound as defaults
                    port, room["partition"], ticket, sample if index % 10 == 0 else None
                ),
                "127.0.0.1",
                port,
            )
            peers.append(peer)
        await asyncio.gather(*(peer.welcomed for peer in peers))
        full.append(peers)
    return full, rooms * members / (time.monotonic() - started)


async def drive(full: list[list[Peer]], rate: float, seconds: float, kind: str) -> int:
    """Send so many commands each second, spread over rooms and members; gives how many were sent."""
    loop = asyncio.get_running_loop()
    dice = random.Random(1)
    order = [(room, member) for room in range(len(full)) for member in range(len(full[0]))]
    dice.shuffle(order)
    sent, started = 0, loop.time()
    make: Callable[[int], dict[str, Any]] = (
        (lambda n: {"type": "say", "id": f"{started}:{n}", "text": f"@{time.monotonic():.6f}"})
        if kind == "say"
        else (lambda n: {"type": "seek", "id": f"{started}:{n}", "position_ms": n % 100_000})
    )
    while (now := loop.time() - started) < seconds:
        due = int(now * rate)
        while sent < due:
            room, member = order[sent % len(order)]
            transport = full[room][member].transport
            assert transport is not None
            transport.write(frame(json.dumps(make(sent)).encode()))
            sent += 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.5)
    return sent


async def measure(arguments: argparse.Namespace, port: int, server: Server, cinema: Cinema) -> dict[str, Any]:
    """Run one load and give its figures."""
    sample: list[float] = []
    base = server.memory_bytes()
    cpu_before_joins = sum(server.cpu_s())
    full, joins = await crowd(cinema, port, arguments.rooms, arguments.members, sample)
    peers = [peer for room in full for peer in room]
    join_cpu = sum(server.cpu_s()) - cpu_before_joins
    memory = (server.memory_bytes() - base) / len(peers)
    await asyncio.sleep(6)  # the films have started by themselves
    await drive(full, arguments.rate, 1, arguments.kind)
    before, cpu, started = sum(peer.events for peer in peers), server.cpu_s(), time.monotonic()
    sample.clear()
    sent = await drive(full, arguments.rate, arguments.seconds, arguments.kind)
    took = time.monotonic() - started - 0.5
    deliveries = sum(peer.events for peer in peers) - before
    after = server.cpu_s()
    user, system = after[0] - cpu[0], after[1] - cpu[1]
    for peer in peers:
        assert peer.transport is not None
        peer.transport.abort()
    late = statistics.quantiles(sample, n=100) if len(sample) > 100 else [0.0] * 99
    return {
        "rooms": arguments.rooms,
        "members": arguments.members,
        "kind": arguments.kind,
        "sent": sent,
        "deliveries/s": round(deliveries / took),
        "errors": sum(peer.errors for peer in peers),
        "cpu/M": round((user + system) / deliveries * 1e6, 2),
        "user/M": round(user / deliveries * 1e6, 2),
        "cpu %": round((user + system) / (took + 0.5) * 100),
        "p50 us": round(late[49] * 1e6),
        "p99 us": round(late[98] * 1e6),
        "joins/s": round(joins),
        "join cpu us": round(join_cpu / len(peers) * 1e6),
        "KiB each": round(memory / 1024, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    parser.add_argument("--amqp", default="amqp://guest:guest@127.0.0.1:1/", help="default: none, the journal waits")
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--rate", type=float, default=400, help="commands each second")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--kind", choices=["say", "seek"], default="say")
    arguments = parser.parse_args()
    cinema = Cinema()
    with tempfile.TemporaryDirectory() as folder, processes(Path(folder)) as run:
        node = start_node(run, cinema, arguments.redis, arguments.amqp, LOG_LEVEL="warning")
        assert node.process.pid is not None
        server = Server(node.process.pid)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(measure(arguments, node.port, server, cinema))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
