"""The inbox of the local run, asked through its JSON API."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

PATIENCE_S = 30


class Inbox:
    def __init__(self, url: str) -> None:
        self._url = url

    async def letters(self, to: str) -> list[dict[str, Any]]:
        """Give the letters to an address: id, to, from, subject, date, text, html, links; the newest first."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self._url}/api/messages", params={"to": to}, raise_for_status=True) as response,
        ):
            found = await response.json()
        letters: list[dict[str, Any]] = found["items"]
        return letters

    async def wait_letters(self, to: str, holding: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Wait for ``count`` letters to an address with ``holding`` in their text, and give all that there are."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [letter for letter in await self.letters(to) if holding in letter["text"]]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.2)
