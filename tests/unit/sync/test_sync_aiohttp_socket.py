"""Text messages are taken in the turn in which they come, and never overtake what waits to be received."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from sync_service.sockets.aiohttp_socket import WebSocket


class Server:
    """Receives the first message, then is called with texts; ``seen`` is what came, and how."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.first = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()
        self.ws = WebSocket(max_msg_size=16 * 1024)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await self.ws.prepare(request)
        message = await self.ws.receive()
        self.seen.append(("received", message.data))
        self.first.set()
        await self.go_on.wait()
        self.ws.call_at_once(self.called, lambda: self.seen.append(("alive", None)))
        while (message := await self.ws.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            self.seen.append(("received", message.data))
        self.seen.append(("ended", message.type))
        self.ended.set()
        return self.ws

    def called(self, text: str) -> None:
        self.seen.append(("called", text))
        if text == "enough":
            self.ws.receive_again(text)

    async def saw(self, count: int) -> list[tuple[str, Any]]:
        async with asyncio.timeout(10):
            while len(self.seen) < count:
                await asyncio.sleep(0.01)
        return self.seen


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Server, aiohttp.ClientWebSocketResponse]]:
    server = Server()
    app = web.Application()
    app.router.add_get("/", server.handle)
    async with (
        TestServer(app) as place,
        aiohttp.ClientSession() as session,
        session.ws_connect(place.make_url("/")) as client,
    ):
        yield server, client


async def send_together(client: aiohttp.ClientWebSocketResponse, *messages: str | bytes) -> None:
    """Send texts and pings (bytes) so that they may come in one piece."""
    for message in messages:
        await (client.send_str(message) if isinstance(message, str) else client.ping(message))


async def test_what_waited_before_is_received_in_order_and_the_rest_is_called_with() -> None:
    async with connected() as (server, client):
        await send_together(client, "1", "2", b"3", "4")
        await server.first.wait()
        await asyncio.sleep(0.1)  # "2" to "4" wait in the queue now, or "1" would have to be the last
        server.go_on.set()
        await server.saw(4)
        await client.send_str("5")
        expected = [("received", "1"), ("received", "2"), ("received", b"3"), ("received", "4"), ("called", "5")]
        assert await server.saw(5) == expected


async def test_a_text_does_not_overtake_a_ping_that_waits_to_be_received() -> None:
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        for number in range(50):
            await send_together(client, b"%d" % number, f"{number}")
        seen = await server.saw(101)
        assert [int(data) for _, data in seen[1:]] == [number for number in range(50) for _ in "pt"]


async def test_an_empty_pong_is_a_sign_of_life_and_no_message_and_one_that_says_something_is_received() -> None:
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        await client.send_str("2")
        await server.saw(2)
        await client.pong(b"")
        assert (await server.saw(3))[2] == ("alive", None)
        await client.pong(b"x")
        assert (await server.saw(4))[3] == ("received", b"x")


async def test_who_takes_a_text_back_receives_it_again_and_all_after_it() -> None:
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        await send_together(client, "2", "enough", "3", "4")
        expected = [("called", "2"), ("called", "enough"), ("received", "enough"), ("received", "3"), ("received", "4")]
        assert (await server.saw(6))[1:] == expected


async def test_the_client_s_close_and_our_own_end_it_as_ever() -> None:
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        await client.close(code=4000)
        await asyncio.wait_for(server.ended.wait(), 10)
        assert server.seen[-1] == ("ended", WSMsgType.CLOSE)
        assert server.ws.close_code == 4000
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        closing = asyncio.create_task(server.ws.close(code=4001))
        assert (await client.receive(timeout=10)).type is WSMsgType.CLOSE
        await closing
        assert client.close_code == 4001


async def test_who_writes_beside_it_is_told_before_a_close_frame_goes_out_whoever_closes() -> None:
    async with connected() as (server, client):
        server.ws.on_close.append(lambda: server.ws._writer.transport.write(b"\x81\x04last"))  # type: ignore[union-attr]
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        assert client._writer.transport is not None
        client._writer.transport.write(b"\x88\x82\0\0\0\0\x0f\xa0")  # a close frame (4000), after which we still read
        assert (await client.receive(timeout=10)).data == "last"
        assert (await client.receive(timeout=10)).type is WSMsgType.CLOSE


async def test_what_is_no_frame_is_received_as_an_error() -> None:
    async with connected() as (server, client):
        await client.send_str("1")
        server.go_on.set()
        await server.first.wait()
        writer = client._writer.transport
        assert writer is not None
        writer.write(b"\xff\xff\xff\xff")
        seen = await server.saw(2)
        assert isinstance(seen[1][1], aiohttp.WebSocketError)
