"""Texts that have not been sent belong to whoever typed them, and sending needs no storage."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, VIEWERS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn

FIELD = "movie-together-chat textarea"
UNSENT = "movie-together-chat .unsent"
# Chromium itself denies it like this where the viewer has blocked a site's data.
DENIED = """for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}"""


async def sign_out(page: Page) -> None:
    await page.locator("details.account summary").click()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Выйти").click()


async def change_to(viewer: Viewer, sub: str) -> None:
    """Let somebody else sign in at the same window."""
    viewer.sub, viewer.name = sub, VIEWERS[sub]["name"]
    await viewer.context.clear_cookies()
    await viewer.sign_in()


async def test_what_one_has_not_sent_is_gone_with_the_sign_out_and_never_said_under_the_name_of_the_next(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena = await new_viewer("elena")
    link = await open_room(elena)
    # A sign-in of its own: the tests that come after need the common one.
    window = await new_viewer("farid")
    await window.sign_in()
    await window.enter(link)
    await window.page.locator(FIELD).fill("секрет")
    await window.page.reload()
    await window.wait_in_room()
    await expect(window.page.locator(FIELD)).to_have_value("секрет")

    await sign_out(window.page)
    await change_to(window, "farid")
    await window.enter(link)

    await expect(window.page.locator(FIELD)).to_have_value("")
    assert "секрет" not in await window.page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")

    await window.page.locator(FIELD).fill("черновик Фарида")
    await window.page.locator("movie-together").evaluate("room => room.disconnect()")
    await window.page.locator(FIELD).press("Enter")
    await expect(window.page.locator(UNSENT)).to_have_count(1)
    await window.page.locator(FIELD).fill("ещё один")

    # The sign-in ran out, and somebody else signs in.
    await change_to(window, "boris")
    await window.enter(link)
    await window.say("от Бориса")

    await elena.see_text("от Бориса")
    await expect(window.page.locator(UNSENT)).to_have_count(0)
    assert await elena.messages() == ["от Бориса"]
    # Who typed it finds it again, and it is sent under their name.
    await change_to(window, "farid")
    await window.enter(link)
    await expect(window.page.locator(FIELD)).to_have_value("ещё один")
    await elena.see_text("черновик Фарида")
    said = elena.page.locator("movie-together-chat li.said", has_text="черновик Фарида")
    await expect(said.locator(".name")).to_have_text(window.name)


async def test_where_storage_is_denied_sending_works_all_the_same(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn
) -> None:
    elena = await new_viewer("elena")
    link = await open_room(elena)
    farid = await new_viewer("farid")
    await sign_in(farid)
    await farid.context.add_init_script(DENIED)
    await farid.enter(link)

    await farid.say("без хранилища")

    await elena.see_text("без хранилища")
    await expect(farid.page.locator(UNSENT)).to_have_count(0, timeout=PATIENCE_MS)
    assert await farid.messages() == ["без хранилища"]
