"""The room waits for those whose film has run dry, says for whom, and goes on; it always says why the film stands."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer, wait_together
from tests.e2e.widget.conftest import OpenRoom, SignIn
from tests.e2e.widget.slow_film import SlowFilm

IN_STEP_MS = 80


@pytest.fixture
async def slow(new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn) -> tuple[Viewer, Viewer, SlowFilm]:
    """Elena, who owns the room, and Farid, to whom only the beginning of the film arrives; it runs for both."""
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await sign_in(farid)  # before the film runs, of which only a part arrives
    link = await open_room(elena)
    await elena.hold_nobody()
    # Nothing that is looked for while the room waits may be missed because a busy machine looks late.
    await elena.page.locator("movie-together").evaluate("room => { room.changeSettings({ hold_max_s: 60 }); }")
    await elena.see_text("ждём не дольше 60 с")
    film = SlowFilm(0.4)
    await film.stand_before(farid.context)
    await farid.enter(link)
    await farid.wait_playing()
    await expect(elena.page.locator("movie-together-people li:not(.loading)")).to_have_count(2, timeout=PATIENCE_MS)
    return elena, farid, film


async def status(viewer: Viewer) -> str:
    found: str = await viewer.page.locator("movie-together").evaluate("room => room.room.playback.status")
    return found


async def go_where_it_is_missing(elena: Viewer) -> None:
    await elena.page.locator("movie-together").evaluate("room => { room.seek(60_000); }")


async def test_the_room_waits_for_whom_it_says_and_all_start_together(slow: tuple[Viewer, Viewer, SlowFilm]) -> None:
    elena, farid, film = slow

    await go_where_it_is_missing(elena)

    hers, his = elena.page.locator("movie-together .hold"), farid.page.locator("movie-together .hold")
    await expect(hers).to_contain_text(farid.name, timeout=PATIENCE_MS)
    await expect(his).to_contain_text("Вас ждут", timeout=PATIENCE_MS)
    await expect(his.locator("button")).to_be_hidden()
    await expect(elena.page.locator(f"movie-together-people li.loading:has-text('{farid.name}')")).to_be_visible()
    assert (await elena.sample()).paused, "nobody runs ahead"
    film.let_through()
    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await expect(hers).to_be_hidden()
    await expect(his).to_be_hidden()


async def test_whoever_steers_may_go_on_without_those_who_load(slow: tuple[Viewer, Viewer, SlowFilm]) -> None:
    elena, farid, film = slow
    await go_where_it_is_missing(elena)

    await elena.page.locator("movie-together .hold button").click(timeout=PATIENCE_MS)

    await elena.wait_playing()
    await elena.see_text("продолжает, никого не дожидаясь")
    await expect(elena.page.locator("movie-together .hold")).to_be_hidden()
    film.let_through()
    await farid.wait_playing()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_what_is_said_about_a_later_moment_waits_for_those_who_have_not_seen_it(
    slow: tuple[Viewer, Viewer, SlowFilm],
) -> None:
    elena, farid, film = slow
    await elena.say("Начинается!")
    await farid.see_text("Начинается!")
    await go_where_it_is_missing(elena)
    await elena.page.locator("movie-together .hold button").click(timeout=PATIENCE_MS)
    await elena.wait_playing()

    await elena.say("Это маяк взорвался!")

    held = farid.page.locator("movie-together-chat [part~=ahead]")
    await expect(held).to_contain_text("когда вы до него дойдёте")
    assert "взорвался" not in await farid.page.locator("movie-together-chat .list").inner_html()
    assert "Начинается!" in await farid.messages(), "what he has seen stays"
    # Who wants to know everything says so.
    for _ in range(2):
        await farid.page.locator("movie-together-people .row", has_text=farid.name).click()
        await farid.page.locator("movie-together-people [data-action=spoilers]").click()
        if await farid.page.locator("movie-together").evaluate("room => room.holdsSpoilers"):
            await expect(held).to_have_count(1)
        else:
            await farid.see_text("Это маяк взорвался!")
    film.let_through()
    await farid.see_text("Это маяк взорвался!")
    await expect(held).to_have_count(0)


async def test_one_stall_holds_the_room_once_and_no_longer_than_it_may(slow: tuple[Viewer, Viewer, SlowFilm]) -> None:
    elena, farid, film = slow
    await elena.page.locator("movie-together").evaluate("room => { room.changeSettings({ hold_max_s: 1 }); }")
    await elena.see_text("ждём не дольше 1 с")
    await go_where_it_is_missing(elena)

    await elena.see_text("фильм идёт дальше")
    await asyncio.sleep(2)

    assert await status(elena) == "playing"
    assert await elena.page.locator("movie-together-chat .happened", has_text="Ждём:").count() == 1
    film.let_through()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_whoever_comes_late_and_still_loads_holds_nobody(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await sign_in(farid)
    link = await open_room(elena)
    await elena.hold_nobody()
    await go_where_it_is_missing(elena)
    film = SlowFilm(0.4)
    await film.stand_before(farid.context)

    await farid.page.goto(link)

    await expect(elena.page.locator("movie-together-people li.loading")).to_have_count(1, timeout=PATIENCE_MS)
    await asyncio.sleep(3)
    assert await status(elena) == "playing"
    assert not await elena.page.locator("movie-together-chat").get_by_text("Ждём").count()
    film.let_through()
    await farid.wait_playing()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_who_need_not_be_waited_for_holds_nobody(slow: tuple[Viewer, Viewer, SlowFilm]) -> None:
    elena, farid, film = slow
    await farid.page.locator("movie-together-people .row", has_text=farid.name).click()
    await farid.page.locator("movie-together-people [data-action=waits]").click()

    await go_where_it_is_missing(elena)

    people = elena.page.locator(f"movie-together-people li.loading:has-text('{farid.name}')")
    await expect(people).to_be_visible(timeout=PATIENCE_MS)  # that he loads is told all the same
    assert await status(elena) == "playing"
    await elena.wait_playing()
    film.let_through()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_who_paused_is_shown_over_the_film_also_to_who_comes_later(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await elena.press_play_pause()

    await expect(farid.page.locator("movie-together .why")).to_contain_text(f"{elena.name}\u2069 ставит паузу")
    await expect(elena.page.locator("movie-together .why")).to_have_text("Вы ставите паузу")
    await farid.page.reload()
    await farid.wait_in_room()
    await expect(farid.page.locator("movie-together .why")).to_contain_text(f"{elena.name}\u2069 ставит паузу")

    await farid.press_play_pause()
    await elena.wait_playing()
    await expect(elena.page.locator("movie-together .why")).to_be_hidden()
