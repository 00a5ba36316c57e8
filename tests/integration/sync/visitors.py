"""People who do whatever comes to their mind, on whatever node they happen to be."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.support.clients import Disconnected, RoomClient
from tests.support.sync_fixtures import BUSY, Crowd, SyncNode, person

Room = dict[str, Any]

# What a room may say no with, whoever asks for what; anything else is a bug.
NO = frozenset(
    {
        "forbidden",
        "aside",
        "cooldown",
        "muted",
        "slow_mode",
        "member_not_found",
        "message_not_found",
        "not_a_member",
        "rate_limited",
    }
)
# What only needs repeating, under the same id.
AGAIN = frozenset({"try_again", "outcome_unknown"})
# What may stand before a closed door.
OUT = frozenset({"kicked", "banned", "room_locked", "room_full", "resume_invalid"})


class Visitor:
    """Somebody with a taste for everything; ``turned_away`` is why they were last not let in."""

    def __init__(self, crowd: Crowd, nodes: Sequence[SyncNode], room: Room, dice: random.Random, id_: str = "") -> None:
        self._crowd = crowd
        self._nodes = nodes
        self._room = room
        self._dice = dice
        self.id = id_ or person()
        self.name = f"Visitor {self.id[:4]}"
        self.client: RoomClient | None = None
        self.tabs: list[RoomClient] = []
        self.turned_away = ""

    def _node(self) -> SyncNode:
        return self._dice.choice(self._nodes)

    async def comes(self) -> bool:
        """Enter by a ticket; tells whether one was let in."""
        client = self._crowd.stranger(self._node(), self._room)
        try:
            await client.hello(self._crowd.ticket(self._room, self.id, name=self.name))
        except Disconnected as ended:
            if ended.code in BUSY:
                await client.drop()
                await asyncio.sleep(0.5)
                return await self.comes()
            self.turned_away = client.received[-1]["code"]
            assert self.turned_away in OUT, client.received[-1]
            await client.drop()
            return False
        self.client = client
        return True

    async def comes_back(self, *, by_token: bool = True) -> bool:
        """Reconnect to any node, by the resume token while it is good, else by a ticket."""
        client = self.client
        if client is None or not by_token:
            return await self.comes()
        try:
            await client.reconnect(url=self._node().url())
        except Disconnected as ended:
            if ended.code in BUSY:
                await asyncio.sleep(0.5)
                return await self.comes_back()
            assert client.received[-1]["code"] in OUT, client.received[-1]
            await client.drop()
            return await self.comes()
        return True

    async def acts(self, times: int) -> None:
        """Do so many things."""
        for _ in range(times):
            if self.client is None or self.client.close_code is not None:
                await self.comes_back(by_token=self._dice.random() < 0.5)
                continue
            with contextlib.suppress(Disconnected):  # sent out while they waited for an answer
                await self._dice.choice(self._wishes(self.client))()

    def _wishes(self, client: RoomClient) -> list[Callable[[], Awaitable[object]]]:
        dice, asked = self._dice, self._asked
        whom = dice.choice([*client.members, "nobody"])
        message = dice.choice(client.messages)["id"] if client.messages else "none"
        return [
            lambda: asked("play"),
            lambda: asked("pause"),
            lambda: asked("seek", position_ms=dice.randrange(120_000)),
            lambda: asked("set_rate", rate=dice.choice([1, 1.25, 1.5])),
            lambda: asked("say", text=f"{dice.random()}"),
            lambda: asked("say", text="ответ", reply_to=message),
            lambda: asked("delete_message", message_id=message),
            lambda: asked("report", ready=dice.random() < 0.7, waits=dice.random() < 0.9),
            lambda: client.ping(rtt_ms=dice.randrange(500)),
            lambda: asked("history", limit=5),
            lambda: client.react("🎉"),
            lambda: asked("set_role", member_id=whom, role=dice.choice(["guest", "viewer", "moderator"])),
            lambda: asked("mute", member_id=whom, seconds=dice.choice([0, 1])),
            lambda: asked("kick", member_id=whom),
            lambda: asked("aside", reason=dice.choice(["away", "rewatch", "ad", "alone"])),
            lambda: asked("back"),
            lambda: asked("change_settings", wait_ad_s=dice.choice([0, 1]), wait_away_s=dice.choice([0, 1])),
            lambda: asked("change_settings", slow_mode_s=dice.choice([0, 0, 1]), locked=dice.random() < 0.2),
            lambda: asked("change_settings", control=dice.choice(["everyone", "moderators"]), capacity=9),
            self._reconnects,
            self._repeats,
            self._opens_a_tab,
            self._runs_dry,
            self._runs_dry,
            self._leaves,
        ]

    async def _asked(self, type_: str, *, id_: str = "", client: RoomClient | None = None, **fields: Any) -> Any:
        """Send a command that may be refused, and wait for the answer."""
        client = client or self.client
        assert client is not None
        id_ = id_ or uuid.uuid4().hex
        while True:
            answer = await client.command(type_, id_=id_, **fields)
            if answer.get("code") not in AGAIN:
                break
            await asyncio.sleep(0.2)
        assert answer["type"] != "error" or answer["code"] in NO, answer
        return answer

    async def _reconnects(self) -> None:
        assert self.client is not None
        await self.client.drop()
        if self._dice.random() < 0.3:
            await asyncio.sleep(self._dice.random() * 0.2)
        await self.comes_back()

    async def _repeats(self) -> None:
        """Lose the connection with an order under way, and repeat it elsewhere under the same id."""
        assert self.client is not None
        order = {"type": "say", "id": uuid.uuid4().hex, "text": "once"}
        await self.client.send(order)
        await self.client.drop()
        if await self.comes_back() and self.client is not None:
            await self._asked("say", id_=order["id"], text="once")

    async def _runs_dry(self) -> None:
        """Have the room wait, if it plays and waits for such as oneself."""
        await self._asked("report", ready=True, buffering=False)
        await self._asked("play")
        await self._asked("report", buffering=True)
        if self._dice.random() < 0.7:
            await self._asked("report", buffering=False)

    async def _opens_a_tab(self) -> None:
        tab = self._crowd.stranger(self._node(), self._room)
        with contextlib.suppress(Disconnected):
            await tab.hello(self._crowd.ticket(self._room, self.id, name=self.name))
            self.tabs.append(tab)
            await self._asked("seek", position_ms=self._dice.randrange(120_000), client=tab)
            if self._dice.random() < 0.7:
                await tab.drop()

    async def _leaves(self) -> None:
        assert self.client is not None
        await self.client.leave()
        await self.client.drop()
        self.client = None

    async def goes_home(self) -> None:
        for client in (self.client, *self.tabs):
            if client is not None:
                await client.drop()
