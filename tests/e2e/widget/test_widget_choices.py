"""What each viewer chooses for themselves: captions and their look, sound track, quality. Nobody else is disturbed."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn
from tests.support.media.choices import CHOICES

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
async def both(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, seen: list[str]
) -> tuple[Viewer, Viewer]:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await take_over(elena, seen)
    await take_over(farid, [])
    link = await open_room(elena, film=FILM)
    await sign_in(farid)
    await farid.enter(link)
    await farid.wait_playing()
    return elena, farid


async def test_one_viewer_s_choices_disturb_nobody_and_stay(both: tuple[Viewer, Viewer], seen: list[str]) -> None:
    elena, farid = both
    menu = Menu(elena)
    await expect(menu.button).to_have_attribute("aria-label", TITLE.lower())
    before = await farid.page.locator("movie-together").evaluate(ROOM)
    farids = await farid.video.evaluate(CHOSEN)
    assert farids == {"captions": [], "sound": ["ru"], "height": None, "most": None, "size": "normal"}

    await menu.choose("Субтитры", "English")
    await menu.choose("Размер субтитров", "Крупный")
    await menu.choose("Звуковая дорожка", "English")
    await menu.choose("Качество", "720p")
    chosen = {"captions": ["en"], "sound": ["en"], "height": 720, "most": None, "size": "large"}
    await until(elena.video, CHOSEN, chosen)
    await until(elena.video, CUES, ["Hello"])
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not any(name.startswith("sound-en/film") and name.endswith(".ts") for name in seen):
            await asyncio.sleep(0.1)

    assert await farid.video.evaluate(CHOSEN) == farids
    assert await farid.page.locator("movie-together").evaluate(ROOM) == before, "the room has not even noticed"
    await elena.wait_playing()
    await farid.wait_playing()

    seen.clear()
    await elena.page.reload()
    await elena.wait_in_room()
    await until(elena.video, CHOSEN, chosen)
    await until(elena.video, CUES, ["Hello"])
    parts = [name for name in seen if name.endswith(".ts")]
    assert not any(name.startswith("sound-ru") for name in parts), "the language that was chosen, from the first part on"

    await elena.page.keyboard.press("c")
    await until(elena.video, CHOSEN, {**chosen, "captions": []})
    await elena.page.keyboard.press("c")
    await until(elena.video, CHOSEN, chosen)


async def test_saving_data_keeps_the_picture_small_also_in_full_screen(
    both: tuple[Viewer, Viewer], seen: list[str]
) -> None:
    elena, _ = both
    menu = Menu(elena)
    await elena.page.keyboard.press("f")
    await expect(elena.page.locator("#hall")).to_have_class(re.compile(r"\bfull\b"))

    await menu.choose("Экономить трафик")
    await until(
        elena.video, CHOSEN, {"captions": [], "sound": ["ru"], "height": None, "most": 480, "size": "normal"}
    )
    seen.clear()
    await elena.page.reload()
    await elena.wait_in_room()
    await elena.wait_playing()

    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not any(name.startswith("low/") and name.endswith(".ts") for name in seen):
            await asyncio.sleep(0.1)
    assert not any(name.startswith("high/") and name.endswith(".ts") for name in seen)
    await menu.choose("Качество", "720p")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not any(name.startswith("high/") and name.endswith(".ts") for name in seen):
            await asyncio.sleep(0.1)
    assert await elena.video.evaluate("video => video.videoRenditions.maxHeight") == float("inf")


async def test_the_catalogue_s_captions_are_offered_and_loaded_once_they_are_shown(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena = await new_viewer("elena")
    words = "WEBVTT\n\n00:00.000 --> 01:00.000\nС другого адреса\n"
    asked: list[str] = []

    async def captions(route: Route) -> None:
        asked.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        await route.fulfill(body=words, content_type="text/plain; charset=utf-8", headers=headers)

    async def with_captions(route: Route) -> None:
        answer = await route.fetch()
        fed = [{"language": "ru", "label": "Русские", "url": "https://cdn.films.example/ru.vtt"}]
        told = (await answer.text()).replace("data-captions='[]'", f"data-captions='{json.dumps(fed)}'")
        policy = answer.headers["content-security-policy"]
        policy = policy.replace("connect-src 'self'", "connect-src 'self' https://cdn.films.example")
        await route.fulfill(response=answer, body=told, headers={**answer.headers, "content-security-policy": policy})

    await elena.context.route("https://cdn.films.example/ru.vtt", captions)
    await elena.context.route(re.compile(r"/rooms/[\w-]+$"), with_captions)
    await open_room(elena)
    await Menu(elena).open()
    await elena.page.keyboard.press("Escape")
    assert FILMS["tide-keeper"]["id"]
    assert asked == []

    await elena.page.keyboard.press("c")

    await until(elena.video, CUES, ["С другого адреса"])
    assert len(asked) == 1
