"""Signing in and out in a real browser, which holds pages to their content policy and cookies to their rules."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.support import browsers
from tests.support.browsers import BrowserName
from tests.support.identity_fixtures import IdentityProvider

expect.set_options(timeout=30_000)
TRAP = '<form method="post" action="SITE/auth/sign-out"></form><script>document.forms[0].submit()</script>'


@pytest.fixture
async def page(browser_name: BrowserName) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright, browser_name)
        context = await browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740})
        page = await context.new_page()
        yield page
        await browser.close()


async def test_a_person_signs_in_and_out(page: Page, site: str, shared_provider: IdentityProvider) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    await page.goto(f"{site}/rooms/abc")
    await expect(page.get_by_role("heading")).to_have_text("Who is watching?")
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0, "the page is wider than a phone"
    await page.get_by_role("button", name="Boris").click()
    await page.wait_for_url(f"{site}/rooms/abc")
    assert await page.inner_text("body") == "/rooms/abc for Boris O'Neil <b>"
    assert await page.evaluate("document.cookie") == ""

    await page.goto(f"{site}/")
    await page.evaluate(
        "() => { const f = document.createElement('form'); f.method = 'post'; f.action = '/auth/sign-out';"
        " document.body.append(f); f.submit(); }"
    )
    await expect(page.locator("body")).to_have_text("home of nobody")
    assert page.url == f"{site}/"

    await page.goto(f"{site}/rooms/abc")
    await expect(page.get_by_role("heading")).to_have_text("Who is watching?")
    assert page.url.startswith(shared_provider.issuer)
    assert complaints == []


async def test_another_site_cannot_sign_a_person_out(page: Page, site: str, shared_provider: IdentityProvider) -> None:
    await page.goto(f"{site}/rooms/abc")
    await page.get_by_role("button", name="Boris").click()
    await page.wait_for_url(f"{site}/rooms/abc")

    # Another origin of the same host: cookies go along whatever their SameSite, so only the guard stands in the way.
    await page.route("**/trap", lambda route: route.fulfill(content_type="text/html", body=TRAP.replace("SITE", site)))
    await page.goto(f"{shared_provider.issuer}/trap", wait_until="commit")  # it leaves by itself
    await page.wait_for_url(f"{site}/auth/sign-out")
    await expect(page.locator("body")).to_contain_text("cross_site_request")

    await page.goto(f"{site}/")
    assert await page.inner_text("body") == "home of Boris O'Neil <b>"
