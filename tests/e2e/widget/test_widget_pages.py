"""Every page in a browser: narrow and wide, no complaint on the console, nothing beyond the edge, keys suffice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser, ConsoleMessage, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import Scheme
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom
from tests.support.browsers import FIREFOX_DARK

FILM = FILMS["upper-pines"]["id"]
# As docs/embedding.md shows it, in a page that knows nothing else of ours.
ANOTHER_MAKE = """async code => {
  document.body.innerHTML = `
    <movie-together id="t"><video controls width="480" src="/demo/media/tide-keeper.mp4"></video></movie-together>
    <movie-together-chat for="t"></movie-together-chat>`;
  await import("/static/widget/movie-together.js");
  await import("/static/widget/chat.js");
  document.getElementById("t").join = async () =>
    (await fetch(`/api/v1/rooms/${code}/join`, { method: "POST" })).json();
}"""
PATHS = ("/", "/?q=nothing-like-it", "/?show=wanted", f"/films/{FILM}", "/friends", "/rooms", "/account", "/api/docs")


SCREENS: tuple[tuple[int, Scheme, Mapping[str, int]], ...] = (
    (360, "light", {}),
    (360, "dark", FIREFOX_DARK),
    (1280, "light", {}),
)


@pytest.fixture
async def grace(
    width: int, scheme: Scheme, usual_browser: Browser, site: Site
) -> AsyncIterator[tuple[Viewer, list[str]]]:
    """Grace before a narrow or a wide screen, and what her browser's console complains of."""
    context = await usual_browser.new_context(
        viewport={"width": width, "height": 740}, color_scheme=scheme, locale="en-GB"
    )
    page = await context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    yield Viewer(context, page, "grace", site.url), complaints
    await context.close()


@pytest.mark.parametrize(("width", "scheme", "firefox_asks"), SCREENS, ids=["360-light", "360-dark", "1280-light"])
async def test_no_page_overflows_or_complains(grace: tuple[Viewer, list[str]], site: Site, scheme: Scheme) -> None:
    viewer, complaints = grace
    await viewer.sign_in()
    assert await viewer.page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")

    for path in PATHS:
        await viewer.page.goto(f"{site.url}{path}", wait_until="networkidle")
        wide, window = await viewer.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, f"{path} is {wide} px wide in a window of {window}"
    await viewer.page.goto(f"{site.url}/films/{FILM}")
    await viewer.page.locator("#watch").click()
    await viewer.page.locator("#open:not([aria-busy])").click()
    await viewer.page.wait_for_url("**/rooms/*")
    await viewer.wait_in_room()
    for element in (
        "media-play-button",
        "media-fullscreen-button",
        "movie-together-chat textarea",
        '[data-opens="invite"]',
    ):
        box = await viewer.page.locator(element).bounding_box()
        assert box is not None, f"{element} is not shown"
        window = viewer.page.viewport_size
        assert window is not None
        assert box["x"] >= 0, element
        assert box["x"] + box["width"] <= window["width"], f"{element} is cut off"
        assert box["y"] + box["height"] <= window["height"], f"{element} is below the edge"
    reaction = viewer.page.locator("movie-together-reactions button").first
    await expect(reaction).to_be_in_viewport(ratio=1)  # nothing that scrolls cuts it off

    assert complaints == []
    assert viewer.complaints == []


async def test_friends_are_asked_accepted_and_removed(site: Site, new_viewer: NewViewer) -> None:
    farid, elena = await new_viewer("farid"), await new_viewer("elena")
    await farid.sign_in()
    await farid.page.goto(f"{site.url}/friends")
    field = farid.page.locator("#email")

    await field.clear()  # over WebDriver BiDi `fill` adds to an address
    await field.fill("no address")
    await field.press("Enter")
    await expect(farid.page.locator("#email-error")).to_have_text("Это не похоже на адрес почты.")
    await field.clear()
    await field.fill("nobody-at-all@example.com")
    await field.press("Enter")
    await expect(farid.page.locator("#email-error")).to_contain_text("на сайт никто не входит")
    await field.clear()
    await field.fill(farid.email)
    await field.press("Enter")
    await expect(farid.page.locator("#email-error")).to_contain_text("ваш собственный адрес")
    await field.clear()
    await field.fill(elena.email)
    await field.press("Enter")
    await expect(farid.page.locator(".toast")).to_contain_text("Заявка отправлена")
    await expect(farid.page.locator(f'[data-name="{elena.name}"]')).to_have_attribute("data-status", "outgoing")

    await elena.sign_in()
    await elena.page.goto(f"{site.url}/friends")
    await elena.page.locator(f'[data-name="{farid.name}"] [data-do="accept"]').click()
    row = elena.page.locator(f'[data-name="{farid.name}"]')
    await expect(row).to_have_attribute("data-status", "accepted")
    await row.locator('[data-do="remove"]').click()
    await elena.page.locator("#remove button[value=yes]").click()
    await expect(row).to_have_count(0)


async def test_a_mark_that_could_not_be_kept_is_taken_back_and_told(site: Site, new_viewer: NewViewer) -> None:
    farid = await new_viewer("farid")
    await farid.sign_in()
    button = farid.page.locator(f'[data-want="{FILM}"]')
    before = await button.get_attribute("aria-pressed")
    await farid.context.set_offline(True)

    await button.click()

    await expect(farid.page.locator(".toast--alarm")).to_contain_text("Нет связи")
    assert await button.get_attribute("aria-pressed") == before
    await farid.context.set_offline(False)


async def test_pressing_twice_opens_one_room(site: Site, new_viewer: NewViewer) -> None:
    grace = await new_viewer("grace")
    await grace.sign_in()
    await grace.page.goto(f"{site.url}/films/{FILM}")
    await grace.page.locator("#watch").click()
    await grace.page.locator("#open:not([aria-busy])").wait_for()
    count = "SELECT count(*) AS n FROM rooms r JOIN users u ON u.id = r.owner_id WHERE split_part(u.email, '@', 1) = %s"
    [before] = await asyncio.to_thread(site.rows, count, "grace")

    await grace.page.locator("#open").dblclick(no_wait_after=True)
    await grace.page.wait_for_url("**/rooms/*", timeout=PATIENCE_MS)

    [after] = await asyncio.to_thread(site.rows, count, "grace")
    assert after["n"] == before["n"] + 1


async def test_a_room_can_be_reached_and_used_by_keys_alone(new_viewer: NewViewer, open_room: OpenRoom) -> None:
    elena = await new_viewer("elena")
    await open_room(elena)
    page = elena.page

    await page.locator('[data-opens="invite"]').focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog#invite")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog#invite")).to_be_hidden()
    await expect(page.locator('[data-opens="invite"]')).to_be_focused()
    reached = set()
    for _ in range(30):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.localName"))
    assert {"media-play-button", "media-time-range", "select", "movie-together-chat"} <= reached


async def test_the_widget_runs_in_a_page_of_another_make(
    site: Site, new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    """With the browser's own controls, and tickets that the page itself asks for."""
    elena, hugo = await new_viewer("elena"), await new_viewer("hugo")
    link = await open_room(elena)
    code = link.rsplit("/", 1)[-1]
    await hugo.sign_in()
    await hugo.page.goto(f"{site.url}/api/docs?lang=en")
    await hugo.page.evaluate(ANOTHER_MAKE, code)

    await hugo.wait_playing()
    await elena.say("Видно нас?")
    await hugo.see_text("Видно нас?")
    await hugo.pause_by_keys()

    await elena.wait_playing(playing=False)
    await expect(hugo.page.locator("movie-together-chat").get_by_text("paused at")).to_be_visible()
