from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser, async_playwright

from tests.e2e.site import Site, running_site
from tests.e2e.viewer import Viewer
from tests.support import browsers
from tests.support.browsers import BrowserName

# The first of a run also waits, each with a limit of its own, for the stores, the whole product and a browser, which on
# two cores that others use as well took two minutes.
LIMIT_S = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


class NewViewer(Protocol):
    async def __call__(self, sub: str, *, sits_at: Browser | None = None) -> Viewer: ...


@pytest.fixture(scope="package")
def site(stores_folder: Path) -> Iterator[Site]:
    """The whole product, running; shared by the tests of this folder."""
    folder = stores_folder / "site"
    folder.mkdir(mode=0o711)
    with running_site(folder) as running:
        yield running


@pytest.fixture(scope="session")
async def browser(browser_name: BrowserName) -> AsyncIterator[Browser]:
    """The browser of the run, in which a page plays sound without a press: the refusal has tests of its own."""
    async with async_playwright() as playwright:
        launched = await browsers.launch(playwright, browser_name)
        yield launched
        await launched.close()


@pytest.fixture
def firefox_asks() -> Mapping[str, int]:
    """What a test's viewers ask their system for, as Firefox is told (each window of Chromium's is told)."""
    return {}


@pytest.fixture
async def usual_browser(
    browser: Browser, browser_name: BrowserName, firefox_asks: Mapping[str, int]
) -> AsyncIterator[Browser]:
    """The browser of a test's viewers: the run's, but for a Firefox that asks pages for something."""
    if browser_name == "chromium" or not firefox_asks:
        yield browser
        return
    async with async_playwright() as playwright:
        launched = await browsers.launch(playwright, browser_name, prefs=firefox_asks)
        yield launched
        await launched.close()


@pytest.fixture
async def new_viewer(usual_browser: Browser, site: Site) -> AsyncIterator[NewViewer]:
    """Return a function that opens a window for a demo viewer by their ``sub``, in the usual browser or in another one.

    All windows end with the test, which fails on a page's error.
    """
    opened: list[Viewer] = []

    async def make(sub: str, *, sits_at: Browser | None = None) -> Viewer:
        context = await (sits_at or usual_browser).new_context(
            locale="ru-RU",
            viewport={"width": 1280, "height": 800},
            service_workers="block",  # so that every request is the page's own, for tests that stand in its way
        )
        opened.append(Viewer(context, await context.new_page(), sub, site.url))
        return opened[-1]

    yield make
    complaints = [complaint for viewer in opened for complaint in viewer.complaints]
    for viewer in opened:
        await viewer.context.close()
    assert not complaints
