"""Every frame counts, unmasked ones are refused, and a backlog is read in slices."""

from __future__ import annotations

import asyncio
import struct
from typing import Any, cast

import pytest
from aiohttp import WebSocketError, WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import WebSocketReader
from hypothesis import given
from hypothesis import strategies as st

from sync_service.live.limits import Rate
from sync_service.sockets import frame_guard
from sync_service.sockets.frame_guard import SLICE_FRAMES, FrameGuard

# The burst of ALL_FRAMES, which does not fill again however long the machine takes.
BURST = 500
NO_MORE = Rate(BURST, 0.001)
KINDS = {"ping": 0x89, "pong": 0x8A, "empty text": 0x81, "empty fragment": 0x01}


def frame(payload: bytes = b"", first: int = 0x81, *, mask: bytes | None = b"\1\2\3\4") -> bytes:
    size = len(payload)
    bit = 0 if mask is None else 0x80
    head = (
        struct.pack("!BB", first, bit | size)
        if size < 126
        else struct.pack("!BBH", first, bit | 126, size)
        if size < 65_536
        else struct.pack("!BBQ", first, bit | 127, size)
    )
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class Guarded:
    """A guard before aiohttp's own reader and queue."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.protocol = BaseProtocol(loop)
        self.protocol._upgraded = True
        self.queue = WebSocketDataQueue(self.protocol, 2**20, loop=loop)
        reader = WebSocketReader(self.queue, 2**20, compress=False, decode_text=True)
        self.floods = 0
        self.guard = FrameGuard(reader, self.queue, self.protocol, self._flooded)

    def _flooded(self) -> None:
        self.floods += 1

    @property
    def queued(self) -> int:
        return len(self.queue._buffer)

    async def texts(self, count: int) -> list[str]:
        messages = [await asyncio.wait_for(self.queue.read(), 10) for _ in range(count)]
        assert all(message.type is WSMsgType.TEXT for message in messages)
        return [cast("Any", message).data for message in messages]


@given(st.lists(st.sampled_from([0, 1, 125, 126, 300, 65_536]), min_size=1, max_size=6), st.data())
def test_messages_come_through_however_the_bytes_are_cut(sizes: list[int], data: st.DataObject) -> None:
    async def come_through() -> None:
        guarded = Guarded()
        texts = ["x" * size for size in sizes]
        stream = b"".join(frame(text.encode()) for text in texts)
        cuts = [*sorted(data.draw(st.sets(st.integers(1, len(stream)), max_size=12))), len(stream)]
        last = 0
        for cut in cuts:
            guarded.guard.feed_data(stream[last:cut])
            last = cut
        assert await guarded.texts(len(texts)) == texts

    asyncio.run(come_through())


async def test_header_by_header_and_byte_by_byte_it_is_the_same() -> None:
    guarded = Guarded()
    for byte in frame(b"y" * 300) + frame() + frame(b"z"):
        guarded.guard.feed_data(bytes([byte]))
    assert await guarded.texts(3) == ["y" * 300, "", "z"]


@pytest.mark.parametrize("first", KINDS.values(), ids=KINDS)
async def test_frames_of_every_kind_count_and_a_flood_gets_no_further(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_guard, "ALL_FRAMES", NO_MORE)
    guarded = Guarded()
    flood = frame(first=first) if first != KINDS["empty fragment"] else frame(first=0)
    start = frame(first=0x01) if first == KINDS["empty fragment"] else b""
    guarded.guard.feed_data(start + flood * 40_000)
    for _ in range(100):
        await asyncio.sleep(0)
    assert guarded.floods == 1
    assert guarded.queued <= BURST
    guarded.guard.feed_data(flood * 40_000)
    assert (guarded.floods, guarded.queue.exception()) == (1, None)


async def test_empty_pongs_that_come_one_by_one_are_told_and_count_like_any_other_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame_guard, "ALL_FRAMES", NO_MORE)
    guarded = Guarded()
    alive: list[None] = []
    pong = frame(first=KINDS["pong"])
    guarded.guard.feed_data(pong)
    assert guarded.queued == 1, "before anybody asks for it, it is a message"
    guarded.guard.on_alive = lambda: alive.append(None)
    long = frame(b"x" * 40, first=0x82)
    guarded.guard.feed_data(long[:20])
    guarded.guard.feed_data(pong)
    assert (len(alive), guarded.queued) == (0, 1), "bytes of a message that look like a pong"
    guarded.guard.feed_data(long[26:])
    assert guarded.queued == 2
    for _ in range(2 * BURST):
        guarded.guard.feed_data(pong)
    assert BURST - 3 <= len(alive) < BURST
    assert guarded.floods == 1


async def test_a_backlog_is_read_a_slice_each_turn_and_nothing_overtakes_it() -> None:
    guarded = Guarded()
    guarded.guard.feed_data(b"".join(frame(b"%d" % n) for n in range(3 * SLICE_FRAMES)))
    assert guarded.queued == SLICE_FRAMES
    guarded.guard.feed_data(frame(b"last"))
    assert guarded.queued == SLICE_FRAMES
    expected = [*map(str, range(3 * SLICE_FRAMES)), "last"]
    assert await guarded.texts(len(expected)) == expected


@pytest.mark.parametrize("masked_before", [0, 3])
async def test_an_unmasked_frame_ends_it(masked_before: int) -> None:
    guarded = Guarded()
    guarded.guard.feed_data(frame(b"a") * masked_before + frame(b"bare", mask=None))
    error = guarded.queue.exception()
    assert isinstance(error, WebSocketError)
    assert error.code == 1002
    assert guarded.queued <= masked_before
