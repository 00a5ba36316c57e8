"""What the browser shows of a room outside its page; and the page of who is offline, or not let in."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS, shoot
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import SignIn

OUTSIDE = SCREENS / "outside"

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
    await nothing_of_the_room(grace.page)
    await expect(card).to_be_in_viewport(ratio=1)

    await elena.page.locator("movie-together").evaluate(lock, False)
    await card.get_by_role("button").first.click()
    await grace.wait_playing()
    await expect(grace.page.locator("movie-together-chat textarea")).to_be_visible()


async def test_a_room_that_is_full_or_bans_or_is_closed_says_so_on_a_page_with_a_way_on(
    together: tuple[Viewer, Viewer], new_viewer: NewViewer, sign_in: SignIn
) -> None:
    elena, farid = together
    link = elena.page.url
    await elena.say("До свидания")
    await farid.see_text("До свидания")
    room = elena.page.locator("movie-together")
    await room.evaluate("room => room.changeSettings({ capacity: 2 })")
    grace = await new_viewer("grace")
    await sign_in(grace)
    page = grace.page
    await page.goto(link)

    # Full: nothing of the room, and a try again that lets in once somebody has left.
    card = page.locator("movie-together .end")
    await expect(card).to_contain_text(re.compile("Комната заполнена|The room is full"), timeout=PATIENCE_MS)
    await nothing_of_the_room(page)
    await shoot(page, OUTSIDE, "full", "light")
    await card.get_by_role("button").first.click()
    await expect(card).to_contain_text(re.compile("Комната заполнена|The room is full"), timeout=PATIENCE_MS)
    await farid.page.goto("about:blank")
    await elena.see_people(elena.name)
    await card.get_by_role("button").first.click()
    await grace.wait_playing()

    # Banned: at once over the film, and later as a page of its own.
    await elena.page.locator("movie-together-people .row", has_text=grace.name).click()
    await elena.page.locator("movie-together-people [data-action=ban]").click()
    await elena.page.locator("#ban-now").click()
    await expect(card).to_contain_text(re.compile("Вас заблокировали|You were banned"), timeout=PATIENCE_MS)
    await expect(card.get_by_role("button")).to_have_count(0)
    await expect(page.locator("movie-together [slot=ended]:not([hidden])")).to_be_visible()
    await expect(page.locator("movie-together-chat textarea")).to_be_hidden()
    await shoot(page, OUTSIDE, "banned, inside", "light")
    answer = await page.goto(link)
    assert answer is not None
    assert answer.status == 403
    await expect(page.locator("h1")).to_have_text(re.compile("Вас заблокировали|You have been banned"))
    await nothing_of_the_room(page)
    assert await page.locator("main a.button").count() >= 1
    await shoot(page, OUTSIDE, "banned, at the door", "light")

    # Closed: whoever was there reads the chat, and whoever was not is told who ended it.
    await elena.close_room()
    await expect(elena.page.locator("movie-together .end")).to_be_visible(timeout=PATIENCE_MS)
    hugo = await new_viewer("hugo")
    await sign_in(hugo)
    for viewer in (farid, hugo):
        answer = await viewer.page.goto(link)
        assert answer is not None
        assert answer.status == 410
        await nothing_of_the_room(viewer.page)
        await expect(viewer.page.get_by_role("main")).to_contain_text(elena.name)
        assert await viewer.page.locator("main a.button").count() >= 2
        await shoot(viewer.page, OUTSIDE, f"closed, for {viewer.sub}", "light")
    await expect(farid.page.get_by_text("До свидания")).to_be_visible()
    await expect(hugo.page.get_by_text("До свидания")).to_have_count(0)


async def nothing_of_the_room(page: Page) -> None:
    """Check that nothing is offered that only works inside."""
    for unusable in (
        ".hall__side",
        "movie-together-chat",
        "[data-opens=invite]",
        "#controls",
        "movie-together-reactions",
    ):
        await expect(page.locator(unusable)).to_be_hidden()
