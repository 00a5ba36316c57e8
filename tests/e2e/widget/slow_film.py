"""A film of which only the beginning arrives, until it is let through: what a weak network does to one viewer."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import BrowserContext, Route

_MEDIA = "**/demo/media/**"


class SlowFilm:
    """Serves ``part`` of a film's bytes to the pages of one browser window, and the rest after ``let_through``."""

    def __init__(self, part: float) -> None:
        self._part = part
        self._open = asyncio.Event()
        self._body = b""

    async def stand_before(self, context: BrowserContext) -> None:
        await context.route(_MEDIA, self._answer)

    def let_through(self) -> None:
        self._open.set()

    async def _answer(self, route: Route) -> None:
        headers = dict(route.request.headers)
        asked = re.match(r"bytes=(\d+)-(\d*)", headers.pop("range", "bytes=0-"))
        assert asked is not None
        if route.request.url.endswith(".mp4") and not self._body:
            self._body = await (await route.fetch(headers=headers)).body()
        elif not route.request.url.endswith(".mp4"):
            await route.continue_()
            return
        size = len(self._body)
        first, last = int(asked[1]), int(asked[2] or size - 1)
        if not self._open.is_set():
            arrives = int(size * self._part)
            if first >= arrives:
                await self._open.wait()
            else:
                last = min(last, arrives - 1)
        told = {
            "Content-Type": "video/mp4",
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {first}-{last}/{size}",
        }
        await route.fulfill(status=206, headers=told, body=self._body[first : last + 1])
