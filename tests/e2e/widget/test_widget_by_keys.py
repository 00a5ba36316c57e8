"""From home to a room and out of it by Tab, Enter and arrows alone; where the focus went is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS
from tests.e2e.widget.conftest import SignIn
from tests.support.browsers import FIREFOX_LESS_MOTION

# What has the focus, also inside of elements of ours; how it and what is around it looks, to be compared with how that
# looks once the focus is elsewhere; and whether the header lies over it.
STEP = """() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    const up = (node) => node.parentElement ?? node.getRootNode().host ?? null;
    const around = [one, one.nextElementSibling];
    for (let node = up(one), n = 0; node && n < 4; node = up(node), n += 1) around.push(node);
    const look = () => around.filter(Boolean).flatMap((node) => [null, "::before", "::after"].map((part) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderTopColor } = getComputedStyle(node, part);
        return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderTopColor].join(" ");
    })).join("|");
    for (const running of document.getAnimations()) {
        if (running.effect.getComputedTiming().endTime !== Infinity) running.finish();
    }
    const lastSeen = window.last ? window.last.look() !== window.last.was : null;
    window.last = one === document.body ? null : { look, was: look() };
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    const header = document.querySelector(".top")?.getBoundingClientRect();
    const named = [one.ariaLabel, one.labels?.[0]?.innerText, one.innerText, one.title, one.placeholder, one.alt];
    const tags = { a: "link", button: "button", select: "list", textarea: "field", summary: "summary", body: "page" };
    const regions = "dialog, nav, .languages, .hall__head, media-control-bar, .hall__people, .films, main";
    let [x, y] = [0, 0]; // by how much all that it is in has been scrolled
    for (let node = up(one); node; node = up(node)) [x, y] = [x + node.scrollLeft, y + node.scrollTop];
    let region = one;
    while (region && !region.matches(regions)) region = up(region);
    // Cards stand side by side, and each is read as a whole.
    const card = [...document.querySelectorAll(".room-card")].indexOf(one.closest(".room-card"));
    return {
        role: one.role ?? one.getAttribute("role") ?? tags[one.localName] ?? one.type ?? one.localName,
        name: (named.find((text) => text?.trim()) ?? "").trim().replace(/\\s+/g, " ").slice(0, 60),
        region: card >= 0 ? `room-card ${card}` : region?.id || region?.className || region?.localName || "",
        top: box.top, left: box.left, bottom: box.bottom, right: box.right, height: innerHeight, width: innerWidth,
        inSheet: Boolean(one.closest("dialog")), up: box.top + y, down: box.bottom + y, across: box.left + x,
        covered: Boolean(one.closest("main, footer") && !one.closest("dialog")) && box.top < header.bottom - 0.5,
        lastSeen,
    };
}"""
NO_RING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { outline: none !important; }");
    document.adoptedStyleSheets = [sheet];
}"""


@dataclass
class Stop:
    """Where the focus was: by which key it came, what had it, and whether that could be seen."""

    key: str
    path: str
    at: dict[str, Any]
    seen: bool | None = None

    def __str__(self) -> str:
        return f"{self.path:28.28} {self.key:10} {self.at['role']:10} {self.at['name']}"


class Keyboard:
    """A person who has nothing else; notes where the focus goes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trail: list[Stop] = []

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def move(self, key: str) -> None:
        """Press a key that moves the focus, and note where it is then."""
        await self.press(key)
        await self.note(key)

    async def note(self, key: str) -> None:
        at = await self.page.evaluate(STEP)
        path = self.page.url.partition("://")[2].partition("/")[2]
        if at["lastSeen"] is not None and self.trail and self.trail[-1].path == f"/{path}":
            self.trail[-1].seen = at["lastSeen"]
        if at["role"] != "page":  # between the last element and the first the browser's own have the focus
            self.trail.append(Stop(key, f"/{path}", at))

    async def go_to(self, selector: str, key: str = "Tab", most: int = 60) -> None:
        """Move the focus until it is on what ``selector`` finds."""
        wanted = self.page.locator(selector).first
        for _ in range(most):
            await self.move(key)
            if await wanted.evaluate("one => one.matches(':focus')"):
                return
        raise AssertionError(f"{selector} is not reached: " + "\n".join(map(str, self.trail[-most:])))

    def in_order(self) -> list[tuple[str, str]]:
        """Return the steps that went by Tab against the order in which a region is read, line by line."""
        against = []
        for before, after in zip(self.trail, self.trail[1:], strict=False):
            here, there = before.at, after.at
            if after.key != "Tab" or (before.path, here["region"]) != (after.path, there["region"]) or there["inSheet"]:
                continue
            same_line = there["up"] < here["down"] - 2 and here["up"] < there["down"] - 2
            back = there["across"] < here["across"] if same_line else there["down"] < here["up"]
            if back:
                against.append((str(before), str(after)))
        return against


@pytest.mark.parametrize("firefox_asks", [FIREFOX_LESS_MOTION], ids=["calm"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_a_room_is_opened_used_and_left_by_keys_and_the_focus_is_always_seen(
    new_viewer: NewViewer, sign_in: SignIn, site: Site, width: int
) -> None:
    elena = await new_viewer("elena")
    await sign_in(elena)
    page, keys = elena.page, Keyboard(elena.page)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(reduced_motion="reduce")  # so that nothing still scrolls when it is looked at
    await page.goto(f"{site.url}/")

    # From home over the film to a room.
    await keys.move("Tab")
    assert keys.trail[0].at["name"] == "Перейти к содержанию"
    await keys.go_to(f".films a[href$='{FILMS['tide-keeper']['id']}']")
    await keys.press("Enter")
    await page.wait_for_url("**/films/*")
    await keys.go_to("#watch")
    await keys.press("Enter")
    await expect(page.locator("#open:not([aria-busy])")).to_be_focused()
    await keys.note("Enter")
    await keys.press("Enter")
    await page.wait_for_url("**/rooms/*")
    await elena.wait_in_room()
    await elena.wait_playing()

    # The film, the people, the chat.
    await keys.go_to("media-play-button")
    await keys.press("Enter")
    await elena.wait_playing(playing=False)
    if width == 360:
        await keys.go_to("#people-button", "Shift+Tab")
        await keys.press("Enter")
        await expect(page.locator("#people-close")).to_be_focused()
        await keys.note("Enter")
    await keys.go_to("movie-together-people .row", most=2 if width == 360 else 60)  # a sheet begins where it opens
    await keys.press("Enter")
    await expect(page.locator("movie-together-people [role^=menuitem]").first).to_be_focused()
    await keys.note("Enter")
    await keys.move("ArrowDown")
    await keys.press("Enter")
    await expect(page.locator("movie-together-people [role=menu]")).to_be_hidden()
    await keys.go_to("movie-together-chat textarea")
    await page.keyboard.type("Без мыши")
    await keys.press("Enter")
    await elena.see_text("Без мыши")

    # The sheet of invitations, whose button has the focus again, and the way out.
    await keys.go_to("[data-opens=invite]", "Shift+Tab")
    await keys.press("Enter")
    await expect(page.locator("dialog#invite")).to_be_visible()
    await keys.go_to("dialog#invite #invite-emails")
    await keys.go_to("dialog#invite [data-close]", "Shift+Tab")  # past its end are the browser's own buttons
    await keys.press("Enter")
    await expect(page.locator("[data-opens=invite]")).to_be_focused()
    await keys.note("Enter")
    # A phone's room has no navigation but the way home.
    await keys.go_to("#nav a[href='/rooms']" if width > 360 else ".brand", "Shift+Tab")
    await keys.press("Enter")
    await page.wait_for_url(f"{site.url}/rooms" if width > 360 else f"{site.url}/")

    SCREENS.mkdir(parents=True, exist_ok=True)
    written = "\n".join(map(str, keys.trail))
    (SCREENS / f"by-keys-{width}.txt").write_text(written, "utf-8")
    assert [str(stop) for stop in keys.trail if not stop.at["name"]] == [], "everything has a name"
    assert [str(stop) for stop in keys.trail if stop.seen is False] == [], "the focus is seen"
    assert [str(stop) for stop in keys.trail if stop.at["covered"]] == [], "and nothing lies over it"
    out = [stop for stop in keys.trail if stop.at["bottom"] < 1 or stop.at["top"] > stop.at["height"] - 1]
    assert [str(stop) for stop in out] == [], "and it is in the window"
    assert keys.in_order() == []
    assert sum(stop.seen is True for stop in keys.trail) > len(keys.trail) / 2

    await page.evaluate(NO_RING)
    for _ in range(3):
        await keys.move("Tab")
    assert keys.trail[-2].seen is False, "a focus that cannot be seen is noticed"
