"""Those who come at once share a step of their room, and what bars one of them bars nobody else."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from sync_service.live import commit
from sync_service.live.commit import Done
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom
from sync_service.live.welcome import welcome
from sync_service.redis_client.client import RedisLink
from sync_service.room.commands import Join
from sync_service.room.events import Said
from sync_service.room.state import Message
from sync_service.store.records import Record
from sync_service.store.room_store import RoomStore
from sync_service.store.step import Arrive
from tests.support.store_desk import Desk, desk
from tests.unit.sync.rooms import OWNER

__all__ = ["desk"]

CAPACITY = 2  # of the desk's room


class Node:
    """A room's node (live_room.Feed) that sends its steps, and expects nothing else."""

    def __init__(self) -> None:
        self.steps = 0

    def ready(self, room: LiveRoom) -> None:
        asyncio.get_running_loop().call_soon(self._step, room)

    def _step(self, room: LiveRoom) -> None:
        before = bool(room.commits.in_flight)
        room.step()
        self.steps += bool(room.commits.in_flight) and not before
        room.store.link.flush()

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None: ...

    def resync(self, room: LiveRoom) -> None:
        raise AssertionError("nobody else is here")

    gap = started_over = resync


async def opened(desk: Desk) -> tuple[LiveRoom, Node]:
    node = Node()
    return LiveRoom(desk.room_id, desk.store, await desk.read(), node, lambda: time.time() * 1000), node


async def comes(
    room: LiveRoom, member: str, jti: str | None = None, token: tuple[str, int] | None = None, role: str = "viewer"
) -> str:
    """Let somebody arrive; returns "in", or the code of the refusal."""
    join = Join(by=member, name=member, role=role, visit_id=uuid.uuid4().hex, since_ms=1_000)
    outcome = await room.ask(join, Arrive(member, jti, token))
    return "in" if isinstance(outcome, Done) else outcome.code


async def together(*coming: Awaitable[str]) -> list[str]:
    return list(await asyncio.gather(*coming))


async def test_those_who_come_at_once_share_a_step(desk: Desk) -> None:
    room, node = await opened(desk)
    assert await together(comes(room, "anna", "t1"), comes(room, "boris", "t2")) == ["in"] * 2
    assert node.steps == 1
    assert set((await desk.read()).state.members) == set(room.state.members) == {"anna", "boris"}
    assert await together(comes(room, "anna", "t3"), comes(room, "boris", token=("s", 1))) == ["in"] * 2
    assert node.steps == 2


async def test_more_than_one_step_may_take_come_in_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "BATCH_ARRIVALS", 1)
    room, node = await opened(desk)
    assert await together(comes(room, "anna"), comes(room, "boris")) == ["in"] * 2
    assert node.steps == 2


async def test_a_ticket_that_was_used_bars_nobody_who_comes_at_the_same_time(desk: Desk) -> None:
    room, _ = await opened(desk)
    assert await comes(room, "anna", "t1") == "in"
    coming = comes(room, "boris", "t2"), comes(room, "anna", "t1"), comes(room, "boris", "t3")
    assert await together(*coming) == ["in", "ticket_reused", "in"]


async def test_a_token_that_was_followed_by_another_bars_nobody_else_either(desk: Desk) -> None:
    room, _ = await opened(desk)
    assert [await comes(room, "anna", token=("s", 2)), await comes(room, "boris")] == ["in", "in"]
    coming = comes(room, "anna", token=("s", 1)), comes(room, "boris", token=("r", 1))
    assert await together(*coming) == ["resume_invalid", "in"]


async def test_one_ticket_shown_twice_at_once_lets_one_in(desk: Desk) -> None:
    room, _ = await opened(desk)
    assert await together(comes(room, "anna", "t1"), comes(room, "anna", "t1")) == ["in", "ticket_reused"]


async def test_as_many_come_in_at_once_as_there_are_seats(desk: Desk) -> None:
    room, _ = await opened(desk)
    words = await together(*(comes(room, f"p{n}", f"t{n}") for n in range(5)))
    assert words == ["in"] * CAPACITY + ["room_full"] * (5 - CAPACITY)
    assert len((await desk.read()).state.members) == CAPACITY
    # Who found no seat has not spent their ticket.
    assert await comes(room, "p0", "t4") == "in"


async def test_the_owner_and_moderators_come_into_a_full_room(desk: Desk) -> None:
    room, _ = await opened(desk)
    assert await together(comes(room, "anna"), comes(room, "boris")) == ["in"] * CAPACITY
    assert await comes(room, "vera") == "room_full"
    assert await comes(room, OWNER) == "in"
    coming = comes(room, "mila", role="moderator"), comes(room, "vera")
    assert await together(*coming) == ["in", "room_full"]
    assert set((await desk.read()).state.members) == {"anna", "boris", OWNER, "mila"}


@pytest.mark.parametrize(
    ("last", "word"),
    [(Arrive("boris", "used"), [b"spent", 2]), (Arrive("boris", token=("s", 1)), [b"stale", 2])],
    ids=["spent", "stale"],
)
async def test_a_step_that_one_arrival_bars_leaves_no_trace(desk: Desk, last: Arrive, word: list[Any]) -> None:
    assert (await desk.join("boris", arrivals=[(Arrive("boris", "used", ("s", 2)), "new")]))[0] == b"ok"
    before = desk.everything()
    assert await desk.join("anna", arrivals=[(Arrive("anna", "fresh"), "new"), (last, "old")]) == word
    assert desk.everything() == before


async def test_each_newcomer_is_shown_the_room_as_it_is_at_that_moment(desk: Desk) -> None:
    room, _ = await opened(desk)
    await comes(room, "anna")

    def shown() -> dict[str, Any]:
        told: dict[str, Any] = orjson.loads(welcome(room, 1.5, {"id": "boris"}, "token", 1, None))
        return told

    before = shown()
    assert (before["mode"], before["resume"], before["seq"], before["messages"]) == ("snapshot", "token", 1, [])
    assert [member["id"] for member in before["members"]] == ["anna"]
    said = Said(time_ms=5, by="anna", command="1", message=Message("m", {"id": "anna", "name": "Anna"}, "hello", 0, 5))
    room.replica.apply(Record(1, 2, "h", said, b"{}"))
    after = shown()
    assert (after["seq"], after["hash"], [message["text"] for message in after["messages"]]) == (2, "h", ["hello"])
    assert {name for name in after if after[name] != before[name]} == {"seq", "hash", "messages"}


class CountingStore(RoomStore):
    """A store that counts how often a log was read whole, and a room opened."""

    readings = openings = 0

    async def open(self, *args: Any) -> str | None:
        self.openings += 1
        return await super().open(*args)

    async def log(self, names: Any) -> list[bytes]:
        self.readings += 1
        return await super().log(names)


async def test_a_room_that_several_enter_first_is_opened_once(desk: Desk) -> None:
    hub = Hub(desk.shards, "node")
    store = hub.partitions[3].store = CountingStore(desk.store.shard, 3, "node")
    state, room_id = (await desk.read()).state, str(uuid.uuid4())
    opening = replace(state, meta=replace(state.meta, id=room_id))
    rooms = await asyncio.gather(*(hub.enter(3, room_id, opening) for _ in range(5)))
    assert rooms[0] is not None
    assert all(room is rooms[0] for room in rooms)
    assert store.openings == 1
    assert not hub.partitions[3].opening
    await hub.close()


async def entered(hub: Hub, desk: Desk, rooms: int) -> list[LiveRoom]:
    """Enter new rooms of the desk's partition."""
    state = (await desk.read()).state
    found = []
    for _ in range(rooms):
        room_id = str(uuid.uuid4())
        room = await hub.enter(3, room_id, replace(state, meta=replace(state.meta, id=room_id)))
        assert room is not None
        found.append(room)
    return found


async def test_commands_of_several_rooms_in_a_turn_share_a_pipeline(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(desk.shards, "node")
    rooms = await entered(hub, desk, 3)
    flushes = 0
    flush = RedisLink.flush

    def counted(link: RedisLink) -> None:
        nonlocal flushes
        flushes += 1
        flush(link)

    monkeypatch.setattr(RedisLink, "flush", counted)
    assert await together(*(comes(room, "anna") for room in rooms)) == ["in"] * 3
    assert flushes == 1
    # A command waits for no other: the next turns' commits go out by themselves.
    coming = []
    for room in rooms:
        coming.append(asyncio.create_task(comes(room, "boris")))
        await asyncio.sleep(0.001)  # some loop turns
    assert await together(*coming) == ["in"] * 3
    assert flushes == 4
    await hub.close()


async def test_a_command_that_cannot_be_decided_is_answered_and_bars_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(desk.shards, "node")
    (room,) = await entered(hub, desk, 1)
    with monkeypatch.context() as patched:
        patched.setattr(commit, "decide", lambda *_: 1 / 0)
        assert await together(comes(room, "anna"), comes(room, "boris")) == ["internal"] * 2
    assert await comes(room, "anna") == "in"
    await hub.close()


async def test_those_who_resume_at_once_share_a_reading_of_the_log(desk: Desk) -> None:
    point = (1, 0, (await desk.read()).hash)
    await desk.join("anna")
    await desk.join("boris")
    store = desk.store = CountingStore(desk.store.shard, desk.store.number, desk.store.node)
    room, _ = await opened(desk)
    assert room.replica.may_remember(1, 1)
    await asyncio.gather(*(room.remember() for _ in range(5)))
    assert store.readings == 1
    assert room.replica.suffix_after(*point) is None  # the log holds events, not what was before the first
    first = (1, 1, (await desk.store.log(room.keys))[0].split(b'"hash":"')[1][:16].decode())
    assert len(room.replica.suffix_after(*first) or ()) == 1
    # What is read later is read anew.
    await room.remember()
    assert store.readings == 3
