"""The film's keys work wherever the focus is, whatever the keyboard's layout, and never while somebody writes."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.e2e.viewer import PATIENCE_MS, Viewer


async def position_is(viewer: Viewer, low: float, high: float) -> None:
    """Wait until a player stands between these parts of its film."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not low <= await viewer.video.evaluate("video => video.currentTime / video.duration") <= high:
            await asyncio.sleep(0.05)


async def test_keys_move_the_film_for_everyone(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page = elena.page

    # The key on which a Russian keyboard has «л».
    await page.locator("body").dispatch_event("keydown", {"key": "л", "code": "KeyK", "bubbles": True})
    await farid.wait_playing(playing=False)
    await page.keyboard.press("5")
    await position_is(farid, 0.49, 0.51)
    await position_is(elena, 0.49, 0.51)
    await page.keyboard.press("l")
    await page.keyboard.press("l")
    film_s: float = await farid.video.evaluate("video => video.duration")
    await position_is(farid, 0.5 + 18 / film_s, 0.5 + 22 / film_s)
    await page.keyboard.press("ArrowLeft")
    await position_is(farid, 0.5 + 13 / film_s, 0.5 + 17 / film_s)
    await page.keyboard.press("Space")
    await farid.wait_playing()


async def test_keys_for_oneself_and_the_list_of_them(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page = elena.page
    await elena.look_here()
    await page.keyboard.press("m")
    assert await elena.video.evaluate("video => video.muted")
    await elena.video.evaluate("video => { video.volume = 0.5; }")
    await page.keyboard.press("ArrowUp")
    assert await elena.video.evaluate("video => [video.muted, video.volume > 0.5]") == [False, True]
    assert not await farid.video.evaluate("video => video.muted")

    await page.keyboard.press("?")
    await expect(page.locator("dialog#keys")).to_be_visible()
    await page.keyboard.press("k")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog#keys")).to_be_hidden()
    assert not (await elena.sample()).paused, "a key in the dialog is none of the film's"

    await page.keyboard.press("f")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await page.evaluate("document.fullscreenElement?.id") != "hall":
            await asyncio.sleep(0.05)


async def test_keys_are_letters_while_somebody_writes_and_a_button_s_own_on_a_button(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    page = elena.page
    await elena.look_here()
    field = page.locator("movie-together-chat textarea")
    await field.focus()
    await page.keyboard.type("k 5?")

    await expect(field).to_have_value("k 5?")
    await expect(page.locator("dialog#keys")).to_be_hidden()
    await page.locator('[data-opens="invite"]').focus()
    await page.keyboard.press("Space")
    await expect(page.locator("dialog#invite")).to_be_visible()
    assert not (await farid.sample()).paused
