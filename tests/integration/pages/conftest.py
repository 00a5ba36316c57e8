"""Fixtures of the pages' tests: the whole site, and its pages read as a person's browser reads them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from api_service.app_keys import SITE
from api_service.usecases import rooms
from api_service.usecases.people import User
from api_service.usecases.rooms import Room, RoomOrder
from deploy.local.free_ports import free_port
from tests.support import browsers
from tests.support.api_fixtures import RunningSite, running_site, session_cookie, settings_for
from tests.support.browsers import BrowserName


@pytest.fixture
async def page(browser_name: BrowserName) -> AsyncIterator[Page]:
    """A page of a real browser, on a phone."""
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright, browser_name)
        context = await browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740})
        yield await context.new_page()
        await browser.close()


async def signs_in(page: Page, site: RunningSite, person: User) -> None:
    """Sign the browser in as somebody."""
    name, _, value = session_cookie(person.id).partition("=")
    await page.context.add_cookies([{"name": name, "value": value, "url": site.url}])


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[RunningSite]:
    """The whole site while RabbitMQ is away."""
    async with running_site(settings_for(database_url, port=free_port())) as made:
        yield made


async def opened(site: RunningSite, owner: User, **order: Any) -> Room:
    film_id = await site.cinema.film("The Honey Noon Express", title_ru="Полуденный медовый")
    return await rooms.open_room(
        site.cinema.db,
        site.app[SITE],
        owner,
        RoomOrder(film_id=film_id, **order),
        "en",
    )
