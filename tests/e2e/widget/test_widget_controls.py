"""Every attribute of media-chrome's elements that the room's page relies on does what it is there for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom

NOTE_REQUESTS = """() => {
    window.asked = [];
    for (const type of ["mediaplayrequest", "mediapauserequest", "mediaseekrequest"]) {
        addEventListener(type, ({ detail }) => {
            asked.push({ type, by: detail - document.querySelector("video").currentTime });
        }, true);
    }
}"""

# Whether the player is past a part of the film, and its button knows that.
KNOWS_WHERE = """(button, part) => {
    const { currentTime, duration } = document.querySelector("video");
    return currentTime > part * duration && Math.abs(button.getAttribute("mediacurrenttime") - currentTime) < 0.5;
}"""


@pytest.fixture
async def elena(new_viewer: NewViewer, open_room: OpenRoom) -> Viewer:
    viewer = await new_viewer("elena")
    await open_room(viewer)
    return viewer


async def asked(viewer: Viewer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await viewer.page.evaluate("asked")
    return found


async def asked_times(viewer: Viewer, times: int) -> None:
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while len(await asked(viewer)) < times:
            await asyncio.sleep(0.05)


async def test_lang_and_showduration_have_the_controls_speak_the_page_s_language_and_tell_the_length(
    elena: Viewer,
) -> None:
    await expect(elena.page.locator("media-play-button")).to_have_attribute("aria-label", "пауза")
    await expect(elena.page.locator("media-time-display")).to_contain_text("/")


async def test_nomutedpref_keeps_silence_to_one_visit_and_without_novolumepref_the_volume_stays(elena: Viewer) -> None:
    page, mute = elena.page, elena.page.locator("media-mute-button")
    kept = "localStorage.getItem('media-chrome-pref-muted')"

    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    chosen = await elena.video.evaluate("video => video.volume")
    assert chosen < 1
    await mute.click()
    assert await elena.video.evaluate("video => video.muted")
    assert await page.evaluate(kept) is None
    await page.reload()
    await elena.wait_in_room()
    assert await elena.video.evaluate("video => [video.muted, video.volume]") == [False, chosen]

    await page.locator("media-controller").evaluate("one => { one.removeAttribute('nomutedpref'); }")
    await mute.click()
    assert await page.evaluate(kept) == "true", "without it the silence would stay"


async def test_nohotkeys_and_gesturesdisabled_leave_each_key_and_press_to_the_page(elena: Viewer) -> None:
    page, controller = elena.page, elena.page.locator("media-controller")
    await page.evaluate(NOTE_REQUESTS)
    await elena.video.focus()

    await page.keyboard.press("k")
    await elena.wait_playing(playing=False)
    assert [one["type"] for one in await asked(elena)] == ["mediapauserequest"]
    await elena.video.click(position={"x": 200, "y": 100})
    await elena.wait_playing()
    assert [one["type"] for one in await asked(elena)] == ["mediapauserequest", "mediaplayrequest"]

    # Without them both ask.
    await controller.evaluate("one => { one.removeAttribute('gesturesdisabled'); }")
    await elena.video.click(position={"x": 200, "y": 100})
    await asked_times(elena, 4)
    await controller.evaluate("one => { one.removeAttribute('nohotkeys'); }")
    await page.keyboard.press("k")
    await asked_times(elena, 6)


async def test_seekoffset_is_ten_seconds_both_ways(elena: Viewer) -> None:
    await elena.press_play_pause()
    await elena.wait_playing(playing=False)
    await elena.page.keyboard.press("3")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await elena.video.evaluate("video => video.currentTime / video.duration") < 0.29:
            await asyncio.sleep(0.05)
    await elena.page.evaluate(NOTE_REQUESTS)

    await elena.page.locator("media-seek-forward-button").click()
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await elena.page.locator("media-seek-backward-button").evaluate(KNOWS_WHERE, 0.39):
            await asyncio.sleep(0.05)
    await elena.page.locator("media-seek-backward-button").click()

    forward, backward = (one["by"] for one in await asked(elena))
    assert forward == pytest.approx(10, abs=1)
    assert backward == pytest.approx(-10, abs=1)


async def test_slots_and_noautohide_keep_the_sign_of_loading_in_the_middle_while_the_controls_hide(
    elena: Viewer,
) -> None:
    page = elena.page
    await page.locator("movie-together-chat textarea").focus()
    await page.mouse.move(5, 5)

    await expect(page.locator("media-controller")).to_have_attribute("userinactive", "", timeout=PATIENCE_MS)
    await expect(page.locator("#controls")).to_have_css("opacity", "0")
    await expect(page.locator("media-loading-indicator")).not_to_have_css("opacity", "0")
    film = await page.locator("media-controller").bounding_box()
    sign = await page.locator("media-loading-indicator").bounding_box()
    assert film is not None
    assert sign is not None
    assert sign["x"] + sign["width"] / 2 == pytest.approx(film["x"] + film["width"] / 2, abs=film["width"] / 50)
    assert await elena.video.evaluate("video => video.assignedSlot?.name") == "media"
