"""The pictures of rooms' links, drawn off the loop one after another, and kept for a while."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from api_service.pages.preview_picture import BOLD, REGULAR, Told, draw
from api_service.posters import Posters
from api_service.problems import LIMIT_REACHED
from api_service.recent import Recent

log = structlog.get_logger(__name__)

KEPT_S: Final = 600.0
MOST_KEPT: Final = 100
# Pictures are drawn one after another; whoever would have to wait for more is told to come later.
MOST_WAITING: Final = 8


class Previews:
    """Draws the pictures, with fonts of a folder and the films' posters."""

    def __init__(self, fonts: Path, posters: Posters, *, most_waiting: int = MOST_WAITING) -> None:
        self._fonts = fonts
        self._posters = posters
        self._kept: Recent[bytes] = Recent(time.monotonic, MOST_KEPT)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._most_waiting = most_waiting

    async def picture(self, key: str, told: Told, poster: str | None) -> bytes:
        """Return the picture that ``key`` names; raises the problem `limit_reached` while too many are asked for."""
        if (kept := self._kept.get(key)) is not None:
            return kept
        if self._waiting >= self._most_waiting:
            raise LIMIT_REACHED.problem()
        self._waiting += 1
        try:
            async with self._turn:
                if (kept := self._kept.get(key)) is None:
                    found = await self._posters.poster(poster)
                    kept = await asyncio.to_thread(draw, told, found, self._fonts)
                    self._kept.put(key, kept, time.monotonic() + KEPT_S)
                return kept
        finally:
            self._waiting -= 1


PREVIEWS: Final = web.AppKey("PREVIEWS", Previews)  # where there are fonts to draw with


def drawn_previews(fonts: Path, posters: Posters) -> Previews | None:
    """Return what draws the pictures, None where the fonts are missing: links then show the poster itself."""
    missing = [name for name in (REGULAR, BOLD) if not (fonts / name).is_file()]
    if missing:
        log.warning("no fonts, links show the poster alone", setting="FONTS_DIR", folder=str(fonts), missing=missing)
        return None
    return Previews(fonts, posters)
