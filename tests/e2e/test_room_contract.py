"""That a page's frames are held against docs/asyncapi.json in the tests of this folder."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser

from tests.e2e.viewer import PATIENCE_MS, Viewer

pytestmark = [pytest.mark.short, pytest.mark.chromium("frames of sockets are not shown over WebDriver BiDi")]

_TALK = """() => new Promise(done => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/p5");
    socket.onmessage = () => socket.close();
    socket.onclose = done;
    socket.onopen = () => socket.send(JSON.stringify({ type: "seek", id: "1", position_ms: "far" }));
})"""


async def test_a_frame_that_breaks_the_contract_is_a_complaint(browser: Browser) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>A page</title>", content_type="text/html")

    async def room(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        await ws.send_json({"type": "pong", "t0": 1, "t1": 2, "t2": 3, "mood": "merry"})
        await ws.receive()
        return ws

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/ws/p5", room)])
    async with TestServer(app) as server:
        context = await browser.new_context()
        viewer = Viewer(context, await context.new_page(), "elena", str(server.make_url("/")))
        await viewer.page.goto(str(server.make_url("/")))
        await viewer.page.evaluate(_TALK)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while len(viewer.complaints) < 2:
                await asyncio.sleep(0.05)
        await context.close()
    sent, received = sorted(viewer.complaints, key=lambda complaint: "mood" in complaint)
    assert "sent seek" in sent
    assert "mood" in received
