"""Waiting for those whose player has run dry: bounded, said aloud, and never for long at one person's account."""

from __future__ import annotations

from typing import Any

from tests.support.clients import RoomClient
from tests.support.sync_fixtures import Crowd, SyncNode

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


async def watching(nodes: Nodes, crowd: Crowd, room: Room, **settings: Any) -> tuple[RoomClient, RoomClient]:
    """Two who watch, ready, long after the last seek."""
    room["settings"] = settings
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    await anna.report(ready=True)
    await boris.report(ready=True)
    await boris.until(lambda: boris.playback["status"] == "playing")
    return anna, boris


async def test_the_room_waits_for_whoever_runs_dry_and_goes_on_together(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    await boris.report(buffering=True)
    held = await anna.expect("hold_started")
    assert held["playback"]["waiting_for"] == [boris.id]
    assert held["playback"]["hold_until_ms"] == held["time_ms"] + 10_000
    await boris.report(buffering=False)
    ended = await anna.expect("hold_ended")
    assert ended["playback"]["reason"] == "ready"
    assert ended["playback"]["position_ms"] == held["playback"]["position_ms"]
    assert ended["playback"]["at_ms"] >= ended["time_ms"] + 150


async def test_a_hold_ends_by_itself_and_nobody_is_held_twice_for_it(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room, hold_max_s=1)
    await boris.report(buffering=True)
    held = await anna.expect("hold_started")
    ended = await anna.expect("hold_ended")
    assert ended["playback"]["reason"] == "hold_timeout"
    assert ended["time_ms"] >= held["playback"]["hold_until_ms"]
    await boris.report(buffering=True)
    await anna.reaches(boris.point[1])
    assert [event["type"] for event in anna.events].count("hold_ended") == 1
    assert anna.playback["status"] == "playing"


async def test_one_over_their_budget_catches_up_alone(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    for _ in range(4):
        await boris.report(buffering=True)
        await boris.report(buffering=False)
    await anna.reaches(boris.point[1])
    assert [event["type"] for event in anna.events].count("hold_started") == 3
    assert anna.playback["status"] == "playing"


async def test_who_is_not_ready_yet_holds_nobody_up(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    carl = await crowd.enter(nodes[1], room)
    await carl.report(buffering=True)
    await boris.drop()
    again = await crowd.enter(nodes[0], room, boris.id)
    await again.report(buffering=True)
    await anna.reaches(again.point[1])
    assert anna.playback["status"] == "playing"


async def test_a_room_or_a_member_may_do_without_waiting(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["settings"] = {"hold": False}
    anna, boris = await watching(nodes, crowd, room, hold=False)
    await boris.report(buffering=True)
    assert boris.playback["status"] == "playing"
    await boris.report(buffering=False)
    owner = await crowd.enter(nodes[0], room, room["owner"])
    await owner.change_settings(hold=True)
    await anna.report(waits=False)
    await anna.report(buffering=True)
    assert anna.playback["status"] == "playing"
    await boris.report(buffering=True)
    assert boris.playback["status"] == "holding"


async def test_whoever_may_start_the_film_need_not_wait(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    await boris.report(buffering=True)
    await anna.expect("hold_started")
    assert (await anna.play())["type"] == "ack"
    assert (anna.playback["status"], anna.playback["reason"]) == ("playing", "hold_skipped")


async def test_one_who_leaves_is_waited_for_no_longer(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    await boris.report(buffering=True)
    await anna.expect("hold_started")
    await boris.leave()
    ended = await anna.expect("hold_ended")
    assert ended["playback"]["reason"] == "left"
