"""What the browser shows of a room outside its page; and the page of who is offline, or not let in."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import SignIn

LOOK_AWAY = """away => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
TOLD = """(({ title, artist, artwork }) => ({ title, artist, artwork: artwork.map(({ src }) => src) }))
    (navigator.mediaSession.metadata)"""
ICON = "fetch(document.querySelector('link[rel=icon]').href).then(answer => answer.text())"


async def test_the_tab_tells_what_is_unread_and_the_system_which_film_runs(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page, read = elena.page, await elena.page.title()
    read_icon = await page.evaluate(ICON)
    await page.evaluate(LOOK_AWAY, True)

    await farid.say("Ты здесь?")
    await elena.see_text("Ты здесь?")
    await expect(page).to_have_title(f"(1) {read}")
    unread_icon = await page.evaluate(ICON)
    assert unread_icon.startswith("<svg")
    assert unread_icon != read_icon
    await page.evaluate(LOOK_AWAY, False)
    await expect(page).to_have_title(read)
    assert await page.evaluate(ICON) == read_icon

    told = await page.evaluate(TOLD)
    film = FILMS["tide-keeper"]
    assert (told["title"], told["artist"]) == (film["title"]["ru"], "Кино вместе")
    assert told["artwork"] == [await elena.video.evaluate("video => video.poster")]


async def test_whoever_loses_the_network_reads_so_at_once_and_is_back_with_it(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    line = farid.page.locator("#line")
    await expect(line).to_have_attribute("data-line", "live")

    await farid.context.set_offline(True)
    await expect(line).to_have_attribute("data-line", "lost")
    await expect(farid.page.locator("movie-together [part=status]")).to_contain_text("Связь прервалась")

    await farid.context.set_offline(False)
    await expect(line).to_have_attribute("data-line", "live")
    await elena.see_people(elena.name, farid.name)


async def test_whoever_finds_a_room_locked_gets_a_page_of_that_and_enters_once_it_is_open(
    together: tuple[Viewer, Viewer], new_viewer: NewViewer, sign_in: SignIn
) -> None:
    elena, _ = together
    lock = "(room, locked) => room.changeSettings({ locked })"
    await elena.page.locator("movie-together").evaluate(lock, True)
    grace = await new_viewer("grace")
    await sign_in(grace)
    await grace.page.goto(elena.page.url)

    card = grace.page.locator("movie-together .end")
    await expect(card).to_contain_text(re.compile("Вход закрыт|The room is locked"), timeout=PATIENCE_MS)
    for unusable in (
        ".hall__side",
        "movie-together-chat",
        "[data-opens=invite]",
        "#controls",
        "movie-together-reactions",
    ):
        await expect(grace.page.locator(unusable)).to_be_hidden()
    await expect(card).to_be_in_viewport(ratio=1)

    await elena.page.locator("movie-together").evaluate(lock, False)
    await card.get_by_role("button").first.click()
    await grace.wait_playing()
    await expect(grace.page.locator("movie-together-chat textarea")).to_be_visible()
