"""Somebody before a page of the media site, in verbs: what they do there, and where their film stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Final
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, Page

from tests.e2e.viewer import Sample
from tests.support.media.server import MediaSite

PATIENCE_S: Final = 60.0  # the machine may be busy with other things

_ELEMENTS: Final = "film, room"
_FOUND: Final = "document.querySelector('video'), document.getElementById('room')"
_SAMPLE: Final = """() => {
    const film = document.querySelector("video");
    return {
        position_ms: film.currentTime * 1000, at_ms: performance.timeOrigin + performance.now(),
        paused: film.paused, rate: film.playbackRate,
    };
}"""


class Watcher:
    """One viewer in a browser window of their own."""

    def __init__(self, context: BrowserContext, page: Page, site: MediaSite, name: str) -> None:
        self.context = context
        self.page = page
        self.name = name
        self.said: list[str] = []
        self._site = site
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    async def enter(self, room: str, source: str, *, page: str = "watch.html", person: str = "", **values: str) -> None:
        """Open a page of the cinema with a film in a room; ``values`` fill the page's other gaps.

        ``person`` is the id of somebody who has other pages too; without it somebody new comes.
        """
        join = f"/rooms/{room}/join?{urlencode({'name': self.name, 'person': person})}"
        gaps = {"options": "{}", "attributes": "", **values, "join": join, "source": source}
        await self.page.goto(f"{self._site.url}/pages/{page}?{urlencode(gaps)}", wait_until="commit")

    async def enter_example(self, room: str, source: str, name: str) -> None:
        """Open a page of docs/examples/players with a film in a room."""
        join = f"/rooms/{room}/join?{urlencode({'name': self.name})}"
        query = urlencode({"join": join, "source": source})
        await self.page.goto(f"{self._site.url}/examples/{name}?{query}", wait_until="commit")

    async def sample(self) -> Sample:
        return Sample(**await self.page.evaluate(_SAMPLE))

    async def room(self) -> dict[str, Any]:
        """Return the page's replica of the room's playback."""
        found: dict[str, Any] = await self.page.evaluate("document.getElementById('room').room.playback")
        return found

    async def until(self, condition: str, *, patience_s: float = PATIENCE_S) -> None:
        """Wait until an expression with ``film`` and ``room`` holds; looking counts as a touch of the page."""
        async with asyncio.timeout(patience_s):
            while not await self.page.evaluate(f"(({_ELEMENTS}) => {condition})({_FOUND})"):
                await asyncio.sleep(0.1)

    async def wait_running(self) -> None:
        """Wait until the film moves on this page."""
        await self.until("film && !film.paused && !film.seeking && film.readyState > 2")
        before = (await self.sample()).position_ms
        async with asyncio.timeout(PATIENCE_S):
            while (await self.sample()).position_ms <= before:
                await asyncio.sleep(0.1)

    async def touch(self, does: str) -> None:
        """Press a key at which the page does something to its ``film`` or ``room``."""
        await self.page.evaluate(
            f"(({_ELEMENTS}) => addEventListener('keydown', () => {{ {does} }}, {{ once: true }}))({_FOUND})"
        )
        await self.page.keyboard.press("F8")


async def distances_ms(watchers: Sequence[Watcher], looks: int = 15) -> list[float]:
    """Return how far apart the two players that differ most were, at each of some looks."""
    found = []
    for _ in range(looks):
        samples = await asyncio.gather(*(one.sample() for one in watchers))
        pairs = combinations(samples, 2)
        found.append(max(abs(one.position_at(other.at_ms) - other.position_ms) for one, other in pairs))
        await asyncio.sleep(0.2)
    return found
