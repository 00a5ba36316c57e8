"""Connections to shards: what a Redis refuses is known to have done nothing, and answers keep their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.free_ports import free_port
from deploy.local.redis_server import Redis
from sync_service.redis_client.address import Address, read_address
from sync_service.redis_client.client import RedisLink, StoreAway
from sync_service.redis_client.shards import Shards
from sync_service.redis_client.topology import slot_of
from tests.support.redis_cluster import RedisCluster

Connect = Callable[..., Awaitable[RedisLink]]
PARTITION = 60  # no other test's
CHANNEL = b"{p60}:events:0"


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect to one server, with these callbacks."""
    links: list[RedisLink] = []

    async def to(server: Redis, **callbacks: Callable[[Any], None]) -> RedisLink:
        link = RedisLink(read_address(f"redis://127.0.0.1:{server.port}"), "test")
        links.append(link)
        for name, callback in callbacks.items():
            getattr(link, name).append(callback)
        await link.start()
        await link.wait_up()
        return link

    yield to
    for link in links:
        await link.close()


def servers(cluster: RedisCluster) -> tuple[Redis, Redis]:
    """The master that serves PARTITION, and one that does not."""
    right = cluster.master_of(slot_of(f"p{PARTITION}".encode()))
    wrong = next(node for node in map(cluster.master_of, (0, 8_000, 16_000)) if node is not right)
    return right, wrong


async def heard(link: RedisLink, channel: bytes) -> object:
    """What comes of subscribing."""
    answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    link.subscribe(channel, answer.set_result)
    return await asyncio.wait_for(answer, 10)


async def test_a_shard_that_is_not_the_right_one_has_done_nothing(
    redis_cluster: RedisCluster, connect: Connect
) -> None:
    _, wrong = servers(redis_cluster)
    words: list[str] = []
    link = await connect(wrong, on_refused=words.append)
    with pytest.raises(StoreAway, match="MOVED"):
        await link.call("SET", "{p60}:x", "1")
    assert words == ["MOVED"]
    assert await link.call("PING") == b"PONG"


async def test_a_refused_subscription_takes_nobody_elses_answer(redis_cluster: RedisCluster, connect: Connect) -> None:
    right, wrong = servers(redis_cluster)
    for server, outcome in ((right, type(None)), (wrong, StoreAway)):
        link = await connect(server)
        before, subscribed, behind = await asyncio.gather(
            link.call("ECHO", "before"), heard(link, CHANNEL), link.call("ECHO", "behind")
        )
        assert (before, behind) == (b"before", b"behind")
        assert isinstance(subscribed, outcome)
        link.unsubscribe(CHANNEL)
        assert await link.call("ECHO", "after") == b"after"


async def test_who_heard_a_channel_that_moves_is_told(redis_cluster: RedisCluster, connect: Connect) -> None:
    right, wrong = servers(redis_cluster)
    unheard: list[bytes] = []
    link = await connect(right, on_unsubscribed=unheard.append)
    assert await heard(link, CHANNEL) is None
    slot = slot_of(f"p{PARTITION}".encode())
    await asyncio.to_thread(redis_cluster.move_slot, slot, wrong)
    try:
        for _ in range(500):
            if unheard:
                break
            await asyncio.sleep(0.02)
        assert unheard == [CHANNEL]
        assert await link.call("ECHO", "after") == b"after"
    finally:
        await asyncio.to_thread(redis_cluster.move_slot, slot, right)


async def test_a_master_that_became_a_replica_is_left_at_once(tmp_path: Path, connect: Connect) -> None:
    with Redis(tmp_path / "redis", port=free_port(), log=tmp_path / "redis.log") as server:
        link = await connect(server)
        lost: list[bool] = []
        link.on_down.append(lambda: lost.append(True))
        with server.client() as client:
            client.replicaof("127.0.0.1", 1)
        with pytest.raises(StoreAway, match="READONLY"):
            await link.call("SET", "x", "1")
        assert not link.up
        for _ in range(500):
            if lost:
                break
            await asyncio.sleep(0.01)
        assert lost
        with server.client() as client:
            client.replicaof("NO", "ONE")
        await link.wait_up()
        assert await link.call("SET", "x", "1") == b"OK"


async def test_one_that_is_no_master_is_not_connected_to(redis_cluster: RedisCluster) -> None:
    master, _ = servers(redis_cluster)
    (replica,) = redis_cluster.replicas_of(master)
    asked = 0

    async def locate() -> Address:
        nonlocal asked
        asked += 1
        return "127.0.0.1", (replica if asked < 3 else master).port

    link = RedisLink(read_address(redis_cluster.url), "test", locate=locate, masters_only=True)
    ports: list[int] = []
    link.on_up.append(lambda: ports.append(link.address[1]))
    await link.start()
    try:
        await asyncio.wait_for(link.wait_up(), 10)
        assert ports == [master.port]
        assert asked >= 3
    finally:
        await link.close()


async def test_every_partition_of_a_cluster_is_served_and_answers(redis_cluster: RedisCluster) -> None:
    shards = Shards(read_address(redis_cluster.url), "test", 64)
    await shards.start()
    try:
        for _ in range(500):
            try:
                await shards.check()
            except ConnectionError:
                await asyncio.sleep(0.02)
            else:
                break
        assert len(list(shards)) == 3
        for number in range(64):
            assert await shards.of(number).link.call("EXISTS", f"{{p{number}}}:journal") in (0, 1)
    finally:
        await shards.close()
