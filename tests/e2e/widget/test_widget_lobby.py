"""A film that begins out of a lobby for all at once, and another one after it for the same people."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer, wait_together
from tests.e2e.widget.conftest import SignIn

pytestmark = pytest.mark.short

IN_STEP_MS = 80
NEXT = FILMS["paper-whales"]
TO_THE_END = "room => { room.seek(room.media.duration * 1_000 - 1_500); }"
NOT_THE_END_MS = 60_000


async def recap_of(owner: Viewer, link: str, site: Site, *, films: int) -> dict[str, Any]:
    """Return the room's recap once the archive knows of so many films."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            answer = await owner.context.request.get(f"{site.url}/api/v1/rooms/{link.rpartition('/')[2]}/recap")
            recap: dict[str, Any] = await answer.json()
            if len(recap["films"]) == films:
                return recap
            await asyncio.sleep(0.1)


async def test_all_begin_when_the_owner_says_so_and_go_on_with_another_film(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    elena, boris = await new_viewer("elena"), await new_viewer("boris")
    await asyncio.gather(sign_in(elena), sign_in(boris))
    link = await elena.order_room(settings={"start": "together"}, invite={"users": [await boris.id()]})

    # One is late.
    await elena.enter(link)
    lobby = elena.page.locator("movie-together .lobby")
    await expect(lobby).to_contain_text("Готовы: 1 из 2", timeout=PATIENCE_MS)
    await expect(lobby).to_contain_text(re.compile(rf"Ещё не пришли: \W?{boris.name}"))
    await lobby.locator(".primary").click()
    await expect(lobby).to_contain_text("Готовы не все")
    await lobby.locator(".wait").click()
    await boris.enter(link)
    await expect(lobby).to_contain_text("Все здесь и готовы: 2", timeout=PATIENCE_MS)
    assert (await elena.sample()).paused
    await expect(boris.page.locator("movie-together .lobby .primary")).to_be_hidden()
    await lobby.locator(".primary").click()
    await asyncio.gather(elena.wait_playing(), boris.wait_playing())
    await wait_together(elena, boris, within_ms=IN_STEP_MS)
    await expect(lobby).to_be_hidden()

    # The film is over.
    await boris.say("Что дальше?")
    draft = boris.page.locator("movie-together-chat textarea")
    await draft.fill("Может быть,")
    await boris.page.evaluate("window.same = true")
    offer = elena.page.locator('#film-over [data-opens="film-change"]')
    await expect(offer).to_be_hidden()
    await elena.page.locator("movie-together").evaluate(TO_THE_END)
    await boris.page.locator("#again").click()
    await asyncio.gather(elena.wait_playing(), boris.wait_playing())
    await wait_together(elena, boris, within_ms=IN_STEP_MS)
    await expect(boris.page.locator("#film-over")).to_be_hidden()
    assert (await boris.sample()).position_ms < NOT_THE_END_MS
    await elena.page.locator("movie-together").evaluate(TO_THE_END)
    await offer.click()
    await elena.page.locator("#film-change li", has_text=NEXT["title"]["ru"]).locator("button").click()

    # The same people, chat and page, and another film out of a lobby.
    for viewer in (elena, boris):
        await expect(viewer.page.locator("#hall-title")).to_have_text(NEXT["title"]["ru"])
        await viewer.see_people(elena.name, boris.name)
        await viewer.see_text("Что дальше?")
    await expect(offer).to_be_hidden()
    await expect(draft).to_have_value("Может быть,")
    assert await boris.page.evaluate("window.same"), "the page was not loaded anew"
    await expect(lobby).to_contain_text("Все здесь и готовы: 2", timeout=PATIENCE_MS)
    await lobby.locator(".primary").click()
    await asyncio.gather(elena.wait_playing(), boris.wait_playing())
    await wait_together(elena, boris, within_ms=IN_STEP_MS)
    for viewer in (elena, boris):
        assert await viewer.video.evaluate("film => Math.round(film.duration) * 1_000") == NEXT["duration_ms"]
    recap = await recap_of(elena, link, site, films=2)
    assert [film["film_id"] for film in recap["films"]] == [FILMS["tide-keeper"]["id"], NEXT["id"]]
