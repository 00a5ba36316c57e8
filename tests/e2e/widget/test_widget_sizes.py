"""The room on phones, between phones and desks, on its side, under a keyboard, and at twice the size of text."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn
from tests.e2e.widget.test_widget_full_screen import ONLY_VIDEOS

# How many lines of text the chat's list shows at a time, and how far it is from its end (px).
LINES = """() => {
    const list = document.querySelector("movie-together-chat").shadowRoot.querySelector(".list");
    const { lineHeight } = getComputedStyle(list);
    const { paddingTop, paddingBottom } = getComputedStyle(list);
    return {
        lines: (list.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / parseFloat(lineHeight),
        fromEnd: list.scrollHeight - list.scrollTop - list.clientHeight,
    };
}"""
# Of each button of the page that can be pressed: its size, and into how many lines its text is broken.
BUTTONS = """() => [...document.querySelectorAll(":is(.hall__head, .controls, .top) *")]
    .filter(one => one.matches("button, a, summary, select, [role=button]"))
    .filter(one => one.checkVisibility({ visibilityProperty: true }))
    .map(one => {
        const { width, height, left, right } = one.getBoundingClientRect();
        const text = document.createRange();
        text.selectNodeContents(one.querySelector("span") ?? one);
        return { name: one.id || one.title || one.localName, width, height, inside: left >= 0 && right <= innerWidth,
                 lines: one.matches(".button") ? text.getClientRects().length : 1 };
    })"""


@pytest.fixture
async def elena(new_viewer: NewViewer, open_room: OpenRoom) -> Viewer:
    viewer = await new_viewer("elena")
    await open_room(viewer)
    return viewer


async def overflow(page: Page) -> int:
    found: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


async def test_a_phone_shows_five_lines_of_chat_at_its_end_also_under_its_keyboard_and_people_in_a_sheet(
    elena: Viewer,
) -> None:
    page = elena.page
    await page.set_viewport_size({"width": 375, "height": 740})
    for number in range(12):
        await elena.say(f"строка {number}")
    await elena.see_text("строка 11")

    # 553 is a small phone with the browser's bars, 330 what a keyboard leaves of a larger one.
    for width, height in ((375, 553), (360, 520), (375, 330), (375, 740)):
        await page.set_viewport_size({"width": width, "height": height})
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while (seen := await page.evaluate(LINES))["fromEnd"] > 1:
                await asyncio.sleep(0.05)
        assert seen["lines"] >= 4.99, (width, height, seen)
        await expect(page.locator("movie-together-chat textarea")).to_be_in_viewport(ratio=1)
        await expect(page.locator("movie-together video")).to_be_in_viewport()
        assert await overflow(page) == 0
    content = await page.locator("meta[name=viewport]").get_attribute("content")
    assert content is not None
    assert "interactive-widget=resizes-content" in content, "the browser is to leave room for the keyboard"

    people = page.locator("movie-together-people li").first
    await expect(people).to_be_hidden()
    await expect(page.locator("#people-button")).to_have_text("1")
    await page.locator("#people-button").click()
    await expect(people).to_be_in_viewport(ratio=1)
    await page.locator("#people-button").press("Enter")
    await expect(people).to_be_hidden()


async def test_every_button_is_large_enough_in_one_line_and_inside_the_window(elena: Viewer) -> None:
    page = elena.page
    for width in (320, 360, 375, 740, 900, 961, 1100, 1440):
        await page.set_viewport_size({"width": width, "height": 740})
        await page.mouse.move(width / 2, 200)  # the controls are there for a pointer
        buttons = await page.evaluate(BUTTONS)

        assert len(buttons) >= 8, width
        assert any(one["name"] == "media-seek-forward-button" for one in buttons), width
        assert [one for one in buttons if one["lines"] > 1 or not one["inside"]] == [], width
        assert [one for one in buttons if min(one["width"], one["height"]) < 43.5] == [], width
        assert await overflow(page) == 0, width

    await page.set_viewport_size({"width": 1920, "height": 900})
    brand, title = [await page.locator(one).bounding_box() for one in (".brand", "#hall-title")]
    assert brand is not None
    assert title is not None
    assert brand["x"] == pytest.approx(title["x"], abs=1), "the top bar is in line with the room"


# A phone's browser may fill the page only; and in Firefox a window in full screen has the size of the screen alone.
@pytest.mark.parametrize("fills", ["page", pytest.param("screen", marks=pytest.mark.chromium("it changes its size"))])
async def test_every_button_of_the_full_screen_is_inside_it_and_leaves_room_for_the_title(
    elena: Viewer, fills: str
) -> None:
    page = elena.page
    if fills == "page":
        await elena.context.add_init_script(ONLY_VIDEOS)
        await page.reload()
        await elena.wait_in_room()
        await elena.wait_playing()
    await page.locator("media-fullscreen-button").click()
    await expect(page.locator("#hall.full")).to_be_visible()
    assert await page.evaluate("document.fullscreenElement !== null") == (fills == "screen")
    assert [one for one in await page.evaluate(BUTTONS) if not one["inside"]] == []
    title = await page.locator("#hall-title").bounding_box()
    assert title is not None
    assert title["width"] > 100, "the buttons leave room for it"
    await page.keyboard.press("k")  # a paused film's head stays
    for width, height, beside in ((1280, 800, True), (768, 1024, True), (360, 740, False)):
        await page.set_viewport_size({"width": width, "height": height})
        if beside and not await page.locator("#hall.full--beside").count():
            await page.locator("#chat-side").click()
        await expect(page.locator("#hall.full--beside")).to_have_count(int(beside))
        buttons = await page.evaluate(BUTTONS)
        assert [one for one in buttons if not one["inside"]] == [], width
        film = await page.locator("media-controller").bounding_box()
        away = await page.locator(".hall__head [href='/rooms']").bounding_box()
        assert film is not None
        assert away is not None
        assert away["x"] + away["width"] <= film["x"] + film["width"], "the way out lies over the film"
    await page.keyboard.press("f")
    await expect(page.locator("#hall.full")).to_have_count(0)


@pytest.mark.chromium("the size of text is set over CDP")
async def test_text_of_twice_the_size_breaks_no_button_and_pushes_nothing_out(elena: Viewer) -> None:
    page = elena.page
    session = await page.context.new_cdp_session(page)
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    assert await page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    for width in (360, 900, 1280):
        await page.set_viewport_size({"width": width, "height": 740})
        buttons = await page.evaluate(BUTTONS)
        head = [one for one in buttons if not one["name"].startswith("media-")]
        assert [one for one in head if one["lines"] > 1 or not one["inside"]] == [], width
        assert await overflow(page) == 0, width
        film, below = [await page.locator(one).bounding_box() for one in ("movie-together", ".hall__head")]
        assert film is not None
        assert below is not None
        assert film["y"] + film["height"] <= below["y"] + 1, "nothing lies over anything"
        await page.locator("movie-together-chat textarea").scroll_into_view_if_needed()
        await expect(page.locator("movie-together-chat textarea")).to_be_in_viewport()


async def test_a_phone_on_its_side_is_the_film_with_the_chat_over_it(elena: Viewer) -> None:
    page = elena.page
    await page.set_viewport_size({"width": 667, "height": 375})

    film = await page.locator("media-controller").bounding_box()
    assert film is not None
    assert film["width"] == pytest.approx(667, abs=1)
    assert film["height"] == pytest.approx(375, abs=1)
    await elena.say("Поверх фильма")
    await expect(page.locator("movie-together-chat").get_by_text("Поверх фильма")).to_be_in_viewport()


# Of what can be pressed in the room: what lies over its middle instead; and the cards of which a part is out of sight.
COVERED = """() => {
    const room = document.querySelector("movie-together");
    const inside = (root) => [...root.querySelectorAll("*")]
        .flatMap(one => one.shadowRoot ? [one, ...inside(one.shadowRoot)] : [one]);
    const at = (x, y) => {
        let found = document.elementFromPoint(x, y);
        for (let deeper; (deeper = found?.shadowRoot?.elementFromPoint(x, y)) && deeper !== found;) found = deeper;
        return found;
    };
    const holds = (one, other) => {
        for (let node = other; node; node = node.parentNode ?? node.host) if (node === one) return true;
        return false;
    };
    const reactions = document.querySelector("movie-together-reactions");
    const pressed = [...inside(room.shadowRoot), ...inside(reactions.shadowRoot),
        ...document.querySelectorAll(".controls *, .hall__head *, .hall [slot]")]
        .filter(one => one.matches("button, a, select, [role=button], media-time-range") && !one.disabled)
        .filter(one => one.checkVisibility({ visibilityProperty: true }));
    const covered = pressed.filter(one => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return !holds(one, at((left + right) / 2, (top + bottom) / 2));
    });
    const cut = [...room.shadowRoot.querySelectorAll(".lobby, .end, .aside, .press, .hold")]
        .filter(one => one.checkVisibility())
        .filter(one => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1);
    return { pressed: pressed.length, wrong: [...covered, ...cut].map(one => one.outerHTML.slice(0, 120)) };
}"""


async def cards_cover_nothing(page: Page, least: int) -> None:
    """Look at a card over the film on small phones, one of them on its side: so many things or more can be pressed."""
    for width, height in ((360, 640), (360, 520), (640, 360)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.mouse.move(10, 60)
        await page.mouse.move(15, 65)  # the controls are there for a pointer over the film, beside the card
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while (seen := await page.evaluate(COVERED))["wrong"]:  # what moves aside does so in a moment
                await asyncio.sleep(0.05)
        assert seen["pressed"] >= least, (width, height, seen)


async def test_on_a_phone_no_card_over_the_film_covers_what_is_pressed_or_is_cut_off(
    new_viewer: NewViewer, sign_in: SignIn
) -> None:
    elena = await new_viewer("elena")
    await sign_in(elena)
    page, card = elena.page, elena.page.locator("movie-together")
    await elena.enter(await elena.order_room(settings={"start": "together"}, invite={"emails": ["boris@example.com"]}))
    await expect(card).to_have_attribute("card", "lobby")
    await cards_cover_nothing(page, 16)
    await card.evaluate("room => room.style.setProperty('--mt-bottom', '-9rem')")
    assert (await page.evaluate(COVERED))["wrong"], "a card over the controls is noticed"
    await card.evaluate("room => room.style.removeProperty('--mt-bottom')")
    await page.get_by_role("button", name="Начать", exact=True).click()
    await expect(page.get_by_role("button", name="Подождать")).to_be_visible()
    await cards_cover_nothing(page, 17)
    await page.get_by_role("button", name="Начать сейчас").click()
    await elena.wait_playing()
    await card.evaluate("room => room.watchAlone()")
    await expect(card).to_have_attribute("card", "aside")
    await cards_cover_nothing(page, 17)
    await elena.page.set_viewport_size({"width": 1280, "height": 800})
    await elena.close_room()
    await expect(card).to_have_attribute("card", "end")
    await cards_cover_nothing(page, 1)
