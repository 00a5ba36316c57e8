"""A viewer before a real page in a browser of their own, with a probe that notes where the player was and when."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, Playwright, Route, expect

from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.load.skew_figures import Track
from tests.support.browsers import BrowserName, launch

# Playwright would keep Chromium from slowing down pages in the background.
THROTTLES_NOTHING: Final = [
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]
SEEK_ONLY: Final = Path(__file__).with_name("seek_only.mjs")

PROBE: Final = Path(__file__).with_name("skew_probe.js")


@dataclass
class Seat:
    """A viewer in the room, and the browser they sit at."""

    viewer: Viewer
    context: BrowserContext

    async def run(self, script: str, argument: Any = None) -> Any:
        """Return what ``(room, argument) => …`` returns in the page."""
        return await self.viewer.page.locator("movie-together").evaluate(script, argument)

    async def track(self) -> Track:
        """Return what the probe has noted since the last call."""
        noted = await self.run("() => probe.take()")
        return Track([tuple(one) for one in noted["samples"]], [tuple(one) for one in noted["frames"]], noted["rates"])

    async def starts_at(self) -> float:
        """Return the wall-clock ms at which the room's last change of the film takes effect."""
        at_ms: float = await self.run("room => probe.startsAt(room)")
        return at_ms

    async def wait(self, condition: str, argument: Any = None) -> None:
        """Wait until ``(room, argument) => …`` is true in the page."""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not await self.run(condition, argument):
                await asyncio.sleep(0.05)

    async def throttle(self, factor: float) -> None:
        """Slow the page's CPU down."""
        session = await self.context.new_cdp_session(self.viewer.page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": factor})

    async def hide(self, *, hidden: bool) -> None:
        """Minimize the window or bring it back."""
        session = await self.context.new_cdp_session(self.viewer.page)
        window = await session.send("Browser.getWindowForTarget")
        bounds = {"windowState": "minimized" if hidden else "normal"}
        await session.send("Browser.setWindowBounds", {"windowId": window["windowId"], "bounds": bounds})


class Pages:
    """Opens viewers' pages on a running site, each in a Chromium process of its own, all under one rule."""

    def __init__(self, playwright: Playwright, site_url: str, *, seek_only: bool = False) -> None:
        self._playwright = playwright
        self._site_url = site_url
        self._seek_only = seek_only
        self._cookies: dict[str, Sequence[Any]] = {}

    @contextlib.asynccontextmanager
    async def seat(self, sub: str, browser_name: BrowserName = "chromium") -> AsyncIterator[Seat]:
        """A signed-in viewer, before an empty page."""
        browser = await launch(self._playwright, browser_name, without=THROTTLES_NOTHING)
        try:
            context = await browser.new_context(locale="ru-RU", viewport={"width": 1280, "height": 800})
            viewer = Viewer(context, await context.new_page(), sub, self._site_url)
            if sub in self._cookies:
                await context.add_cookies([*self._cookies[sub]])
            else:
                await viewer.sign_in()
                self._cookies[sub] = await context.cookies()
            await context.add_init_script(path=PROBE)
            if self._seek_only:
                await context.route("**/static/widget/core/player.js", _seek_only_player)
            yield Seat(viewer, context)
        finally:
            await browser.close()

    async def open_room(self, owner: Seat, film: str = "tide-keeper") -> str:
        """Open a room and enter it; return its link."""
        order = {
            "film_id": FILMS[film]["id"],
            "access": "link",
            "control": "everyone",
            "starts_at": None,
            "invite": {"users": []},
        }
        headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": self._site_url}
        answer = await owner.context.request.post(f"{self._site_url}/api/v1/rooms", data=order, headers=headers)
        assert answer.ok, await answer.text()
        link = f"{self._site_url}/rooms/{(await answer.json())['code']}"
        await self.enter(owner, link)
        return link

    async def enter(self, seat: Seat, link: str) -> None:
        """Enter a room and wait until the film runs."""
        await seat.viewer.page.goto(link)
        await expect(seat.viewer.page.locator("movie-together-people li").first).to_be_visible(timeout=PATIENCE_MS)
        await seat.viewer.wait_playing()


async def _seek_only_player(route: Route) -> None:
    await route.fulfill(body=SEEK_ONLY.read_text(), content_type="text/javascript")
