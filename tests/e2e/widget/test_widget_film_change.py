"""A film that is changed while somebody's page is on its way into the room."""

from __future__ import annotations

import asyncio

from playwright.async_api import Route, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS
from tests.e2e.widget.conftest import OpenRoom, SignIn

NEXT = FILMS["paper-whales"]


async def test_a_page_that_was_loaded_before_a_change_of_the_film_takes_the_rooms_film(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, site: Site
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    link = await open_room(elena)
    await sign_in(farid)
    loaded = asyncio.Event()

    async def wait(route: Route) -> None:
        await loaded.wait()
        await route.continue_()

    await farid.page.route("**/join", wait)
    await farid.page.goto(link)
    title = farid.page.locator("#hall-title")
    await expect(title).to_have_text(FILMS["tide-keeper"]["title"]["ru"])

    order = {"film_id": NEXT["id"], "start": "at_once"}
    address = f"{site.url}/api/v1/rooms/{link.rpartition('/')[2]}/film"
    assert (await elena.context.request.post(address, data=order, headers={"Origin": site.url})).ok
    await expect(elena.page.locator("#hall-title")).to_have_text(NEXT["title"]["ru"])
    loaded.set()

    await farid.wait_in_room()
    await expect(title).to_have_text(NEXT["title"]["ru"])
    await expect(farid.video).to_have_attribute("data-film", NEXT["id"])
    await expect(farid.page.locator("movie-together")).to_have_attribute("film", NEXT["id"])
