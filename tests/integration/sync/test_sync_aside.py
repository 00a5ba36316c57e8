"""Stepping aside, over sockets: on every process, over lost connections, in the log and in the archive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.envelope import new_event
from shared.events.journal import VISIT_ASIDE
from shared.events.rooms import ROOM_CHANGED
from tests.integration.sync.test_sync_holding import watching
from tests.integration.sync.test_sync_lifecycle import Archive
from tests.support.sync_fixtures import Crowd, SyncNode, publish

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


@pytest.fixture
async def archive(module_amqp_url: str) -> AsyncIterator[Archive]:
    opened = Archive(module_amqp_url)
    await opened.broker.start()
    await opened.broker.wait_connected()
    yield opened
    await opened.broker.close()


async def test_everyone_sees_who_is_aside_and_nobody_is_moved(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    before = anna.playback
    await boris.command("aside", reason="rewatch")
    await anna.until(lambda: anna.members[boris.id]["aside"] is not None)
    assert anna.members[boris.id]["aside"]["reason"] == "rewatch"
    for answer in (await boris.pause(), await boris.seek(1_000)):
        assert answer["code"] == "aside"
    await boris.report(buffering=True)
    await boris.command("back")
    await anna.until(lambda: anna.members[boris.id]["aside"] is None)
    assert anna.playback == before
    assert "code" not in await boris.pause()


async def test_whoever_reconnects_to_another_process_is_aside_still(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room)
    await boris.command("aside", reason="away")
    aside = boris.me["aside"]
    await boris.reconnect(url=nodes[0].url(room["partition"]))
    assert boris.me["aside"] == aside
    vera = await crowd.enter(nodes[0], room)
    assert vera.members[boris.id]["aside"] == aside
    await anna.reaches(boris.point[1])
    assert anna.members[boris.id]["aside"] == aside


async def test_the_room_waits_for_an_advertisement_where_it_is_set(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    anna, boris = await watching(nodes, crowd, room, wait_ad_s=30)
    await boris.command("aside", reason="ad")
    held = await anna.expect("hold_started")
    assert (held["playback"]["waiting_for"], held["playback"]["reason"]) == ([boris.id], "ad")
    await boris.command("back")
    ended = await anna.expect("hold_ended")
    assert (ended["playback"]["reason"], ended["playback"]["position_ms"]) == ("back", held["playback"]["position_ms"])


async def test_the_archive_is_told(nodes: Nodes, crowd: Crowd, archive: Archive, room: Room) -> None:
    anna = await crowd.enter(nodes[0], room)
    await anna.play()
    await anna.command("aside", reason="alone")
    await anna.command("back")
    told = [event.data for event in await archive.has(room, 4) if event.type == VISIT_ASIDE]
    assert [(one["user_id"], one["reason"]) for one in told] == [(anna.id, "alone"), (anna.id, None)]


async def test_another_film_begins_for_the_same_people_on_every_process(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    anna, boris = await watching(nodes, crowd, room)
    await anna.say("What now?")
    film = {"id": room["owner"], "title": "Second", "duration_ms": 90_000}
    claim = {**room, "film": film, "version": 2}
    changes = {"film": film, "settings": {"start": "together"}}
    data = {"version": 2, "partition": room["partition"], "changes": changes, "room": claim}
    await publish(archive.broker, new_event(ROOM_CHANGED, room["id"], data, source="api_service"))
    for client in (anna, boris):
        changed = await client.expect("film_changed")
        assert changed["playback"]["started"] is False
        assert [member["ready"] for member in client.members.values()] == [False, False]
        assert client.room["film"] == film
    # Both say of the film that they have what they said of the one before: it counts, and a lobby waits all the same.
    await boris.report(ready=True)
    await anna.until(lambda: anna.members[boris.id]["ready"])
    assert anna.playback["started"] is False
    vera = await crowd.enter(nodes[1], claim)
    assert [message["text"] for message in vera.messages] == ["What now?"]
    assert vera.members.keys() == {anna.id, boris.id, vera.id}
