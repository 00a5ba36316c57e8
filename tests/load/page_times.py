"""`make bench-pages`: how soon the pages are painted and can be used, with an empty cache, on pages of the local run.

Painted is the browser's own first-contentful-paint. A page can be used once its modules have run, and a room once its
controls are shown and its connection is live. The figures need two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, async_playwright

from tests.e2e.site import LocalSite
from tests.e2e.viewer import FILMS, PATIENCE_MS, Viewer
from tests.load.servers import ROOT
from tests.support import browsers

FIGURES: Final = ROOT / "build" / "bench-pages.json"
PAINTED_MS: Final = 300
USABLE_MS: Final = 800
TIMES: Final = 9
PATHS: Final = {
    "home": "/",
    "film": f"/films/{FILMS['tide-keeper']['id']}",
    "friends": "/friends",
    "my rooms": "/rooms",
}

# In the page from its beginning: notes when it can be used.
PROBE: Final = """
const isUsable = () => {
  const together = document.querySelector("movie-together");
  if (!together) return performance.getEntriesByType("navigation")[0]?.domContentLoadedEventEnd > 0;
  return Boolean(together.live) && document.getElementById("controls")?.hidden === false;
};
const look = () => {
  if (document.body && isUsable()) window.usableMs = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
READ: Final = """() => ({
  painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  usable: window.usableMs ?? null,
  requests: performance.getEntriesByType("resource").length + 1,
  code_kb: performance.getEntriesByType("resource").filter(one => /\\.(js|css)$/.test(new URL(one.name).pathname))
    .reduce((sum, one) => sum + one.transferSize, 0) / 1024,
})"""


async def look(browser: Browser, state: Any, address: str) -> dict[str, float]:
    """Open a page with an empty cache and return its figures, in ms."""
    context = await browser.new_context(
        storage_state=state, locale="ru-RU", viewport={"width": 1280, "height": 800}, service_workers="block"
    )
    try:
        page = await context.new_page()
        await page.add_init_script(PROBE)
        await page.goto(address)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while None in (found := await page.evaluate(READ)).values():
                await asyncio.sleep(0.05)
        return {name: float(value) for name, value in found.items()}
    finally:
        await context.close()


async def measure(site_url: str, times: int) -> dict[str, list[dict[str, float]]]:
    """Return every page's figures, each page looked at so often."""
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        context = await browser.new_context(locale="ru-RU")
        viewer = Viewer(context, await context.new_page(), "elena", site_url)
        await viewer.sign_in()
        headers = {"Idempotency-Key": secrets.token_hex(16), "Origin": site_url}
        order = {"film_id": FILMS["tide-keeper"]["id"]}
        answer = await context.request.post(f"{site_url}/api/v1/rooms", data=order, headers=headers)
        pages = {**PATHS, "room": f"/rooms/{(await answer.json())['code']}"}
        state = await context.storage_state()
        await viewer.page.close()
        # The first visit warms the service and the browser, and is nobody's usual one.
        await look(browser, state, f"{site_url}{pages['room']}")
        found = {
            name: [await look(browser, state, f"{site_url}{path}") for _ in range(times)]
            for name, path in pages.items()
        }
        await browser.close()
        return found


def line(name: str, looks: list[Mapping[str, float]]) -> str:
    """Return a page's figures as a line: the middle one of all looks, and the worst."""

    def figure(of: str, bar: int) -> str:
        values = [one[of] for one in looks]
        middle = statistics.median(values)
        return f"{middle:5.0f} ms, at worst {max(values):5.0f} (≤ {bar}){'' if middle <= bar else '  OVER'}"

    requests, code_kb = (statistics.median(one[of] for one in looks) for of in ("requests", "code_kb"))
    return (
        f"{name:10} painted {figure('painted', PAINTED_MS)}   usable {figure('usable', USABLE_MS)}   "
        f"{requests:.0f} requests, {code_kb:.0f} KB of scripts and styles"
    )


def main() -> int:
    """Measure, print a line for each page, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="how often to open each page")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the JSON goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="movie-together-pages-") as folder:
        Path(folder).chmod(0o711)
        site = LocalSite(Path(folder))
        try:
            site.start()
            found = asyncio.run(measure(site.url, arguments.times))
        finally:
            site.stop()
    for name, looks in found.items():
        print(line(name, [*looks]))
    arguments.figures.write_text(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
