"""A room before its film begins: when, who comes, the calendar, another time, and the start, which needs no reload."""

from __future__ import annotations

import asyncio
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from playwright.async_api import Page, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS, Scheme, shoot
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import SignIn

VARIANTS: Final[tuple[tuple[int, Scheme], ...]] = ((360, "light"), (1440, "dark"))
# Counts what a screen reader would be told, from now on.
COUNT_ANNOUNCEMENTS = """() => {
    window.announced = 0;
    const root = document.querySelector("movie-together").shadowRoot;
    for (const one of root.querySelectorAll(".lobby [role=status], .lobby [role=alert]")) {
        const seen = new MutationObserver(() => { window.announced += 1; });
        seen.observe(one, { childList: true, characterData: true, subtree: true });
    }
}"""
# A moment as a field of a day and a time takes it, by the browser's clock.
IN_FIELD = """when => {
    const date = new Date(when);
    return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}"""


async def ask(viewer: Viewer, site: Site, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send the viewer's own request to the API, and return what comes."""
    headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": site.url}
    answer = await viewer.context.request.fetch(f"{site.url}/api/v1{path}", method=method, data=body, headers=headers)
    assert answer.ok, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


def text_of(page: Page, selector: str) -> Any:
    return page.locator(f"movie-together .lobby {selector}")


async def test_a_planned_film_tells_when_and_who_comes_and_starts_without_a_reload(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    elena, farid = await new_viewer("elena"), await new_viewer("farid")
    await sign_in(elena)
    await sign_in(farid)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    room = await ask(
        elena,
        site,
        "POST",
        "/rooms",
        {"film_id": FILMS["tide-keeper"]["id"], "starts_at": tomorrow, "invite": {"emails": ["boris@example.com"]}},
    )
    for viewer in (elena, farid):
        await viewer.enter(f"{site.url}/rooms/{room['code']}")
    page = elena.page

    # When, how long until then, who comes: over the poster.
    await expect(text_of(page, ".date")).to_contain_text("Начало: завтра в")
    await expect(text_of(page, ".when")).to_have_text(re.compile(r"^23:\d\d:\d\d$"))
    await expect(text_of(page, ".coming")).to_have_text("Пока без ответа: 1.")
    await expect(page.locator("movie-together img.poster")).to_be_visible()
    await expect(page.get_by_role("button", name="Начать", exact=True)).to_be_visible()
    await expect(farid.page.get_by_role("button", name="Начать", exact=True)).to_be_hidden()
    async with page.expect_download() as download:
        await page.locator("movie-together").get_by_role("link", name="В календарь").click()
    assert (await download.value).suggested_filename == "movie-together.ics"
    for width, scheme in VARIANTS:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)
        for button in ("Начать", "В календарь"):
            await expect(page.locator("movie-together").get_by_text(button, exact=True)).to_be_in_viewport(ratio=1)
        await shoot(page, SCREENS / "planned", f"planned {width}", scheme)
    await page.set_viewport_size({"width": 1280, "height": 800})

    # The owner changes what the API can change; everybody sees it at once.
    await page.locator("#settings-button").click()
    dialog = page.locator("#room-settings")
    for summary in await dialog.locator("summary").all():
        await summary.click()
    await dialog.locator("#starts").fill("2020-01-01T20:00")
    await dialog.locator("#arrange-start > summary").click()
    await dialog.locator("[type=submit]").click()
    await expect(dialog.locator("#starts-error")).to_be_visible()  # its group is unfolded again
    await expect(dialog.locator("#starts-error")).not_to_be_empty()
    in_two_hours = await page.evaluate(IN_FIELD, (datetime.now(UTC) + timedelta(hours=2)).isoformat())
    await dialog.locator("#starts").fill(in_two_hours)
    await dialog.locator("#access").select_option("invited")
    await dialog.locator("#hold-max").select_option("20")
    await dialog.locator("[type=submit]").click()
    await expect(dialog).to_be_hidden()
    for viewer in (elena, farid):
        await expect(text_of(viewer.page, ".when")).to_have_text(re.compile(r"^1:5\d:\d\d$"), timeout=PATIENCE_MS)
    live = farid.page.locator("movie-together")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await live.evaluate("({ room: { room } }) => [room.access, room.settings.hold_max_s]") != ["invited", 20]:
            await asyncio.sleep(0.05)

    # It starts by itself, at its time, without a reload and without a word each second.
    await farid.page.evaluate("window.stayed = true")
    await farid.page.evaluate(COUNT_ANNOUNCEMENTS)
    soon = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    await ask(elena, site, "PATCH", f"/rooms/{room['code']}", {"starts_at": soon})
    await expect(text_of(farid.page, ".when")).to_have_text("0:03", timeout=PATIENCE_MS)
    assert await farid.page.evaluate("window.announced") == 0
    for viewer in (elena, farid):
        await viewer.wait_playing()
        await expect(viewer.page.locator("movie-together .lobby")).to_be_hidden()
        await expect(viewer.page.locator("movie-together img.poster")).to_be_hidden()
    assert await farid.page.evaluate("window.stayed") is True
