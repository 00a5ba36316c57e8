"""Two processes serve one room: whoever is connected where, all see the same."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.sync_fixtures import NEVER_MS, Crowd, SyncNode, person

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


async def test_what_is_done_on_one_node_reaches_the_other(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    room["settings"]["early_start"] = True
    anna = await crowd.enter(nodes[0], room, name="Anna")
    boris = await crowd.enter(nodes[1], room, name="Boris")
    joined = await anna.expect("member_joined")
    assert joined["member"]["name"] == "Boris"
    assert set(boris.members) == {anna.id, boris.id}

    assert (await anna.play())["type"] == "ack"
    played = await boris.expect("played")
    assert played["by"] == anna.id
    assert played["playback"]["at_ms"] >= played["time_ms"] + 150
    await boris.seek(40_000)
    await anna.expect("sought")
    assert anna.playback == boris.playback
    assert anna.playback["position_ms"] == 40_000
    await boris.say("Привет, Анна")
    said = await anna.expect("said")
    assert said["message"]["text"] == "Привет, Анна"
    assert said["message"]["author"] == {"id": boris.id, "name": "Boris"}
    assert anna.log[-1] == boris.log[-1]


async def test_an_ack_comes_after_its_own_events(node: SyncNode, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    anna = await crowd.enter(node, room)
    answer = await anna.seek(1_000)
    assert anna.point[1] >= answer["seq"]
    assert anna.events[-1]["command"] == answer["id"]


async def test_concurrent_commands_on_both_nodes_apply_each_exactly_once(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(6)]
    answers = await asyncio.gather(*(client.seek(n * 1_000) for _ in range(5) for n, client in enumerate(clients)))
    assert all(answer["type"] == "ack" for answer in answers)
    end = max(answer["seq"] for answer in answers)
    for client in clients:
        await client.reaches(end)
        commands = [(event["by"], event["command"]) for event in client.events if event["type"] == "sought"]
        assert len(commands) == len(set(commands))
    assert sum(event["type"] == "sought" for event in clients[0].events) == 30


async def test_the_same_command_id_applies_once_also_through_another_node(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    anna = await crowd.enter(nodes[0], room)
    boris = await crowd.enter(nodes[1], room)
    first = await anna.say("once", id_="same")
    await anna.reconnect(url=nodes[1].url())
    anna.received.clear()
    assert await anna.say("once", id_="same") == {**first, "_given": True}
    assert (await boris.say("of another member, so another command", id_="same"))["type"] == "ack"
    assert [message["text"] for message in boris.messages] == ["once", "of another member, so another command"]


async def test_the_same_command_id_twice_in_one_breath_applies_once(node: SyncNode, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    anna = await crowd.enter(node, room)
    answers = await asyncio.gather(*(anna.say("once", id_="same") for _ in range(4)))
    assert {answer["seq"] for answer in answers} == {anna.point[1]}
    assert [message["text"] for message in anna.messages] == ["once"]


async def test_a_play_starts_the_film_by_itself_once_for_both_nodes(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    await asyncio.gather(*(client.report(ready=True) for client in clients))
    await asyncio.gather(*(client.expect("played") for client in clients))
    await clients[0].say("end")
    await asyncio.gather(*(client.expect("said") for client in clients))
    assert all([event["type"] for event in client.events].count("played") == 1 for client in clients)
    assert clients[0].playback["by"] is None


async def test_the_film_starts_by_itself_without_anyone_being_ready(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    joined_ms = anna.members[anna.id]["joined_ms"]
    boris = await crowd.enter(nodes[1], room)
    played = await boris.expect("played")
    assert played["playback"]["reason"] == "auto_start"
    assert played["time_ms"] - joined_ms >= 5_000


async def test_a_late_joiner_never_moves_the_others(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    await anna.play()
    before = anna.playback
    boris = await crowd.enter(nodes[1], room)
    await boris.report(ready=True)
    await anna.expect("member_changed")
    assert anna.playback == boris.playback == before


async def test_one_person_in_two_tabs_counts_once(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    await anna.play()  # or it would start by itself at some moment
    boris = person()
    first = await crowd.enter(nodes[0], room, boris)
    second = await crowd.enter(nodes[1], room, boris)
    await first.leave()
    await second.say("still here")
    await anna.expect("said")
    assert [event["type"] for event in anna.events] == ["played", "member_joined", "said"]
    assert len(second.members) == 2


async def test_the_room_is_never_fuller_than_it_may_be(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["capacity"] = 3

    async def attempt(n: int) -> int:
        client = crowd.stranger(nodes[n % 2], room)
        await client.open()
        await client.send({"type": "hello", "protocol": 1, "ticket": crowd.ticket(room)})
        await client.until(lambda: bool(client.welcome) or client.close_code is not None, even_if_closed=True)
        return client.close_code or 0

    codes = await asyncio.gather(*(attempt(n) for n in range(8)))
    assert sorted(codes) == [0] * 3 + [4409] * 5


async def test_repeating_many_commands_at_once_answers_each_as_before(node: SyncNode, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    anna = await crowd.enter(node, room)
    first = [await anna.seek(n, id_=f"s{n}") for n in range(14)]
    end = anna.point
    await anna.reconnect()
    anna.received.clear()
    again = await asyncio.gather(*(anna.seek(n, id_=f"s{n}") for n in range(14)))
    assert again == first
    assert anna.point == end
