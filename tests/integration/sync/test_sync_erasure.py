"""A person whose account was deleted: the live room forgets who they were and what they said, on every node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.broker import Broker
from shared.events.envelope import Event, new_event
from shared.events.rooms import DELETED_PERSON, MEMBER_ERASED, ROOM_CLOSED, SESSION_ENDED
from sync_service.protocol.codes import CloseCode
from tests.support.clients import Disconnected, RoomClient
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, person, publish, same_for_all
from tests.support.traces import in_redis

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]
NAME, WORDS = "Zoya Nightingale", "words of hers that nobody else says"
PATIENCE_S = 20.0


@pytest.fixture
async def broker(nodes: Nodes, module_amqp_url: str) -> AsyncIterator[Broker]:
    connection = Broker(module_amqp_url, "api_service")
    keys = ("visit.*.v1", "chat.*.v1", "playback.changed.v1", "member.changed.v1", "settings.changed.v1")
    connection.consume("api_service.journal", keys, _keep)
    await connection.start()
    yield connection
    await connection.close()


async def _keep(_: Event) -> None:
    """Let the journal's events go, as the archive would."""


def erased(room: Room, user_id: str, *, version: int = 2, **claims: Any) -> Event:
    claim = {**room, "version": version, **claims}
    data = {"version": version, "partition": room["partition"], "user_id": user_id, "room": claim}
    return new_event(MEMBER_ERASED, room["id"], data, source="api_service")


async def forgotten(url: str, *words: str) -> None:
    """Wait until none of these words stands anywhere in Redis."""
    async with asyncio.timeout(PATIENCE_S):
        while any(in_redis(url, word) for word in words):
            await asyncio.sleep(0.05)


def _started_over(client: RoomClient) -> Callable[[], bool]:
    return lambda: client.point[0] > 1


async def test_name_and_words_are_gone_from_redis_and_from_every_client(
    nodes: Nodes, crowd: Crowd, room: Room, broker: Broker, module_redis_url: str
) -> None:
    zoya_id, boris_id = room["owner"], person()
    room["title"] = f"{NAME}'s evening"
    zoya = await crowd.enter(nodes[0], room, zoya_id, NAME, sid=person())
    assert zoya.room["title"] == room["title"]
    boris = await crowd.enter(nodes[0], room, boris_id, "Boris", sid=person())
    chiara = await crowd.enter(nodes[1], room, person(), "Chiara", sid=person())
    said = [(await zoya.say(f"{WORDS} {n}"))["seq"] for n in range(3)]
    await boris.say("his")
    await zoya.report(ready=True)
    await zoya.play()
    await chiara.reaches(said[-1])
    assert in_redis(module_redis_url, NAME)
    assert in_redis(module_redis_url, WORDS)

    for _ in range(2):
        await publish(broker, erased(room, zoya_id, owner=boris_id, title=None))
    await forgotten(module_redis_url, NAME, WORDS)
    for client in (boris, chiara):
        await client.until(_started_over(client))
        assert (client.room["owner"], client.room["title"]) == (boris_id, None)
        assert zoya_id not in client.members
        said_by = [(message["text"], message["author"]["id"]) for message in client.messages]
        assert said_by == [("", DELETED_PERSON)] * 3 + [("his", boris_id)]
        assert NAME not in str([client.room, client.members, client.messages])
    assert (await boris.change_settings(control="owner"))["type"] == "ack", "the room is Boris's now"
    assert (await chiara.say("goes on"))["type"] == "ack"
    await same_for_all([boris, chiara])
    history = await chiara.history(limit=50)
    assert WORDS not in str(history)
    assert NAME not in str(history)


async def test_who_was_erased_comes_back_by_nothing_that_they_had(
    nodes: Nodes, crowd: Crowd, room: Room, broker: Broker, module_redis_url: str
) -> None:
    zoya_id, sid = person(), person()
    zoya = await crowd.enter(nodes[0], room, zoya_id, NAME, sid=sid)
    unspent = crowd.ticket(room, zoya_id, name=NAME, sid=sid)
    await publish(broker, erased(room, zoya_id))
    ended = {"user_id": zoya_id, "sessions": [sid], "reason": "deleted", "ended_at": "2026-01-01T00:00:00Z"}
    await publish(broker, new_event(SESSION_ENDED, zoya_id, ended, source="api_service"))

    assert await zoya.closed() in {CloseCode.SESSION_ENDED, CloseCode.FORBIDDEN}
    await zoya.drop()
    with pytest.raises(Disconnected):
        await zoya.resume()
    with pytest.raises(Disconnected):
        await crowd.stranger(nodes[1], room).hello(unspent)
    # A ticket that names no session is void by its version of the room alone.
    with pytest.raises(Disconnected):
        await crowd.stranger(nodes[1], room).hello(crowd.ticket(room, zoya_id, name=NAME))
    await forgotten(module_redis_url, NAME)


async def test_of_a_closed_room_nothing_is_left(
    nodes: Nodes, crowd: Crowd, cinema: Cinema, broker: Broker, module_redis_url: str
) -> None:
    room, zoya_id = cinema.room(), person()
    zoya = await crowd.enter(nodes[0], room, zoya_id, NAME, sid=person())
    await zoya.say(WORDS)
    closed = {"version": 2, "partition": room["partition"], "reason": "owner", "closed_at": "2026-01-01T00:00:00Z"}
    await publish(broker, new_event(ROOM_CLOSED, room["id"], closed, source="api_service"))
    await zoya.closed()
    assert in_redis(module_redis_url, WORDS), "for an hour"

    await publish(broker, erased(room, zoya_id, version=3))
    await forgotten(module_redis_url, NAME, WORDS)
    with pytest.raises(Disconnected) as refused:
        await crowd.stranger(nodes[1], room).hello(crowd.ticket(room))
    assert refused.value.code == CloseCode.ROOM_CLOSED


async def test_a_busy_room_is_rewritten_too(
    nodes: Nodes, crowd: Crowd, room: Room, broker: Broker, module_redis_url: str
) -> None:
    zoya_id = person()
    zoya = await crowd.enter(nodes[0], room, zoya_id, NAME, sid=person())
    await zoya.say(WORDS)
    boris = await crowd.enter(nodes[1], room, person(), "Boris", sid=person())
    stop = asyncio.Event()

    async def keep_busy() -> int:
        said = 0
        while not stop.is_set():
            await boris.seek(1_000 + said % 7 * 1_000)
            said += 1
            await asyncio.sleep(0.3)  # more than that is refused
        return said

    busy = asyncio.create_task(keep_busy())
    await publish(broker, erased(room, zoya_id))
    await forgotten(module_redis_url, NAME, WORDS)
    stop.set()
    assert await busy > 0
    assert (await boris.say("still here"))["type"] == "ack"
