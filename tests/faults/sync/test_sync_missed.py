"""A notification that is missed, a store that goes back in time: it is noticed, and everyone ends alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import redis

from shared.broker import Broker
from shared.events.envelope import Event
from tests.faults.sync.lost_tail import go_back, remembered
from tests.support.clients import RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

Room = dict[str, Any]
StartNode = Callable[..., SyncNode]

MUTE = """
import hashlib, runpy
from sync_service.store import scripts
script = scripts.COMMIT
before = script.source
script.use(before.replace(b"redis.call('SPUBLISH', channel, ", b"tostring("))
assert script.source != before
runpy.run_module("sync_service", run_name="__main__")
"""
# A node that never finds out by comparing heads what it has missed.
BLIND = """
import runpy
from sync_service.live import recovery
recovery.HEADS_S = 3600.0
runpy.run_module("sync_service", run_name="__main__")
"""


async def heard_by(listener: RoomClient, speaker: RoomClient, text: str) -> None:
    """Say something and wait until somebody has heard it."""
    await speaker.say(text)
    await listener.expect(lambda message: message["type"] == "said" and message["message"]["text"] == text)


async def gaps_of(node: SyncNode) -> float:
    """How often a node has read a room's log because heads had differed or its connection had been lost."""
    async with aiohttp.ClientSession() as session, session.get(node.http("/metrics")) as answer:
        lines = (await answer.text()).splitlines()
    return float(next(line for line in lines if line.startswith("sync_gaps_total")).split()[1])


async def test_a_step_that_was_never_published_is_found_by_comparing_heads(
    run_process: RunProcess, start: StartNode, cinema: Cinema, own_redis_url: str, own_amqp_url: str, crowd: Crowd
) -> None:
    listening = start()
    mute = start_node(run_process, cinema, own_redis_url, own_amqp_url, program=["python", "-c", MUTE])
    loud = start()
    room = cinema.room()
    anna = await crowd.enter(listening, room)
    await anna.play()  # or the film would start by itself, which finds out too
    heard = await crowd.enter(loud, room)
    before = await gaps_of(listening)
    await heard_by(anna, heard, "can you hear me?")
    assert await gaps_of(listening) == before
    unheard = await crowd.enter(mute, room)
    await heard_by(anna, unheard, "and me?")
    assert await gaps_of(listening) > before
    # The next notification shows it too: its predecessor is unknown.
    vera = await crowd.enter(start(program=["python", "-c", BLIND]), room)
    await unheard.say("and now?")
    await heard_by(vera, heard, "now!")
    assert [message["text"] for message in vera.messages] == ["can you hear me?", "and me?", "and now?", "now!"]
    for client in (anna, vera):
        assert [event["seq"] for event in client.events] == list(range(client.events[0]["seq"], client.point[1] + 1))


async def test_a_lost_subscription_loses_no_event(
    start: StartNode, own_redis_url: str, crowd: Crowd, room: Room
) -> None:
    deaf, hearing = start(NODE_ID="deaf", program=["python", "-c", BLIND]), start(NODE_ID="hearing")
    anna, boris = await crowd.enter(deaf, room), await crowd.enter(hearing, room)
    with redis.Redis.from_url(own_redis_url) as store:
        for n in range(6):
            (link,) = [client for client in store.client_list() if client["name"].startswith("sync_service.deaf.")]
            store.client_kill_filter(_id=link["id"])
            assert (await boris.say(f"{n}"))["type"] == "ack"
            await anna.reaches(boris.point[1])
    assert [message["text"] for message in anna.messages] == [str(n) for n in range(6)]
    assert anna.close_code is None


async def test_a_store_that_lost_a_tail_begins_a_new_epoch_and_everyone_starts_over_from_it(
    start: StartNode, own_redis_url: str, crowd: Crowd, room: Room
) -> None:
    nodes = start(), start()
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    away = await crowd.enter(nodes[0], room)
    # Nothing is left for the room to do by itself: only comparing heads can find out.
    await clients[0].play()
    await clients[0].pause()
    await clients[0].seek(10_000)
    await clients[1].say("survives")
    for client in (*clients, away):
        await client.reaches(clients[1].point[1])
    with redis.Redis.from_url(own_redis_url) as store:
        survived = remembered(store)
        await clients[0].seek(20_000)
        await clients[1].say("is lost")
        for client in (*clients, away):
            await client.reaches(clients[1].point[1])
        await away.drop()
        go_back(store, survived)
    for client in clients:
        await client.expect("snapshot", timeout_s=20)
    await away.reconnect()
    assert away.welcome["mode"] == "snapshot"
    await clients[2].say("goes on")
    for client in (*clients, away):
        await client.until(lambda client=client: client.messages[-1]["text"] == "goes on")  # type: ignore[misc]
        assert client.point == clients[2].point
        assert client.point[0] == 2
        assert client.playback["position_ms"] == 10_000
        assert [message["text"] for message in client.messages] == ["survives", "goes on"]
    # It goes back once more, to a time before the epoch that has begun since: no epoch ever comes twice.
    with redis.Redis.from_url(own_redis_url) as store:
        go_back(store, survived)
    for client in (*clients, away):
        await client.until(lambda client=client: client.point[0] == 3)  # type: ignore[misc]
        await client.until(lambda client=client: [m["text"] for m in client.messages] == ["survives"])  # type: ignore[misc]
    assert (await clients[0].say("still"))["type"] == "ack"


async def test_when_the_journals_relay_dies_another_node_takes_over(
    start: StartNode, own_amqp_url: str, crowd: Crowd, room: Room
) -> None:
    told: dict[str, Event] = {}

    async def keep(event: Event) -> None:
        told[event.id] = event

    archive = Broker(own_amqp_url, "api_service")
    archive.consume("api_service.journal", ("visit.*.v1", "playback.changed.v1", "chat.*.v1"), keep)
    await archive.start()
    try:
        await archive.wait_connected()
        nodes = start(), start()
        clients = [await crowd.enter(node, room) for node in nodes]
        for n in range(20):
            await asyncio.gather(*(client.say(f"{n}") for client in clients if client.close_code is None))
            if n == 4:
                nodes[0].process.kill()
                await clients[0].closed()
            await asyncio.sleep(0.5)
        for _ in range(300):
            if len(told) >= clients[1].point[1]:
                break
            await asyncio.sleep(0.1)
    finally:
        await archive.close()
    seqs = sorted(event.data["seq"] for event in told.values())
    assert [seq for seq in seqs if seq <= 27] == list(range(1, 28))
