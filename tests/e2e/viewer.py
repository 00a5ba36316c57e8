"""A person before a browser, in verbs: what they do on the pages, and what they see there."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from dataclasses import dataclass

from playwright.async_api import BrowserContext, Error, Locator, Page, WebSocket, expect

from deploy.local.services import DEMO
from tests.support.room_contract import Direction, complaint_about

VIEWERS = {viewer["sub"]: viewer for viewer in json.loads((DEMO / "viewers.json").read_text())}
FILMS = {film["slug"]: film for film in json.loads((DEMO / "films.json").read_text())}
PATIENCE_MS = 30_000
# No errors of the page: Firefox's own words for a socket that finds no server or loses it, which come as such.
LOST_IN_FIREFOX = re.compile(
    r"Firefox can’t establish a connection to the server|The connection to wss?://\S+ was interrupted"
)
expect.set_options(timeout=PATIENCE_MS)

_SAMPLE = """video => ({
    position_ms: video.currentTime * 1000, at_ms: performance.timeOrigin + performance.now(),
    paused: video.paused, rate: video.playbackRate,
})"""

_AT_A_KEY = """video => {
    window.pressed = new Promise((done) => {
        addEventListener("keydown", () => done((() => { DOES })()), { once: true, capture: true });
    });
}"""

_SCROLL_BACK = """(list, top) => new Promise(done => {
    const scrolled = () => {
        // Until this event the list takes its reader to be at the end, and whatever comes meanwhile moves it there.
        if (list.scrollTop !== top) {
            list.scrollTop = top;
            return;
        }
        list.removeEventListener("scroll", scrolled);
        const line = list.querySelector("li.said");
        done([line.dataset.id, line.getBoundingClientRect().y - list.getBoundingClientRect().y]);
    };
    list.addEventListener("scroll", scrolled);
    list.scrollTop = top;
})"""


@dataclass(frozen=True)
class Sample:
    """One look at a player: the picture stood at ``position_ms`` when this machine's clock said ``at_ms``."""

    position_ms: float
    at_ms: float
    paused: bool
    rate: float

    def position_at(self, at_ms: float) -> float:
        return self.position_ms if self.paused else self.position_ms + (at_ms - self.at_ms) * self.rate


class Viewer:
    """One demo viewer, signed in or not, in a browser of their own. Pages speak Russian, the default language."""

    def __init__(self, context: BrowserContext, page: Page, sub: str, site_url: str) -> None:
        self.page = page
        self.sub = sub
        self.context = context
        self.name: str = VIEWERS[sub]["name"]
        self.email: str = VIEWERS[sub]["email"]
        self.complaints: list[str] = []
        self._site_url = site_url
        page.on("pageerror", self._note)
        page.on("websocket", self._listen)

    def _note(self, error: Error) -> None:
        if not LOST_IN_FIREFOX.match(str(error)):
            self.complaints.append(f"{self.name}: {error}")

    def _listen(self, socket: WebSocket) -> None:
        """Hold every frame of the room against docs/asyncapi.json."""
        socket.on("framesent", lambda frame: self._judge("sent", frame))
        socket.on("framereceived", lambda frame: self._judge("received", frame))

    def _judge(self, direction: Direction, frame: str | bytes) -> None:
        complaint = "a binary frame" if isinstance(frame, bytes) else complaint_about(direction, frame)
        if complaint is not None:
            self.complaints.append(f"{self.name}'s page {complaint}")

    async def look_here(self) -> None:
        """Bring the window in front: in Firefox keys press buttons, and a page fills the screen, there alone."""
        await self.page.bring_to_front()

    # -- signing in -----------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        await self.page.goto(f"{self._site_url}/auth/sign-in?next=/")
        await self.choose_account()

    async def choose_account(self) -> None:
        """Pick this viewer on the identity provider's page."""
        await self.page.locator(f'button[name="viewer"][value="{self.sub}"]').click()
        await self.page.wait_for_url(f"{self._site_url}/**")

    async def come_by_link(self, link: str) -> None:
        """Follow a room's link without being signed in, read who invites, and sign in from there."""
        await self.page.goto(link)
        await self.page.locator("#enter").click()
        await self.choose_account()

    # -- films and rooms ------------------------------------------------------------------------------------------

    async def open_film(self, slug: str) -> None:
        await self.page.goto(f"{self._site_url}/")
        await self.page.locator("a[href*='/films/']", has_text=FILMS[slug]["title"]["ru"]).first.click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(FILMS[slug]["title"]["ru"])

    async def want_film(self) -> None:
        button = self.page.locator("[data-want]")
        if await button.get_attribute("aria-pressed") == "false":
            await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")

    async def ask_who_else(self) -> list[str]:
        """Press the button that shows which friends want the film too, and give their names."""
        await self.page.locator("#who").click()
        people = self.page.locator("#who-answer li span[dir]")
        await expect(people.first).to_be_visible()
        return [text.strip() for text in await people.all_inner_texts()]

    async def open_room(self, *, invite: list[str]) -> str:
        """Open a room with exactly these friends invited; give its link."""
        await self.page.locator("#watch").click()
        await self.page.locator("#open:not([aria-busy])").wait_for()
        for label in await self.page.locator("#invite-matches label").all():
            name = (await label.inner_text()).strip()
            box = label.locator("input[type=checkbox]")
            wanted = any(friend in name for friend in invite)
            if await box.is_checked() != wanted:
                await label.click()
        await self.page.locator("#open").click()
        await self.page.wait_for_url(re.compile(r"/rooms/[\w-]+$"))
        return self.page.url

    async def order_room(self, film: str = "tide-keeper", **order: object) -> str:
        """Open a room over the API, with what ``order`` says beside its film; give its link."""
        answer = await self.context.request.post(
            f"{self._site_url}/api/v1/rooms",
            data={"film_id": FILMS[film]["id"], **order},
            headers={"Idempotency-Key": secrets.token_hex(16), "Origin": self._site_url},
        )
        assert answer.ok, await answer.text()
        return f"{self._site_url}/rooms/{(await answer.json())['code']}"

    async def id(self) -> str:
        """Return the id that this viewer, who is signed in, has on the site."""
        me = await (await self.context.request.get(f"{self._site_url}/api/v1/me")).json()
        return str(me["id"])

    async def enter(self, link: str) -> None:
        await self.page.goto(link)
        await self.wait_in_room()

    async def wait_in_room(self) -> None:
        """Wait until the room has answered, the picture can be shown and the player's controls are there."""
        people = self.page.locator("movie-together-people li")  # a phone has them in a sheet
        await expect(people.first).to_be_attached(timeout=PATIENCE_MS)
        await expect(self.page.locator("media-play-button")).to_be_visible()
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while await self.video.evaluate("video => video.readyState") < 2:
                await asyncio.sleep(0.05)

    async def close_room(self) -> None:
        await self.page.locator(".hall__head [data-opens=close-room]").click()
        await self.page.locator("#close-now").click()

    # -- the player -----------------------------------------------------------------------------------------------

    @property
    def video(self) -> Locator:
        return self.page.locator("movie-together video")

    async def press_play_pause(self) -> None:
        await self.page.locator("media-play-button").click()

    async def click_timeline(self, fraction: float) -> float:
        """Click the time range at ``fraction`` of its width; give the position in ms that lies about there."""
        box = await self.page.locator("media-time-range").bounding_box()
        assert box is not None
        await self.page.mouse.click(box["x"] + box["width"] * fraction, box["y"] + box["height"] / 2)
        duration_s: float = await self.video.evaluate("video => video.duration")
        return duration_s * 1000 * fraction

    async def pause_by_keys(self) -> None:
        """Pause the player itself, past the page's controls, as picture-in-picture and a page's own keys do."""
        # A player that the widget has just halted, to start it in step with the others, would not hear of it.
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not await self._press("const ran = !video.paused; video.pause(); return ran;"):
                await asyncio.sleep(0.05)

    async def play_by_keys(self) -> None:
        await self._press("video.play().catch(() => {});")

    async def seek_by_keys(self, seconds: float) -> None:
        await self._press(f"video.currentTime = {seconds};")

    async def _press(self, does: str) -> object:
        """Press a key at which the page does something to the player: what nobody's hand is behind moves nobody."""
        await self.video.evaluate(_AT_A_KEY.replace("DOES", does))
        await self.page.keyboard.press("F8")
        return await self.page.evaluate("pressed")

    async def sample(self) -> Sample:
        return Sample(**await self.video.evaluate(_SAMPLE))

    async def hold_nobody(self) -> None:
        """Have the room go on should this player run dry, and wait until the film runs under that rule."""
        await self.page.locator("movie-together").evaluate("room => { room.waits = false; }")
        await self._until(
            "movie-together",
            """({ room: { playback, members, you } }) =>
                playback.status === "playing" && members.find(({ id }) => id === you.id).waits === false""",
        )

    async def hurry_back(self) -> None:
        """Have the page connect at once, as when its machine is online again: its pauses between tries grow long."""
        await self.page.evaluate("() => { dispatchEvent(new Event('online')); }")

    async def _until(self, selector: str, condition: str) -> None:
        # Asked from here: a page under our content security policy may not evaluate a condition by itself.
        found = self.page.locator(selector)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not await found.evaluate(condition):
                await asyncio.sleep(0.05)

    async def wait_playing(self, *, playing: bool = True) -> None:
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while (await self.sample()).paused is playing:
                await asyncio.sleep(0.05)

    # -- chat and people ------------------------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        field = self.page.locator("movie-together-chat textarea")
        await field.fill(text)
        await field.press("Enter")

    async def see_text(self, text: str) -> None:
        await expect(self.page.locator("movie-together-chat").get_by_text(text).first).to_be_visible(
            timeout=PATIENCE_MS
        )

    async def scroll_back(self, top_px: int) -> tuple[str, float]:
        """Read earlier lines of the chat; gives the id of the first message and how far below the list's edge it is."""
        first, below_px = await self.page.locator("movie-together-chat .list").evaluate(_SCROLL_BACK, top_px)
        return first, below_px

    async def messages(self) -> list[str]:
        """Return the texts people wrote, in order, without the room's own lines."""
        return await self.page.locator("movie-together-chat [part~=text]").all_inner_texts()

    async def see_people(self, *names: str) -> None:
        people = self.page.locator("movie-together-people [data-member]")
        await expect(people).to_have_count(len(names), timeout=30_000)
        shown = " ".join(await people.all_inner_texts())
        assert all(name in shown for name in names), shown


async def wait_together(one: Viewer, other: Viewer, *, within_ms: float) -> float:
    """Wait until two players stay within ``within_ms`` of film for half a second, and give the last distance in ms."""
    since: float | None = None
    seen: list[tuple[Sample, Sample]] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_MS / 1000
    while loop.time() < end:
        first, second = await asyncio.gather(one.sample(), other.sample())
        seen.append((first, second))
        distance_ms = abs(first.position_at(second.at_ms) - second.position_ms)
        if first.paused != second.paused or distance_ms > within_ms:
            since = None
        elif since is None:
            since = loop.time()
        elif loop.time() - since >= 0.5:
            return distance_ms
        await asyncio.sleep(0.05)
    raise AssertionError(f"{one.name} and {other.name} are not together: {seen[-3:]}")
