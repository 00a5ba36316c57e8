"""`make screens`: every page and state at four widths, in both languages and colour schemes, and a contact sheet."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from playwright.async_api import Browser, Page, async_playwright

from deploy.local.services import ROOT
from tests.e2e.site import LocalSite
from tests.e2e.states import Tour
from tests.e2e.viewer import Viewer
from tests.support import browsers

Scheme = Literal["light", "dark"]
SCREENS: Final = ROOT / "build" / "screens"
SIZES: Final = ((360, 740), (768, 1024), (1440, 900), (2560, 1300))
LANGUAGES: Final = ("ru", "en")
STATES_A_SHEET: Final = 12

_SHEET: Final = """<!doctype html>
<meta charset="utf-8">
<title>Screens</title>
<style>
  body {{ margin: 1rem; font: 14px/1.4 system-ui, sans-serif; background: #888; }}
  section {{ display: flex; flex-wrap: wrap; gap: .75rem; align-items: start; }}
  figure {{ margin: 0; }} figcaption {{ font-size: 12px; }}
  img {{ display: block; height: 200px; border: 1px solid #444; }}
</style>
{articles}
"""


@dataclass(frozen=True)
class Shot:
    """A picture that was taken, of one state of one page."""

    state: str
    variant: str
    file: Path


_POSTERS_IN_VIEW = """patience_ms => Promise.race([
    new Promise((done) => setTimeout(done, patience_ms)), // without a connection they never come
    Promise.all([...document.images].filter((image) => {
        const { top, bottom, width } = image.getBoundingClientRect();
        return !image.complete && width > 0 && bottom > 0 && top < innerHeight;
    }).map((image) => new Promise((done) => ["load", "error"].forEach((end) => image.addEventListener(end, done))))),
])"""
POSTERS_MS: Final = 2_000


async def until_drawn(page: Page) -> None:
    """Wait for the posters in view, but no longer than POSTERS_MS: they are loaded once they are seen."""
    await page.evaluate(_POSTERS_IN_VIEW, POSTERS_MS)


async def shoot(page: Page, folder: Path, state: str, variant: str) -> Shot:
    """Take a picture of what the page shows."""
    await until_drawn(page)
    name = re.sub(r"\W+", "-", f"{state}-{variant}").strip("-")
    shot = Shot(state, variant, folder / f"{name}.png")
    await page.screenshot(path=shot.file, animations="disabled")
    return shot


def write_contact_sheet(folder: Path, shots: Iterable[Shot]) -> Path:
    """Write the page on which all the pictures are side by side, a row a state; return its file."""
    rows: dict[str, list[Shot]] = {}
    for shot in shots:
        rows.setdefault(shot.state, []).append(shot)
    sections = [
        f"<h2>{html.escape(state)}</h2><section>"
        + "".join(
            f'<figure><a href="{one.file.name}"><img src="{one.file.name}" alt=""></a>'
            f"<figcaption>{html.escape(one.variant)}</figcaption></figure>"
            for one in row
        )
        + "</section>"
        for state, row in rows.items()
    ]
    parts = [sections[first : first + STATES_A_SHEET] for first in range(0, len(sections), STATES_A_SHEET)]
    sheet = folder / "index.html"
    articles = "\n".join(f"<article>{chr(10).join(part)}</article>" for part in parts)
    sheet.write_text(_SHEET.format(articles=articles), "utf-8")
    return sheet


async def viewer_at(browser: Browser, site: LocalSite, sub: str, language: str, *, signed_in: bool = True) -> Viewer:
    """Open a demo viewer's window, whose pages are in that language."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    viewer = Viewer(context, await context.new_page(), sub, site.url)
    if signed_in:
        await viewer.sign_in()
    await context.add_cookies([{"name": "lang", "value": language, "url": site.url}])
    return viewer


async def _in_language(browser: Browser, site: LocalSite, language: str) -> list[Shot]:
    shots: list[Shot] = []

    async def look(state: str, page: Page) -> None:
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            for scheme in get_args(Scheme):
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                shots.append(await shoot(page, SCREENS, state, f"{width} {language} {scheme}"))

    owner, guest = [await viewer_at(browser, site, sub, language) for sub in ("elena", "boris")]
    stranger = await viewer_at(browser, site, "grace", language, signed_in=False)
    await Tour(site.url, owner, guest, stranger, look).walk()
    for viewer in (owner, guest, stranger):
        await viewer.context.close()
    return shots


async def _all(site: LocalSite) -> Path:
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        found = [shot for language in LANGUAGES for shot in await _in_language(browser, site, language)]
        sheet = write_contact_sheet(SCREENS, found)
        page = await browser.new_page(viewport={"width": 1800, "height": 1000})
        await page.goto(sheet.as_uri())
        for number, part in enumerate(await page.locator("article").all(), 1):
            await part.screenshot(path=SCREENS / f"contact-sheet-{number}.png")
        await browser.close()
    return sheet


@contextmanager
def own_site() -> Iterator[LocalSite]:
    """Run a site of its own until the block ends."""
    with tempfile.TemporaryDirectory(prefix="movie-together-screens-") as folder:
        Path(folder).chmod(0o711)
        site = LocalSite(Path(folder))
        try:
            site.start()
            yield site
        finally:
            site.stop()


def main() -> None:
    """Start a site of its own, take the pictures, and say where they are."""
    shutil.rmtree(SCREENS, ignore_errors=True)
    with own_site() as site:
        print(asyncio.run(_all(site)))


if __name__ == "__main__":
    main()
