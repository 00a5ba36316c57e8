"""What the room's page costs to load, by requests and bytes; and what it tells whose browser runs no scripts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn

pytestmark = pytest.mark.short

MOST_REQUESTS = 20
MOST_BYTES = 110 * 1024  # of scripts and styles, as they travel, with the heads of their answers


@dataclass
class Traffic:
    """What a page asks for over the network, but the film's own file, whose parts come as the player needs them."""

    addresses: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    async def listen(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.requestServedFromCache", lambda event: self.kept.add(event["requestId"]))
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")

    @property
    def code(self) -> set[str]:
        """Requests of scripts and styles."""
        return {one for one, kind in self.kinds.items() if kind in {"Script", "Stylesheet"}}

    @property
    def code_bytes(self) -> int:
        return sum(self.sizes.get(one, 0) for one in self.code)

    @property
    def requested(self) -> set[str]:
        """Each address once: a browser takes the page's icon anew, from its memory, as often as it likes."""
        return {address for one, address in self.addresses.items() if one not in self.kept}

    def _asked(self, event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        if address.startswith("http") and not address.endswith(".mp4"):
            self.addresses[event["requestId"]] = address
            self.kinds[event["requestId"]] = event["type"]

    def _answered(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            self.kept.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = int(event["encodedDataLength"])


async def entered(viewer: Viewer, link: str) -> Traffic:
    """Enter a room and return what that took."""
    traffic = Traffic()
    session = await viewer.context.new_cdp_session(viewer.page)
    await traffic.listen(session)
    await viewer.enter(link)
    await viewer.page.wait_for_load_state("load")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while traffic.code - traffic.sizes.keys() - traffic.kept:  # the end of a picture is not always told
            await asyncio.sleep(0.05)
    await session.detach()
    return traffic


@pytest.fixture
async def link(new_viewer: NewViewer, open_room: OpenRoom) -> str:
    return await open_room(await new_viewer("elena"))


@pytest.mark.chromium("bytes as they travel are told over CDP alone")
async def test_a_room_comes_in_few_requests_and_little_code(link: str, new_viewer: NewViewer, sign_in: SignIn) -> None:
    farid = await new_viewer("farid")
    await sign_in(farid)

    first = await entered(farid, link)
    again = await entered(farid, link)

    assert len(first.requested) <= MOST_REQUESTS, first.requested
    assert 0 < first.code_bytes <= MOST_BYTES
    assert [address for address in first.requested if "/static/vendor/" in address] == [], "only a stream needs those"
    assert again.code_bytes == 0, [again.addresses[one] for one, size in again.sizes.items() if size]
    named_by_hash = {address for address in again.requested if "/static/" in address and "/icon-" not in address}
    assert named_by_hash == set(), "what has a hash in its name is not asked for again"


@pytest.mark.chromium("scripts are turned off for a context over CDP alone")
async def test_without_scripts_a_room_tells_its_film_who_is_invited_its_link_and_why_no_more(
    link: str, browser: Browser, new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    farid, boris = await new_viewer("farid"), await new_viewer("boris")
    await sign_in(farid)
    room = await farid.context.request.post(
        f"{site.url}/api/v1/rooms",
        data={"film_id": FILMS["tide-keeper"]["id"], "invite": {"emails": [boris.email]}},
        headers={"Origin": site.url},
    )
    assert room.ok, await room.text()
    link = (await room.json())["link"]
    context = await browser.new_context(
        java_script_enabled=False,
        storage_state=await farid.context.storage_state(),
        viewport={"width": 360, "height": 740},
    )
    try:
        page = await context.new_page()
        await page.goto(link)
        main = page.locator("main")
        film = FILMS["tide-keeper"]
        await expect(main.get_by_role("heading", level=1, name=film["title"]["ru"])).to_be_visible()
        await expect(main.get_by_text(film["description"]["ru"])).to_be_visible()
        # Locators by text and by role look into no <noscript>.
        why, more = page.locator("noscript > p").first, page.locator(".hall noscript > p")
        await expect(why).to_be_visible()
        assert "нужен JavaScript" in await why.inner_text()
        await expect(more).to_be_visible()
        assert f"Приглашены: {boris.name}" in await more.inner_text()
        assert await more.locator("a").get_attribute("href") == link
        for dead in ("movie-together", ".hall__head .button", "movie-together-chat", "#line"):
            for one in await page.locator(dead).all():
                await expect(one).to_be_hidden()
    finally:
        await context.close()
