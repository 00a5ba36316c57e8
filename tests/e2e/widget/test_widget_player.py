"""The widget against the real services: in step, wishes heard, corrections never mistaken for them."""

from __future__ import annotations

import asyncio
import re
import statistics

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer, wait_together
from tests.e2e.widget.conftest import OpenRoom

# Two browsers, the services and the stores share two cores here; on a quiet machine it is a tenth of this.
IN_STEP_MS = 80
# What the page tells of a refusal is gone as soon as the film runs again: the page itself notes all that it tells.
NOTE_TOLD = """room => {
    const pill = room.shadowRoot.querySelector(".pill");
    room.told = "";
    new MutationObserver(() => { room.told += `${pill.textContent}\\n`; }).observe(pill, { childList: true });
}"""
# Looking into a page counts as a press there, so it says by itself that its browser has refused sound.
TELL_MUTED = """
document.addEventListener("volumechange", ({ target }) => { if (target.muted) console.info("muted"); }, true);
"""


async def distances(one: Viewer, other: Viewer, seconds: float) -> list[float]:
    """Return how far apart two players were, a few times a second."""
    found = []
    for _ in range(int(seconds / 0.2)):
        first, second = await asyncio.gather(one.sample(), other.sample())
        found.append(abs(first.position_at(second.at_ms) - second.position_ms))
        await asyncio.sleep(0.2)
    return found


async def playback(viewer: Viewer) -> dict[str, object]:
    found: dict[str, object] = await viewer.page.locator("movie-together").evaluate("room => room.room.playback")
    return found


@pytest.mark.short
async def test_two_players_run_in_step_and_stay_so(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await wait_together(elena, farid, within_ms=IN_STEP_MS)

    # A machine that is busy for some seconds disturbs some looks; a player that is out of step, all.
    looks: list[list[float]] = []
    while len(looks) < 5 and not (looks and statistics.median(looks[-1]) < IN_STEP_MS / 2):
        looks.append(await distances(elena, farid, 4))

    assert statistics.median(looks[-1]) < IN_STEP_MS / 2, looks


async def test_corrections_are_nobodys_wish(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await asyncio.gather(elena.hold_nobody(), farid.hold_nobody())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    before = await playback(elena)

    # Somebody's machine stumbles: the picture is half a second behind, and the widget brings it back by itself.
    await farid.video.evaluate("video => { for (const until = Date.now() + 600; Date.now() < until;); }")
    await asyncio.sleep(3)

    assert await playback(elena) == before
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


@pytest.mark.short
async def test_a_pause_made_on_the_player_itself_is_everyones(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.pause_by_keys()

    await elena.wait_playing(playing=False)
    await elena.see_text(f"{farid.name}\u2069 ставит паузу")
    await farid.play_by_keys()
    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_a_seek_made_on_the_player_itself_is_everyones(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.seek_by_keys(60)

    await elena.see_text(f"{farid.name}\u2069 перематывает на 1:00")
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    assert (await elena.sample()).position_ms > 60_000


async def test_the_keyboard_pauses_and_seeks_for_everyone(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.page.locator("media-play-button").focus()
    await farid.page.keyboard.press("k")
    await asyncio.gather(elena.wait_playing(playing=False), farid.wait_playing(playing=False))
    before = (await elena.sample()).position_ms
    for _ in range(2):  # five seconds each
        await farid.page.keyboard.press("ArrowRight")
    await elena.see_text(f"{farid.name}\u2069 перематывает")

    await wait_together(elena, farid, within_ms=1)
    assert (await elena.sample()).position_ms > before + 5_000


async def test_the_controls_are_there_once_they_know_the_player(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await elena.press_play_pause()
    await elena.page.locator("movie-together").evaluate("room => room.seek(60_000)")
    await elena.see_text("перематывает на 1:00")
    arrives = asyncio.Event()

    async def slow_line(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    await farid.page.route(re.compile(r"/static/pages/media-chrome-\w+\.js$"), slow_line)
    try:
        await farid.page.reload()
        await expect(farid.page.locator("movie-together-people li").first).to_be_visible()
        for button in ("media-play-button", "media-seek-forward-button"):
            await expect(farid.page.locator(button)).to_be_hidden()
    finally:
        arrives.set()

    await farid.page.locator("media-seek-forward-button").click()
    await elena.see_text(f"{farid.name}\u2069 перематывает на 1:10")
    await farid.press_play_pause()
    await elena.wait_playing()


async def test_the_speed_is_everyones(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.page.locator("#rate").select_option("1.5")

    await elena.see_text("меняет скорость: 1.5×")
    await expect(elena.page.locator("#rate")).to_have_value("1.5")
    async with asyncio.timeout(10):  # it changes ahead of time, so that everybody's does at once
        while not 1.4 < (await elena.sample()).rate < 1.6:
            await asyncio.sleep(0.05)
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


@pytest.mark.short
async def test_a_reload_comes_back_to_where_the_film_is(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.page.reload()
    await farid.wait_in_room()
    await farid.wait_playing()

    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    assert (await elena.sample()).paused is False, "coming back moves nobody"


async def test_where_only_the_owner_steers_a_guest_is_told_and_stays_in_step(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    link = await open_room(elena, only_owner=True)
    await farid.sign_in()
    await farid.enter(link)
    await farid.wait_playing()

    await asyncio.gather(elena.hold_nobody(), farid.hold_nobody())
    before = await playback(elena)

    await expect(farid.page.locator("#rate")).to_be_disabled()
    room = farid.page.locator("movie-together")
    await room.evaluate(NOTE_TOLD)
    await farid.pause_by_keys()
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while "только владелец" not in await room.evaluate("room => room.told"):
            await asyncio.sleep(0.05)

    await farid.wait_playing()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    assert await playback(elena) == before, "the film still runs as it did"


async def test_a_browser_that_refuses_sound_shows_the_film_in_step_and_one_button(
    new_viewer: NewViewer, open_room: OpenRoom, cautious_viewer: Viewer
) -> None:
    elena, boris = await new_viewer("elena"), cautious_viewer
    link = await open_room(elena)
    await boris.page.add_init_script(TELL_MUTED)
    async with boris.page.expect_console_message(lambda said: said.text == "muted", timeout=PATIENCE_MS):
        await boris.page.goto(link)
    await expect(elena.page.locator("movie-together-people li:not(.loading)")).to_have_count(2, timeout=PATIENCE_MS)

    button = boris.page.locator("movie-together button.press")
    await expect(button).to_have_text("Включить звук", timeout=PATIENCE_MS)
    assert await boris.video.evaluate("video => video.muted")
    await wait_together(elena, boris, within_ms=IN_STEP_MS)
    await button.click()

    await expect(button).to_have_count(0)
    assert not await boris.video.evaluate("video => video.muted")
    await boris.wait_playing()
    await wait_together(elena, boris, within_ms=IN_STEP_MS)


async def test_a_stream_plays_like_a_file(new_viewer: NewViewer, open_room: OpenRoom) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    link = await open_room(elena, film="paper-whales")
    await farid.sign_in()
    await farid.enter(link)
    await farid.wait_playing()

    assert (await farid.video.evaluate("video => video.currentSrc")).startswith("blob:")
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
