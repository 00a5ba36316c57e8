"""Without a connection the site is still there to say so, and comes back with it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, expect

from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS

READY = "() => navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))"


async def test_a_page_that_cannot_be_had_is_told_in_the_viewers_language_and_tried_again(
    browser: Browser, site: Site
) -> None:
    context = await browser.new_context(locale="en-GB")
    try:
        page = await context.new_page()
        await page.goto(f"{site.url}/")
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not await page.evaluate(READY):
                await asyncio.sleep(0.05)
        await context.set_offline(True)

        await page.goto(f"{site.url}/api/docs")
        await expect(page.get_by_role("heading", level=1, name="No connection")).to_be_visible()
        background = await page.locator(".button--lamp").evaluate("one => getComputedStyle(one).backgroundColor")
        assert background == "rgb(240, 179, 90)", "its styles are kept too"

        await context.set_offline(False)
        await page.get_by_role("link", name="Try again").click()
        await expect(page.locator("main")).to_contain_text("/api/v1/rooms/{code}/join")
    finally:
        await context.close()
