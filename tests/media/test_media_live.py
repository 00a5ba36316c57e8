"""A broadcast: viewers see the same frames by the stream's dates, whatever their players' own zero is."""

from __future__ import annotations

import asyncio
import statistics

import pytest
from playwright.async_api import expect

from tests.media.conftest import NewWatcher
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import PATIENCE_S, Watcher

pytestmark = pytest.mark.timeout(240)  # the first time its stream is made, too

NEAR_MS = 100
# The date of the picture, and when this machine's clock said so.
SHOWS = """() => {
    const film = document.querySelector("video");
    return [film.getStartDate().getTime() + film.currentTime * 1000, performance.timeOrigin + performance.now()];
}"""
ZERO = "document.querySelector('video').getStartDate().getTime()"
SLIDES = "hls-sliding"
STREAMS = {SLIDES: "film.m3u8", "hls-low-latency": "film.m3u8", "dash-live": "film.mpd", "hls-event": "film.m3u8"}


async def behind_each_other_ms(one: Watcher, other: Watcher) -> float:
    """Return how far apart the dates are that two viewers see."""
    looks: list[float] = []
    for _ in range(5):
        (first_ms, first_at_ms), (second_ms, second_at_ms) = await asyncio.gather(
            one.page.evaluate(SHOWS), other.page.evaluate(SHOWS)
        )
        looks.append(abs((first_ms - first_at_ms) - (second_ms - second_at_ms)))
        await asyncio.sleep(0.1)
    return statistics.median(looks)


async def see_the_same(one: Watcher, other: Watcher) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await behind_each_other_ms(one, other) > NEAR_MS:
            pass


def film(room: str, kind: str = SLIDES) -> str:
    return f"/films/{room}/{kind}/{STREAMS[kind]}"


@pytest.mark.parametrize("kind", [pytest.param(SLIDES, marks=pytest.mark.short), "hls-low-latency", "dash-live"])
async def test_a_latecomer_to_a_sliding_window_sees_the_same_frames(
    kind: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(None)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(room, kind))
    await anna.wait_running()
    await asyncio.sleep(6)  # the window slides: another first segment than Anna's

    await boris.enter(room, film(room, kind))
    await boris.wait_running()

    await see_the_same(anna, boris)
    await expect(anna.page.locator("movie-together .live")).to_contain_text("Live")
    if kind != "dash-live":  # there the player's own time is the stream's
        zeros_ms = [await one.page.evaluate(ZERO) for one in (anna, boris)]
        assert abs(zeros_ms[0] - zeros_ms[1]) > 1_000


async def test_what_slid_out_of_the_window_while_paused_is_told_with_a_way_to_the_live_edge(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(None)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    for one in (anna, boris):
        await one.enter(room, film(room))
        await one.wait_running()
    await anna.touch("room.seek(room.broadcast.edgeMs);")  # else the room would go to the live edge by itself
    await boris.until("room.room.playback.sought_ms > 0")
    await anna.touch("room.pause();")
    badge = boris.page.locator("movie-together .live")
    await expect(badge).to_contain_text("behind live")
    await boris.until("film.paused && room.broadcast.behindMs > 15_000", patience_s=40)

    await anna.touch("room.play();")
    await expect(boris.page.locator("movie-together .pill").first).to_contain_text(
        "This moment is not in the broadcast"
    )
    await badge.get_by_role("button").click()

    await asyncio.gather(anna.wait_running(), boris.wait_running())
    await see_the_same(anna, boris)


async def test_a_stream_without_dates_plays_and_says_that_nobody_is_kept_in_step(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(None)
    site.faults[room] = Faults(undated=True)
    anna = await new_watcher("Anna")

    await anna.enter(room, film(room))

    await anna.wait_running()
    await expect(anna.page.locator("movie-together .live")).to_contain_text("This broadcast has no timestamps")


async def test_an_event_is_played_from_its_beginning_and_on_to_its_live_edge(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(None)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    for one in (anna, boris):
        await one.enter(room, film(room, "hls-event"))
        await one.wait_running()

    await anna.touch("room.seek(room.positionMs - 5_000);")
    await boris.until("room.room.playback.sought_ms > 0")
    await asyncio.gather(anna.wait_running(), boris.wait_running())

    await see_the_same(anna, boris)
