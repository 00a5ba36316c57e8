"""Every page and state by axe-core, in both colour schemes: nothing that it knows to be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS, Shot, shoot, write_contact_sheet
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn

AXE = (Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
# Of what axe knows, only contrast depends on the colour scheme.
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
RUN = """async options => {
  for (const one of document.getAnimations()) if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, failureSummary }) =>
    `${id}: ${target.flat().join(" ")} ${html.slice(0, 120)} ${failureSummary.split("\\n")[1]}`));
}"""
SOME_OF_EACH = """parts => {
  for (const part of parts) for (const more of [...part.querySelectorAll("details, li")].slice(2)) more.remove();
  for (const details of document.querySelectorAll("details.operation")) details.open = true;
}"""
WALKED = SCREENS / "states"
Scheme = Literal["light", "dark"]
FILM = f"/films/{FILMS['upper-pines']['id']}"


class Inspector:
    """Looks at what a page shows, in each colour scheme."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []
        self.shots: list[Shot] = []

    async def look(self, state: str) -> None:
        for scheme in get_args(Scheme):
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if not await self.page.evaluate("'axe' in window"):
                await self.page.evaluate(AXE)
            self.shots.append(await shoot(self.page, WALKED, state, scheme))
            self.found += [f"{state}, {scheme}: {one}" for one in await self.page.evaluate(RUN, RULES[scheme])]

    async def visit(self, url: str, path: str) -> None:
        await self.page.goto(f"{url}{path}")
        await self.look(path)


async def lists(inspector: Inspector, site: Site) -> None:
    """Pages of somebody signed in."""
    page = inspector.page
    for path in ("/", "/?q=nothing-like-it", "/?show=wanted", "/rooms", "/rooms?status=closed", "/nowhere"):
        await inspector.visit(site.url, path)
    await page.locator(".account > summary").click()
    await inspector.look("the account's menu")
    await page.goto(f"{site.url}/api/docs")
    # Hundreds of operations and schemas are made by the same lines of the template, and take axe half a minute.
    await page.locator("section, .api__list > div").evaluate_all(SOME_OF_EACH)
    await inspector.look("the API")
    await inspector.visit(site.url, "/problems/room_not_found")


async def opening(inspector: Inspector, site: Site) -> None:
    page = inspector.page
    await inspector.visit(site.url, FILM)
    await page.locator("#watch").click()
    await page.locator("#open:not([aria-busy])").wait_for()
    await inspector.look("opening a room")
    await page.locator("#invite-more summary").click()
    await page.locator("[name=when][value=later]").check()
    await page.locator("#starts").fill("2020-01-01T20:00")
    await page.locator("#open").click()
    await expect(page.locator("#starts-error")).not_to_be_empty()
    await inspector.look("opening a room, with a mistake")


async def friends(inspector: Inspector, site: Site) -> None:
    page = inspector.page
    await inspector.visit(site.url, "/friends")
    await page.locator("#email").fill("nobody-at-all@example.com")
    await page.locator("#email").press("Enter")
    await expect(page.locator("#email-error")).not_to_be_empty()
    await inspector.look("a friend whom nobody knows")
    await page.locator("[data-do=remove]").first.click()
    await inspector.look("removing a friend")
    await page.keyboard.press("Escape")


async def room(inspector: Inspector, owner: Viewer, guest: Viewer) -> None:
    page = inspector.page
    await owner.say("Видно всем?")
    await guest.say("Да, всё видно https://example.com")
    await owner.see_text("всё видно")
    await guest.press_play_pause()
    await owner.wait_playing(playing=False)
    await inspector.look("the room")
    for opens in ("[data-opens=invite]", "#settings-button", "[data-opens=film-change]", "[data-opens=close-room]"):
        await page.locator(opens).first.click()
        await expect(page.locator("dialog[open] .skeleton")).to_have_count(0)
        await inspector.look(opens)
        await page.keyboard.press("Escape")
    await page.locator("movie-together-people .row", has_text=guest.name).click()
    await inspector.look("the menu of a member")
    await page.keyboard.press("Escape")
    line = page.locator("movie-together-chat li.said").last
    await line.hover()
    await line.locator("button").first.click()
    await inspector.look("a message and what can be done with it")
    await page.keyboard.press("Escape")
    await page.set_viewport_size({"width": 360, "height": 740})
    await inspector.look("the room on a phone")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await owner.close_room()
    await expect(page.locator("movie-together .end")).to_be_visible()
    await inspector.look("the room, closed")
    await page.reload()
    await inspector.look("the page of a closed room")


@pytest.mark.timeout(300)
async def test_axe_finds_nothing_on_any_page_in_any_state(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, site: Site
) -> None:
    elena, farid, nobody = await new_viewer("elena"), await new_viewer("farid"), await new_viewer("grace")
    link = await open_room(elena)
    await sign_in(farid)
    await farid.enter(link)
    await farid.wait_playing()
    walking = [Inspector(viewer.page) for viewer in (nobody, farid, elena)]
    for path in ("/", FILM):
        await nobody.page.goto(f"{site.url}{path}")
        await walking[0].look(f"signed out, {path}")

    await room(walking[2], elena, farid)
    for part in (lists, opening, friends):
        await part(walking[1], site)

    write_contact_sheet(WALKED, [shot for inspector in walking for shot in inspector.shots])
    found = [one for inspector in walking for one in inspector.found]
    assert found == [], "\n".join(found)
    await nobody.page.locator(".skip").evaluate("link => { link.firstChild.remove(); }")
    await nobody.page.locator(".about .button--lamp").evaluate("one => { one.style.color = '#d0a050'; }")
    await walking[0].look("with two mistakes")
    seen = {(one.split(": ")[0].rpartition(" ")[2], one.split(": ")[1]) for one in walking[0].found}
    assert {("light", "link-name"), ("light", "color-contrast"), ("dark", "color-contrast")} <= seen, "it sees mistakes"
