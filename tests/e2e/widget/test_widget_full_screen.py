"""Full screen is the room: what happens there, the chat, the people and the way out are in it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom

# What of the room a person who looks at the full screen could see at all.
IN_IT = """() => ["#hall-title", ...["", "-chat", "-people", "-reactions"].map(name => `movie-together${name}`)]
    .filter(name => document.fullscreenElement?.contains(document.querySelector(name)))"""
FILM = "(() => { const box = document.querySelector('media-controller').getBoundingClientRect();"
FILM += " return [box.width / innerWidth, box.height / innerHeight]; })()"
# As on an iPhone, where the video alone can go full screen.
ONLY_VIDEOS = """
delete Element.prototype.requestFullscreen;
delete Element.prototype.webkitRequestFullScreen;
delete Element.prototype.webkitRequestFullscreen;
HTMLVideoElement.prototype.webkitEnterFullscreen = () => { console.info("a bare video"); };
"""


async def until(page: Page, condition: str) -> None:
    """Wait until an expression holds; a page under a content security policy cannot wait for it by itself."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await page.evaluate(condition):
            await asyncio.sleep(0.05)


async def lies_below(one: Locator, other: Locator) -> None:
    """Wait until nothing of ``one`` is behind or above ``other``."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            below, above = await one.bounding_box(), await other.bounding_box()
            if below and above and below["y"] >= above["y"] + above["height"]:
                return
            await asyncio.sleep(0.05)


async def test_the_room_goes_full_screen_with_all_that_happens_in_it(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page = farid.page

    await page.locator("media-fullscreen-button").click()

    await until(page, "document.fullscreenElement?.id === 'hall'")
    assert len(await page.evaluate(IN_IT)) == 5
    await until(page, f"{FILM}.every(part => part > 0.99)")
    await elena.press_play_pause()
    await expect(page.locator("movie-together .why")).to_be_in_viewport()
    await expect(page.locator("movie-together .why")).to_contain_text(elena.name)
    await expect(page.get_by_role("link", name="Выйти из комнаты")).to_be_in_viewport()
    before = page.viewport_size
    assert before is not None
    for width, height in ((360, 740), (640, 360)):
        await page.set_viewport_size({"width": width, "height": height})
        await lies_below(page.locator("movie-together .why"), page.locator("#people-button"))
    await page.set_viewport_size(before)
    await page.locator("#people-button").click()
    await expect(page.locator("movie-together-people li").first).to_be_in_viewport()
    await page.locator("#people-button").click()
    await expect(page.locator("movie-together-people li").first).to_be_hidden()

    await elena.close_room()
    await expect(page.locator("movie-together .end")).to_contain_text("Комната закрыта", timeout=PATIENCE_MS)
    await expect(page.locator("movie-together .end")).to_be_in_viewport()
    await expect(page.locator("#write")).to_be_hidden()
    await page.get_by_role("link", name="Итоги и чат").click()
    await expect(page.get_by_role("heading", name="Эта комната закрыта")).to_be_visible()


async def test_the_chat_lies_over_the_film_until_somebody_writes_or_wants_it_beside(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    page = farid.page
    field = page.locator("movie-together-chat textarea")
    await page.locator("media-fullscreen-button").click()
    await until(page, "document.fullscreenElement?.id === 'hall'")

    await elena.say("Видно это?")
    await expect(page.locator("movie-together-chat").get_by_text("Видно это?")).to_be_in_viewport()
    chat = page.locator("movie-together-chat")
    await expect(chat).to_have_css("pointer-events", "none")
    await page.keyboard.press("Enter")
    await expect(field).to_be_focused()
    await expect(chat).not_to_have_css("pointer-events", "none")
    await page.keyboard.type("Видно")
    await page.keyboard.press("Enter")
    await elena.see_text("Видно")
    await page.keyboard.press("Enter")
    await expect(field).not_to_be_focused()

    await page.mouse.move(600, 300)
    await page.mouse.move(620, 320)
    await page.locator("#chat-side").click()
    await until(page, f"{FILM}[0] < 0.9")
    film, beside = await page.locator("media-controller").bounding_box(), await chat.bounding_box()
    assert film is not None
    assert beside is not None
    assert film["x"] + film["width"] <= beside["x"] + 1


async def test_lines_over_the_film_fade_and_are_back_for_whoever_writes(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page = farid.page
    await page.locator("media-fullscreen-button").click()
    await elena.say("Недолго")
    line = page.locator("movie-together-chat li.said", has_text="Недолго")
    await expect(line).to_be_visible()

    # The twelve seconds are the style sheet's; the test lets them pass.
    await line.evaluate("line => { for (const one of line.getAnimations()) one.finish(); }")
    await expect(line).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(line).to_be_visible()


async def test_where_only_videos_go_full_screen_the_room_fills_the_page(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena = await new_viewer("elena")
    bare: list[str] = []
    elena.page.on("console", lambda message: bare.append(message.text) if message.text == "a bare video" else None)
    await elena.context.add_init_script(ONLY_VIDEOS)
    await open_room(elena)
    page = elena.page

    await page.locator("media-fullscreen-button").click()

    await until(page, f"{FILM}.every(part => part > 0.99)")
    await expect(page.get_by_role("link", name="Выйти из комнаты")).to_be_in_viewport()
    await page.locator("media-fullscreen-button").click()
    await until(page, f"{FILM}[0] < 0.9")
    assert bare == []


async def test_the_head_leaves_a_running_film_alone_and_is_there_for_a_paused_one(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    page = farid.page
    await page.locator("media-fullscreen-button").click()
    await until(page, "document.fullscreenElement?.id === 'hall'")
    await page.mouse.move(640, 400)

    await expect(page.locator(".hall__head")).to_have_css("opacity", "0")
    await elena.press_play_pause()
    await expect(page.locator(".hall__head")).to_have_css("opacity", "1")
