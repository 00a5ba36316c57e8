"""Chromium and Firefox in one room: what people do there is done in either, and both are in step."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, wait_together
from tests.e2e.widget.conftest import OpenRoom
from tests.support import browsers
from tests.support.browsers import BrowserName

TOGETHER_MS = 250
STEADY_S = 6.0
# A correction is two changes of the rate, there and back; a controller that swings makes one after the other, each in
# a fifth of a second or so.
MOST_CHANGES = 2 * STEADY_S / 1.5
COUNT_MOVES = """video => {
    window.moves = { ratechange: 0, seeking: 0, pause: 0 };
    for (const type of Object.keys(moves)) video.addEventListener(type, () => { moves[type] += 1; });
}"""


@pytest.fixture(scope="module")
async def other_browser(browser_name: BrowserName) -> AsyncIterator[Browser]:
    """The one of the two browsers that is not the run's."""
    [other] = [name for name in browsers.BROWSER_NAMES if name != browser_name]
    async with async_playwright() as playwright:
        launched = await browsers.launch(playwright, other)
        yield launched
        await launched.close()


async def test_two_browsers_do_the_same_in_one_room_and_stay_in_step(
    new_viewer: NewViewer, open_room: OpenRoom, other_browser: Browser
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid", sits_at=other_browser)
    link = await open_room(elena)

    # By the link, signing in on the way.
    await farid.come_by_link(link)
    await farid.page.wait_for_url(link)
    await farid.wait_in_room()
    await farid.wait_playing()
    await asyncio.gather(*(viewer.see_people(elena.name, farid.name) for viewer in (elena, farid)))
    await wait_together(elena, farid, within_ms=TOGETHER_MS)

    # Each moves the film for both, by buttons, the range and keys; each is heard in the chat.
    for one, other in ((farid, elena), (elena, farid)):
        await one.press_play_pause()
        await asyncio.gather(one.wait_playing(playing=False), other.wait_playing(playing=False))
        about_ms = await one.click_timeline(0.2)
        await wait_together(elena, farid, within_ms=TOGETHER_MS)
        assert (await other.sample()).position_ms == pytest.approx(about_ms, abs=5_000)
        await one.page.keyboard.press("k")
        await asyncio.gather(one.wait_playing(), other.wait_playing())
        await one.say(f"Это {one.name}")
        await other.see_text(f"Это {one.name}")
    await wait_together(elena, farid, within_ms=TOGETHER_MS)

    # Full screen is the room there too, and a sheet opens and closes by keys.
    page = farid.page
    await page.locator("media-fullscreen-button").click()
    await expect(page.locator("#hall.full")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("movie-together-chat textarea")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("f")
    await expect(page.locator("#hall.full")).to_have_count(0)
    await page.locator("[data-opens=invite]").press("Enter")
    await expect(page.locator("dialog#invite")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-opens=invite]")).to_be_focused()

    # A reload finds the room as it is, and then both run as one, each left alone by its controller.
    await page.reload()
    await farid.wait_in_room()
    await farid.wait_playing()
    await farid.see_text(f"Это {elena.name}")
    await wait_together(elena, farid, within_ms=TOGETHER_MS)
    for viewer in (elena, farid):
        await viewer.video.evaluate(COUNT_MOVES)
    await asyncio.sleep(STEADY_S)
    await wait_together(elena, farid, within_ms=TOGETHER_MS)
    for viewer in (elena, farid):
        moves = await viewer.page.evaluate("moves")
        assert moves["ratechange"] <= MOST_CHANGES, (viewer.name, moves)
        assert (moves["seeking"], moves["pause"]) == (0, 0), (viewer.name, moves)

    await elena.close_room()
    await expect(page.locator("movie-together .end")).to_contain_text(re.compile("закрыта"), timeout=PATIENCE_MS)
