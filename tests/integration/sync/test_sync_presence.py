"""Who is there: grace for lost connections, none for those who leave, an end for those whose node died."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

from sync_service.protocol import silence
from sync_service.store.redis_keys import RoomKeys
from tests.support.fresh_stores import open_redis
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]

# A node that asks the silent after a second, and gives up those who have not answered eleven seconds later.
IMPATIENT = """
import runpy
from sync_service.protocol import silence
silence.LOOK_S, silence.ASK_S, silence.CUT_S, silence.GONE_S, silence.GRACE_S = 0.25, 1, 12, 12.5, 0.5
runpy.run_module("sync_service", run_name="__main__")
"""


async def test_who_leaves_is_gone_at_once(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    boris = await crowd.enter(nodes[1], room, name="Boris")
    await boris.leave()
    assert boris.close_code == 1000
    left = await anna.expect("member_left", timeout_s=20)
    assert (left["name"], left["reason"]) == ("Boris", "left")
    assert left["time_ms"] - left["left_ms"] < 9_000  # no grace was waited for


async def test_a_lost_connection_has_a_grace_of_ten_seconds(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    boris = await crowd.enter(nodes[1], room)
    carl = await crowd.enter(nodes[1], room)
    lost = time.monotonic()
    await boris.drop()
    await carl.drop()
    await asyncio.sleep(2)
    await carl.reconnect(url=nodes[0].url())
    left = await anna.expect("member_left", timeout_s=20)
    assert time.monotonic() - lost > 9.5
    assert (left["member_id"], left["reason"]) == (boris.id, "lost")
    assert left["time_ms"] - left["left_ms"] > 9_900
    await asyncio.sleep(3)
    assert [event["type"] for event in anna.events].count("member_left") == 1
    assert set(anna.members) == {anna.id, carl.id}


async def test_when_the_last_one_is_lost_the_film_waits_where_they_were(
    nodes: Nodes, crowd: Crowd, room: Room, module_redis_url: str
) -> None:
    anna = await crowd.enter(nodes[0], room)
    await anna.play()
    await asyncio.sleep(1.2)
    asked_s = time.monotonic()
    lost_ms = (await anna.ping())["t1"]
    expected_ms = anna.position_at(lost_ms)
    await anna.drop()
    members = RoomKeys.of(room["partition"], room["id"]).members
    with open_redis(module_redis_url) as store:
        for _ in range(300):
            if not store.exists(members):
                break
            await asyncio.sleep(0.1)
    over_s = time.monotonic() - asked_s
    boris = await crowd.enter(nodes[1], room)
    assert boris.playback["status"] == "paused"
    # Not where the film would have been when the grace was over: the node noticed the loss ten seconds before that.
    assert -50 < boris.playback["position_ms"] - expected_ms < (over_s - 9) * 1000
    assert list(boris.members) == [boris.id]


async def test_a_killed_nodes_members_are_gone_once_and_who_returned_never_left(
    nodes: Nodes, crowd: Crowd, cinema: Cinema, run_process: RunProcess, module_redis_url: str, module_amqp_url: str
) -> None:
    doomed = start_node(run_process, cinema, module_redis_url, module_amqp_url)
    room = cinema.room()
    watchers = [await crowd.enter(node, room) for node in nodes]
    gone, returning = await crowd.enter(doomed, room), await crowd.enter(doomed, room)
    for watcher in watchers:
        await watcher.reaches(returning.point[1])
    doomed.process.kill()
    await asyncio.sleep(0.5)
    await returning.reconnect(url=nodes[1].url())
    assert returning.welcome["mode"] == "resumed"
    for watcher in watchers:
        left = await watcher.expect("member_left", timeout_s=40)
        assert (left["member_id"], left["reason"]) == (gone.id, "lost")
    assert left["left_ms"] < left["time_ms"] - 5_000
    await asyncio.sleep(4)
    for client in (*watchers, returning):
        assert [event["type"] for event in client.events].count("member_left") == 1
        assert len(client.members) == 3


async def test_who_is_silent_but_answers_pings_stays_and_who_does_not_is_cut_off(
    run_process: RunProcess, cinema: Cinema, module_redis_url: str, module_amqp_url: str, crowd: Crowd
) -> None:
    node = start_node(run_process, cinema, module_redis_url, module_amqp_url, program=["python", "-c", IMPATIENT])
    room = cinema.room()
    anna, quiet, lost = [await crowd.enter(node, room, name=name) for name in ("Anna", "Quiet", "Lost")]
    lost.stop_reading()
    left = await anna.expect("member_left", timeout_s=40)
    assert left["member_id"] == lost.id
    assert quiet.close_code is None
    assert (await quiet.say("I was only watching"))["type"] == "ack"
    assert [event["type"] for event in anna.events].count("member_left") == 1


async def test_who_froze_has_left_within_twenty_seconds_and_who_froze_for_ten_never_left(
    nodes: Nodes, crowd: Crowd, room: Room
) -> None:
    anna, frozen, dozing = [await crowd.enter(nodes[0], room, name=name) for name in ("Anna", "Frozen", "Dozing")]
    frozen_ms = (await anna.ping())["t1"]
    frozen.stop_reading()
    dozing.stop_reading()
    await asyncio.sleep(silence.FREEZE_S)
    await dozing.reconnect()  # whether its connection was dropped or not
    left = await anna.expect("member_left", timeout_s=40)
    assert left["member_id"] == frozen.id
    assert left["time_ms"] - frozen_ms <= 1000 * silence.LEAVES_WITHIN_S
    assert left["left_ms"] - frozen_ms < 1000 * silence.ASK_S  # the last sign, not when the connection was dropped
    assert [event["type"] for event in anna.events].count("member_left") == 1
    assert dozing.me["id"] in anna.members


async def test_a_node_that_stalled_and_was_given_up_brings_its_members_back(
    nodes: Nodes, crowd: Crowd, cinema: Cinema, run_process: RunProcess, module_redis_url: str, module_amqp_url: str
) -> None:
    stalling = start_node(run_process, cinema, module_redis_url, module_amqp_url)
    room = cinema.room()
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(stalling, room, name="Boris")
    pid = stalling.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        left = await anna.expect("member_left", timeout_s=40)
        assert left["member_id"] == boris.id
    finally:
        os.kill(pid, signal.SIGCONT)
    joined = await anna.expect(
        lambda message: message["type"] == "member_joined" and message["seq"] > left["seq"], timeout_s=20
    )
    assert (joined["member"]["id"], joined["member"]["name"]) == (boris.id, "Boris")
    assert joined["member"]["visit_id"] != left["visit_id"]
    assert (await boris.say("I was asleep"))["type"] == "ack"
    await anna.expect("said")
    assert set(boris.members) == set(anna.members) == {anna.id, boris.id}
