"""A module that does not load is tried again, and then told with a button; not a black player for ever."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import MediaSite
from tests.support.media.watcher import Watcher


class LostRequests:
    """The first requests for a module are lost on the way."""

    def __init__(self, count: int) -> None:
        self.left = count

    async def stand_before(self, watcher: Watcher, path: str) -> None:
        await watcher.page.route(f"**/static/{path}", self._answer)

    async def _answer(self, route: Route) -> None:
        if self.left:
            self.left -= 1
            await route.abort("connectionreset")
        else:
            await route.continue_()


async def enter(site: MediaSite, watcher: Watcher, kind: str = "mp4/film.mp4") -> None:
    await watcher.enter(site.open_room(FILM_S * 1000), f"/films/sound/{kind}")


@pytest.mark.parametrize(
    "module", ["sources.js", pytest.param("core/player.js", marks=pytest.mark.short), "movie-together.js"]
)
async def test_a_module_that_is_lost_twice_comes_the_third_time(
    module: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    anna, lost = await new_watcher(), LostRequests(2)
    await lost.stand_before(anna, f"widget/{module}")

    await enter(site, anna)

    await anna.wait_running()
    assert lost.left == 0


@pytest.mark.parametrize("library", ["hls.js/hls.min.mjs", "shaka-player/shaka-player.dash-es2021.js"])
async def test_a_player_library_that_is_lost_comes_again(
    library: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    anna, lost = await new_watcher(), LostRequests(1)
    await lost.stand_before(anna, f"vendor/{library}*")

    await enter(site, anna, "hls-ts/film.m3u8" if "hls" in library else "dash/film.mpd")

    await anna.wait_running()
    assert lost.left == 0


async def test_modules_that_never_come_are_told_with_a_button(site: MediaSite, new_watcher: NewWatcher) -> None:
    anna, lost = await new_watcher(), LostRequests(1_000)
    await lost.stand_before(anna, "widget/core/player.js")

    await enter(site, anna)

    told = anna.page.locator("movie-together [data-load-guard]")
    await expect(told).to_contain_text("The player did not load", timeout=60_000)
    lost.left = 0
    await told.get_by_role("button").click()
    await anna.wait_running()
    await expect(told).to_have_count(0)
