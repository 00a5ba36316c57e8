"""Pages for every hand and eye: targets are large enough, the focus is seen, forced colours and less motion count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS
from tests.e2e.widget.conftest import SignIn
from tests.support.browsers import FIREFOX_FORCED_COLOURS, FIREFOX_LESS_MOTION

FILM = f"/films/{FILMS['upper-pines']['id']}"
PATHS = ("/", "/?show=wanted", FILM, "/friends", "/rooms", "/api/docs", "/nowhere")
LEAST_PX = 44

# What can be pressed and is smaller: not links in a text, nor what is pressed by all of its card or label.
SMALL = """least => [...document.querySelectorAll("a, button, input, select, summary, textarea, [role=button]")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.closest("p, td, th, .skip, .api__list"))
  .filter(one => getComputedStyle(one, "::after").position !== "absolute")
  .map(one => [one, (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < least - .5)
  .map(([one, { width, height }]) => `${one.outerHTML.slice(0, 120)} is ${width} × ${height}`)"""
# The focused element, if it is in the page's content: what covers its middle instead of it.
COVERED = """() => {
  const one = document.activeElement;
  if (!one || !one.closest("main, footer")) return null;
  const { left, top, width, height } = (one.closest("label") ?? one).getBoundingClientRect();
  const header = document.querySelector(".top").getBoundingClientRect();
  return top < header.bottom - .5 ? `${one.outerHTML.slice(0, 120)} at ${top}, below ${header.bottom}` : null;
}"""
LOOK = """one => {
  const { backgroundColor, borderColor, color, outlineStyle } = getComputedStyle(one);
  return [backgroundColor, borderColor, color, outlineStyle].join();
}"""


@pytest.fixture
async def phone(usual_browser: Browser, new_viewer: NewViewer, sign_in: SignIn) -> AsyncIterator[Page]:
    """A phone on which Farid is signed in."""
    farid = await new_viewer("farid")
    await sign_in(farid)
    context = await usual_browser.new_context(
        storage_state=await farid.context.storage_state(),
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="ru-RU",
    )
    yield await context.new_page()
    await context.close()


async def test_a_finger_hits_everything_that_can_be_pressed(phone: Page, site: Site) -> None:
    small = {}
    for path in PATHS:
        await phone.goto(f"{site.url}{path}")
        if path == FILM:
            await phone.locator("#watch").click()
            await phone.locator("#open:not([aria-busy])").wait_for()
            await phone.locator("#invite-more summary").click()
        if path == "/friends":
            await phone.locator("[data-do=remove]").first.click()
        small[path] = await phone.evaluate(SMALL, LEAST_PX)

    assert {path: found for path, found in small.items() if found} == {}


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
async def test_the_focus_is_never_under_the_header(phone: Page, site: Site, key: str) -> None:
    await phone.set_viewport_size({"width": 360, "height": 420})
    covered = set()
    for path in ("/", "/friends"):
        await phone.goto(f"{site.url}{path}")
        await phone.emulate_media(reduced_motion="reduce")
        for _ in range(40):
            await phone.keyboard.press(key)
            covered.add(await phone.evaluate(COVERED))

    assert covered == {None}


@pytest.mark.parametrize("firefox_asks", [FIREFOX_FORCED_COLOURS], ids=["forced"])
async def test_forced_colours_leave_seen_what_is_chosen_and_pressed(phone: Page, site: Site) -> None:
    await phone.emulate_media(forced_colors="active", reduced_motion="reduce")
    await phone.goto(f"{site.url}/")
    assert await phone.evaluate("matchMedia('(forced-colors: active)').matches")

    chosen, other = (phone.locator(f".tabs a{which}").first for which in ("[aria-current]", ":not([aria-current])"))
    assert await chosen.evaluate(LOOK) != await other.evaluate(LOOK)
    page, others = (phone.locator(f".nav a{which}").first for which in ("[aria-current]", ":not([aria-current])"))
    assert await page.evaluate(LOOK) != await others.evaluate(LOOK)
    want = phone.locator("[data-want]").first
    before = await want.evaluate(LOOK)
    await want.click()
    assert await want.evaluate(LOOK) != before


@pytest.mark.parametrize(("less", "firefox_asks"), [(True, FIREFOX_LESS_MOTION), (False, {})], ids=["less", "usual"])
async def test_scrolling_is_smooth_unless_the_viewer_wants_less_motion(phone: Page, site: Site, *, less: bool) -> None:
    await phone.emulate_media(reduced_motion="reduce" if less else "no-preference")
    await phone.goto(site.url)
    jumped = await phone.evaluate(
        """async () => {
            document.querySelector("footer").scrollIntoView({ block: "start" });
            const { scrollY } = window; // of a smooth scroll nothing is to be seen yet
            return scrollY > 0;
        }"""
    )

    assert jumped == less
