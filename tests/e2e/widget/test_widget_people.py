"""A room with fifty people: counted, in words, searched, scrolled by whole rows, beside the film and in a sheet."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS, shoot
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import SignIn
from tests.e2e.widget.crowd import Crowd
from tests.e2e.widget.test_widget_accessible import AXE, RUN

MODERATOR = "Мария Лунёва"
AWAY = "Антон Далёкий"
BEHIND = "Олег Медленный"
MUTE_ON_ENTRY = "Ирина Тихая"
# The first letters are Latin: it only looks like the owner's.
IMITATOR = "Eлeна Соболь"
OTHERS = [f"Зритель {number:02}" for number in range(1, 45)]

# Of the list: its height in rows, how far the nearest row begins from its upper edge, and whether it scrolls.
ROWS = """() => {
    const list = document.querySelector("movie-together-people").shadowRoot.querySelector("ul");
    const rows = [...list.children];
    const { top } = list.getBoundingClientRect();
    const height = rows[0].getBoundingClientRect().height;
    const cut = Math.min(...rows.map(row => Math.abs(row.getBoundingClientRect().top - top)));
    return { shown: list.clientHeight / height, cut, all: rows.length, scrolls: list.scrollHeight > list.clientHeight };
}"""
SCROLL = """top => {
    document.querySelector("movie-together-people").shadowRoot.querySelector("ul").scrollTo({ top });
}"""


@pytest.fixture
async def full_room(new_viewer: NewViewer, sign_in: SignIn, site: Site) -> AsyncIterator[tuple[Viewer, Crowd]]:
    """Elena in her room for fifty, in which everybody is but Boris, who is invited and not there."""
    elena = await new_viewer("elena")
    await sign_in(elena)
    order = {"film_id": FILMS["tide-keeper"]["id"], "capacity": 50, "invite": {"emails": ["boris@example.com"]}}
    headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": site.url}
    answer = await elena.context.request.post(f"{site.url}/api/v1/rooms", data=order, headers=headers)
    assert answer.ok, await answer.text()
    code = (await answer.json())["code"]
    await elena.enter(f"{site.url}/rooms/{code}")
    crowd = await Crowd.beside(elena, code, site)
    try:
        await crowd.enter(*OTHERS[:20], AWAY, BEHIND, IMITATOR, MUTE_ON_ENTRY, *OTHERS[20:])
        await crowd.enter(MODERATOR, role="moderator")
        yield elena, crowd
    finally:
        await crowd.go_home()


def rows(page: Page) -> Locator:
    return page.locator("movie-together-people [data-member]")


async def test_fifty_people_are_counted_told_apart_searched_and_scrolled_by_whole_rows(
    full_room: tuple[Viewer, Crowd],
) -> None:
    elena, crowd = full_room
    page = elena.page
    await page.set_viewport_size({"width": 1440, "height": 900})
    ready = [name for name in crowd.clients if name != MUTE_ON_ENTRY]
    await crowd.each(*ready, does=lambda one: one.report(ready=True, buffering=False))
    await elena.wait_playing()
    await crowd.each(AWAY, does=lambda one: one.command("aside", reason="away"))
    await crowd.each(BEHIND, does=lambda one: one.report(ready=True, buffering=False, skew_ms=-7_000))

    # All are counted, and everybody's state is there in words.
    people = page.get_by_role("list", name="Участники: 50 из 50")
    await expect(people.get_by_role("listitem")).to_have_count(51)  # and Boris
    await expect(rows(page)).to_have_count(50)
    names = await rows(page).locator(".name").all_inner_texts()
    assert names[:3] == [elena.name, MODERATOR, OTHERS[0]]
    await expect(rows(page).nth(0)).to_contain_text("вы · владелец · вместе со всеми", timeout=PATIENCE_MS)
    await expect(rows(page).nth(1)).to_contain_text("модератор · вместе со всеми")
    await expect(rows(page).last).to_contain_text(AWAY, timeout=PATIENCE_MS)
    for name, words in ((AWAY, "ненадолго выходит"), (BEHIND, "отстаёт на 7 с"), (MUTE_ON_ENTRY, "ещё загружает")):
        await expect(rows(page).filter(has_text=name)).to_contain_text(words, timeout=PATIENCE_MS)
    await expect(rows(page).filter(has_text="не владелец")).to_have_count(1)
    await expect(rows(page).filter(has_text="не владелец")).to_contain_text(IMITATOR)
    await expect(page.locator("movie-together-people [data-missing]")).to_contain_text("пока не здесь")
    await page.emulate_media(color_scheme="dark")
    await shoot(page, SCREENS / "people", "fifty at a desk", "dark")
    await page.emulate_media(color_scheme="light")

    # No row is cut, wherever the list is scrolled to.
    await whole_rows(page)

    # By keys: one stop of the Tab key for all of them.
    await rows(page).nth(0).locator("button").focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows(page).nth(1).locator("button")).to_be_focused()
    await page.keyboard.press("End")
    await expect(rows(page).last.locator("button")).to_be_focused()
    await expect(rows(page).last).to_be_in_viewport(ratio=0.99)
    await expect(page.locator("movie-together-people button.row[tabindex='0']")).to_have_count(1)

    search = page.get_by_role("searchbox", name="Найти участника")
    await search.fill("ЛУНЕВА")
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text(MODERATOR)
    await search.fill("нет таких")
    await expect(page.locator("movie-together-people").get_by_text("Никого не нашлось")).to_be_visible()
    await search.fill("")
    await expect(rows(page)).to_have_count(50)

    # A phone has them in a sheet.
    await page.set_viewport_size({"width": 360, "height": 740})
    await expect(rows(page).first).to_be_hidden()
    button = page.locator("#people-button")
    await button.click()
    await expect(page.locator("#people-close")).to_be_focused()
    await expect(rows(page).first).to_be_in_viewport(ratio=0.99)
    await shoot(page, SCREENS / "people", "fifty on a phone", "light")
    await whole_rows(page)
    await page.evaluate(AXE)
    assert await page.evaluate(RUN, {}) == []
    await page.keyboard.press("Escape")
    await expect(rows(page).first).to_be_hidden()
    await expect(button).to_be_focused()
    await button.click()
    await page.get_by_role("banner").click()
    await expect(rows(page).first).to_be_hidden()

    # Few are not searched.
    await page.set_viewport_size({"width": 1440, "height": 900})
    await crowd.each(*OTHERS, does=lambda one: one.leave())
    await expect(rows(page)).to_have_count(6, timeout=PATIENCE_MS)
    await expect(search).to_be_hidden()


async def whole_rows(page: Page) -> None:
    """Check that the list shows whole rows, at its beginning and after scrolling by half of one."""
    found = await page.evaluate(ROWS)
    assert found["scrolls"], found
    assert found["shown"] >= 3, found
    assert found["shown"] == pytest.approx(round(found["shown"]), abs=0.02), found
    for top in (90, 1_000, 100_000, 0):
        await page.evaluate(SCROLL, top)
        assert (await page.evaluate(ROWS))["cut"] <= 1, top
