"""Without a connection the site is still there to say so, and comes back with it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, expect

from deploy.local.free_ports import free_port
from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS
from tests.support.cut import cut_before

READY = "() => navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))"


async def test_a_page_that_cannot_be_had_is_told_in_the_viewers_language_and_tried_again(
    browser: Browser, site: Site
) -> None:
    context, port = await browser.new_context(locale="en-GB"), free_port()
    try:
        page = await context.new_page()
        async with cut_before(site.url, port) as cut:
            await page.goto(f"{cut.url}/")
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while not await page.evaluate(READY):
                    await asyncio.sleep(0.05)

        # What a service worker asks for is not held back over WebDriver BiDi: here the server is really away.
        await page.goto(f"{cut.url}/api/docs")
        await expect(page.get_by_role("heading", level=1, name="No connection")).to_be_visible()
        background = await page.locator(".button--lamp").evaluate("one => getComputedStyle(one).backgroundColor")
        assert background == "rgb(240, 179, 90)", "its styles are kept too"

        async with cut_before(site.url, port):
            await page.get_by_role("link", name="Try again").click()
            await expect(page.locator("main")).to_contain_text("/api/v1/rooms/{code}/join")
    finally:
        await context.close()
