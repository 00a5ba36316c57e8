"""Every frame of a client counts, whatever its kind and whenever it comes: before aiohttp's reader sees it.

The reader takes as many frames as come in one piece, and those that carry no message (pings, pongs, empty fragments)
cost their sender six bytes each: 40,000 fit into one read. Here a piece is passed on in slices, between which the loop
turns, and who sends more than the rate gets no further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WebSocketError, WSCloseCode
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import WebSocketReader

from sync_service.live.limits import ALL_FRAMES, TokenBucket

SLICE_FRAMES: Final = 50
_GO_ON: Final = (False, b"")
_ALIVE: Final = b"\x8a\x80"  # how a pong without a payload begins: what a page that only watches mostly sends
_ALIVE_BYTES: Final = 6
_RESERVED: Final = 0x70  # bits of a frame's first byte, which belong to extensions


class FrameGuard:
    """Stands where aiohttp expects the reader. ``on_flood`` is called once, after which nothing is read any more.

    ``on_alive``, once it is set, is called for an empty pong that comes alone, without reader and task.
    """

    def __init__(
        self, reader: WebSocketReader, queue: WebSocketDataQueue, protocol: BaseProtocol, on_flood: Callable[[], None]
    ) -> None:
        self.on_alive: Callable[[], None] | None = None
        self._reader = reader
        self._queue = queue
        self._protocol = protocol
        self._on_flood = on_flood
        self._loop = asyncio.get_running_loop()
        self._frames = TokenBucket(ALL_FRAMES, self._loop.time())
        self._rest_of_frame = 0  # bytes of a payload that have not come
        self._backlog = b""  # what came, and has not been passed on
        self._due = False
        self._over = False

    def feed_eof(self) -> None:
        """Pass on that the connection has ended."""
        self._reader.feed_eof()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass on what came, a slice at a time; returns what aiohttp expects of a reader that goes on."""
        if self._over:
            return _GO_ON  # read and dropped: what lay unread when we close would make the kernel say RST instead
        if (
            len(data) == _ALIVE_BYTES
            and data.startswith(_ALIVE)
            and self.on_alive is not None
            and not (self._rest_of_frame or self._backlog)
            and not self._frames.take(self._loop.time())
        ):
            self.on_alive()
            return _GO_ON
        if self._due:
            self._backlog += data
            self._protocol.pause_reading()
            return _GO_ON
        return self._pass_on(self._backlog + data if self._backlog else data)

    def _pass_on(self, data: bytes) -> tuple[bool, bytes]:
        at, size = self._rest_of_frame, len(data)
        now_s = self._loop.time()
        for _ in range(SLICE_FRAMES):
            if at < size and data[at] & _RESERVED:
                self._over = True
                return self._reader.feed_data(data)  # which says what is wrong
            head = _head(data, at)
            if not head:
                break
            if not data[at + 1] & 0x80:
                # RFC 6455, section 5.1: a server must close upon a frame that is not masked.
                self._stop(WebSocketError(WSCloseCode.PROTOCOL_ERROR, "a client's frames must be masked"))
                return _GO_ON
            if self._frames.take(now_s):
                self._stop(None)
                return _GO_ON
            at += head
        else:
            if at < size:
                self._later()
        # A header that is cut waits for its rest, so that the reader is given whole ones only.
        passed, self._backlog = data[:at], data[at:]
        self._rest_of_frame = max(at - size, 0)
        return self._reader.feed_data(passed)

    def _later(self) -> None:
        self._due = True
        self._protocol.pause_reading()
        self._loop.call_soon(self._next_slice)

    def _next_slice(self) -> None:
        self._due = False
        data, self._backlog = self._backlog, b""
        if not self._over:
            self._pass_on(data)
        # aiohttp pauses a connection as well, whose queue is full, and goes on with it when that has been read.
        if not self._due and self._queue._size <= self._queue._limit:
            self._protocol.resume_reading()

    def _stop(self, error: WebSocketError | None) -> None:
        self._over = True
        self._backlog = b""
        if error is None:
            self._on_flood()
        else:
            self._queue.set_exception(error)


def _head(data: bytes, at: int) -> int:
    """Return how many bytes the frame has that begins here, 0 while its header has not come whole."""
    if len(data) < at + 2:
        return 0
    second = data[at + 1]
    short, mask = second & 0x7F, 4 if second & 0x80 else 0
    if short < 126:
        return 2 + mask + short
    width = 2 if short == 126 else 8
    if len(data) < at + 2 + width:
        return 0
    return 2 + width + mask + int.from_bytes(data[at + 2 : at + 2 + width])
