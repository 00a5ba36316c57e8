"""What each viewer chooses for themselves: captions and their look, sound track, quality. Nobody else is disturbed."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import LocalSite, Site
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn
from tests.e2e.widget.test_widget_accessible import Inspector
from tests.support.media.choices import CHOICES, LANGUAGES, TEXTS

CAPTIONED = "С субтитрами"
# The catalogue's HLS film; its playlist and parts are those of a film with more to choose.
FILM = "paper-whales"
TITLE = "Субтитры, звук, качество"

CHOSEN = """video => ({
    captions: [...video.textTracks].filter(({ mode }) => mode === "showing").map(({ language }) => language),
    sound: [...video.audioTracks].filter(({ enabled }) => enabled).map(({ language }) => language),
    height: video.videoRenditions[video.videoRenditions.selectedIndex]?.height ?? null,
    most: Number.isFinite(video.videoRenditions.maxHeight) ? video.videoRenditions.maxHeight : null,
    size: video.dataset.captionsSize,
})"""
CUES = "video => [...video.textTracks].flatMap(({ activeCues }) => [...(activeCues ?? [])].map(({ text }) => text))"
CP1251 = "1\n00:00:00,000 --> 00:01:00,000\nБумажные киты плывут над городом.\n".encode("cp1251")
ELSEWHERE = "WEBVTT\n\n00:00.000 --> 01:00.000\nFrom elsewhere\n"
ROOM = "room => ({ playback: room.room.playback, hold: room.room.hold ?? null })"


async def take_over(viewer: Viewer, seen: list[str]) -> None:
    """Have the film's files come from the one with more to choose; what was asked for is noted."""
    folder = await asyncio.to_thread(CHOICES.folder)

    async def answer(route: Route) -> None:
        name = route.request.url.partition(f"/{FILM}/")[2].partition("?")[0]
        seen.append(name)
        await route.fulfill(path=folder / ("film.m3u8" if name == "index.m3u8" else name))

    await viewer.context.route(re.compile(rf"/{FILM}/"), answer)


async def until(locator: Locator, script: str, wanted: Any) -> None:
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while (found := await locator.evaluate(script)) != wanted:
            print(found)
            await asyncio.sleep(0.1)


class Menu:
    """The menu beside full screen, by the keyboard alone."""

    def __init__(self, viewer: Viewer) -> None:
        self.page = viewer.page
        self.button = viewer.page.locator("media-settings-menu-button")
        self.menu = viewer.page.locator("#film-menu")

    async def open(self) -> None:
        await self.button.focus()
        await self.page.keyboard.press("Enter")
        await expect(self.menu).to_be_visible()
        await expect(self.menu.locator(":focus")).to_have_count(1)

    async def choose(self, *path: str) -> None:
        """Go down to each item by the arrows and press Enter."""
        await self.open()
        for name in path:
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while not (await self._focused()).startswith(name):
                    await self.page.keyboard.press("ArrowDown")
                    await asyncio.sleep(0.05)
            await self.page.keyboard.press("Enter")
            await asyncio.sleep(0.4)  # the menu beside it slides in
        await self.page.keyboard.press("Escape")
        await self.page.keyboard.press("Escape")
        await expect(self.menu).to_be_hidden()

    async def _focused(self) -> str:
        found: str = await self.page.evaluate(
            """() => {
                let focused = document.activeElement;
                while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
                return focused?.textContent.trim() ?? "";
            }"""
        )
        return found


@pytest.fixture
async def seen() -> list[str]:
    return []


@pytest.fixture
async def both(new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, seen: list[str]) -> tuple[Viewer, Viewer]:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await take_over(elena, seen)
    await take_over(farid, [])
    link = await open_room(elena, film=FILM)
    await sign_in(farid)
    await farid.enter(link)
    await farid.wait_playing()
    await elena.look_here()
    return elena, farid


async def choose_all(menu: Menu, viewer: Viewer, seen: list[str], language: str) -> dict[str, Any]:
    """Choose of everything, wait until it has taken effect, and return what is chosen then."""
    name = LANGUAGES[language]
    seen.clear()
    await menu.choose("Субтитры", name)
    await menu.choose("Размер субтитров", "Крупный")
    await menu.choose("Звуковая дорожка", name)
    await menu.choose("Качество", "720p")
    chosen = {"captions": [language], "sound": [language], "height": 720, "most": None, "size": "large"}
    await until(viewer.video, CHOSEN, chosen)
    await until(viewer.video, CUES, [TEXTS[language]])
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not any(name.startswith(f"sound-{language}/film") and name.endswith(".ts") for name in seen):
            await asyncio.sleep(0.1)
    return chosen


async def test_one_viewer_s_choices_disturb_nobody_and_stay(both: tuple[Viewer, Viewer], seen: list[str]) -> None:
    elena, farid = both
    menu, farids_room = Menu(elena), farid.page.locator("movie-together")
    await expect(menu.button).to_have_attribute("aria-label", TITLE.lower())
    farids = await farid.video.evaluate(CHOSEN)
    assert farids == {"captions": [], "sound": ["ru"], "height": None, "most": None, "size": "normal"}

    # A machine that is busy with other things may stop a film too, whatever is chosen meanwhile: once is enough.
    rooms = []
    for language in ("en", "ru", "en", "ru", "en"):
        before = await farids_room.evaluate(ROOM)
        chosen = await choose_all(menu, elena, seen, language)
        rooms.append((before, await farids_room.evaluate(ROOM)))
        if language == "en" and before == rooms[-1][1]:
            break
    else:
        pytest.fail(f"the room was disturbed: {rooms}")
    assert await farid.video.evaluate(CHOSEN) == farids
    await elena.wait_playing()
    await farid.wait_playing()

    seen.clear()
    await elena.page.reload()
    await elena.wait_in_room()
    await until(elena.video, CHOSEN, chosen)
    await until(elena.video, CUES, ["Hello"])
    parts = [name for name in seen if name.endswith(".ts")]
    assert not any(name.startswith("sound-ru") for name in parts), "the chosen language from the first part on"

    await elena.page.keyboard.press("c")
    await until(elena.video, CHOSEN, {**chosen, "captions": []})
    await elena.page.keyboard.press("c")
    await until(elena.video, CHOSEN, chosen)


@pytest.mark.chromium("in full screen a window of Firefox has the size of the screen alone")
async def test_axe_finds_nothing_in_the_menu_in_full_screen(both: tuple[Viewer, Viewer]) -> None:
    elena, _ = both
    await elena.page.keyboard.press("f")
    await expect(elena.page.locator("#hall")).to_have_class(re.compile(r"\bfull\b"))
    await Menu(elena).open()

    inspector = Inspector("ru")
    await inspector.look("the menu of captions, sound and quality", elena.page)
    assert inspector.found == []


async def test_saving_data_keeps_the_picture_small_also_in_full_screen(
    both: tuple[Viewer, Viewer], seen: list[str]
) -> None:
    elena, _ = both
    menu = Menu(elena)
    await elena.page.keyboard.press("f")
    await expect(elena.page.locator("#hall")).to_have_class(re.compile(r"\bfull\b"))

    await menu.open()
    film, shown = [await elena.page.locator(one).bounding_box() for one in ("media-controller", "#film-menu")]
    assert film
    assert shown
    assert film["x"] < shown["x"] < shown["x"] + shown["width"] <= film["x"] + film["width"], (
        "within the film: `anchor`"
    )
    assert film["y"] < shown["y"] < shown["y"] + shown["height"] < film["y"] + film["height"]
    await menu.button.press("Enter")  # with Escape Firefox leaves the full screen
    await expect(menu.menu).to_be_hidden()
    await menu.choose("Экономить трафик")
    await until(elena.video, CHOSEN, {"captions": [], "sound": ["ru"], "height": None, "most": 480, "size": "normal"})
    seen.clear()
    await elena.page.reload()
    await elena.wait_in_room()
    await elena.wait_playing()

    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not any(name.startswith("low/") and name.endswith(".ts") for name in seen):
            await asyncio.sleep(0.1)
    assert not any(name.startswith("high/") and name.endswith(".ts") for name in seen)
    await menu.choose("Качество", "720p")
    await until(elena.video, CHOSEN, {"captions": [], "sound": ["ru"], "height": 720, "most": None, "size": "normal"})


async def test_captions_that_were_fed_are_offered_and_loaded_once_they_are_shown(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    assert isinstance(site, LocalSite)
    elena = await new_viewer("elena")
    await sign_in(elena)
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        await route.fulfill(body=ELSEWHERE, content_type="text/plain; charset=utf-8", headers=headers)

    await elena.context.route("https://cdn.films.example/en.vtt", answer)
    program = {"Authorization": f"Bearer {await asyncio.to_thread(site.program_token)}"}
    async with ClientSession(f"{site.url}/api/v1/", headers=program) as http:
        async with http.post("feed/captions", data=CP1251, headers={"Content-Type": "text/plain"}) as taken:
            fed = (await taken.json())["url"]
        row = {
            "external_id": "captioned",
            "titles": {"ru": CAPTIONED},
            "sources": [{"kind": "file", "url": f"{site.url}/demo/media/tide-keeper.mp4"}],
            "captions": [
                {"language": "ru", "label": "Русские", "url": fed},
                {"language": "en", "label": "English", "url": "https://cdn.films.example/en.vtt"},
            ],
        }
        await feed(http, row)
        link = await opened(elena, site, CAPTIONED)
        await elena.enter(link)
        await elena.wait_playing()
        await feed(http, {**row, "updated_at": "2026-01-02T00:00:00Z", "deleted": True})  # the room goes on with it

    await Menu(elena).open()
    await elena.page.keyboard.press("Escape")
    await elena.page.keyboard.press("c")
    await until(elena.video, CUES, ["Бумажные киты плывут над городом."])
    assert asked == []
    await Menu(elena).choose("Субтитры", "English")
    await until(elena.video, CUES, ["From elsewhere"])
    assert len(asked) == 1


async def feed(http: ClientSession, row: dict[str, Any]) -> None:
    body = json.dumps({"updated_at": "2026-01-01T00:00:00Z", **row})
    async with http.post("feed/films", data=body, headers={"Content-Type": "application/x-ndjson"}) as answer:
        assert (await answer.text()).count('"refused"') == 0, await answer.text()


async def opened(owner: Viewer, site: Site, title: str) -> str:
    """Open a room for a film by its title; return the link."""
    request = owner.context.request
    found = await (await request.get(f"{site.url}/api/v1/films", params={"q": title})).json()
    order = {"film_id": found["items"][0]["id"]}
    answer = await request.post(f"{site.url}/api/v1/rooms", data=order, headers={"Origin": site.url})
    assert answer.ok, await answer.text()
    return str((await answer.json())["link"])
