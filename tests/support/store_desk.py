"""A room's store under one's hands: steps are decided on what is in Redis and committed one by one."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sync_service.redis_client.address import read_address
from sync_service.redis_client.shards import Shards
from sync_service.room.commands import Close, Command, Join
from sync_service.room.decide import decide
from sync_service.room.evolve import evolve
from sync_service.store.changes import encoded
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.scripts import SCRIPTS
from sync_service.store.snapshot import Snapshot
from sync_service.store.step import Arrive, Depart, Step, guards_of, seat_of
from tests.support.clients import PATIENCE_S
from tests.support.fresh_stores import open_redis
from tests.unit.sync.rooms import empty_room


class Desk:
    """A room's store with one room in it."""

    def __init__(self, shards: Shards, url: str) -> None:
        self.url = url
        self.shards = shards
        self.store = RoomStore(shards.of(3), 3, "node")
        self.room_id = str(uuid.uuid4())
        self.names = RoomKeys.of(3, self.room_id)

    async def open(self) -> None:
        room = empty_room(capacity=2)
        await self.store.open(self.names, 1, 0, replace(room, meta=replace(room.meta, id=self.room_id)))

    async def read(self) -> Snapshot:
        found = await self.store.read(self.names)
        assert isinstance(found, Snapshot)
        return found

    async def step(self, command: Command, op: Arrive | Depart | None = None, **change: Any) -> list[bytes]:
        """Commit a command decided on what is in the store; ``change`` alters the step."""
        copy = await self.read()
        outcome = decide(copy.state, command, 1_000)
        assert isinstance(outcome, tuple)
        state, events = copy.state, []
        for event in outcome:
            state = evolve(state, event)
            events.append(encoded(event, command, state))
        step = Step(
            epoch=copy.epoch,
            guards=guards_of(copy.hashes, frozenset(copy.hashes)),
            deadline_ms=int(time.time() * 1000) + 60_000,
            op=op if isinstance(op, Depart) else None,
            command_keys=[] if command.id is None else [f"{command.by}:{command.id}"],
            events=events,
            closes=command if isinstance(command, Close) else None,
            arrivals=[(op, seat_of(op.member, copy.state, state))] if isinstance(op, Arrive) else [],
        )
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.store.commit(self.names, replace(step, **change), answer.set_result)
        self.store.link.flush()
        reply: list[bytes] = await asyncio.wait_for(answer, PATIENCE_S)
        return reply

    async def join(self, member: str, **change: Any) -> list[bytes]:
        join = Join(by=member, name=member, role="viewer", visit_id=f"v-{member}", since_ms=1_000)
        return await self.step(join, Arrive(member), **change)

    def everything(self) -> dict[bytes, bytes]:
        """All there is in this database, byte for byte."""
        with open_redis(self.url) as store:
            return {key: store.dump(key) for key in store.scan_iter()}


async def until_served(shards: Shards) -> None:
    """Wait until every partition has a shard and each of those is connected."""
    for _ in range(200):
        try:
            await shards.check()
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the store does not serve every partition")


@pytest.fixture
async def desk(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    # A store that only waits for a processor is not given up: what becomes of a step then is tested elsewhere.
    monkeypatch.setattr("sync_service.redis_client.wire.DEADLINE_S", PATIENCE_S)
    shards = Shards(read_address(redis_url), "test", 64, scripts=[script.source for script in SCRIPTS])
    await shards.start()
    await until_served(shards)
    desk = Desk(shards, redis_url)
    await desk.open()
    yield desk
    await shards.close()
