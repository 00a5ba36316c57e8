"""What a session of the API has opened ends with it: sockets, tickets on their way, resume tokens."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.broker import Broker
from shared.events.envelope import Event, new_event
from shared.events.rooms import SESSION_ENDED
from sync_service.protocol.codes import CloseCode
from sync_service.store.redis_keys import partition
from tests.support.clients import Disconnected, RoomClient
from tests.support.fresh_stores import open_redis
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, person, publish

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


@pytest.fixture
async def broker(nodes: Nodes, module_amqp_url: str) -> AsyncIterator[Broker]:
    connection = Broker(module_amqp_url, "api_service")
    await connection.start()
    yield connection
    await connection.close()


def ended(*sids: str) -> Event:
    user_id = person()
    data = {"user_id": user_id, "sessions": list(sids), "reason": "signed_out", "ended_at": "2026-01-01T00:00:00Z"}
    return new_event(SESSION_ENDED, user_id, data, source="api_service")


def session() -> str:
    return str(uuid.uuid4())


async def refused(client: RoomClient, *, ticket: str | None = None) -> tuple[int | None, str]:
    """Enter by a ticket or by the resume token; return the close code and the error's code."""
    with pytest.raises(Disconnected) as end:
        await (client.hello(ticket) if ticket is not None else client.resume())
    return end.value.code, client.received[-1]["code"]


async def test_the_sockets_of_an_ended_session_close_on_every_node_and_only_they(
    nodes: Nodes, crowd: Crowd, room: Room, broker: Broker
) -> None:
    anna, sid = person(), session()
    first = await crowd.enter(nodes[0], room, anna, sid=sid)
    second = await crowd.enter(nodes[1], room, anna, sid=sid)
    telephone = await crowd.enter(nodes[1], room, anna, sid=session())
    boris = await crowd.enter(nodes[0], room, sid=session())
    await publish(broker, ended(sid))

    for client in (first, second):
        assert await client.closed() == CloseCode.SESSION_ENDED
        assert client.received[-1]["code"] == "session_ended"
    assert (await telephone.say("still here"))["type"] == "ack"
    await boris.until(lambda: [message["text"] for message in boris.messages] == ["still here"])
    assert anna in boris.members


async def test_who_has_no_other_session_has_left_at_once(
    nodes: Nodes, crowd: Crowd, room: Room, broker: Broker
) -> None:
    anna, sid = person(), session()
    client = await crowd.enter(nodes[0], room, anna, sid=sid)
    boris = await crowd.enter(nodes[1], room, sid=session())
    await publish(broker, ended(sid))

    assert await client.closed() == CloseCode.SESSION_ENDED
    left = await boris.expect("member_left")
    assert (left["member_id"], left["reason"]) == (anna, "left"), "no grace: nobody waits for them to come back"


async def test_neither_a_ticket_on_its_way_nor_a_resume_token_lets_in(
    nodes: Nodes, cinema: Cinema, crowd: Crowd, broker: Broker
) -> None:
    """Not into the room that it was in, and not into one that nobody has entered, in another partition."""
    here, elsewhere, sid = cinema.room(), cinema.room(partition=6), session()
    anna = person()
    client = await crowd.enter(nodes[0], here, anna, sid=sid)
    witness = await crowd.enter(nodes[0], elsewhere, sid=session())
    unspent = [crowd.ticket(room, anna, sid=sid) for room in (here, elsewhere)]
    await publish(broker, ended(sid))
    await client.closed()

    await client.drop()
    assert await refused(client) == (CloseCode.SESSION_ENDED, "session_ended")
    for room, ticket in zip((here, elsewhere), unspent, strict=True):
        stranger = crowd.stranger(nodes[1], room)
        assert await refused(stranger, ticket=ticket) == (CloseCode.SESSION_ENDED, "session_ended")
    assert anna not in witness.members
    again = await crowd.enter(nodes[1], here, anna, sid=session())
    assert again.welcome["you"]["id"] == anna, "who signs in again may come back"


async def test_a_node_that_missed_the_word_finds_it_in_its_next_sweep(
    nodes: Nodes, crowd: Crowd, room: Room, module_redis_url: str
) -> None:
    sid = session()
    anna = await crowd.enter(nodes[0], room, sid=sid)
    with open_redis(module_redis_url) as store:
        store.zadd(partition(room["partition"], "ended"), {sid: time.time() * 1000})
    assert await anna.closed() == CloseCode.SESSION_ENDED


async def test_tickets_without_a_session_work_as_before(nodes: Nodes, crowd: Crowd, room: Room, broker: Broker) -> None:
    anna = await crowd.enter(nodes[0], room)
    await publish(broker, ended(session()))
    await anna.reconnect(url=nodes[1].url())
    assert anna.welcome["mode"] == "resumed"
