"""Posters for pictures that we draw ourselves: of the demo's films, and from hosts that the cinema has named.

The server asks only hosts of FILM_ORIGINS, whatever address a film was fed with, follows no redirect, and takes so much
in so little time: whoever feeds films must not be able to send it anywhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from api_service.static_files import DEMO_MEDIA

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 3.0
MOST_BYTES: Final = 5 * 2**20


class Posters:
    """Posters' bytes by their address, between ``start`` and ``close``."""

    def __init__(self, demo_dir: Path | None, origins: Iterable[str], *, deadline_s: float = DEADLINE_S) -> None:
        self._media = None if demo_dir is None else (demo_dir / "media").resolve()
        self._origins = frozenset(origins)
        self._timeout = ClientTimeout(total=deadline_s)
        self._session: ClientSession | None = None

    async def start(self) -> None:
        self._session = ClientSession(timeout=self._timeout, cookie_jar=DummyCookieJar())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def poster(self, address: str | None) -> bytes | None:
        """Return what is at a poster's address, None where we do not ask, or get no picture within bounds."""
        if address is None:
            return None
        try:
            if address.startswith(DEMO_MEDIA):
                return await asyncio.to_thread(self._of_demo, address.removeprefix(DEMO_MEDIA))
            url = URL(address)
            if self._session is None or not url.absolute or str(url.origin()) not in self._origins:
                return None
            return await self._fetch(self._session, url)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            log.info("a poster could not be had", address=address, reason=repr(error))
            return None

    def _of_demo(self, name: str) -> bytes | None:
        if self._media is None:
            return None
        path = (self._media / name).resolve()
        return path.read_bytes() if path.is_relative_to(self._media) else None

    async def _fetch(self, session: ClientSession, url: URL) -> bytes | None:
        async with session.get(url, allow_redirects=False) as response:
            if response.status != 200 or not response.content_type.startswith("image/"):
                return None
            found = bytearray()
            async for chunk in response.content.iter_chunked(2**16):
                found += chunk
                if len(found) > MOST_BYTES:
                    return None
            return bytes(found)
