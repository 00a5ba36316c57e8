"""Who sends nothing is asked by a ping: a client that answers stays, however quickly, and one that does not goes."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import WSMessage, WSMsgType

from sync_service.delivery.frames import ping_frame
from sync_service.protocol import silence
from sync_service.sockets.connection import Connection
from sync_service.sockets.server import Server

HOURS_S = 3_600.0


class Jumping(selectors.SelectSelector):
    """Waits for nothing: it sets the clock to when the next thing is due."""

    now_ms = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now_ms += math.ceil((timeout or 0) * 1000)
        return super().select(0)


class Milliseconds(asyncio.SelectorEventLoop):
    """A loop whose clock counts whole milliseconds, as uvloop's does, and costs no time."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_ms / 1000


class Line:
    """Both the socket and its transport; ``answers`` is whether the client at its other end answers pings, at once."""

    flooded = False
    on_flood = None

    def __init__(self, *, answers: bool = False) -> None:
        self.on_close: list[Any] = []
        self.asked_s: list[float] = []
        self.aborted_s: float | None = None
        self._answers = answers
        self._incoming: asyncio.Queue[WSMessage] = asyncio.Queue()

    def speak(self) -> None:
        """Let the client send something that nothing answers."""
        self._incoming.put_nowait(WSMessage(WSMsgType.PONG, b"", ""))

    async def receive(self) -> WSMessage:
        return await self._incoming.get()

    def is_closing(self) -> bool:
        return self.aborted_s is not None

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        assert data == ping_frame()
        self.asked_s.append(asyncio.get_running_loop().time())
        if self._answers:
            self.speak()

    def abort(self) -> None:
        self.aborted_s = self.aborted_s or asyncio.get_running_loop().time()


async def watched(line: Line, seconds: float) -> None:
    """Let the server watch a connection over this line that nothing but pongs comes through."""
    unused = cast("Any", None)
    server = Server(unused, unused, unused, unused, origins=frozenset(), partitions=1)
    connection = Connection(cast("Any", line), cast("Any", line), unused, unused, unused, lambda _: None)
    server._open.add(connection)
    server._look_again(connection, silence.ASK_S)
    await server.start()
    receiving = asyncio.create_task(connection._next())
    await asyncio.sleep(seconds)
    receiving.cancel()
    await server.close()


def run(what: Coroutine[Any, Any, None]) -> None:
    loop = Milliseconds()
    try:
        loop.run_until_complete(what)
    finally:
        loop.close()


def test_who_only_answers_pings_within_the_same_millisecond_stays_for_hours() -> None:
    line = Line(answers=True)

    run(watched(line, HOURS_S))

    assert line.aborted_s is None
    pauses = [later - before for before, later in zip(line.asked_s, line.asked_s[1:], strict=False)]
    assert len(pauses) > HOURS_S / silence.CUT_S
    assert max(pauses) == pytest.approx(silence.ASK_S, abs=2 * silence.LOOK_S)


def test_who_answers_nothing_is_asked_once_and_dropped() -> None:
    line = Line(answers=False)

    run(watched(line, 2 * silence.CUT_S))

    assert len(line.asked_s) == 1
    assert line.aborted_s == pytest.approx(silence.CUT_S, abs=2 * silence.LOOK_S)


def test_who_is_sent_nothing_is_asked_however_much_they_send_as_a_proxy_waits_for_a_sign_of_this_node() -> None:
    line = Line()

    async def talkative() -> None:
        watching = asyncio.create_task(watched(line, 60.0))
        while not watching.done():
            line.speak()
            await asyncio.sleep(1.0)
        await watching

    run(talkative())

    assert line.aborted_s is None
    pauses = [later - before for before, later in zip([0.0, *line.asked_s], line.asked_s, strict=False)]
    assert len(pauses) >= 60.0 / silence.SOCKET_SILENT_S
    assert max(pauses) <= silence.ASK_S + 2 * silence.LOOK_S < silence.SOCKET_SILENT_S


def test_the_edge_bears_as_much_silence_as_is_said_here() -> None:
    edge = (Path(__file__).parents[3] / "deploy" / "nginx" / "nginx.conf").read_text("utf-8")
    sockets = edge[edge.index('location ~ "^/ws/') : edge.index("location = /edge/node")]

    assert f"proxy_read_timeout {silence.SOCKET_SILENT_S:.0f}s;" in sockets
