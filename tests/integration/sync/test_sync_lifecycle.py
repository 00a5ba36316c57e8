"""What the API decides, and what the archive is told: both over RabbitMQ."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from shared.broker import Broker
from shared.events.envelope import Event, new_event
from shared.events.journal import (
    CHAT_DELETED,
    CHAT_POSTED,
    MEMBER_CHANGED,
    PLAYBACK_CHANGED,
    SETTINGS_CHANGED,
    VISIT_ENDED,
    VISIT_STARTED,
)
from shared.events.rooms import MEMBER_BANNED, MEMBER_UNBANNED, ROOM_CHANGED, ROOM_CLOSED, ROOM_OPENED, ROOM_REOPENED
from sync_service.store.redis_keys import RoomKeys
from tests.support.clients import Disconnected
from tests.support.fresh_stores import open_redis
from tests.support.sync_fixtures import NEVER_MS, Cinema, Crowd, SyncNode, publish

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]


class Archive:
    """Stands at the other end of the broker: keeps what the rooms tell, by event id."""

    def __init__(self, url: str) -> None:
        self.events: dict[str, Event] = {}
        self.broker = Broker(url, "api_service")
        keys = ("visit.*.v1", "playback.changed.v1", "chat.*.v1", "member.changed.v1", "settings.changed.v1")
        self.broker.consume("api_service.journal", keys, self._keep)

    async def _keep(self, event: Event) -> None:
        self.events[event.id] = event

    def of(self, room: Room, type_: str | None = None) -> list[Event]:
        """What was told of a room, in the order in which it happened."""
        found = [event for event in self.events.values() if event.subject == room["id"] and type_ in (None, event.type)]
        return sorted(found, key=lambda event: (event.data["epoch"], event.data["seq"]))

    async def has(self, room: Room, count: int) -> list[Event]:
        """Wait until so many events of a room have come."""
        for _ in range(300):
            if len(self.of(room)) >= count:
                return self.of(room)
            await asyncio.sleep(0.1)
        raise AssertionError(f"only {len(self.of(room))} of {count} events came")


async def until_stored(url: str, look: Callable[[redis.Redis], object]) -> None:
    """Wait until the store has heard of it: the nodes handle several events at once, and in no order."""
    with open_redis(url) as store:
        for _ in range(300):
            if look(store):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("the store never heard of it")


@pytest.fixture
async def archive(module_amqp_url: str) -> AsyncIterator[Archive]:
    archive = Archive(module_amqp_url)
    await archive.broker.start()
    await archive.broker.wait_connected()
    yield archive
    await archive.broker.close()


def closed(room: Room, version: int = 2) -> Event:
    data = {"version": version, "partition": room["partition"], "reason": "owner", "closed_at": datetime.now(UTC)}
    return new_event(ROOM_CLOSED, room["id"], data, source="api_service")


def opened(room: Room) -> Event:
    return new_event(ROOM_OPENED, room["id"], {"version": 1, "room": room}, source="api_service")


def reopened(room: Room, version: int, *, position_ms: float | None = None, epoch: int = 0) -> Event:
    data = {"version": version, "room": {**room, "version": version}, "position_ms": position_ms, "epoch": epoch}
    return new_event(ROOM_REOPENED, room["id"], data, source="api_service")


async def test_a_room_that_is_opened_again_goes_on_as_it_was(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, module_redis_url: str
) -> None:
    room["starts_at"] = NEVER_MS
    anna, boris = await crowd.enter(nodes[0], room, room["owner"]), await crowd.enter(nodes[1], room)
    await anna.seek(7_000)
    await anna.say("before")
    await anna.set_role(boris.id, "moderator")
    await publish(archive.broker, closed(room))
    for client in (anna, boris):
        assert await client.closed() == 4410

    await publish(archive.broker, reopened(room, 3))
    keys = RoomKeys.of(5, room["id"])
    await until_stored(module_redis_url, lambda store: not store.exists(keys.closed))
    # Late and twice: nothing happens.
    for event in (closed(room), reopened(room, 3)):
        await publish(archive.broker, event)
    await asyncio.sleep(0.3)

    back = await crowd.enter(nodes[1], room, boris.id)
    assert (back.playback["status"], back.playback["position_ms"]) == ("paused", 7_000)
    assert back.welcome["you"]["role"] == "moderator"
    assert [message["text"] for message in back.messages] == ["before"]
    assert back.point[0] == 2
    with pytest.raises(Disconnected) as refused:
        await anna.reconnect()
    assert refused.value.code == 4401, "what was opened before is void"
    assert (await back.say("after"))["type"] == "ack"
    for _ in range(300):
        if (texts := [event.data["text"] for event in archive.of(room, CHAT_POSTED)]) == ["before", "after"]:
            break
        await asyncio.sleep(0.1)
    assert texts == ["before", "after"]

    await publish(archive.broker, closed(room, 4))
    assert await back.closed() == 4410
    await publish(archive.broker, reopened(room, 3))
    await asyncio.sleep(0.3)
    with pytest.raises(Disconnected) as refused:
        await crowd.enter(nodes[0], room)
    assert refused.value.code == 4410


async def test_a_room_that_the_store_has_forgotten_is_opened_again_as_the_archive_knows_it(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, module_redis_url: str
) -> None:
    room["starts_at"] = NEVER_MS
    await publish(archive.broker, closed(room))
    keys = RoomKeys.of(5, room["id"])
    await until_stored(module_redis_url, lambda store: store.exists(keys.closed))

    await publish(archive.broker, reopened(room, 3, position_ms=9_000, epoch=4))
    await until_stored(module_redis_url, lambda store: not store.exists(keys.closed))

    anna = await crowd.enter(nodes[0], room)
    assert (anna.playback["position_ms"], anna.point[0]) == (9_000, 5)


async def test_a_closed_room_tells_everyone_and_stays_closed(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    room["starts_at"] = NEVER_MS
    clients = [await crowd.enter(node, room) for node in nodes]
    await publish(archive.broker, closed(room))
    for client in clients:
        assert await client.closed() == 4410
        assert client.events[-1]["type"] == "closed"
        assert client.events[-1]["reason"] == "owner"
    # Late, twice, and out of order: nothing happens.
    await publish(archive.broker, closed(room))
    await publish(archive.broker, opened(room))
    await asyncio.sleep(0.5)
    for node in nodes:
        with pytest.raises(Disconnected) as refusal:
            await crowd.enter(node, room)
        assert refusal.value.code == 4410
    with pytest.raises(Disconnected) as refusal:
        await clients[0].reconnect()
    assert refusal.value.code == 4410
    ended = [event for event in await archive.has(room, 4) if event.type == VISIT_ENDED]
    assert {event.data["user_id"] for event in ended} == {client.id for client in clients}
    assert {event.data["reason"] for event in ended} == {"closed"}


async def test_a_room_closed_before_anyone_came_stays_closed(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, module_redis_url: str
) -> None:
    await publish(archive.broker, closed(room))
    await until_stored(module_redis_url, lambda store: store.exists(RoomKeys.of(5, room["id"]).closed))
    with pytest.raises(Disconnected) as refusal:
        await crowd.enter(nodes[0], room)
    assert refusal.value.code == 4410
    assert crowd.clients[0].received[-1]["code"] == "room_closed"


async def test_an_opened_room_waits_for_its_members_and_a_second_opening_changes_nothing(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    await publish(archive.broker, opened(room))
    anna = await crowd.enter(nodes[0], room)
    await anna.seek(7_000)
    await publish(archive.broker, opened(room))
    await asyncio.sleep(0.5)
    boris = await crowd.enter(nodes[1], room)
    assert boris.playback["position_ms"] == 7_000


async def test_the_archive_is_told_who_came_what_was_said_and_what_was_played(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, cinema: Cinema
) -> None:
    room["starts_at"] = NEVER_MS
    anna = await crowd.enter(nodes[0], room, room["owner"], "Anna")
    await anna.seek(3_000)
    await anna.say("Смотри!")
    await anna.leave()
    started, sought, posted, ended = await archive.has(room, 4)
    assert [event.type for event in (started, sought, posted, ended)] == [
        VISIT_STARTED,
        PLAYBACK_CHANGED,
        CHAT_POSTED,
        VISIT_ENDED,
    ]
    assert started.id == f"{room['id']}:1:{started.data['seq']}"
    assert started.data["user_id"] == posted.data["author_id"] == sought.data["by"] == room["owner"]
    assert sought.data["event"] == "sought"
    assert sought.data["playback"]["position_ms"] == 3_000
    assert (posted.data["text"], posted.data["author_name"], posted.data["position_ms"]) == ("Смотри!", "Anna", 3_000)
    assert ended.data["visit_id"] == started.data["visit_id"]
    assert ended.data["started_at"] == started.data["started_at"]
    assert ended.data["reason"] == "left"


async def test_the_archive_is_told_everything_though_two_nodes_relay(
    nodes: Nodes, crowd: Crowd, archive: Archive, cinema: Cinema
) -> None:
    rooms = [cinema.room(partition=n) for n in range(8)]
    for room in rooms:
        clients = [await crowd.enter(node, room) for node in nodes]
        await clients[0].play()  # or the film would start by itself at some moment, which is told too
        await asyncio.gather(*(client.say(f"{n}") for client in clients for n in range(8)))
    for room in rooms:
        events = await archive.has(room, 19)
        assert [event.data["seq"] for event in events] == list(range(1, 20))


def changed(room: Room, version: int, **changes: Any) -> Event:
    claim = {**room, **changes, "version": version}
    data = {"version": version, "partition": room["partition"], "changes": changes, "room": claim}
    return new_event(ROOM_CHANGED, room["id"], data, source="api_service")


def banned(room: Room, version: int, user_id: str, *, lifted: bool = False) -> Event:
    claim = {**room, "version": version}
    data = {"version": version, "partition": room["partition"], "user_id": user_id, "by": room["owner"], "room": claim}
    return new_event(MEMBER_UNBANNED if lifted else MEMBER_BANNED, room["id"], data, source="api_service")


async def test_what_the_api_changes_reaches_everyone_late_twice_and_out_of_order(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    events = [changed(room, 4, control="owner"), changed(room, 3, control="moderators", capacity=7)]
    events += [changed(room, 2, capacity=9, settings={"slow_mode_s": 5}), changed(room, 3, capacity=7)]
    for event in events:
        await publish(archive.broker, event)
    for client in (anna, boris):
        await client.until(lambda client=client: client.settings["slow_mode_s"] == 5)  # type: ignore[misc]
        await client.until(lambda client=client: client.settings["control"] == "owner")  # type: ignore[misc]
        await client.until(lambda client=client: client.settings["capacity"] == 7)  # type: ignore[misc]
    assert (await boris.pause())["code"] == "forbidden"
    await publish(archive.broker, changed(room, 3, control="everyone"))
    await publish(archive.broker, changed(room, 5, access="invited"))
    await boris.until(lambda: boris.room["access"] == "invited")
    assert boris.settings["control"] == "owner"


async def test_a_room_that_is_handed_over_knows_its_new_owner_on_every_node(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    owner, anna = await crowd.enter(nodes[0], room, room["owner"]), await crowd.enter(nodes[1], room)
    vera = await crowd.enter(nodes[0], room)
    await publish(archive.broker, changed(room, 2, owner=anna.id))
    for client in (owner, anna, vera):
        await client.until(lambda client=client: client.room["owner"] == anna.id)  # type: ignore[misc]
        assert client.members[owner.id]["role"] == "moderator"
        assert client.members[anna.id]["role"] == "owner"
    assert (await owner.change_settings(control="owner"))["code"] == "forbidden"
    assert (await anna.change_settings(control="owner"))["type"] == "ack"
    newcomer = await crowd.enter(nodes[1], room)
    assert newcomer.room["owner"] == anna.id
    assert newcomer.members[owner.id]["role"] == "moderator"


async def test_another_film_reaches_a_room_that_nobody_has_entered(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, module_redis_url: str
) -> None:
    await publish(archive.broker, opened(room))
    film: dict[str, Any] = {"id": str(uuid.uuid4()), "title": "Другой фильм", "duration_ms": 90_000}
    await publish(archive.broker, changed(room, 2, film=film))
    meta = RoomKeys.of(5, room["id"]).room, "meta"
    await until_stored(module_redis_url, lambda store: film["id"].encode() in (store.hget(*meta) or b""))
    assert (await crowd.enter(nodes[0], room)).room["film"] == film


async def test_who_is_banned_is_gone_and_stays_out_until_it_is_lifted(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[1], room)
    vera = await crowd.enter(nodes[1], room)
    await publish(archive.broker, banned(room, 3, boris.id))
    assert await boris.closed() == 4403
    assert boris.received[-1]["code"] == "banned"
    left = await anna.expect("member_left")
    assert (left["member_id"], left["reason"], left["by"]) == (boris.id, "banned", room["owner"])
    await publish(archive.broker, banned(room, 2, boris.id, lifted=True))  # late: the ban came after it
    await asyncio.sleep(0.3)
    for key in ("ticket", "resume"):
        with pytest.raises(Disconnected) as refused:
            await (boris.reconnect() if key == "resume" else crowd.enter(nodes[0], room, boris.id))
        assert refused.value.code == 4403
    await publish(archive.broker, banned(room, 4, boris.id, lifted=True))
    await vera.expect("unbanned")  # the node to which he comes has heard of it
    assert (await (await crowd.enter(nodes[1], room, boris.id)).say("back"))["type"] == "ack"


async def test_a_ban_holds_in_a_room_that_nobody_has_entered_yet(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room, module_redis_url: str
) -> None:
    guest = "55555555-5555-4555-8555-555555555555"
    ticket = crowd.ticket(room, guest)
    await publish(archive.broker, banned(room, 2, guest))
    rights = RoomKeys.of(5, room["id"]).room, "rights"
    await until_stored(module_redis_url, lambda store: guest.encode() in (store.hget(*rights) or b""))
    with pytest.raises(Disconnected) as refused:
        await crowd.stranger(nodes[1], room).hello(ticket)
    assert refused.value.code == 4403


async def test_the_archive_is_told_of_roles_settings_and_deletions(
    nodes: Nodes, crowd: Crowd, archive: Archive, room: Room
) -> None:
    room["starts_at"] = NEVER_MS
    owner, anna = await crowd.enter(nodes[0], room, room["owner"]), await crowd.enter(nodes[1], room)
    await owner.reaches(anna.point[1])
    await owner.set_role(anna.id, "moderator")
    await owner.mute(anna.id, 60)
    await owner.change_settings(locked=True)
    await owner.say("oops")
    await owner.delete_message(owner.messages[-1]["id"])
    await archive.has(room, 7)
    role, muted = (event.data for event in archive.of(room, MEMBER_CHANGED))
    assert (role["user_id"], role["role"], role["muted_until"]) == (anna.id, "moderator", None)
    assert muted["muted_until"] is not None
    (settings,) = archive.of(room, SETTINGS_CHANGED)
    assert settings.data["settings"]["locked"] is True
    (deleted,) = archive.of(room, CHAT_DELETED)
    (posted,) = archive.of(room, CHAT_POSTED)
    assert deleted.data["message_id"] == posted.data["message_id"]
