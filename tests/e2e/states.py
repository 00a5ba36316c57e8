"""Every page in every state, one after another, for whoever looks at them: axe-core, and `make screens`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.async_api import Page, expect

from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer

DESK: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 360, "height": 740}
FILM: Final = f"/films/{FILMS['tide-keeper']['id']}"
SIGNED_OUT: Final = {
    "welcome": "/",
    "film, signed out": FILM,
    "not found, signed out": "/nowhere",
    "no connection": "/offline",
    "signing in without cookies": "/auth/callback?state=x&code=x",
}
LISTS: Final = {
    "home": "/",
    "nothing found": "/?q=nothing-like-it",
    "films that I want": "/?show=wanted",
    "my rooms": "/rooms",
    "my closed rooms": "/rooms?status=closed",
    "not found": "/nowhere",
    "a problem explained": "/problems/room_not_found",
}
DIALOGS: Final = {
    "inviting": "[data-opens=invite]",
    "room settings": "#settings-button",
    "another film": "[data-opens=film-change]",
    "closing the room": ".hall__head [data-opens=close-room]",
}
# Hundreds of operations and schemas are made by the same lines of the template, and take axe half a minute.
SOME_OF_EACH = """parts => {
  for (const part of parts) for (const more of [...part.querySelectorAll("details, li")].slice(2)) more.remove();
  for (const details of document.querySelectorAll("details.operation")) details.open = true;
}"""
KICK = "(room, name) => room.kick(room.room.members.find(one => one.name === name).id)"
TO_THE_END = "room => { room.seek(room.media.duration * 1_000 - 800); }"

Look = Callable[[str, Page], Awaitable[None]]


@dataclass
class Tour:
    """Leads through the states of a running site; ``look`` is called in each with its name and the page that is in it.

    The owner and the guest, her friend, are signed in, the stranger is not. ``look`` may size the page's window.
    """

    site_url: str
    owner: Viewer
    guest: Viewer
    stranger: Viewer
    look: Look

    async def walk(self) -> None:
        """Go everywhere."""
        invite = {"users": [await self.guest.id()]}
        in_two_days = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0).isoformat()
        planned = await self.owner.order_room("paper-whales", title="Суббота", starts_at=in_two_days, invite=invite)
        lobby = await self.owner.order_room("noon-express", settings={"start": "together"}, invite=invite)
        room = await self.owner.order_room()
        await self._as_guest(await self.owner.order_room(settings={"guests": "watch"}))
        await self._signed_out({"a link, by a stranger": room, "a planned room's link, by a stranger": planned})
        await self._room(room)
        await self._planned(planned)
        await self._lobby(lobby)
        await self._lists()
        await self._opening()
        await self._friends()
        await self._account()

    async def _look(self, state: str, viewer: Viewer) -> None:
        await self.look(state, viewer.page)
        await viewer.page.set_viewport_size(DESK)  # type: ignore[arg-type]

    async def _visit(self, viewer: Viewer, pages: dict[str, str]) -> None:
        for state, path in pages.items():
            await viewer.page.goto(path if path.startswith("http") else f"{self.site_url}{path}")
            await self._look(state, viewer)

    async def _signed_out(self, links: dict[str, str]) -> None:
        await self._visit(self.stranger, SIGNED_OUT | links)

    async def _as_guest(self, link: str) -> None:
        """Come by a name alone, at first by one of which nothing is seen, where guests only watch."""
        page = self.stranger.page
        await page.goto(link)
        await page.locator("#guest-name").fill("\u2800")
        await page.locator("#guest button").click()
        await expect(page.locator("#guest-error")).to_be_visible()
        await self._look("a link, with a name of which nothing is seen", self.stranger)
        await page.locator("#guest-name").fill(self.stranger.name)
        await page.locator("#guest button").click()
        await self.stranger.wait_in_room()
        await self._look("room, by a guest", self.stranger)

    # -- rooms ----------------------------------------------------------------------------------------------------

    async def _room(self, link: str) -> None:
        owner, guest, page = self.owner, self.guest, self.owner.page
        for viewer in (owner, guest):
            await viewer.enter(link)
            await viewer.wait_playing()
        await self._talk()
        await owner.press_play_pause()
        await guest.wait_playing(playing=False)
        await self._look("room", owner)
        for state, opens in DIALOGS.items():
            await page.locator(opens).first.click()
            await expect(page.locator("dialog[open] .skeleton")).to_have_count(0)
            await self._look(state, owner)
            await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await self._look("keys", owner)
        await page.keyboard.press("Escape")
        await self._menus()
        await self._full_screen()
        await self._trouble(link)
        await page.locator("movie-together").evaluate(TO_THE_END)
        await page.locator("movie-together").evaluate("room => { room.play(); }")
        await expect(page.locator("#film-over")).to_be_visible(timeout=PATIENCE_MS)
        await self._look("the film is over", owner)
        await owner.close_room()
        await expect(page.locator("movie-together .end")).to_be_visible()
        await expect(page.locator("#film-over")).to_be_hidden()
        await self._look("room, just closed", owner)
        await page.reload()
        await self._transcript()

    async def _talk(self) -> None:
        words = ("Всем видно?", "Да! Смотри https://kino.example/tide, на 0:40", "Then we begin 🍿")
        for viewer, said in zip((self.owner, self.guest, self.owner), words, strict=True):
            await viewer.say(said)
            await self.owner.see_text(said.split(" ", maxsplit=1)[0])
        line = self.owner.page.locator("movie-together-chat li.said").nth(1)
        await line.hover()
        await line.locator("[data-emoji='❤️']").click()
        await expect(self.owner.page.locator("movie-together-chat .felt button")).to_have_count(1)

    async def _menus(self) -> None:
        page = self.owner.page
        await page.locator("movie-together-people .row", has_text=self.guest.name).click()
        await self._look("the menu of a member", self.owner)
        await page.keyboard.press("Escape")
        line = page.locator("movie-together-chat li.said").nth(1)
        await line.hover()
        await line.locator("[data-action=reply]").click()
        await self._look("replying", self.owner)
        await page.keyboard.press("Escape")
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await page.locator("#people-button").click()
        await self._look("people in a sheet", self.owner)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await page.locator("#people-button").click()
        await page.set_viewport_size(DESK)  # type: ignore[arg-type]

    async def _full_screen(self) -> None:
        page = self.owner.page
        await page.locator("media-fullscreen-button").click()
        await expect(page.locator("#hall.full")).to_be_visible()
        await self._look("full screen", self.owner)
        for state in ("full screen, chat beside it", None):
            await page.mouse.move(600, 300)
            await page.mouse.move(620, 320)
            await page.locator("#chat-side").click()
            if state:
                await expect(page.locator("#hall.full--beside")).to_be_visible()
                await self._look(state, self.owner)
        await page.keyboard.press("f")
        await expect(page.locator("#hall.full")).to_have_count(0)

    async def _trouble(self, link: str) -> None:
        owner, guest = self.owner, self.guest
        room, card = owner.page.locator("movie-together"), guest.page.locator("movie-together .end")
        await guest.context.set_offline(True)
        await expect(guest.page.locator("#line")).to_have_attribute("data-line", "lost")
        await self._look("room, offline", guest)
        await guest.context.set_offline(False)
        await expect(guest.page.locator("#line")).to_have_attribute("data-line", "live")
        await room.evaluate(KICK, guest.name)
        await expect(card).to_be_visible(timeout=PATIENCE_MS)
        await self._look("removed from the room", guest)
        await room.evaluate("room => room.changeSettings({ locked: true })")
        title = await card.locator("h2").inner_text()
        await card.get_by_role("button").first.click()
        await expect(card.locator("h2")).not_to_have_text(title, timeout=PATIENCE_MS)
        await self._look("a locked room", guest)
        await room.evaluate("room => room.changeSettings({ locked: false })")
        await card.get_by_role("button").first.click()
        await owner.see_people(owner.name, guest.name)
        await owner.page.locator("movie-together-people .row", has_text=guest.name).click()
        await owner.page.locator("movie-together-people [role=menuitem][data-action=ban]").click()
        await self._look("banning", owner)
        await owner.page.locator("#ban-now").click()
        await expect(card).to_be_visible(timeout=PATIENCE_MS)
        await self._look("banned", guest)
        await self._visit(guest, {"a room for whoever is banned": link})

    async def _transcript(self) -> None:
        """Look at the page of a closed room once the archive has what was said there."""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while await self.owner.page.locator("#transcript li").count() < 3:
                await self.owner.page.reload()
                await asyncio.sleep(0.2)
        await self._look("closed room, with what was said", self.owner)

    async def _planned(self, link: str) -> None:
        await self.owner.page.goto(link)
        await self.owner.see_people(self.owner.name)
        await self._look("planned room", self.owner)

    async def _lobby(self, link: str) -> None:
        owner, guest = self.owner, self.guest
        lobby = owner.page.locator("movie-together .lobby")
        await owner.enter(link)
        await expect(lobby).to_be_visible(timeout=PATIENCE_MS)
        await self._look("lobby, one is late", owner)
        await guest.enter(link)
        await owner.see_people(owner.name, guest.name)
        await expect(guest.page.locator("movie-together .lobby")).to_be_visible(timeout=PATIENCE_MS)
        await self._look("lobby, all are here", owner)
        await self._look("lobby, of a guest", guest)

    # -- other pages of somebody signed in, while the lobby goes on without them ---------------------------------------

    async def _lists(self) -> None:
        page = self.guest.page
        await self._visit(self.guest, LISTS)
        await page.locator(".account > summary").click()
        await self._look("the account's menu", self.guest)
        await page.goto(f"{self.site_url}/api/docs")
        await page.locator("section, .api__list > div").evaluate_all(SOME_OF_EACH)
        await self._look("API", self.guest)

    async def _opening(self) -> None:
        page = self.guest.page
        await self._visit(self.guest, {"film": FILM})
        await page.locator("#who").click()
        await expect(page.locator("#who-answer li").first).to_be_visible()
        await self._look("who else wants to watch", self.guest)
        await page.locator("#watch").click()
        await page.locator("#open:not([aria-busy])").wait_for()
        await self._look("opening a room", self.guest)
        await page.locator("#invite-more summary").click()
        await page.locator("[name=when][value=later]").check()
        await page.locator("#starts").fill("2020-01-01T20:00")
        await page.locator("#open").click()
        await expect(page.locator("#starts-error")).not_to_be_empty()
        await self._look("opening a room, with a mistake", self.guest)

    async def _friends(self) -> None:
        page = self.guest.page
        await self._visit(self.guest, {"friends": "/friends"})
        await page.locator("#email").fill("nobody-at-all@example.com")
        await page.locator("#email").press("Enter")
        await expect(page.locator("#email-error")).not_to_be_empty()
        await self._look("a friend whom nobody knows", self.guest)
        await page.locator("[data-do=remove]").first.click()
        await self._look("removing a friend", self.guest)
        await page.keyboard.press("Escape")

    async def _account(self) -> None:
        await self._visit(self.guest, {"account": "/account"})
        await self.guest.page.locator(".erase summary").click()
        await self._look("deleting the account", self.guest)
