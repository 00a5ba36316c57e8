"""Killed nodes, a Redis that restarts, hangs or forgets, a RabbitMQ that is away: rooms go on where they were."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis

from deploy.local.stores import PrivateStores
from shared.broker import Broker
from shared.events.envelope import Event
from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import (
    Cinema,
    Crowd,
    SyncNode,
    come_back,
    same_for_all,
    start_node,
    status,
    until_ready,
)

Room = dict[str, Any]
StartNode = Callable[..., SyncNode]


async def keep_saying(client: RoomClient, count: int, pause_s: float = 0.05) -> list[str]:
    """Say things as a real client does: repeat what was not acknowledged, come back when cut off; gives what was."""
    acknowledged = []
    for n in range(count):
        text = f"{client.id[:8]} {n}"
        while True:
            try:
                answer = await client.say(text, id_=text)
            except (Disconnected, ConnectionError, AssertionError):
                await come_back(client)
                continue
            if answer["type"] == "ack":
                acknowledged.append(text)
                break
            assert answer["code"] in ("try_again", "outcome_unknown", "rate_limited"), answer
            await asyncio.sleep(answer["retry_after_ms"] / 1000)
        await asyncio.sleep(pause_s)
    return acknowledged


async def test_a_killed_process_costs_nothing_that_was_acknowledged(start: StartNode, crowd: Crowd, room: Room) -> None:
    nodes = start(), start()
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    await clients[0].play()
    talking = [asyncio.create_task(keep_saying(client, 12)) for client in clients]
    await asyncio.sleep(0.3)
    nodes[0].process.kill()
    for client in clients[::2]:
        client.url = nodes[1].url()
    said = [text for texts in await asyncio.gather(*talking) for text in texts]
    await same_for_all(clients)
    texts = [message["text"] for message in clients[0].messages]
    assert sorted(texts) == sorted(said)
    assert clients[0].playback["status"] == "playing"
    assert "member_left" not in [event["type"] for event in clients[1].events]


async def test_after_a_kill_a_client_resumes_on_the_next_process_with_no_api(
    run_process: RunProcess, cinema: Cinema, own_redis_url: str, own_amqp_url: str, crowd: Crowd, room: Room
) -> None:
    node = start_node(run_process, cinema, own_redis_url, own_amqp_url)
    anna, boris = await crowd.enter(node, room), await crowd.enter(node, room)
    await anna.play()
    await boris.say("before")
    await anna.reaches(boris.point[1])
    point, playback = anna.point, anna.playback
    node.process.kill()
    node.process.start()
    await asyncio.gather(come_back(anna), come_back(boris))
    for client in (anna, boris):
        assert client.welcome["mode"] == "resumed"
        assert client.point == point
        assert client.playback == playback
    await anna.say("after")
    await boris.expect(lambda message: message["type"] == "said" and message["message"]["text"] == "after")
    assert "member_left" not in [event["type"] for event in boris.events]


async def test_redis_restarts_in_the_middle_and_nothing_acknowledged_is_lost(
    start: StartNode, own_stores: PrivateStores, crowd: Crowd, room: Room
) -> None:
    # Else a Redis whose disk is busy puts off what it writes, and loses it when it is killed.
    with own_stores.redis.client() as store:
        store.config_set("appendfsync", "always")
    nodes = start(), start()
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    await clients[0].play()
    talking = [asyncio.create_task(keep_saying(client, 12, 0.2)) for client in clients]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_stores.redis.kill)
    await asyncio.sleep(0.7)
    await until_ready(nodes[0], ready=False)
    assert await status(nodes[0], "/healthz") == 200
    await asyncio.to_thread(own_stores.redis.start)
    said = [text for texts in await asyncio.gather(*talking) for text in texts]
    await same_for_all(clients)
    texts = [message["text"] for message in clients[0].messages]
    assert sorted(texts) == sorted(said)
    assert len(texts) == len(set(texts))
    assert all(client.close_code is None for client in clients)
    assert clients[0].playback["status"] == "playing"
    assert "member_left" not in [event["type"] for event in clients[0].events]
    await until_ready(nodes[0])


async def test_a_redis_that_hangs_is_given_up_and_the_command_may_be_repeated(
    start: StartNode, own_stores: PrivateStores, crowd: Crowd, room: Room
) -> None:
    node = start()
    anna = await crowd.enter(node, room)
    pid = own_stores.redis.pid
    assert pid is not None
    for n in range(10):
        os.kill(pid, signal.SIGSTOP)
        try:
            answer = await anna.say("once", id_=f"mine {n}")
            assert (await anna.ping())["type"] == "pong"
        finally:
            os.kill(pid, signal.SIGCONT)
        if answer["code"] == "outcome_unknown":
            break
        # The node had given Redis up before it was told; this did nothing, and is not repeated.
        assert answer["code"] == "try_again"
        await until_ready(node)
    assert answer["code"] == "outcome_unknown"
    for _ in range(200):
        answer = await anna.say("once", id_=f"mine {n}")
        if answer["type"] == "ack":
            break
        await asyncio.sleep(0.1)
    await anna.reaches(answer["seq"])
    assert [message["text"] for message in anna.messages] == ["once"]


async def test_without_redis_a_node_starts_says_so_and_serves_once_it_is_there(
    start: StartNode, own_stores: PrivateStores, crowd: Crowd, room: Room
) -> None:
    own_stores.redis.stop()
    node = start(until="/healthz")
    assert await status(node, "/readyz") == 503
    with pytest.raises(Disconnected) as ended:
        await crowd.stranger(node, room).hello(crowd.ticket(room))
    assert ended.value.code == 4503
    assert crowd.clients[0].received[-1]["code"] == "try_again"
    own_stores.redis.start()
    await until_ready(node)
    anna = await crowd.enter(node, room)
    assert (await anna.say("at last"))["type"] == "ack"


async def test_redis_emptied_under_a_running_room_is_filled_from_the_nodes_copies(
    start: StartNode, own_redis_url: str, crowd: Crowd, room: Room
) -> None:
    nodes = start(), start()
    clients = [await crowd.enter(nodes[n % 2], room, name=f"Member {n}") for n in range(3)]
    lost = await crowd.enter(nodes[0], room, name="Lost")
    await clients[0].play()
    await clients[1].say("remember me")
    for client in clients:
        await client.reaches(clients[1].point[1])
    playback, members = clients[0].playback, set(clients[0].members)
    await lost.drop()
    with redis.Redis.from_url(own_redis_url) as store:
        store.flushdb()
    for client in clients:
        await client.expect("snapshot", timeout_s=20)
        assert client.point[0] == 2
        assert client.playback == playback
        assert set(client.members) == members
        assert [message["text"] for message in client.messages] == ["remember me"]
    assert (await clients[2].say("and me"))["type"] == "ack"
    for client in clients:
        left = await client.expect("member_left", timeout_s=40)
        assert left["member_id"] == lost.id
    await asyncio.sleep(3)
    await same_for_all(clients)
    assert set(clients[0].members) == {client.id for client in clients}


async def test_after_everything_restarted_empty_the_ticket_brings_the_room_back_paused(
    start: StartNode, own_redis_url: str, cinema: Cinema, crowd: Crowd, room: Room
) -> None:
    with redis.Redis.from_url(own_redis_url) as store:
        store.flushdb()
    restore = {"position_ms": 61_000, "epoch": 3, "seq": 77}
    anna, boris = await asyncio.gather(*(crowd.enter(start(), room, restore=restore) for _ in range(2)))
    for client in (anna, boris):
        assert client.point[0] == 4
        assert client.playback["status"] == "paused"
        assert client.playback["position_ms"] == 61_000
    await anna.report(ready=True)
    await boris.expect("member_changed")
    assert boris.playback["status"] == "paused"
    await anna.play()
    await boris.expect("played")


async def test_while_rabbitmq_is_away_rooms_go_on_and_the_archive_is_told_later(
    start: StartNode, own_stores: PrivateStores, own_amqp_url: str, crowd: Crowd, room: Room
) -> None:
    own_stores.rabbitmq.stop()
    node = start()
    await until_ready(node)
    anna = await crowd.enter(node, room)
    for n in range(8):
        assert (await anna.say(str(n)))["type"] == "ack"
    own_stores.rabbitmq.start()
    await until_connected(node)
    await asyncio.sleep(1)  # nobody has a queue for it yet: it has to wait all the same
    told: dict[str, Event] = {}

    async def keep(event: Event) -> None:
        told[event.id] = event

    def texts() -> list[str]:
        return [event.data["text"] for event in told.values() if event.type == "chat.posted.v1"]

    archive = Broker(own_amqp_url, "api_service")
    archive.consume("api_service.journal", ("visit.*.v1", "playback.changed.v1", "chat.*.v1"), keep)
    await archive.start()
    try:
        for _ in range(200):
            if len(texts()) >= 8:
                break
            await asyncio.sleep(0.1)
    finally:
        await archive.close()
    assert sorted(texts()) == [str(n) for n in range(8)]


async def test_a_process_that_is_asked_to_end_sends_its_clients_elsewhere(
    start: StartNode, crowd: Crowd, room: Room
) -> None:
    nodes = start(), start()
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    await anna.reaches(boris.point[1])
    stopping = asyncio.create_task(asyncio.to_thread(nodes[0].process.stop))
    told = await anna.expect("reconnect")
    assert 0 <= told["after_ms"] <= 2_000
    assert await anna.closed() == 4503
    await anna.reconnect(url=nodes[1].url())
    assert anna.welcome["mode"] == "resumed"
    await stopping
    await anna.say("elsewhere")
    await boris.expect("said")
    assert "member_left" not in [event["type"] for event in boris.events]


async def until_connected(node: SyncNode) -> None:
    """Wait until a node has found its RabbitMQ again."""
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            async with session.get(node.http("/readyz")) as answer:
                if (await answer.json())["checks"]["rabbitmq"] == "ok":
                    return
            await asyncio.sleep(0.1)
    raise AssertionError("the node did not find RabbitMQ again")


@pytest.mark.parametrize("word", ["MISCONF", "OOM"])
async def test_a_redis_that_takes_no_writes_is_logged_counted_and_told(
    start: StartNode, crowd: Crowd, room: Room, own_redis_url: str, word: str
) -> None:
    node = start()
    anna = await crowd.enter(node, room)
    with redis.Redis.from_url(own_redis_url) as store:
        if word == "OOM":
            store.config_set("maxmemory-policy", "noeviction")
            store.config_set("maxmemory", "1")
        else:
            await _fail_to_save(store)
        assert (await anna.play())["code"] == "try_again"
        await _metrics_say(node, "sync_shard_up", "} 0.0")
        await _metrics_say(node, f'sync_refused_writes_total{{reason="{word}"}}', "")
        assert "Redis takes no writes" in node.process.log.read_text()
        if word == "OOM":
            store.config_set("maxmemory", "0")
        else:
            store.config_set("stop-writes-on-bgsave-error", "no")
        await _metrics_say(node, "sync_shard_up", "} 1.0")
        assert (await anna.play())["type"] == "ack"


async def _fail_to_save(store: redis.Redis) -> None:
    """Have Redis fail to save to its disk: a folder has the name of its file."""
    folder, name = (str(store.config_get(name)[name]) for name in ("dir", "dbfilename"))
    (Path(folder) / name).unlink(missing_ok=True)
    (Path(folder) / name / "in the way").mkdir(parents=True)
    store.config_set("save", "3600 1")
    store.bgsave()
    while store.info("persistence")["rdb_last_bgsave_status"] == "ok":
        await asyncio.sleep(0.05)


async def _metrics_say(node: SyncNode, name: str, ending: str) -> None:
    """Wait until the node's metrics have a line that begins and ends so."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            async with session.get(node.http("/metrics")) as answer:
                lines = (await answer.text()).splitlines()
            if any(line.startswith(name) and line.endswith(ending) for line in lines):
                return
            await asyncio.sleep(0.1)
