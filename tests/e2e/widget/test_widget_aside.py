"""A viewer steps aside without moving the other, and gets level again; a phone goes along with the player beside it."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS, Viewer, wait_together

LEVEL_MS = 40
IN_STEP_MS = 80
BACK_MS = 4_000


async def does(viewer: Viewer, what: str) -> None:
    await viewer.page.locator("movie-together").evaluate(f"room => {{ {what}; }}")


async def apart_ms(one: Viewer, other: Viewer) -> float:
    """Return how far the first one's picture is ahead of the other's."""
    hers, his = await asyncio.gather(one.sample(), other.sample())
    return hers.position_ms - his.position_at(hers.at_ms)


def aside(viewer: Viewer) -> Locator:
    """The one in the list of people who is shown as aside."""
    return viewer.page.locator("movie-together-people li.aside")


async def count_jumps(viewer: Viewer) -> None:
    await viewer.video.evaluate(
        """film => {
            window.jumps = 0;
            for (const type of ["seeking", "pause"]) film.addEventListener(type, () => { jumps += 1; });
        }"""
    )


@pytest.mark.short
async def test_what_was_missed_is_seen_again_and_caught_up_with_and_the_other_one_is_not_touched(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await count_jumps(farid)

    await does(elena, f"room.rewatch({BACK_MS})")

    bar = elena.page.locator("movie-together .aside")
    await expect(bar).to_be_visible(timeout=PATIENCE_MS)
    async with asyncio.timeout(PATIENCE_MS / 1000):  # behind once her seek is over, then less and less
        while await apart_ms(elena, farid) > -BACK_MS / 2:
            await asyncio.sleep(0.05)
    await expect(aside(farid)).to_contain_text("пересматривает")
    await expect(bar).to_be_hidden(timeout=PATIENCE_MS)
    await wait_together(elena, farid, within_ms=LEVEL_MS)
    await expect(aside(farid)).to_have_count(0)
    assert await farid.page.evaluate("jumps") == 0


async def test_an_advertisement_has_the_player_to_itself_and_the_room_waits_only_where_it_is_set(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await count_jumps(elena)

    await does(farid, "room.beginInterstitial()")
    await expect(aside(elena)).to_contain_text("смотрит рекламу")
    await farid.video.evaluate(f"film => {{ film.currentTime -= {BACK_MS / 2_000}; }}")
    await does(farid, "room.endInterstitial()")
    await expect(aside(elena)).to_have_count(0, timeout=PATIENCE_MS)
    await wait_together(elena, farid, within_ms=LEVEL_MS)
    assert await elena.page.evaluate("jumps") == 0

    await does(elena, "room.changeSettings({ wait_ad_s: 60 })")
    await elena.see_text("реклама")
    await does(farid, "room.beginInterstitial()")
    await expect(elena.page.locator("movie-together .hold")).to_contain_text(farid.name, timeout=PATIENCE_MS)
    await elena.wait_playing(playing=False)
    assert not (await farid.sample()).paused, "nobody has touched what is shown there"
    await does(farid, "room.endInterstitial()")
    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_a_phone_beside_the_player_moves_the_film_and_steps_out_with_it(
    together: tuple[Viewer, Viewer], site: Site
) -> None:
    elena, farid = together
    phone = Viewer(elena.context, await elena.context.new_page(), elena.sub, site.url)
    await phone.enter(elena.page.url)
    await does(phone, "room.secondScreen = true")
    await expect(phone.page.locator("#line")).to_have_attribute("data-line", "live")
    await expect(elena.page.locator("movie-together-people li")).to_have_count(2)

    await does(phone, "room.pause()")

    await asyncio.gather(elena.wait_playing(playing=False), farid.wait_playing(playing=False))
    await farid.see_text("ставит паузу на")
    await does(phone, "room.play()")
    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await does(phone, "room.stepAway()")
    await elena.wait_playing(playing=False)
    await expect(aside(farid)).to_contain_text("ненадолго выходит")
    assert not (await farid.sample()).paused
    await does(phone, "room.comeBack()")
    await elena.wait_playing()
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    assert not phone.complaints
