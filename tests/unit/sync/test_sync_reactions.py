"""Reactions to the film are counted in memory: the journal is told a number now and then, never one by one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from shared.events.envelope import SCHEMAS
from shared.events.journal import REACTIONS_COUNTED
from sync_service.live import reactions
from sync_service.live.live_room import LiveRoom
from sync_service.live.reactions import Reactions
from sync_service.redis_client.client import StoreAway
from tests.unit.sync.rooms import empty_room

ROOM_ID = "22222222-2222-4222-8222-222222222222"
AT_MS = 1_700_000_000_000


class Store:
    """Keeps what is appended to the journal, unless it is away."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.away = False

    async def append(self, room_id: str, epoch: int, seq: int, type_: str, data: bytes, id_: str) -> None:
        if self.away:
            raise StoreAway("away")
        entry = {"room_id": room_id, "epoch": epoch, "seq": seq, **orjson.loads(data)}
        assert type_ == REACTIONS_COUNTED
        assert SCHEMAS[type_].validate(entry) == {}
        self.entries.append(entry)
        self.ids.append(id_)


class Room:
    id = ROOM_ID
    replica = SimpleNamespace(epoch=2)

    def __init__(self, store: Store) -> None:
        self.store = store
        self.state = empty_room()
        self.seq = 7


class Scene:
    """A node with one room."""

    def __init__(self) -> None:
        self.store = Store()
        self.tasks: list[asyncio.Task[None]] = []
        self.reactions = Reactions(self._spawn)
        self.room = Room(self.store)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def react(self, position_ms: int, times: int = 1) -> None:
        for _ in range(times):
            self.reactions.add(cast("LiveRoom", self.room), position_ms, AT_MS)

    def another_film(self) -> None:
        meta = self.room.state.meta
        self.room.state = replace(self.room.state, meta=replace(meta, film={**meta.film, "id": "another"}))
        self.room.seq += 1

    @property
    def told(self) -> list[tuple[int, int, int]]:
        """What the journal was told: the seq, the minute's begin, how many."""
        return [(entry["seq"], entry["position_ms"], entry["count"]) for entry in self.store.entries]


def run(scenario: Callable[[Scene], Awaitable[None]]) -> None:
    """Play it in a loop of its own."""

    async def played() -> None:
        await scenario(Scene())

    asyncio.run(played())


def test_no_reaction_reaches_the_journal_before_all_are_flushed_as_one_number() -> None:
    async def scenario(scene: Scene) -> None:
        scene.react(60_000, times=500)
        scene.react(119_999, times=500)
        await asyncio.sleep(0)
        assert scene.told == []
        await scene.reactions.flush()
        assert scene.told == [(7, 60_000, 1_000)]
        assert scene.store.entries[0]["epoch"] == 2
        assert scene.store.entries[0]["at"] == "2023-11-14T22:13:20.000Z"
        await scene.reactions.flush()
        assert len(scene.told) == 1, "what was told is told once"

    run(scenario)


def test_minutes_and_films_are_counted_apart_each_from_its_first_reaction_on() -> None:
    async def scenario(scene: Scene) -> None:
        scene.react(59_999)
        scene.react(60_000, times=2)
        scene.another_film()
        scene.react(60_000, times=3)
        await scene.reactions.flush()
        assert scene.told == [(7, 0, 1), (7, 60_000, 2), (8, 60_000, 3)]
        assert len(set(scene.store.ids)) == 3

    run(scenario)


def test_a_room_tells_its_count_by_itself_but_not_more_often_than_every_so_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reactions, "FLUSH_S", 0.05)

    async def scenario(scene: Scene) -> None:
        began_s, reacted = time.monotonic(), 0
        while len(scene.told) < 4:
            scene.react(0)
            reacted += 1
            await asyncio.sleep(0.001)
        took_s = time.monotonic() - began_s
        assert len(scene.told) <= took_s / reactions.FLUSH_S + 1
        await scene.reactions.flush()
        await asyncio.gather(*scene.tasks)
        assert sum(count for _, _, count in scene.told) == reacted

    run(scenario)


def test_what_is_counted_while_the_store_is_away_is_lost_and_the_next_count_begins_anew() -> None:
    async def scenario(scene: Scene) -> None:
        scene.store.away = True
        scene.react(0, times=5)
        await scene.reactions.flush()
        scene.store.away = False
        scene.react(0, times=2)
        await scene.reactions.flush()
        assert scene.told == [(7, 0, 2)]

    run(scenario)
