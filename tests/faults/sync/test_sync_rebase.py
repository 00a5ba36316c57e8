"""The store's clock is set while a film plays: the film does not jump, and one node says so for all."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.support.clients import RoomClient
from tests.support.processes import RunProcess
from tests.support.shifting_redis import ShiftingRedis
from tests.support.sync_fixtures import Cinema, Crowd, start_node

HOUR_S = 3_600

# A node that follows the store's clock and leaves the rooms as they are.
INDIFFERENT = """
import runpy
from sync_service.live.timers import Timers
Timers.clock_jumped = lambda self, *_: None
runpy.run_module("sync_service", run_name="__main__")
"""


async def error_ms(client: RoomClient, start_ms: float, started_s: float) -> float:
    """How far the film is from where it would be had it simply gone on since it stood at ``start_ms``."""
    server_ms, now_s = await one_moment(client)
    return client.position_at(server_ms) - start_ms - (now_s - started_s) * 1000


async def one_moment(client: RoomClient) -> tuple[float, float]:
    """A moment in the server's milliseconds and in this process's own seconds, by the fastest of a few pings."""
    found: list[tuple[float, float, float]] = []
    for _ in range(5):
        pong = await client.ping()
        now_s = time.monotonic()
        took_ms = now_s * 1000 - pong["t0"]
        found.append((took_ms, pong["t2"] + took_ms / 2, now_s))
    return min(found)[1:]


async def ping_for(client: RoomClient, seconds: float) -> None:
    """Ask for the time as often as one may, whether it is answered or not."""
    for _ in range(int(seconds * 6)):
        await client.send({"type": "ping", "t0": time.monotonic() * 1000})
        await asyncio.sleep(1 / 6)


def tells_no_time_on_the_wrong_side(client: RoomClient, shift_s: int) -> None:
    """Before `rebased` every pong tells the old time, after it every one the new."""
    kinds = [message["type"] for message in client.received]
    offsets = [message["t1"] - message["t0"] if message["type"] == "pong" else None for message in client.received]
    at = kinds.index("rebased")
    before = [offset for offset in offsets[:at] if offset is not None]
    after = [offset for offset in offsets[at:] if offset is not None]
    assert before
    assert after
    assert max(before) - min(before) < HOUR_S * 500
    assert all(abs(offset - before[0] - shift_s * 1_000) < HOUR_S * 500 for offset in after)


async def watching(crowd: Crowd, cinema: Cinema, nodes: list[Any]) -> tuple[list[RoomClient], float, float]:
    """Members on each node, a film that plays, and where it stood at which moment."""
    room = cinema.room()
    clients = [await crowd.enter(node, room, name=f"Member {n}") for n, node in enumerate(nodes)]
    await clients[0].seek(20_000)
    await clients[0].play()
    await asyncio.gather(*(client.expect("played") for client in clients))
    server_ms, now_s = await one_moment(clients[0])
    await asyncio.sleep(1)
    return clients, clients[0].position_at(server_ms), now_s


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
async def test_the_film_goes_on_where_it_was_when_the_stores_clock_is_set(
    run_process: RunProcess,
    cinema: Cinema,
    shifting_redis: ShiftingRedis,
    own_amqp_url: str,
    crowd: Crowd,
    shift_s: int,
) -> None:
    nodes = [start_node(run_process, cinema, shifting_redis.url, own_amqp_url) for _ in range(3)]
    clients, start_ms, started_s = await watching(crowd, cinema, nodes)
    assert abs(await error_ms(clients[0], start_ms, started_s)) < 1_000
    for client in clients:
        await client.ping()
    pinging = [asyncio.create_task(ping_for(client, 4)) for client in clients]
    await asyncio.sleep(0.3)
    shifting_redis.set_clock(shift_s)
    for client in clients:
        rebased = await client.expect("rebased", timeout_s=20)
        assert rebased["shift_ms"] == pytest.approx(shift_s * 1000, abs=1_000)
    await asyncio.gather(*pinging)
    for client in clients:
        await client.ping()
        tells_no_time_on_the_wrong_side(client, shift_s)
        # The clock is known to within what the busy machine lets a ping take; a jump of the film would be an hour.
        assert abs(await error_ms(client, start_ms, started_s)) < 1_000
    assert (await clients[1].say("still together"))["type"] == "ack"
    assert (await clients[2].pause())["type"] == "ack"
    for client in clients:
        await client.reaches(clients[2].point[1])
        assert [event["type"] for event in client.events].count("rebased") == 1
        assert client.playback == clients[0].playback
        assert client.playback["position_ms"] < 100_000
    known = {**cinema.room(), "id": clients[0].room["id"]}
    late = await crowd.enter(nodes[0], known, now_s=time.time() + shift_s)  # tickets go by the same clock
    assert late.playback == clients[0].playback


async def test_without_being_rebased_the_film_would_jump(
    run_process: RunProcess, cinema: Cinema, shifting_redis: ShiftingRedis, own_amqp_url: str, crowd: Crowd
) -> None:
    node = start_node(run_process, cinema, shifting_redis.url, own_amqp_url, program=["python", "-c", INDIFFERENT])
    (anna,), start_ms, started_s = await watching(crowd, cinema, [node])
    shifting_redis.set_clock(HOUR_S)
    for _ in range(200):
        if await error_ms(anna, start_ms, started_s) > 60_000:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the film did not jump")
