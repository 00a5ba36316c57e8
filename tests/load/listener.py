"""A member reduced to what a load needs: opens a socket, sends ready frames, counts what comes.

The load has one core for all members: nothing is parsed. An event is known by how its JSON begins, which no other
message has, and the moment it was caused at by a stamp of fixed width in its text.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Sequence
from typing import cast

EVENT = b'{"epoch":'
ERROR = b'"type":"error"'
STAMP = b'"text":"@'
STAMP_DIGITS = 17
MASK = b"\0\0\0\0"  # masking by zeros is masking (RFC 6455, section 5.3), and costs the load nothing


Step = tuple[bytes, bytes]


def stamp() -> str:
    """Return the text of a message that is sent now."""
    return f"@{time.monotonic():0{STAMP_DIGITS}.6f}"


def frame(payload: bytes) -> bytes:
    """Return a client's text frame."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + MASK + payload


def upgrade(port: int, path: str) -> bytes:
    """Return a WebSocket's opening request."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


class Listener(asyncio.Protocol):
    """Sends ``request``, then for each step (awaited, sent) waits for the one and sends the other."""

    def __init__(self, request: bytes, steps: Sequence[Step]) -> None:
        self._request = request
        self._steps = list(steps)
        self._begun = b""
        self._tail = b""
        self.events = 0
        self.errors = 0
        self.received = 0
        self.first_error = b""
        self.closed = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def send(self, data: bytes) -> None:
        """Write to the server, unless it has hung up: that is counted, not an end of the load."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def hang_up(self) -> None:
        """Cut the connection."""
        assert self._transport is not None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._steps:
            self._open(data)
            return
        self.received += len(data)
        data = self._tail + data
        self.events += data.count(EVENT)
        self._tail = data[1 - len(EVENT) :]
        if ERROR in data:
            self.errors += data.count(ERROR)
            self.first_error = self.first_error or data[data.index(ERROR) :][:200]

    def _open(self, data: bytes) -> None:
        self._begun += data
        awaited, answer = self._steps[0]
        if awaited not in self._begun:
            return
        self._begun = self._begun.partition(awaited)[2]
        self.send(answer)
        del self._steps[0]
        if not self._steps and not self.opened.done():
            self.opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed while opening, after {self._begun[-300:]!r}"))


class Sampler(Listener):
    """A listener that also notes, in seconds, how late each stamped event comes."""

    def __init__(self, request: bytes, steps: Sequence[Step], late_s: list[float]) -> None:
        super().__init__(request, steps)
        self._late_s = late_s
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        opening = bool(self._steps)
        super().data_received(data)
        if opening:
            return
        now_s = time.monotonic()
        data = self._rest + data
        at = data.find(STAMP)
        while at >= 0:
            begin = at + len(STAMP)
            end = begin + STAMP_DIGITS
            if end > len(data):
                break
            self._late_s.append(now_s - float(data[begin:end]))
            at = data.find(STAMP, end)
        self._rest = data[at if at >= 0 else 1 - len(STAMP) :]
