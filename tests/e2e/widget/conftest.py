"""Two viewers in one room, and a browser that refuses sound before a press, as browsers do by default."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, async_playwright

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import Viewer
from tests.support import browsers
from tests.support.browsers import BrowserName


class SignIn(Protocol):
    async def __call__(self, viewer: Viewer) -> None: ...


class OpenRoom(Protocol):
    async def __call__(self, owner: Viewer, *, film: str = "tide-keeper", only_owner: bool = False) -> str: ...


@pytest.fixture(scope="package")
def cookies() -> dict[str, list[Any]]:
    """The cookies of those who have signed in once; each test's windows take them over."""
    return {}


@pytest.fixture
def sign_in(cookies: dict[str, list[Any]]) -> SignIn:
    """Sign a viewer in: over the pages the first time, with what that left behind afterwards."""

    async def make(viewer: Viewer) -> None:
        if viewer.sub in cookies:
            await viewer.context.add_cookies(cookies[viewer.sub])
            return
        await viewer.sign_in()
        cookies[viewer.sub] = [*await viewer.context.cookies()]

    return make


@pytest.fixture
def open_room(sign_in: SignIn) -> OpenRoom:
    """Sign the owner in and open a room for a film; gives its link once the film runs there."""

    async def make(owner: Viewer, *, film: str = "tide-keeper", only_owner: bool = False) -> str:
        await sign_in(owner)
        link = await owner.order_room(film, control="owner" if only_owner else "everyone")
        await owner.enter(link)
        await owner.wait_playing()
        return link

    return make


@pytest.fixture
async def together(new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn) -> tuple[Viewer, Viewer]:
    """Elena, who owns the room, and Farid, who came by the link; the film runs. Both read Russian."""
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    link = await open_room(elena)
    await sign_in(farid)
    await farid.enter(link)
    await farid.wait_playing()
    return elena, farid


@pytest.fixture
async def cautious_browser(browser_name: BrowserName) -> AsyncIterator[Browser]:
    """The browser of the run with the refusal of sound that viewers meet."""
    async with async_playwright() as playwright:
        launched = await browsers.launch(playwright, browser_name, sound_at_once=False)
        yield launched
        await launched.close()


@pytest.fixture
async def cautious_viewer(cautious_browser: Browser, site: Site) -> AsyncIterator[Viewer]:
    """Boris, signed in, in a window in which he has pressed nothing yet: his browser refuses sound."""
    signing_in = await cautious_browser.new_context()
    await Viewer(signing_in, await signing_in.new_page(), "boris", site.url).sign_in()
    context = await cautious_browser.new_context(storage_state=await signing_in.storage_state(), locale="ru-RU")
    viewer = Viewer(context, await context.new_page(), "boris", site.url)
    yield viewer
    await context.close()
    assert not viewer.complaints
