"""Other makers' player libraries on a plain <video>, as docs/examples/players shows them, and protected films."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S, KEY, KEY_ID
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import PATIENCE_S, Watcher, distances_ms

FILM_MS = FILM_S * 1000
NEAR_MS = 100
EXAMPLES = {
    "hls.html": "hls-ts/film.m3u8",
    "shaka.html": "dash/film.mpd",
    "dash.html": "dash/film.mpd",
    "videojs.html": "hls-ts/film.m3u8",
}


async def in_step(anna: Watcher, other: Watcher) -> None:
    await asyncio.gather(anna.wait_running(), other.wait_running())
    async with asyncio.timeout(PATIENCE_S):
        while min(await distances_ms([anna, other], looks=5)) > NEAR_MS:
            pass


@pytest.mark.parametrize("example", EXAMPLES)
async def test_a_library_on_a_plain_video_is_kept_in_step_and_its_viewers_command(
    example: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, film = site.open_room(FILM_MS), EXAMPLES[example]
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, f"/films/sound/{film}")
    await anna.wait_running()
    before = await anna.room()

    await boris.enter_example(room, f"/films/sound/{film}", example)
    await in_step(anna, boris)
    assert (await anna.room())["sought_ms"] == before["sought_ms"], "coming in moved nobody"

    await boris.touch("film.currentTime = 30;")
    await anna.until("room.room.playback.position_ms >= 29_900")
    await in_step(anna, boris)


@pytest.mark.parametrize("example", EXAMPLES)
async def test_a_librarys_film_that_fails_at_entry_plays_once_it_is_there(
    example: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, film = site.open_room(FILM_MS), EXAMPLES[example]
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, f"/films/sound/{film}")
    await anna.wait_running()
    site.faults[room] = Faults(broken={r"film\.(m3u8|mpd)": 503})
    await boris.enter_example(room, f"/films/{room}/{film}", example)
    await boris.until("room && room.live")
    await asyncio.sleep(3)

    site.faults[room] = Faults()

    await in_step(anna, boris)


PROTECTED = {
    "hls": (
        "film.m3u8",
        '{ hlsConfig: { emeEnabled: true, drmSystems: { "org.w3.clearkey": { licenseUrl: "/license" } } } }',
    ),
    "shaka": ("film.mpd", '{ shakaConfig: { drm: { servers: { "org.w3.clearkey": "/license" } } } }'),
    "shaka of the page": (
        "film.mpd",
        f"""{{ shakaConfig: {{ drm: {{ clearKeys: {{ "{KEY_ID}": "{KEY}" }} }} }},
            shaka: () => import("/npm/shaka-player/dist/shaka-player.compiled.js").then(() => window.shaka) }}""",
    ),
}


@pytest.mark.parametrize("how", PROTECTED)
async def test_a_protected_film_plays_in_step(how: str, site: MediaSite, new_watcher: NewWatcher) -> None:
    entry, options = PROTECTED[how]
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, f"/films/sound/clearkey/{entry}", options=options)
    await anna.wait_running()

    await boris.enter(room, f"/films/sound/clearkey/{entry}", options=options)
    await in_step(anna, boris)

    assert await boris.page.evaluate("document.querySelector('video').mediaKeys !== null")


async def test_a_protected_film_without_a_licence_is_told_with_a_button(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(FILM_MS)
    anna = await new_watcher("Anna")
    options = PROTECTED["shaka"][1].replace("/license", "/no-license")

    await anna.enter(room, "/films/sound/clearkey/film.mpd", options=options)

    screen = anna.page.locator("movie-together .end")
    await expect(screen).to_contain_text("The film does not load", timeout=90_000)
    await expect(screen.get_by_role("button")).to_be_visible()
