"""Clocks that are set wrong: one of a node changes nothing, one of the store is followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sync_service.redis_client.address import read_address
from sync_service.redis_client.clock import PartitionClock, elapsed_s
from sync_service.redis_client.shards import Shards
from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.shifting_redis import ShiftingRedis, shifted
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, same_for_all, start_node

Room = dict[str, Any]
StartNode = Callable[..., SyncNode]

HOUR_S = 3_600

# A node that goes by its own wall clock, as it must not.
BELIEVING = """
import runpy, time
from sync_service.sockets.handshake import Handshake
Handshake._synchronized_ms = lambda self: time.time() * 1000
runpy.run_module("sync_service", run_name="__main__")
"""


def ahead(folder: Path, seconds: int) -> dict[str, str]:
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


@pytest.fixture
def start_here(run_process: RunProcess, cinema: Cinema, redis_url: str, amqp_url: str) -> StartNode:
    """Start a node on stores that nothing here breaks."""
    return partial(start_node, run_process, cinema, redis_url, amqp_url)


async def test_a_wall_clock_an_hour_off_on_one_node_changes_nothing(
    start_here: StartNode, crowd: Crowd, cinema: Cinema, room: Room, tmp_path: Path
) -> None:
    right, wrong = start_here(), start_here(**ahead(tmp_path, HOUR_S))
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
    start_here: StartNode, crowd: Crowd, room: Room, tmp_path: Path
) -> None:
    wrong = start_here(program=["python", "-c", BELIEVING], **ahead(tmp_path, HOUR_S))
    with pytest.raises(Disconnected):
        await crowd.enter(wrong, room)
    assert crowd.clients[-1].received[-1]["code"] == "ticket_expired"


async def test_a_node_that_never_asked_its_store_judges_no_ticket_by_its_wall_clock(
    run_process: RunProcess, cinema: Cinema, amqp_url: str, crowd: Crowd, room: Room, tmp_path: Path
) -> None:
    nowhere = "redis://127.0.0.1:1"
    wrong = start_node(run_process, cinema, nowhere, amqp_url, until="/healthz", **ahead(tmp_path, HOUR_S))
    with pytest.raises(Disconnected) as ended:
        await crowd.stranger(wrong, room).hello(crowd.ticket(room))
    assert ended.value.code == 4503
    assert crowd.clients[-1].received[-1]["code"] == "try_again"


@asynccontextmanager
async def clock_of(redis: ShiftingRedis) -> AsyncIterator[tuple[PartitionClock, list[tuple[float, float]]]]:
    """Yield the clock of a store once it has been asked for a while, and the jumps that are told of it."""
    shards = Shards(read_address(redis.url), "test", 64)
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
        yield shard.clock, jumps
    finally:
        await shards.close()


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_store_whose_clock_is_set_is_followed_and_the_jump_is_told(
    shifting_redis: ShiftingRedis, shift_s: int
) -> None:
    async with clock_of(shifting_redis) as (clock, jumps):
        before_s = clock.good_at_s
        shifting_redis.set_clock(shift_s)
        set_s = elapsed_s()
        for _ in range(200):
            if jumps:
                break
            await asyncio.sleep(0.05)
    ((told_ms, good_at_s),) = jumps
    assert told_ms == pytest.approx(shift_s * 1000, abs=500)
    assert before_s <= good_at_s < set_s
    assert clock.now_ms() == pytest.approx((time.time() + shift_s) * 1000, abs=2_000)


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_the_film_does_not_jump_when_the_stores_clock_does(
    run_process: RunProcess,
    cinema: Cinema,
    shifting_redis: ShiftingRedis,
    amqp_url: str,
    crowd: Crowd,
    room: Room,
    shift_s: int,
) -> None:
    nodes = [start_node(run_process, cinema, shifting_redis.url, amqp_url) for _ in range(2)]
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    assert (await clients[0].play())["type"] == "ack"
    for client in clients:
        await client.expect("played")
    await asyncio.sleep(1.5)
    offsets_ms = [await offset_ms(client) for client in clients]
    before_s = time.monotonic()
    before_ms = [
        client.position_at(before_s * 1000 + offset) for client, offset in zip(clients, offsets_ms, strict=True)
    ]
    shifting_redis.set_clock(shift_s)
    for client in clients:
        await client.until(lambda client=client: client.events[-1]["type"] == "rebased", timeout_s=20)  # type: ignore[misc]
    # By the rule of docs/protocol.md the client's idea of the clock is set as the server's was.
    offsets_ms = [offset + client.events[-1]["shift_ms"] for client, offset in zip(clients, offsets_ms, strict=True)]
    after_s = time.monotonic()
    for client, offset, position_ms in zip(clients, offsets_ms, before_ms, strict=True):
        later_ms = client.position_at(after_s * 1000 + offset)
        assert later_ms - position_ms == pytest.approx((after_s - before_s) * 1000, abs=300)
    # And every node counts so, soon.
    await asyncio.sleep(1)
    for client, offset in zip(clients, offsets_ms, strict=True):
        assert await offset_ms(client) == pytest.approx(offset, abs=300)
    assert (await clients[1].say("and on it goes"))["type"] == "ack"
    assert (await clients[2].pause())["type"] == "ack"
    await same_for_all(clients)
    assert [event["type"] for event in clients[0].events].count("rebased") == 1
    assert "member_left" not in [event["type"] for event in clients[0].events]


async def test_a_step_that_the_store_finds_late_has_its_clock_asked_at_once(
    shifting_redis: ShiftingRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Past its first burst it is asked again only when it is invalidated.
    monkeypatch.setattr("sync_service.redis_client.clock.PROBE_S", 3_600)
    async with clock_of(shifting_redis) as (clock, jumps):
        for n in range(1, 11):
            shifting_redis.set_clock(n * 10)
            clock.invalidate()
            async with asyncio.timeout(30):
                while len(jumps) < n:
                    await asyncio.sleep(0.005)
    assert [round(shift_ms, -3) for shift_ms, _ in jumps] == [10_000] * 10
