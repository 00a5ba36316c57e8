"""Clocks that are set wrong: one of a node changes nothing, one of the store is followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from deploy.local.redis_server import Redis, shifted
from sync_service.shards import Shards
from sync_service.store_address import read_address
from tests.clients import Disconnected, RoomClient
from tests.processes import RunProcess
from tests.sync_fixtures import Cinema, Crowd, SyncNode, start_node

Room = dict[str, Any]
StartNode = Callable[..., SyncNode]

HOUR_S = 3_600

# A node that goes by its own wall clock, as it must not.
BELIEVING = """
import runpy, time
from sync_service.entrance import Entrance
Entrance._known_ms = lambda self: time.time() * 1000
runpy.run_module("sync_service", run_name="__main__")
"""


def ahead(folder: Any, seconds: int) -> dict[str, str]:
    """Variables by which a process takes it to be that much later."""
    clock = folder / f"ahead-{seconds}"
    clock.write_text(f"{seconds:+d}\n")
    return shifted(clock)


async def offset_ms(client: RoomClient) -> float:
    """The server's clock less this process's monotonic one, by the fastest of a few pings."""
    found: list[tuple[float, float]] = []
    for _ in range(5):
        pong = await client.ping()
        now_ms = time.monotonic() * 1000
        found.append((now_ms - pong["t0"], (pong["t1"] + pong["t2"]) / 2 - (pong["t0"] + now_ms) / 2))
    return min(found)[1]


async def test_a_wall_clock_an_hour_off_on_one_node_changes_nothing(
    start: StartNode, crowd: Crowd, cinema: Cinema, room: Room, tmp_path: Any
) -> None:
    right, wrong = start(), start(**ahead(tmp_path, HOUR_S))
    anna, boris = await crowd.enter(right, room), await crowd.enter(wrong, room)
    assert (await anna.play())["type"] == "ack"
    await boris.expect("played")
    assert anna.playback == boris.playback
    offsets = [await offset_ms(client) for client in (anna, boris)]
    assert abs(offsets[0] - offsets[1]) < 1_000
    for client in (boris, anna):
        assert (await client.seek(40_000))["type"] == "ack"
        assert (await client.say("now"))["type"] == "ack"
    await anna.reaches(boris.point[1])
    moments = [message["sent_ms"] for message in anna.messages] + [event["time_ms"] for event in anna.events]
    assert max(moments) - min(moments) < 60_000

    await anna.reconnect(url=wrong.url())
    await boris.reconnect(url=right.url())
    for client in (anna, boris):
        assert client.welcome["mode"] == "resumed"
    await anna.reconnect(url=right.url())
    assert anna.welcome["mode"] == "resumed"
    for node in (right, wrong):
        for minted_s in (time.time() - 120, time.time() + HOUR_S):
            with pytest.raises(Disconnected):
                await crowd.stranger(node, room).hello(cinema.ticket(room, now_s=minted_s))


async def test_a_node_that_went_by_its_wall_clock_would_be_found_out(
    run_process: RunProcess,
    cinema: Cinema,
    own_redis_url: str,
    own_amqp_url: str,
    crowd: Crowd,
    room: Room,
    tmp_path: Any,
) -> None:
    program = ["python", "-c", BELIEVING]
    wrong = start_node(run_process, cinema, own_redis_url, own_amqp_url, program=program, **ahead(tmp_path, HOUR_S))
    with pytest.raises(Disconnected):
        await crowd.enter(wrong, room)
    assert crowd.clients[-1].received[-1]["code"] == "ticket_expired"


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_store_whose_clock_is_set_is_followed_and_the_jump_is_told(shifting_redis: Redis, shift_s: int) -> None:
    shards = Shards(read_address(shifting_redis.url), "test", 64)
    jumps: list[tuple[float, float]] = []
    shards.watch(lambda shard: shard.clock.on_jump.append(lambda *jump: jumps.append(jump)))
    await shards.start()
    (shard,) = shards
    try:
        for _ in range(200):
            if shard.clock.synchronized:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        before_s = time.monotonic()
        shifting_redis.set_clock(shift_s)
        set_s = time.monotonic()
        for _ in range(200):
            if jumps:
                break
            await asyncio.sleep(0.05)
    finally:
        await shards.close()
    ((told_ms, good_at_s),) = jumps
    assert told_ms == pytest.approx(shift_s * 1000, abs=500)
    assert before_s - 3 < good_at_s < set_s
    assert shard.clock.now_ms() == pytest.approx((time.time() + shift_s) * 1000, abs=2_000)


async def test_a_step_that_the_store_finds_late_has_its_clock_asked_at_once(shifting_redis: Redis) -> None:
    shards = Shards(read_address(shifting_redis.url), "test", 64)
    jumps: list[float] = []
    shards.watch(lambda shard: shard.clock.on_jump.append(lambda shift_ms, _good_at_s: jumps.append(shift_ms)))
    await shards.start()
    (shard,) = shards
    try:
        for _ in range(200):
            if shard.clock.synchronized:
                break
            await asyncio.sleep(0.05)
        # Past the first burst it is asked once a second: a doubt makes ten jumps be found in the time of two.
        await asyncio.sleep(0.5)
        started_s = time.monotonic()
        for n in range(1, 11):
            shifting_redis.set_clock(n * 10)
            shard.clock.doubt()
            while len(jumps) < n:
                # Once a second without a doubt: ten seconds.
                assert time.monotonic() - started_s < 8
                await asyncio.sleep(0.005)
    finally:
        await shards.close()
    assert [round(shift_ms, -3) for shift_ms in jumps] == [10_000] * 10
