"""A viewer steps aside without moving the other, and gets level again; a lobby begins for both at once."""

from __future__ import annotations

import asyncio
import secrets

from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer, wait_together
from tests.e2e.widget.conftest import SignIn

LEVEL_MS = 40
IN_STEP_MS = 80


async def does(viewer: Viewer, what: str) -> None:
    await viewer.page.locator("movie-together").evaluate(f"room => {{ {what}; }}")


async def apart_ms(one: Viewer, other: Viewer) -> float:
    """How far the first one's picture is ahead of the other's."""
    hers, his = await asyncio.gather(one.sample(), other.sample())
    return hers.position_ms - his.position_at(hers.at_ms)


async def test_what_was_missed_is_seen_again_and_caught_up_with_and_the_other_one_is_not_touched(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await farid.page.locator("video").evaluate(
        "film => { window.touched = 0; film.onseeking = () => { touched += 1; }; }"
    )

    await does(elena, "room.rewatch(4000)")

    bar = elena.page.locator("movie-together .aside")
    await expect(bar).to_be_visible(timeout=PATIENCE_MS)
    await expect(farid.page.locator("movie-together-people li.aside")).to_contain_text("пересматривает")
    assert await apart_ms(elena, farid) < -2_000
    await expect(bar).to_be_hidden(timeout=PATIENCE_MS)
    await wait_together(elena, farid, within_ms=LEVEL_MS)
    await expect(farid.page.locator("movie-together-people li.aside")).to_have_count(0)
    assert await farid.page.evaluate("touched") == 0


async def test_an_advertisement_has_the_player_and_the_room_waits_where_it_is_set(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await does(elena, "room.changeSettings({ wait_ad_s: 60 })")
    await elena.see_text("рекламу")

    await does(farid, "room.beginInterstitial()")

    await expect(elena.page.locator("movie-together .hold")).to_contain_text(farid.name, timeout=PATIENCE_MS)
    assert (await elena.sample()).paused
    assert not (await farid.sample()).paused, "nobody has touched what is shown there"
    await does(farid, "room.endInterstitial()")
    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)


async def test_a_lobby_begins_for_both_when_its_owner_says_so(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await asyncio.gather(sign_in(elena), sign_in(farid))
    order = {
        "film_id": FILMS["tide-keeper"]["id"],
        "settings": {"start": "together", "start_when_ready": 0},
        "invite": {"users": []},
    }
    headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": site.url}
    answer = await elena.context.request.post(f"{site.url}/api/v1/rooms", data=order, headers=headers)
    assert answer.ok, await answer.text()
    link = f"{site.url}/rooms/{(await answer.json())['code']}"
    await elena.enter(link)
    lobby = elena.page.locator("movie-together .lobby")
    await expect(lobby).to_contain_text("Вы готовы", timeout=PATIENCE_MS)
    await farid.enter(link)  # late
    await expect(lobby).to_contain_text("Все здесь и готовы: 2", timeout=PATIENCE_MS)
    assert (await elena.sample()).paused
    await expect(farid.page.locator("movie-together .lobby .primary")).to_be_hidden()

    await lobby.locator(".primary").click()

    await asyncio.gather(elena.wait_playing(), farid.wait_playing())
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await expect(lobby).to_be_hidden()
