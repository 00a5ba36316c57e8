"""The inbox of the local run, asked through its JSON API."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

PATIENCE_S = 30


class Inbox:
    def __init__(self, url: str) -> None:
        self._url = url

    async def mails(self, to: str) -> list[dict[str, Any]]:
        """Return the mails to an address: id, to, from, subject, date, text, html, links; the newest first."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self._url}/api/messages", params={"to": to}, raise_for_status=True) as response,
        ):
            found = await response.json()
        mails: list[dict[str, Any]] = found["items"]
        return mails

    async def wait_mails(self, to: str, holding: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Wait for ``count`` mails to an address with ``holding`` in their text, and give all that there are."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [mail for mail in await self.mails(to) if holding in mail["text"]]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.2)
