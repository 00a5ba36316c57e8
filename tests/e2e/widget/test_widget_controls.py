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


async def test_lang_has_the_controls_speak_the_page_s_language(elena: Viewer) -> None:
    await expect(elena.page.locator("media-play-button")).to_have_attribute("aria-label", "пауза")


async def test_nomutedpref_keeps_silence_to_one_visit(elena: Viewer) -> None:
    mute, controller = elena.page.locator("media-mute-button"), elena.page.locator("media-controller")
    kept = "localStorage.getItem('media-chrome-pref-muted')"

    await mute.click()
    assert await elena.video.evaluate("video => video.muted")
    assert await elena.page.evaluate(kept) is None
    await controller.evaluate("one => { one.removeAttribute('nomutedpref'); }")
    await mute.click()
    await mute.click()
    assert await elena.page.evaluate(kept) == "true", "without it the silence would stay"


async def test_nohotkeys_leaves_each_key_to_the_page(elena: Viewer) -> None:
    await elena.page.evaluate(NOTE_REQUESTS)

    await elena.video.focus()

    await elena.page.keyboard.press("k")
    await elena.wait_playing(playing=False)
    assert [one["type"] for one in await asked(elena)] == ["mediapauserequest"]

    await elena.page.locator("media-controller").evaluate("one => { one.removeAttribute('nohotkeys'); }")
    await elena.page.keyboard.press("k")
    assert len(await asked(elena)) == 3, "without it both would ask"


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


async def test_showduration_shows_the_length_beside_the_time(elena: Viewer) -> None:
    await expect(elena.page.locator("media-time-display")).to_contain_text("/")


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
