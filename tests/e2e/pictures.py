"""`make pictures`: the pictures of docs/pictures/, and the moving one of two windows in step, from a site that runs."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright

from deploy.local.services import ROOT
from tests.e2e.screens import Scheme, own_site, until_drawn, viewer_at
from tests.e2e.site import LocalSite
from tests.e2e.states import Tour
from tests.e2e.viewer import Viewer, wait_together
from tests.support import browsers

PICTURES: Final = ROOT / "docs" / "pictures"
DESK: Final = (1280, 800)
PHONE: Final = (390, 780)
WIDEST_PX: Final = 960
QUALITY: Final = 78

IN_STEP: Final = "in-step.webp"
WINDOW: Final = {"width": 600, "height": 640}
BOTH_PX: Final = 960
MOVING_QUALITY: Final = 50
FRAMES_A_SECOND: Final = 12
TOGETHER_MS: Final = 60


@dataclass(frozen=True)
class Picture:
    """Where and how a state of the tour is kept."""

    name: str
    size: tuple[int, int] = DESK
    scheme: Scheme = "dark"


WANTED: Final = {
    "welcome": [Picture("welcome")],
    "who else wants to watch": [Picture("film")],
    "opening a room": [Picture("opening")],
    "a link, by a stranger": [Picture("link-phone", PHONE)],
    "room": [Picture("room"), Picture("room-light", DESK, "light"), Picture("room-phone", PHONE)],
    "inviting": [Picture("inviting")],
    "full screen": [Picture("full-screen", (1280, 720))],
    "lobby, one is late": [Picture("lobby")],
    "home": [Picture("home"), Picture("home-phone", PHONE, "light")],
    "closed room, with what was said": [Picture("closed", DESK, "light")],
}


def to_webp(source: Path, picture: Path) -> None:
    """Keep a screenshot as WebP, no wider than WIDEST_PX."""
    scale = f"scale='min({WIDEST_PX},iw)':-1:flags=lanczos"
    _ffmpeg("-i", source, "-vf", scale, "-c:v", "libwebp", "-quality", QUALITY, picture)


def _ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *map(str, arguments)], check=True)


async def _stills(browser: Browser, site: LocalSite, folder: Path) -> None:
    async def look(state: str, page: Page) -> None:
        for picture in WANTED.get(state, []):
            await page.set_viewport_size({"width": picture.size[0], "height": picture.size[1]})
            await page.emulate_media(color_scheme=picture.scheme, reduced_motion="reduce")
            shot = folder / f"{picture.name}.png"
            await until_drawn(page)
            await page.screenshot(path=shot, animations="disabled")
            to_webp(shot, PICTURES / f"{picture.name}.webp")

    owner, guest = [await viewer_at(browser, site, sub, "en") for sub in ("alisa", "boris")]
    stranger = await viewer_at(browser, site, "grace", "en", signed_in=False)
    await Tour(site.url, owner, guest, stranger, look).walk()


async def _moving(browser: Browser, site: LocalSite, folder: Path) -> None:
    """Film two windows while somebody pauses, both talk, and the film goes on."""
    owner, guest = [await viewer_at(browser, site, sub, "en") for sub in ("daniel", "carla")]
    link = await owner.order_room()
    for viewer in (owner, guest):
        await viewer.page.set_viewport_size(WINDOW)  # type: ignore[arg-type]
        await viewer.page.emulate_media(color_scheme="dark")
        await viewer.enter(link)
        await viewer.wait_playing()
    await wait_together(owner, guest, within_ms=TOGETHER_MS)
    steps: list[tuple[Callable[[], Awaitable[object]], float]] = [
        (lambda: asyncio.sleep(0), 2.0),
        (lambda: guest.page.keyboard.press("k"), 1.5),
        (lambda: guest.say("Did you see that light?"), 1.2),
        (lambda: owner.say("The keeper is home 🗼"), 1.2),
        (owner.press_play_pause, 2.5),
        (lambda: owner.click_timeline(0.6), 3.0),
    ]
    reels = [await Reel.of(viewer) for viewer in (owner, guest)]
    began_s = time.time()
    for does, for_s in steps:
        await does()
        await asyncio.sleep(for_s)
    _join(reels, began_s, time.time(), folder)


class Reel:
    """What a window showed, frame by frame: the moment (s since the epoch) and the picture (JPEG)."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, bytes]] = []

    @classmethod
    async def of(cls, viewer: Viewer) -> Reel:
        """Film a viewer's window from now on, until it is closed."""
        reel = cls()
        session = await viewer.context.new_cdp_session(viewer.page)
        taken: set[asyncio.Task[object]] = set()

        def keep(frame: dict[str, Any]) -> None:
            reel.frames.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
            # Without this Chromium sends no more.
            task = asyncio.ensure_future(session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]}))
            taken.add(task)
            task.add_done_callback(taken.discard)

        session.on("Page.screencastFrame", keep)
        await session.send("Page.startScreencast", {"format": "jpeg", "quality": 90})
        return reel

    def at(self, moment_s: float) -> bytes:
        """Return what was seen at a moment: a frame comes only when something changes."""
        return next((shot for at_s, shot in reversed(self.frames) if at_s <= moment_s), self.frames[0][1])


def _join(reels: Sequence[Reel], began_s: float, ended_s: float, folder: Path) -> None:
    """Make the moving picture, the windows side by side, as fast as it was filmed."""
    for number in range(int((ended_s - began_s) * FRAMES_A_SECOND)):
        for side, reel in enumerate(reels):
            (folder / f"{side}-{number:03}.jpg").write_bytes(reel.at(began_s + number / FRAMES_A_SECOND))
    inputs = [f"-framerate {FRAMES_A_SECOND} -i {folder}/{side}-%03d.jpg".split() for side in (0, 1)]
    joined = f"hstack=inputs=2,scale={BOTH_PX}:-2:flags=lanczos"
    kept = ["-c:v", "libwebp_anim", "-quality", MOVING_QUALITY, "-loop", 0]
    _ffmpeg(*inputs[0], *inputs[1], "-filter_complex", joined, *kept, PICTURES / IN_STEP)


async def _all(site: LocalSite) -> None:
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        with tempfile.TemporaryDirectory() as folder:
            await _moving(browser, site, Path(folder))
            await _stills(browser, site, Path(folder))
        await browser.close()


def main() -> None:
    """Start a site of its own and make every picture anew."""
    PICTURES.mkdir(exist_ok=True)
    with own_site() as site:
        asyncio.run(_all(site))
    for picture in sorted(PICTURES.iterdir()):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
