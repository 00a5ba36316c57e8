"""Reactions to the film reach the archive as numbers: from each node now and then, and when it ends."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.broker import Broker
from shared.events.envelope import Event
from shared.events.journal import REACTIONS_COUNTED
from sync_service.store import room_store
from tests.support.clients import PATIENCE_S
from tests.support.fresh_stores import open_redis
from tests.support.processes import RunProcess
from tests.support.store_desk import Desk, desk
from tests.support.sync_fixtures import NEVER_MS, Cinema, Crowd, start_node

__all__ = ["desk"]

NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
FLUSHING_EVERY = """
import runpy
from sync_service.live import reactions
reactions.FLUSH_S = {}
runpy.run_module("sync_service", run_name="__main__")
"""


async def test_each_node_tells_what_it_has_counted_and_the_rest_when_it_ends(
    run_process: RunProcess, cinema: Cinema, redis_url: str, amqp_url: str, crowd: Crowd, room: dict[str, Any]
) -> None:
    room["starts_at"] = NEVER_MS
    # The second one leaves the journal to the first, which else would wait for its lease.
    often, never = (
        start_node(run_process, cinema, redis_url, broker, program=["python", "-c", FLUSHING_EVERY.format(flush_s)])
        for broker, flush_s in ((amqp_url, 0.5), (NOWHERE, 3_600))
    )
    told: dict[str, Event] = {}

    async def keep(event: Event) -> None:
        told[event.id] = event

    archive = Broker(amqp_url, "api_service")
    archive.consume("api_service.journal", ("visit.*.v1", "playback.changed.v1", "reactions.counted.v1"), keep)
    await archive.start()

    async def counted(reactions: int) -> list[Event]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [event for event in told.values() if event.type == REACTIONS_COUNTED]
                if sum(event.data["count"] for event in found) >= reactions:
                    return found
                await asyncio.sleep(0.02)

    anna, boris = await crowd.enter(often, room), await crowd.enter(never, room)
    assert (await anna.seek(61_000))["type"] == "ack"
    await boris.reaches(anna.point[1])
    for client in (boris, anna):
        for _ in range(6):
            await client.react("🐋")
        await client.send_raw('{"type":"react","emoji":"not one"}')
        await client.expect("error")

    by_anna = await counted(6)
    assert sum(event.data["count"] for event in by_anna) == 6
    assert len(by_anna) < 6
    for event in by_anna:
        assert (event.data["position_ms"], event.data["epoch"]) == (60_000, 1)
        assert event.data["seq"] == anna.point[1]
        assert UUID(event.id)
    never.process.stop()
    everything = await counted(12)
    await archive.close()
    assert [event.data["count"] for event in everything if event not in by_anna] == [6]


async def test_a_full_journal_takes_no_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.join("anna")
    counted = (desk.room_id, 1, 1, REACTIONS_COUNTED, b"{}")
    await desk.store.append(*counted, "first")
    monkeypatch.setattr(room_store, "JOURNAL_BOUND", 2)
    await desk.store.append(*counted, "second")
    with open_redis(desk.url) as store:
        kept = [entry.get(b"id") for _, entry in store.xrange("{p3}:journal")]
    assert kept == [None, b"first"]
