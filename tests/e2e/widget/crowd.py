"""Many people in one room over sockets of their own, as so many browsers would be; the cinema feeds their accounts."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import ClientSession

from shared.tickets import Minter
from tests.e2e.site import LocalSite, Site
from tests.e2e.viewer import Viewer
from tests.support.clients import RoomClient


async def feed(site: LocalSite, kind: str, *rows: dict[str, Any]) -> list[str]:
    """Feed rows as the cinema's program; return what became of each."""
    token = await asyncio.to_thread(site.program_token)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    body = b"\n".join(orjson.dumps({**row, "updated_at": "2026-01-01T00:00:00Z"}) for row in rows)
    async with (
        ClientSession() as http,
        http.post(f"{site.url}/api/v1/feed/{kind}", data=body, headers=headers) as answer,
    ):
        return [orjson.loads(line)["result"] for line in (await answer.read()).splitlines()]


class Crowd:
    """The people beside one viewer, with tickets as that viewer's is for the room."""

    def __init__(self, site: LocalSite, minter: Minter, socket_url: str, room: Mapping[str, Any]) -> None:
        self._site = site
        self._minter = minter
        self._socket_url = socket_url
        self._room = room
        self.clients: dict[str, RoomClient] = {}

    @classmethod
    async def beside(cls, viewer: Viewer, code: str, site: Site) -> Crowd:
        """Return nobody yet; the room is told to them by the viewer's own ticket."""
        assert isinstance(site, LocalSite), "only the local stack's signing key is known here"
        answer = await viewer.context.request.post(f"{site.url}/api/v1/rooms/{code}/join", headers={"Origin": site.url})
        assert answer.ok, await answer.text()
        joining = await answer.json()
        payload = joining["ticket"].split(".")[1]
        kid, _, seed = site.keys.ticket_signing_key.partition(":")
        return cls(site, Minter(kid, _decoded(seed)), joining["socket_url"], json.loads(_decoded(payload))["room"])

    async def enter(self, *names: str, role: str = "viewer") -> None:
        """Bring people in, one after another, so that they stand in this order."""
        await feed(self._site, "people", *({"subject": f"crowd {name}", "name": name} for name in names))
        accounts = "SELECT id, name FROM users WHERE subject = 'crowd ' || name"
        ids = {row["name"]: str(row["id"]) for row in await asyncio.to_thread(self._site.rows, accounts)}
        for name in names:
            user = {"id": ids[name], "name": name, "role": role}
            client = RoomClient(self._socket_url)
            self.clients[name] = await client.hello(self._minter.mint(user=user, room=self._room))

    async def each(self, *names: str, does: Callable[[RoomClient], Any]) -> None:
        """Let some of them do something at once."""
        await asyncio.gather(*(does(self.clients[name]) for name in names))

    async def go_home(self) -> None:
        """Hang up."""
        await asyncio.gather(*(client.drop() for client in self.clients.values()))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
