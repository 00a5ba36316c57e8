"""A guest without an account, from the link to the end: a name, the film, the chat by the owner's leave, and away."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import Viewer
from tests.e2e.widget.conftest import OpenRoom


async def choose_guests(owner: Viewer, may: str) -> None:
    """Say in the room's settings what guests may do."""
    await owner.page.locator("#settings-button").click()
    await owner.page.locator("#arrange-people").evaluate("group => { group.open = true; }")
    await owner.page.locator("#guests").select_option(may)
    await owner.page.locator("#arrange [type=submit]").click()
    await expect(owner.page.locator("#room-settings")).to_be_hidden()


async def test_a_stranger_watches_by_a_name_alone_writes_once_they_may_and_leaves_when_it_ends(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena, zoe = await new_viewer("elena"), await new_viewer("farid")  # who does not sign in
    link = await open_room(elena)
    await zoe.page.goto(link)
    await expect(zoe.page.locator("#guest")).to_have_count(0)

    await choose_guests(elena, "watch")

    # The archive brings the setting to the pages.
    async def finds(what: str) -> None:
        while not await zoe.page.locator(what).count():
            await zoe.page.wait_for_timeout(100)
            await zoe.page.reload()

    await finds("#guest-name")
    await zoe.page.locator("#guest-name").fill("Зоя")
    await zoe.page.locator("#guest button").click()
    await zoe.wait_in_room()
    await zoe.wait_playing()

    entry = elena.page.locator("movie-together-people li", has_text="Зоя")
    await expect(entry).to_contain_text("гость")
    field = zoe.page.locator("movie-together-chat textarea")
    await expect(field).to_be_disabled()
    await expect(zoe.page.locator("movie-together-chat #notice")).to_have_text("Гости здесь смотрят, но не пишут.")

    await choose_guests(elena, "chat")
    await zoe.say("Здравствуйте!")
    line = elena.page.locator("movie-together-chat li.said", has_text="Здравствуйте!")
    await expect(line.locator(".role")).to_have_text("гость")

    await zoe.page.reload()
    await zoe.wait_in_room()
    await expect(elena.page.locator("movie-together-people li", has_text="Зоя")).to_have_count(1)

    await choose_guests(elena, "nobody")
    await expect(zoe.page.get_by_role("heading", name="Гости больше не могут смотреть в этой комнате")).to_be_visible()
    await expect(field).to_be_hidden()
    await expect(elena.page.locator("movie-together-people li", has_text="Зоя")).to_have_count(0)
    await expect(elena.page.locator("movie-together-chat li.said", has_text="Здравствуйте!")).to_be_visible()
    await zoe.page.reload()
    await finds("#enter")
    await expect(zoe.page.locator("#guest")).to_have_count(0)
