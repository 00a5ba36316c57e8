"""The cinema's side of its hooks: an address that is asked by signed requests."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from deploy.local.free_ports import free_port

KEY: Final = bytes(range(32))
SECRET: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Hook:
    """Keeps what it is asked, and answers as it is told."""

    url: str
    answering: Answering | None = None
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def answers(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer everything so from now on; what is no text goes out as JSON."""

        async def answer(_request: web.Request) -> web.StreamResponse:
            text = body if isinstance(body, str) else json.dumps(body)
            return web.Response(text=text, status=status, content_type="application/json", headers=headers)

        self.answering = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        assert self.answering is not None
        return await self.answering(request)

    @property
    def questions(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.asked]


@asynccontextmanager
async def running_hook() -> AsyncIterator[Hook]:
    """Serve a hook that allows everything; what it redirects to itself is asked too."""
    port = free_port()
    made = Hook(f"http://127.0.0.1:{port}/ask")
    made.answers({"allowed": True})
    app = web.Application()
    app.router.add_post("/ask", made.handle)
    app.router.add_post("/elsewhere", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made
    await runner.cleanup()
