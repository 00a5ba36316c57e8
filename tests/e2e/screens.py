"""`make screens`: every page at three widths, in both languages and colour schemes, and a contact sheet."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deploy.local.services import ROOT
from tests.e2e.site import LocalSite
from tests.e2e.viewer import FILMS, Viewer
from tests.support import browsers

SCREENS: Final = ROOT / "build" / "screens"
SIZES: Final = ((360, 740), (768, 1024), (1440, 900))
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
FILM: Final = f"/films/{FILMS['upper-pines']['id']}"
OUTSIDE: Final = {"welcome": "/", "film, signed out": FILM, "no connection": "/offline"}
INSIDE: Final = {
    "home": "/",
    "nothing found": "/?q=nothing-like-it",
    "film": FILM,
    "opening a room": f"{FILM}#invite",
    "friends": "/friends",
    "rooms": "/rooms",
    "not found": "/nowhere",
    "API": "/api/docs",
}
TALK: Final = ("Всем видно?", "Да! 🍿", "Тогда начинаем.")

_SHEET: Final = """<!doctype html>
<meta charset="utf-8">
<title>Screens</title>
<style>
  body {{ margin: 1rem; font: 14px/1.4 system-ui, sans-serif; background: #888; }}
  section {{ display: flex; flex-wrap: wrap; gap: .75rem; align-items: start; }}
  figure {{ margin: 0; }} figcaption {{ font-size: 12px; }}
  img {{ display: block; height: 260px; border: 1px solid #444; }}
</style>
{sections}
"""


@dataclass(frozen=True)
class Shot:
    """A picture that was taken, of one state of one page."""

    state: str
    variant: str
    file: Path


async def shoot(page: Page, folder: Path, state: str, variant: str) -> Shot:
    """Take a picture of what the page shows."""
    name = re.sub(r"\W+", "-", f"{state}-{variant}").strip("-")
    shot = Shot(state, variant, folder / f"{name}.png")
    await page.screenshot(path=shot.file, animations="disabled")
    return shot


def write_contact_sheet(folder: Path, shots: Iterable[Shot]) -> Path:
    """Write the page on which all the pictures are side by side, a row a state; return its file."""
    rows: dict[str, list[Shot]] = {}
    for shot in shots:
        rows.setdefault(shot.state, []).append(shot)
    sections = "\n".join(
        f"<h2>{html.escape(state)}</h2><section>"
        + "".join(
            f'<figure><a href="{one.file.name}"><img src="{one.file.name}" alt=""></a>'
            f"<figcaption>{html.escape(one.variant)}</figcaption></figure>"
            for one in row
        )
        + "</section>"
        for state, row in rows.items()
    )
    sheet = folder / "index.html"
    sheet.write_text(_SHEET.format(sections=sections), "utf-8")
    return sheet


async def _every_way(page: Page, state: str, language: str) -> list[Shot]:
    shots = []
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            shots.append(await shoot(page, SCREENS, state, f"{width} {language} {scheme}"))
    return shots


async def _visits(context: BrowserContext, site: LocalSite, pages: dict[str, str], language: str) -> list[Shot]:
    page = await context.new_page()
    shots = []
    for state, path in pages.items():
        await page.goto(f"{site.url}{path}", wait_until="networkidle")
        if path.endswith("#invite"):
            await page.locator("#watch").click()
            await page.locator("#open:not([aria-busy])").wait_for()
        shots += await _every_way(page, state, language)
    return shots


async def _room(viewers: Sequence[Viewer], site: LocalSite, language: str) -> list[Shot]:
    owner, guest = viewers
    order = {"film_id": FILMS["tide-keeper"]["id"]}
    headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": site.url}
    answer = await owner.context.request.post(f"{site.url}/api/v1/rooms", data=order, headers=headers)
    link = f"{site.url}/rooms/{(await answer.json())['code']}"
    for viewer in viewers:
        await viewer.enter(link)
        await viewer.wait_playing()
    for viewer, words in zip((owner, guest, owner), TALK, strict=True):
        await viewer.say(words)
        await owner.see_text(words)
    await owner.page.locator("movie-together").evaluate("room => room.seek(30_000).then(() => room.pause())")
    await owner.wait_playing(playing=False)
    shots = await _every_way(owner.page, "room", language)
    await owner.page.set_viewport_size({"width": 1440, "height": 900})
    await owner.close_room()
    await owner.page.locator("movie-together .end").wait_for()
    shots += await _every_way(owner.page, "room, just closed", language)
    await owner.page.reload()
    return shots + await _every_way(owner.page, "closed room", language)


async def _in_language(browser: Browser, site: LocalSite, language: str) -> list[Shot]:
    cookie = {"name": "lang", "value": language, "url": site.url}
    stranger = await browser.new_context()
    await stranger.add_cookies([cookie])  # type: ignore[list-item]
    shots = await _visits(stranger, site, OUTSIDE, language)
    viewers = []
    for sub in ("elena", "farid"):
        context = await browser.new_context()
        viewers.append(Viewer(context, await context.new_page(), sub, site.url))
        await viewers[-1].sign_in()
        await context.add_cookies([cookie])  # type: ignore[list-item]
    shots += await _visits(viewers[0].context, site, INSIDE, language)
    return shots + await _room(viewers, site, language)


async def _all(site: LocalSite) -> Path:
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        found = [shot for language in ("ru", "en") for shot in await _in_language(browser, site, language)]
        sheet = write_contact_sheet(SCREENS, found)
        page = await browser.new_page(viewport={"width": 1800, "height": 1000})
        await page.goto(sheet.as_uri())
        await page.screenshot(path=SCREENS / "contact-sheet.png", full_page=True)
        await browser.close()
    return sheet


def main() -> None:
    """Start a site of its own, take the pictures, and say where they are."""
    shutil.rmtree(SCREENS, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="movie-together-screens-") as folder:
        Path(folder).chmod(0o711)
        site = LocalSite(Path(folder))
        try:
            site.start()
            print(asyncio.run(_all(site)))
        finally:
            site.stop()


if __name__ == "__main__":
    main()
