"""Presses and taps on the picture: one plays or pauses for everyone, two are for oneself or go ten seconds."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import CDPSession, expect

from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.test_widget_keys import position_is
from tests.support.browsers import BrowserName

NOTE_PAUSES = """room => {
    window.pauses = 0;
    room.addEventListener("mt-event", ({ detail }) => { pauses += detail.type === "paused"; });
}"""

# Presses in a row, numbered as the system numbers them, by time and place.
NUMBER_PRESSES = """() => {
    let nth = 0, last = { timeStamp: -Infinity };
    addEventListener("click", (press) => {
        const there = press.screenX === last.screenX && press.screenY === last.screenY;
        nth = there && press.timeStamp - last.timeStamp < 500 ? nth + 1 : 1;
        last = press;
        Object.defineProperty(press, "detail", { value: nth });
    }, true);
}"""


async def taps(session: CDPSession, viewer: Viewer, part: float, count: int) -> None:
    """Tap the picture with a finger, ``count`` times in a row, at ``part`` of its width."""
    box = await viewer.page.locator("media-controller").bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] * part, "y": box["y"] + box["height"] / 3}
    for _ in range(count):
        await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_a_press_pauses_for_all_and_a_double_one_only_fills_one_s_own_screen(
    together: tuple[Viewer, Viewer], browser_name: BrowserName
) -> None:
    elena, farid = together
    await farid.page.locator("movie-together").evaluate(NOTE_PAUSES)
    if browser_name == "firefox":  # each press over WebDriver BiDi counts as a first one
        await elena.page.evaluate(NUMBER_PRESSES)

    await elena.look_here()
    await elena.page.locator("movie-together video").dblclick(position={"x": 100, "y": 100})
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await elena.page.evaluate("document.fullscreenElement?.id") != "hall":
            await asyncio.sleep(0.05)
    await elena.page.locator("movie-together video").dblclick(position={"x": 100, "y": 300})
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await elena.page.evaluate("document.fullscreenElement !== null"):
            await asyncio.sleep(0.05)
    await elena.page.locator("movie-together video").click(position={"x": 100, "y": 100})
    await farid.wait_playing(playing=False)

    assert await farid.page.evaluate("pauses") == 1, "that of the single press"


@pytest.mark.chromium("a finger is put on the screen over CDP alone")
async def test_two_taps_at_a_side_go_ten_seconds_there_and_each_further_one_another_ten(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    session = await elena.page.context.new_cdp_session(elena.page)
    await elena.press_play_pause()
    await farid.wait_playing(playing=False)
    await elena.page.keyboard.press("5")
    await position_is(farid, 0.49, 0.51)
    film_s: float = await farid.video.evaluate("video => video.duration")

    await taps(session, elena, 0.9, 3)
    await expect(elena.page.locator(".skipped")).to_have_text("+20 с")
    await position_is(farid, 0.5 + 18 / film_s, 0.5 + 22 / film_s)
    await taps(session, elena, 0.1, 2)
    await position_is(farid, 0.5 + 8 / film_s, 0.5 + 12 / film_s)
    await expect(elena.page.locator(".skipped")).to_have_count(0)
    assert (await farid.sample()).paused, "no tap plays"
