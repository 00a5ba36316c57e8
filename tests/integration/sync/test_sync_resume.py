"""Coming back: nothing is missed, nothing comes twice, and no API is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import jwt
import pytest

from sync_service.sockets.connection import ABORT_AFTER_S
from tests.support.clients import Disconnected
from tests.support.sync_fixtures import NEVER_MS, Cinema, Crowd, SyncNode, person, same_for_all

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


async def test_a_reconnect_brings_exactly_what_was_missed(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    boris = await crowd.enter(nodes[1], room)
    await boris.say("before")
    await anna.reaches(boris.point[1])
    await anna.drop()
    for n in range(5):
        await boris.say(f"missed {n}")
    await boris.seek(9_000)
    for url in (nodes[1].url(), nodes[0].url()):
        missed_from = anna.point
        await anna.reconnect(url=url)
        assert anna.welcome["mode"] == "resumed"
        assert "state" not in anna.welcome
        assert (anna.welcome["epoch"], anna.welcome["seq"], anna.welcome["hash"]) == missed_from
        await anna.reaches(boris.point[1])
    assert [message["text"] for message in anna.messages] == ["before", *(f"missed {n}" for n in range(5))]
    assert anna.playback == boris.playback
    assert anna.log[1:] == boris.log


async def test_who_missed_nothing_gets_nothing(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    anna = await crowd.enter(nodes[0], room)
    await anna.reconnect(url=nodes[1].url())
    assert anna.welcome["mode"] == "resumed"
    assert anna.events == []


async def test_more_than_a_node_keeps_is_read_from_the_log(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    others = [await crowd.enter(nodes[n % 2], room) for n in range(12)]
    await anna.reaches(others[-1].point[1])
    await anna.drop()
    for n in range(27):
        await asyncio.gather(*(other.seek(n) for other in others))
    end = max(other.point[1] for other in others)
    assert end - anna.point[1] > 256
    await anna.reconnect()
    assert anna.welcome["mode"] == "resumed"
    await anna.reaches(end)


async def test_more_than_the_log_keeps_means_starting_over(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    others = [await crowd.enter(nodes[n % 2], room) for n in range(40)]
    await anna.reaches(others[-1].point[1])
    await anna.drop()
    for n in range(27):
        await asyncio.gather(*(other.seek(n) for other in others))
    await anna.reconnect()
    assert anna.welcome["mode"] == "snapshot"
    await same_for_all([anna, others[0], others[1]])


@pytest.mark.parametrize(
    "point",
    [(1, 3, "0" * 16), (2, 3, "0" * 16), (1, 10_000, "0" * 16), (0, 0, "")],
    ids=["hash", "epoch", "seq", "none"],
)
async def test_another_history_is_never_taken_for_a_clean_resume(
    nodes: Nodes, crowd: Crowd, room: Room, point: tuple[int, int, str]
) -> None:
    anna = await crowd.enter(nodes[0], room)
    for n in range(3):
        await anna.say(str(n))
    anna.point = point
    await anna.reconnect()
    assert anna.welcome["mode"] == "snapshot"
    assert len(anna.messages) == 3


async def test_a_reload_is_no_leave_and_join_for_the_others(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    await anna.play()  # or it would start by itself at some moment
    boris = person()
    tab = await crowd.enter(nodes[0], room, boris)
    for node in (*nodes, nodes[0]):
        await tab.drop()
        tab = await crowd.enter(node, room, boris)
    await tab.say("still the same visit")
    await anna.expect("said")
    assert [event["type"] for event in anna.events] == ["played", "member_joined", "said"]


@pytest.mark.parametrize("spoil", ["rubbish", "another key", "another room"])
async def test_a_resume_token_that_is_none_sends_for_a_ticket(
    nodes: Nodes, crowd: Crowd, cinema: Cinema, room: Room, spoil: str
) -> None:
    anna = await crowd.enter(nodes[0], room)
    claims = jwt.decode(anna.resume_token, options={"verify_signature": False})
    headers = {"kid": "test", "typ": "resume+jwt"}
    anna.resume_token = {
        "rubbish": "e30.e30.x",
        "another key": jwt.encode(claims, b"x" * 32, algorithm="HS256", headers=headers),
        "another room": jwt.encode({**claims, "room": person()}, b"resume" * 8, algorithm="HS256", headers=headers),
    }[spoil]
    with pytest.raises(Disconnected) as ended:
        await anna.reconnect()
    assert ended.value.code == 4401
    assert anna.received[-1]["code"] == "resume_invalid"


async def test_an_old_resume_token_sends_for_a_ticket(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    claims = jwt.decode(anna.resume_token, options={"verify_signature": False})
    headers = {"kid": "test", "typ": "resume+jwt"}
    anna.resume_token = jwt.encode(
        {**claims, "exp": claims["exp"] - 601}, b"resume" * 8, algorithm="HS256", headers=headers
    )
    with pytest.raises(Disconnected):
        await anna.reconnect()
    assert anna.received[-1]["code"] == "resume_invalid"


async def test_a_newer_resume_token_voids_the_older_ones_once_it_was_used(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    anna = await crowd.enter(nodes[0], room)
    first = anna.resume_token
    await anna.reconnect()
    second = anna.resume_token
    anna.resume_token = first  # the welcome that brought the second one was lost on its way
    await anna.reconnect(url=nodes[1].url())
    anna.resume_token = second
    await anna.reconnect()
    for node in nodes:
        anna.resume_token = first
        with pytest.raises(Disconnected) as refused:
            await anna.reconnect(url=node.url())
        assert (refused.value.code, anna.received[-1]["code"]) == (4401, "resume_invalid")


async def test_who_reads_too_slowly_is_sent_away_and_misses_nothing(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    slow = await crowd.enter(nodes[0], room)
    talkers = [await crowd.enter(nodes[n % 2], room) for n in range(12)]
    await slow.reaches(talkers[-1].point[1])
    slow.stop_reading()
    text = "👩🏽‍🚀" * 500
    for _ in range(10):
        await asyncio.gather(*(talker.say(text) for talker in talkers))
    assert all(talker.close_code is None for talker in talkers)
    assert await counted(nodes[0], SENT_AWAY) == 1
    end = max(talker.point[1] for talker in talkers)
    await asyncio.sleep(1.2)
    slow.read_again()
    await slow.closed()
    assert slow.point[1] < end
    # What was missed is more than anybody else may leave unread, and may be read as slowly as one likes.
    await slow.drop()
    await slow.open()
    slow.stop_reading(fits=64 * 1024)
    before = await counted(nodes[0], RESUMED)
    resuming = asyncio.create_task(slow.resume())
    while await counted(nodes[0], RESUMED) == before:
        await asyncio.sleep(0.05)
    await asyncio.sleep(2 * ABORT_AFTER_S)
    slow.read_again()
    await resuming
    assert slow.welcome["mode"] == "resumed"
    await slow.reaches(end)
    assert len(slow.messages) == 120
    assert (await slow.say("I have read it all"))["type"] == "ack"
    assert await counted(nodes[0], SENT_AWAY) == 1


SENT_AWAY = 'sync_closes_total{code="4504"}'
RESUMED = 'sync_hellos_total{outcome="resumed"}'


async def counted(node: SyncNode, what: str) -> float:
    """How often this has happened at a node."""
    async with aiohttp.ClientSession() as session, session.get(node.http("/metrics")) as answer:
        lines = (await answer.text()).splitlines()
    found = [line for line in lines if line.startswith(what)]
    return float(found[0].split()[1]) if found else 0.0
