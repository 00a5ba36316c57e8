"""A room that is closed and reopened within the same moment, wherever the two are handled: the later one counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.broker import Transient
from shared.events.envelope import Event, new_event
from shared.events.rooms import ROOM_CLOSED, ROOM_OPENED, ROOM_REOPENED
from sync_service.broker.room_events import RoomEvents
from sync_service.live.hub import Hub
from sync_service.live.live_room import RoomClosed
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.snapshot import Snapshot
from tests.support.clients import PATIENCE_S
from tests.support.store_desk import Desk, desk
from tests.support.sync_fixtures import Cinema

__all__ = ["desk"]


@dataclass
class Node:
    """What handles the API's events on a node, and one room of its."""

    store: RoomStore
    hub: Hub
    room: dict[str, Any]
    events: RoomEvents = field(init=False)

    def __post_init__(self) -> None:
        self.events = RoomEvents(self.hub, 64)
        self.keys = RoomKeys.of(3, self.room["id"])

    async def handle(self, type_: str, version: int, **data: Any) -> None:
        """Handle an event as the broker has it done: again, until it is done."""
        event = self._event(type_, version, **data)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.events.handle(event)
                except Transient:
                    await asyncio.sleep(0.01)

    def _event(self, type_: str, version: int, **data: Any) -> Event:
        claim = {"room": {**self.room, "version": version}, "partition": 3}
        return new_event(type_, self.room["id"], {"version": version, **claim, **data}, source="api_service")

    async def close(self, version: int) -> None:
        await self.handle(ROOM_CLOSED, version, reason="owner", closed_at="2026-01-01T00:00:00Z")

    async def reopen(self, version: int) -> None:
        await self.handle(ROOM_REOPENED, version, position_ms=0, epoch=1)

    async def is_live(self) -> bool:
        found = await self.store.read(self.keys)
        return isinstance(found, Snapshot) and found.state.closed is None


@pytest.fixture
async def node(desk: Desk, cinema: Cinema) -> AsyncIterator[Node]:
    hub = Hub(desk.shards, "node")
    yield Node(desk.store, hub, cinema.room(partition=3))
    await hub.close()


async def between(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    first: Callable[[], Coroutine[Any, Any, None]],
    second: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """Have ``first`` wait where it calls ``owner.name``, until all of ``second`` was done."""
    real, reached, goes_on = getattr(owner, name), asyncio.Event(), asyncio.Event()

    async def waiting(*arguments: Any) -> Any:
        reached.set()
        await goes_on.wait()
        return await real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, waiting)
        earlier = asyncio.create_task(first())
        await asyncio.wait_for(reached.wait(), PATIENCE_S)
        patched.setattr(owner, name, real)
        await second()
        goes_on.set()
        await earlier


async def test_a_room_that_was_reopened_while_it_was_being_closed_stays_open(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.handle(ROOM_OPENED, 1)
    await between(monkeypatch, node.hub, "enter", lambda: node.close(2), lambda: node.reopen(3))
    assert await node.is_live()
    await node.close(4)
    assert not await node.is_live()


async def test_a_room_that_was_closed_while_it_was_being_reopened_stays_closed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.handle(ROOM_OPENED, 1)
    await node.close(2)
    store = node.hub.partitions[3].store
    await between(monkeypatch, store, "read", lambda: node.reopen(3), lambda: node.close(4))
    assert not await node.is_live()
    await node.reopen(5)
    assert await node.is_live()


async def test_a_closing_of_a_room_that_nobody_has_opened_yet_counts_by_its_version_too(node: Node) -> None:
    await node.reopen(3)
    await node.close(2)
    assert await node.is_live()
    await node.close(4)
    await node.reopen(3)
    assert not await node.is_live()


async def test_a_closing_that_finds_the_room_closed_as_it_was_before_looks_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have begun to enter before the reopening: whoever enters the same room shares that reading."""
    await node.handle(ROOM_OPENED, 1)
    await node.close(2)
    await node.reopen(3)
    stale, real = [RoomClosed("owner")], node.hub.enter

    async def enter(*arguments: Any) -> Any:
        if stale:
            raise stale.pop()
        return await real(*arguments)

    monkeypatch.setattr(node.hub, "enter", enter)
    await node.close(4)
    assert not await node.is_live()
