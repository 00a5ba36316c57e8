"""The chat across nodes: replies, deletion, history; and what is seen now or never: reactions, typing, skew."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.fresh_stores import open_redis
from tests.support.sync_fixtures import NEVER_MS, Crowd, SyncNode, same_for_all

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


async def test_a_reply_names_what_it_answers(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    await anna.say("who is he?")
    await boris.until(lambda: bool(boris.messages))
    asked = boris.messages[0]["id"]
    assert (await boris.say("the captain", reply_to=asked))["type"] == "ack"
    await anna.until(lambda: len(anna.messages) == 2)
    assert anna.messages[1]["reply_to"] == asked
    assert (await boris.say("?", reply_to="nothing"))["code"] == "message_not_found"


async def test_a_deleted_message_leaves_no_text_behind(
    nodes: Nodes, crowd: Crowd, room: Room, module_redis_url: str
) -> None:
    owner = await crowd.enter(nodes[0], room, room["owner"])
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    away = await crowd.enter(nodes[1], room)
    await owner.reaches(away.point[1])
    await away.drop()
    await anna.say("SECRET one")
    await boris.say("SECRET two")
    await anna.reaches(boris.point[1])
    first, second = (message["id"] for message in anna.messages)
    assert (await anna.delete_message(second))["code"] == "forbidden"
    assert (await anna.delete_message(first))["type"] == "ack"
    assert (await anna.delete_message(first))["type"] == "ack"
    assert (await owner.delete_message(second))["type"] == "ack"
    assert (await owner.delete_message("nothing"))["code"] == "message_not_found"
    await boris.reaches(owner.point[1])
    assert [(message["text"], message["deleted"]) for message in boris.messages] == [("", True), ("", True)]
    await away.reconnect()
    assert away.welcome["mode"] == "resumed"
    await away.reaches(owner.point[1])
    late = await crowd.enter(nodes[1], room)
    (answer,) = [await late.history()]
    for client in (away, late):
        assert "SECRET" not in str(client.received)
    assert [message["deleted"] for message in answer["messages"]] == [True, True]
    with open_redis(module_redis_url) as store:
        kept = [store.lrange(key, 0, -1) for key in store.scan_iter(f"*{room['id']}:log")]
        texts = [store.hvals(key) for key in store.scan_iter(f"*{room['id']}:texts")]
    assert kept
    assert texts
    assert "SECRET" not in str(kept) + str(texts)


async def test_an_edit_reaches_everyone_and_whoever_comes_later(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    await anna.say("a wale")
    await boris.until(lambda: bool(boris.messages))
    id_ = boris.messages[0]["id"]
    assert (await boris.edit_message(id_, "mine"))["code"] == "forbidden"
    assert (await anna.edit_message(id_, " a whale\u202e "))["type"] == "ack"
    assert (await anna.edit_message(id_, "\u3164"))["code"] == "text_empty"
    await boris.reaches(anna.point[1])
    late = await crowd.enter(nodes[1], room)
    for client in (boris, late, anna):
        (message,) = client.messages
        assert (message["text"], message["revision"]) == ("a whale", 1)
        assert message["edited_ms"] >= message["sent_ms"]
    assert (await late.history())["messages"] == late.messages

    assert (await anna.delete_message(id_))["type"] == "ack"
    assert (await anna.edit_message(id_, "again"))["code"] == "message_not_found"


async def test_reactions_of_all_at_once_are_all_kept(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    people = [await crowd.enter(nodes[n % 2], room) for n in range(6)]
    await people[0].say("whale!")
    for client in people:
        await client.until(lambda client=client: bool(client.messages))  # type: ignore[misc]
    id_ = people[0].messages[0]["id"]

    answers = await asyncio.gather(*(client.react_to_message(id_, "🐋") for client in people))

    assert [answer["type"] for answer in answers] == ["ack"] * 6
    await same_for_all(people)
    assert set(people[0].messages[0]["reactions"]["🐋"]) == {client.id for client in people}
    assert (await people[1].react_to_message(id_, "🐋", on=False))["type"] == "ack"
    assert (await people[1].react_to_message(id_, "no emoji"))["code"] == "bad_message"
    late = await crowd.enter(nodes[0], room)
    assert set(late.messages[0]["reactions"]["🐋"]) == {client.id for client in people if client is not people[1]}
    assert (await late.history())["messages"] == late.messages


async def test_history_is_read_page_by_page(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    people = [await crowd.enter(nodes[n % 2], room) for n in range(8)]
    for n in range(8):
        await asyncio.gather(*(client.say(f"{n} {client.id}") for client in people))
    await same_for_all(people)
    late = await crowd.enter(nodes[1], room)
    assert len(late.messages) == 50
    read = list(late.messages)
    page = await late.history(before=read[0]["id"], limit=10)
    assert (len(page["messages"]), page["more"]) == (10, True)
    read = page["messages"] + read
    page = await late.history(before=read[0]["id"])
    assert (len(page["messages"]), page["more"]) == (4, False)
    read = page["messages"] + read
    whole = [event["message"]["id"] for event in people[0].events if event["type"] == "said"]
    assert [message["id"] for message in read] == whole
    assert (await late.history(before="nothing"))["code"] == "message_not_found"


async def test_a_message_that_the_node_does_not_keep_is_found_in_the_store(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    people = [await crowd.enter(nodes[n % 2], room) for n in range(25)]
    await people[0].say("first")
    await people[1].until(lambda: bool(people[1].messages))
    first = people[1].messages[0]["id"]
    for n in range(9):  # 216 messages, and a node keeps 200
        await asyncio.gather(*(client.say(f"{n}") for client in people[1:]))
    assert (await people[1].say("about the first", reply_to=first))["type"] == "ack"
    assert (await people[0].delete_message(first))["type"] == "ack"
    assert (await people[0].delete_message(first))["type"] == "ack"
    assert (await people[1].history(before=people[1].messages[1]["id"]))["messages"][0]["deleted"]


async def test_signals_reach_everyone_and_are_not_kept(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    here = await crowd.enter(nodes[0], room)
    await anna.reaches(here.point[1])
    await anna.react("❤️")
    await anna.typing()
    await anna.report(skew_ms=-700)
    for client in (boris, here):
        assert (await client.expect("reacted"))["emoji"] == "❤️"
        assert (await client.expect("typing"))["by"] == anna.id
        assert (await client.expect("skew"))["skew_ms"] == -700
    seq = anna.point[1]
    await boris.say("end")
    assert boris.point[1] == seq + 1
    await anna.send_raw('{"type":"react","emoji":"not one"}')
    assert "emoji" in (await anna.expect("error"))["message"]
