"""Two viewers in one room, and a browser that refuses sound before a press, as browsers do by default."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from playwright.async_api import Browser, async_playwright

from tests.e2e.conftest import CHROMIUM_FLAGS, NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import Viewer

REFUSES_SOUND = "--autoplay-policy=document-user-activation-required"


class OpenRoom(Protocol):
    async def __call__(self, owner: Viewer, *, film: str = "tide-keeper", only_owner: bool = False) -> str: ...


@pytest.fixture
async def open_room() -> OpenRoom:
    """Sign the owner in and open a room for a film; gives its link."""

    async def make(owner: Viewer, *, film: str = "tide-keeper", only_owner: bool = False) -> str:
        await owner.sign_in()
        await owner.open_film(film)
        await owner.page.locator("#who").click()
        await owner.page.locator("#open:not([aria-busy])").wait_for()
        if only_owner:
            await owner.page.locator('input[name="control"][value="owner"]').check()
        link = await owner.open_room(invite=[])
        await owner.wait_in_room()
        await owner.wait_playing()
        return link

    return make


@pytest.fixture
async def together(new_viewer: NewViewer, open_room: OpenRoom) -> tuple[Viewer, Viewer]:
    """Elena, who owns the room, and Farid, who came by the link; the film runs. Both read Russian."""
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    link = await open_room(elena)
    await farid.sign_in()
    await farid.enter(link)
    await farid.wait_playing()
    return elena, farid


@pytest.fixture
async def cautious_browser() -> AsyncIterator[Browser]:
    """Chromium with the refusal of sound that viewers meet."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the end-to-end tests need Debian's package chromium"
    flags = [flag for flag in CHROMIUM_FLAGS if not flag.startswith("--autoplay-policy")]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=[*flags, REFUSES_SOUND])
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
