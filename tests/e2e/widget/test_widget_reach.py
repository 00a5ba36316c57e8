"""Pages for every hand and eye: targets are large enough, the focus is seen, forced colours and less motion count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS
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
# Text that is cut off, and what can be pressed and is beyond the window's sides: not in rows that are swept sideways,
# nor what screen readers alone read, nor the room's name in its head, which the document's title has whole.
LOST = """() => [...document.querySelectorAll("body *")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && getComputedStyle(one).clipPath === "none")
  .filter(one => !one.closest(".skip, pre, .whats-on--row .rooms, .together, #hall-title"))
  .filter(one => {
    const { overflowX, overflowY, webkitLineClamp } = getComputedStyle(one);
    const { left, right } = one.getBoundingClientRect();
    const hides = overflow => overflow === "hidden" || overflow === "clip";
    const text = [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const cut = text && webkitLineClamp === "none" && ((hides(overflowX) && one.scrollWidth > one.clientWidth + 1)
      || (hides(overflowY) && one.scrollHeight > one.clientHeight + 1));
    const panel = one.parentElement?.closest(".panel, .row, .room-card, dialog")?.getBoundingClientRect();
    const beyond = (edge) => left < edge.left - 1 || right > edge.right + 1;
    return cut || (one.matches("a, button, input, select, summary")
      && (beyond({ left: 0, right: innerWidth }) || (panel && beyond(panel))));
  })
  .map(one => one.outerHTML.slice(0, 160))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT_OFF = "one => { Object.assign(one.style, { whiteSpace: 'nowrap', overflow: 'hidden', width: '4rem' }); }"
KICK = """(room, name) => {
  room.kick(room.room.members.find(one => one.name === name).id);
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


async def lost_in(page: Page) -> list[str]:
    """Return what is lost of a page on the narrowest phone, and on another one with text of twice the size."""
    found: list[str] = []
    session = await page.context.new_cdp_session(page)
    for width, text_px in ((320, 16), (360, 32)):
        await page.set_viewport_size({"width": width, "height": 740})
        await session.send("Page.setFontSizes", {"fontSizes": {"standard": text_px, "fixed": text_px}})
        found += [f"{width} px, text of {text_px} px: {one}" for one in await page.evaluate(LOST)]
        wide = await page.evaluate(TOO_WIDE)
        found += [f"{width} px, text of {text_px} px: {wide} px too wide"] if wide else []
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    await session.detach()
    return found


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


@pytest.mark.chromium("the size of text is set over CDP")
async def test_nothing_is_lost_on_the_narrowest_phone_nor_with_text_of_twice_the_size(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    elena, farid, zoe = await new_viewer("elena"), await new_viewer("farid"), await new_viewer("grace")  # a stranger
    await sign_in(elena)
    await sign_in(farid)
    link = await elena.order_room(title="Пятничный просмотр у Елены", settings={"guests": "chat"})
    closed = await elena.order_room()
    await elena.enter(closed)
    await elena.close_room()
    await elena.enter(link)
    await farid.enter(link)
    await elena.see_people(elena.name, farid.name)
    await elena.page.locator("movie-together").evaluate(KICK, farid.name)
    await expect(farid.page.locator("movie-together .end")).to_be_visible(timeout=PATIENCE_MS)
    lost = {"removed from the room": await lost_in(farid.page)}

    for viewer, paths in (farid, (*PATHS, "/account", "/offline")), (zoe, ("/", FILM, "/auth/sign-in?next=/")):
        for address in (*(f"{site.url}{path}" for path in paths), closed if viewer is farid else link):
            await viewer.page.goto(address)
            if viewer is farid and address.endswith(FILM):
                lost["film"] = await lost_in(viewer.page)
                await viewer.page.locator("#watch").click()
                await viewer.page.locator("#open:not([aria-busy])").wait_for()
                await viewer.page.locator("#invite-more summary").click()
            lost[f"{viewer.name} {address}"] = await lost_in(viewer.page)

    assert len(lost) > 12
    assert {page: found for page, found in lost.items() if found} == {}
    await zoe.page.locator("h1").evaluate(CUT_OFF)
    assert await lost_in(zoe.page), "what is cut off is noticed"


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
