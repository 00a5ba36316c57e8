"""What goes wrong with a source ends in playing again, at the room's place, or in a screen with a way on."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import PATIENCE_S, Watcher, distances_ms

FILM_MS = FILM_S * 1000
NEAR_MS = 100
STREAMS = {"hls-ts": "film.m3u8", "dash": "film.mpd", "mp4": "film.mp4"}
# The widget's own pauses between tries add up to half a minute.
GIVES_UP_S = 90
REFRESHES = """{ refresh: async ({ status }) => {
    console.info(`refresh after ${status}`);
    return (await fetch("/films/SOURCE/address")).json();
} }"""
BREAKS_OFF = "document.querySelector('video').addEventListener('emptied', () => console.info('broke off'))"


async def running(site: MediaSite, new_watcher: NewWatcher, kind: str) -> tuple[str, Watcher]:
    """Return a room where Anna watches a film of this kind from a server that works."""
    room = site.open_room(FILM_MS)
    anna = await new_watcher("Anna")
    await anna.enter(room, f"/films/sound/{kind}/{STREAMS[kind]}")
    await anna.wait_running()
    return room, anna


async def in_step(anna: Watcher, other: Watcher) -> None:
    await other.wait_running()
    async with asyncio.timeout(PATIENCE_S):
        while min(await distances_ms([anna, other], looks=5)) > NEAR_MS:
            pass


@pytest.mark.parametrize(
    ("kind", "status"),
    [("hls-ts", 404), pytest.param("dash", 503, marks=pytest.mark.short), ("hls-ts", 503), ("mp4", 404)],
)
async def test_a_film_that_fails_as_a_viewer_enters_plays_once_it_is_there(
    kind: str, status: int, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, anna = await running(site, new_watcher, kind)
    site.faults[room] = Faults(broken={r"film\.": status})
    boris = await new_watcher("Boris")
    await boris.enter(room, f"/films/{room}/{kind}/{STREAMS[kind]}")
    await boris.until("room.live")
    await asyncio.sleep(4)
    assert await boris.page.evaluate("document.querySelector('video').readyState") == 0

    site.faults[room] = Faults()

    await in_step(anna, boris)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["hls-ts", "mp4"])
async def test_a_film_that_does_not_come_is_told_with_a_button_that_brings_it(
    kind: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, anna = await running(site, new_watcher, kind)
    await anna.touch("room.pause();")  # the film is shorter than a viewer's patience
    site.faults[room] = Faults(broken={"": 404})
    boris = await new_watcher("Boris")
    await boris.enter(room, f"/films/{room}/{kind}/{STREAMS[kind]}")

    screen = boris.page.locator("movie-together .end")
    await expect(screen).to_contain_text("The film does not load", timeout=GIVES_UP_S * 1000)
    site.faults[room] = Faults()
    await screen.get_by_role("button").click()

    await expect(screen).to_have_count(0)
    await boris.until("film.readyState > 2 && Math.abs(film.currentTime * 1000 - room.positionMs) < 1")


@pytest.mark.parametrize("status", [403, 404])
async def test_segments_that_fail_in_the_middle_stop_nobody_for_good(
    status: int, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, anna = await running(site, new_watcher, "hls-ts")
    site.faults[room] = Faults(broken={r"film([3-9]|1[0-2])\.ts": status})
    boris = await new_watcher("Boris")
    await boris.enter(room, f"/films/{room}/hls-ts/film.m3u8")
    await boris.until("film.buffered.length > 0 || film.error", patience_s=20)

    site.faults[room] = Faults()

    await in_step(anna, boris)


async def test_a_decoder_that_breaks_is_set_up_anew(site: MediaSite, new_watcher: NewWatcher) -> None:
    room, anna = await running(site, new_watcher, "mp4")
    boris = await new_watcher("Boris")
    await boris.enter(room, f"/films/{room}/mp4/film.mp4")
    await boris.wait_running()

    await boris.page.evaluate("document.querySelector('video').dispatchEvent(new Event('error'))")

    await in_step(anna, boris)


@pytest.mark.parametrize("kind", STREAMS)
async def test_an_address_that_was_refused_is_renewed_and_the_film_goes_on(
    kind: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, anna = await running(site, new_watcher, kind)
    site.faults[room] = Faults(tokens=("1",), bytes_per_s=40_000)
    boris = await new_watcher("Boris")
    address = f"/films/{room}/{kind}/{STREAMS[kind]}"
    await boris.enter(room, f"{address}?token=1", options=REFRESHES.replace("SOURCE", f"{room}/{kind}"))
    await boris.wait_running()

    site.faults[room] = Faults(tokens=("2",))
    await anna.touch("room.seek(30_000);")  # beyond what was loaded

    await boris.until("film.currentTime > 30")
    await in_step(anna, boris)
    assert [line for line in boris.said if line.startswith("refresh after")]


async def test_an_address_is_renewed_before_it_expires_and_a_stream_goes_on_without_a_break(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, anna = await running(site, new_watcher, "hls-ts")
    site.faults[room] = Faults(tokens=("1", "2"), bytes_per_s=35_000)  # the page begins with the first
    boris = await new_watcher("Boris")
    source = f"/films/{room}/hls-ts/film.m3u8"
    options = REFRESHES.replace("SOURCE", f"{room}/hls-ts")
    await boris.enter(room, source, page="expiring.html", options=options)
    await boris.wait_running()
    await boris.page.evaluate(BREAKS_OFF)

    async with asyncio.timeout(PATIENCE_S):
        while not any(room in path and path.endswith(".ts?token=2") for path in site.asked):
            await asyncio.sleep(0.1)

    await in_step(anna, boris)
    assert "broke off" not in boris.said
    assert "refresh after null" in boris.said
