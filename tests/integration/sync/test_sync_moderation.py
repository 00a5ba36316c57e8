"""Who may do what, live and on every node: roles, sending away, muting, settings, and who acts for the owner."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]

# Nodes on which an owner who is gone is missed after a second and a half instead of a minute.
IMPATIENT = """
import runpy
from sync_service.room import deadlines
deadlines.HOST_AFTER_MS = 1_500
runpy.run_module("sync_service", run_name="__main__")
"""


async def party(nodes: Nodes, crowd: Crowd, room: Room) -> tuple[RoomClient, RoomClient, RoomClient]:
    """The owner on one node, two viewers on both."""
    owner = await crowd.enter(nodes[0], room, room["owner"], "Owner")
    anna = await crowd.enter(nodes[0], room, name="Anna")
    boris = await crowd.enter(nodes[1], room, name="Boris")
    for client in (owner, anna):
        await client.reaches(boris.point[1])
    return owner, anna, boris


async def test_a_role_counts_at_once_on_every_node(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["control"] = "moderators"
    owner, anna, boris = await party(nodes, crowd, room)
    assert (await boris.pause())["code"] == "forbidden"
    assert (await owner.set_role(boris.id, "moderator"))["type"] == "ack"
    await boris.expect("role_set")
    assert (await boris.seek(5_000))["type"] == "ack"
    await anna.expect("role_set")
    assert anna.members[boris.id]["role"] == boris.me["role"] == "moderator"
    # What is taken away counts also where nobody has heard of it yet.
    assert (await owner.set_role(boris.id, "viewer"))["type"] == "ack"
    assert (await boris.seek(6_000))["code"] == "forbidden"
    await anna.reaches(boris.point[1])
    assert anna.playback["position_ms"] == 5_000


async def test_who_is_sent_out_while_they_talk_is_told_so(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    """What they have sent meanwhile must not make the kernel throw the close code away."""
    owner = await crowd.enter(nodes[0], room, room["owner"])
    for _ in range(10):
        boris = await crowd.enter(nodes[0], room)
        talking = asyncio.create_task(talk(boris))
        assert (await owner.kick(boris.id))["type"] == "ack"
        assert await boris.closed() == 4403
        assert boris.received[-1]["code"] == "kicked"
        await talking


async def talk(client: RoomClient) -> None:
    with contextlib.suppress(ConnectionError):
        for n in range(100):
            await client.send_raw(json.dumps({"type": "ping", "t0": n, "padding": "." * 1_000}))
            await asyncio.sleep(0)


async def test_who_is_sent_out_is_gone_everywhere_and_the_link_lets_them_in_again(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    owner, anna, boris = await party(nodes, crowd, room)
    second_tab = await crowd.enter(nodes[0], room, boris.id, "Boris")
    old_token = boris.resume_token
    assert (await owner.kick(boris.id))["type"] == "ack"
    for tab in (boris, second_tab):
        assert await tab.closed() == 4403
        assert tab.received[-1]["code"] == "kicked"
    left = await anna.expect("member_left")
    assert (left["member_id"], left["reason"], left["by"]) == (boris.id, "kicked", owner.id)
    for node in nodes:
        boris.resume_token = old_token
        with pytest.raises(Disconnected) as refused:
            await boris.reconnect(url=node.url())
        assert (refused.value.code, boris.received[-1]["code"]) == (4403, "kicked")
    again = await crowd.enter(nodes[1], room, boris.id, "Boris")
    assert (await again.say("sorry"))["type"] == "ack"
    await again.reconnect(url=nodes[0].url())
    assert again.welcome["mode"] == "resumed"
    assert [event["type"] for event in anna.events].count("member_left") == 1


async def test_nobody_sends_out_those_above_them(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    owner, anna, boris = await party(nodes, crowd, room)
    await owner.set_role(anna.id, "moderator")
    assert (await boris.kick(anna.id))["code"] == "forbidden"
    assert (await anna.kick(owner.id))["code"] == "forbidden"
    assert (await anna.kick("nobody"))["code"] == "member_not_found"
    assert (await anna.kick(boris.id))["type"] == "ack"


async def test_who_is_muted_is_heard_no_more_until_they_may(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    owner, anna, boris = await party(nodes, crowd, room)
    await owner.mute(boris.id, 60)
    refused = await boris.say("mmm")
    assert refused["code"] == "muted"
    assert 0 < refused["retry_after_ms"] <= 60_000
    await boris.react("🎬")
    assert (await boris.expect("error"))["code"] == "muted"
    assert (await boris.pause())["type"] == "ack"
    await anna.expect("muted")
    assert anna.members[boris.id]["muted_until_ms"] is not None
    await boris.reconnect(url=nodes[0].url())
    assert (await boris.say("mmm"))["code"] == "muted"
    await owner.mute(boris.id, 1)
    await boris.reaches(owner.point[1])
    until_ms = boris.me["muted_until_ms"]
    while (answer := await boris.say("at last"))["type"] == "error":
        assert answer["code"] == "muted"
        await asyncio.sleep(answer["retry_after_ms"] / 1000)
    assert boris.messages[-1]["sent_ms"] >= until_ms
    await owner.mute(boris.id, 3_600)
    await owner.mute(boris.id, 0)
    await boris.reaches(owner.point[1])
    assert (await boris.say("thank you"))["type"] == "ack"


async def test_settings_change_for_everyone_and_take_the_right(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    owner, anna, boris = await party(nodes, crowd, room)
    assert (await boris.change_settings(slow_mode_s=10))["code"] == "forbidden"
    await owner.set_role(anna.id, "moderator")
    assert (await anna.change_settings(control="owner"))["code"] == "forbidden"
    assert (await anna.change_settings(slow_mode_s=30, locked=True))["type"] == "ack"
    assert (await owner.change_settings(capacity=4, control="moderators"))["type"] == "ack"
    await boris.until(lambda: boris.settings["control"] == "moderators")
    assert boris.settings == {
        "control": "moderators", "capacity": 4, "locked": True, "slow_mode_s": 30, "hold": True, "hold_max_s": 10,
        "early_start": False,
        "start": "at_once",
        "start_when_ready": 0,
        "wait_ad_s": 0,
        "wait_away_s": 0,
        "wait_until_members": 200,
        "snap_on_pause": True,
        "guests": "nobody",
    }  # fmt: skip
    assert (await boris.say("one"))["type"] == "ack"
    assert (await boris.say("two"))["code"] == "slow_mode"
    assert (await anna.say("one"))["type"] == (await anna.say("two"))["type"] == "ack"
    late = crowd.stranger(nodes[1], room)
    with pytest.raises(Disconnected):
        await late.hello(crowd.ticket(room))
    assert (late.close_code, late.received[-1]["code"]) == (4403, "room_locked")
    await boris.reconnect()
    assert boris.welcome["mode"] == "resumed"
    await owner.change_settings(locked=False, capacity=3)
    await boris.reaches(owner.point[1])
    with pytest.raises(Disconnected) as full:
        await crowd.stranger(nodes[1], room).hello(crowd.ticket(room))
    assert full.value.code == 4409
    await owner.change_settings(capacity=4)
    assert (await crowd.enter(nodes[1], room)).settings["capacity"] == 4


async def test_the_owner_and_moderators_come_into_a_room_that_is_full_and_locked(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    room["capacity"] = 3
    owner, anna, boris = await party(nodes, crowd, room)
    await owner.set_role(anna.id, "moderator")
    for keeper in (owner, anna):
        await keeper.leave()
        await boris.until(lambda keeper=keeper: keeper.id not in boris.members)  # type: ignore[misc]
        await crowd.enter(nodes[0], room)  # in their seat
    with pytest.raises(Disconnected) as full:
        await crowd.enter(nodes[1], room)
    assert full.value.code == 4409

    back = await crowd.enter(nodes[1], room, anna.id)
    assert back.welcome["you"]["role"] == "moderator"
    assert (await back.change_settings(locked=True, id_="back"))["type"] == "ack"
    back = await crowd.enter(nodes[0], room, owner.id)
    assert len(back.members) == 5
    assert (await back.change_settings(locked=False, capacity=6, id_="back"))["type"] == "ack"
    assert len((await crowd.enter(nodes[0], room)).members) == 6


async def test_a_fight_over_the_film_cools_down(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    owner, anna, boris = await party(nodes, crowd, room)
    await anna.play()
    answers = []
    for _ in range(4):
        answers += [await boris.pause(), await anna.play()]
    refused = next(answer for answer in answers if answer["type"] == "error")
    assert refused["code"] == "cooldown"
    assert refused["retry_after_ms"] > 0
    assert (await anna.seek(1_000))["type"] == "ack"
    assert (await owner.play())["type"] == (await owner.pause())["type"] == "ack"
    await anna.reaches(owner.point[1])
    assert (anna.playback["status"], anna.playback["by"]) == ("paused", owner.id)


async def test_somebody_acts_for_an_owner_who_is_gone_until_they_are_back(
    run_process: RunProcess, cinema: Cinema, module_redis_url: str, module_amqp_url: str, crowd: Crowd
) -> None:
    first, second = (
        start_node(run_process, cinema, module_redis_url, module_amqp_url, program=["python", "-c", IMPATIENT])
        for _ in range(2)
    )
    room = cinema.room(control="owner", partition=9)
    owner, anna, boris = await party((first, second), crowd, room)
    await owner.set_role(boris.id, "moderator")
    assert (await boris.seek(1_000))["code"] == "forbidden"
    await owner.leave()
    left = await anna.expect("member_left")
    chosen = await anna.expect("host_changed")
    assert (chosen["host"], chosen["by"]) == (boris.id, None)
    assert chosen["time_ms"] >= left["left_ms"] + 1_500
    await boris.expect("host_changed")
    assert (await boris.seek(1_000))["type"] == "ack"
    assert (await anna.seek(2_000))["code"] == "forbidden"
    await boris.leave()
    await anna.until(lambda: anna.room["host"] == anna.id)
    assert (await anna.seek(2_000))["type"] == "ack"
    back = await crowd.enter(second, room, room["owner"], "Owner")
    await anna.until(lambda: anna.room["host"] is None)
    assert (await anna.seek(3_000))["code"] == "forbidden"
    assert (await back.seek(3_000))["type"] == "ack"
