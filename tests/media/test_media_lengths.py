"""The film's true length counts where the catalogue is wrong, and whose film is another one is told so in words."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import MediaSite

FILM_MS = FILM_S * 1000
AGREED = f"Math.abs(room.room.playback.length_ms - {FILM_MS}) < 250"


@pytest.mark.parametrize("catalogue_ms", [FILM_MS // 2, FILM_MS * 2, None])
async def test_a_film_is_as_long_as_its_file_whatever_the_catalogue_says(
    catalogue_ms: int | None, site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(catalogue_ms)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, "/films/sound/mp4/film.mp4")
    await boris.enter(room, "/films/sound/mp4/film.mp4")
    await asyncio.gather(anna.wait_running(), boris.wait_running())
    await boris.until(AGREED)

    await anna.touch(f"room.seek({FILM_MS - 3_000});")
    await boris.until(f"film.currentTime > {FILM_S - 3}")
    await boris.until("film.ended || film.paused", patience_s=20)
    await anna.touch("room.play();")  # at the end: from the beginning

    await boris.until("!film.paused && film.currentTime < 10")


@pytest.mark.short
async def test_whose_film_differs_reads_so_and_the_others_do_not(site: MediaSite, new_watcher: NewWatcher) -> None:
    room = site.open_room(FILM_MS)
    anna, boris, clara = [await new_watcher(name) for name in ("Anna", "Boris", "Clara")]
    for watcher in (anna, boris):
        await watcher.enter(room, "/films/sound/mp4/film.mp4")
        await watcher.wait_running()

    await clara.enter(room, "/films/sound/mp4-sound-longer/film.mp4")

    note = clara.page.locator("movie-together .note")
    await expect(note).to_contain_text("it is 5 s longer than the others have")
    for watcher in (anna, boris):
        await expect(watcher.page.locator("movie-together .note")).to_have_count(0)
    await note.get_by_role("button").click()
    await expect(note).to_have_count(0)
