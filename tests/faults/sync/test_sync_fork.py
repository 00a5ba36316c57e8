"""The store lost a tail and nobody has noticed yet: what a node answers in the seconds until then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tests.faults.sync.lost_tail import go_back, remembered
from tests.support.sync_fixtures import Crowd, SyncNode

Room = dict[str, Any]
StartNode = Callable[..., SyncNode]

# Comparing heads would find it out within three seconds; here it never does.
BLIND = """
import runpy
from sync_service.live import recovery
recovery.HEADS_S = 3600.0
runpy.run_module("sync_service", run_name="__main__")
"""


@contextmanager
def lost_afterwards(url: str) -> Iterator[None]:
    """Take back what is written to the store within."""
    with redis.Redis.from_url(url) as store:
        survived = remembered(store)
        yield
        go_back(store, survived)


async def settled(crowd: Crowd, node: SyncNode, room: Room) -> tuple[Any, Any]:
    """Two members of a room that has nothing more to do by itself."""
    anna, boris = await crowd.enter(node, room, name="Anna"), await crowd.enter(node, room, name="Boris")
    await anna.play()
    await anna.pause()
    await anna.seek(10_000)
    return anna, boris


@pytest.mark.parametrize("tail", [1, 3], ids=lambda tail: f"{tail} lost")
async def test_whoever_comes_back_at_a_lost_point_starts_over_and_so_do_all(
    start: StartNode, own_redis_url: str, crowd: Crowd, room: Room, tail: int
) -> None:
    node = start(program=["python", "-c", BLIND])
    anna, boris = await settled(crowd, node, room)
    with lost_afterwards(own_redis_url):
        for n in range(tail):
            await anna.say(f"is lost {n}")
        await boris.reaches(anna.point[1])
    await boris.reconnect()
    assert boris.welcome["mode"] == "snapshot"
    assert (boris.point[0], boris.messages) == (2, [])
    await anna.expect("snapshot")
    assert (anna.messages, anna.point) == ([], boris.point)
    assert (await anna.say("goes on"))["type"] == "ack"
    await boris.reaches(anna.point[1])
    assert [message["text"] for message in boris.messages] == ["goes on"]


async def test_a_command_that_meets_a_lost_tail_is_acknowledged_in_the_history_that_survived(
    start: StartNode, own_redis_url: str, crowd: Crowd, room: Room
) -> None:
    node = start(program=["python", "-c", BLIND])
    anna, boris = await settled(crowd, node, room)
    with lost_afterwards(own_redis_url):
        await boris.say("is lost")
        await anna.reaches(boris.point[1])
    answer = await anna.say("survives")
    assert answer["type"] == "ack"
    for client in (anna, boris):
        await client.expect("snapshot")
        assert [message["text"] for message in client.messages] == ["survives"]
    assert anna.point == boris.point
