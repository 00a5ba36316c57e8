"""One step of a room in Redis: what refuses it, and that a refused one leaves no trace."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from sync_service.live.presence import STALE_MS
from sync_service.room.commands import Close, Leave, Say, Seek
from sync_service.store import redis_keys
from sync_service.store.room_store import LEASE_MS, RoomStore
from sync_service.store.scripts import SWEEP
from sync_service.store.step import Arrive, Depart, Step
from tests.support.fresh_stores import open_redis
from tests.support.processes import RunProcess
from tests.support.store_desk import Desk, desk
from tests.support.sync_fixtures import NEVER_MS, Cinema, Crowd, start_node

__all__ = ["desk"]

IMPATIENT = """
import runpy
from sync_service.store import room_store
room_store.JOURNAL_BOUND = 4
runpy.run_module("sync_service", run_name="__main__")
"""


async def test_a_step_is_written_whole(desk: Desk) -> None:
    assert (await desk.join("anna"))[:2] == [b"ok", 1]
    await desk.step(Say(by="anna", id="1", message_id="m", text="hello"))
    answer = await desk.step(Seek(by="anna", id="2", position_ms=5))
    room = await desk.read()
    assert (room.seq, room.hash.encode()) == (3, answer[3])
    assert room.state.playback.position_ms == 5
    assert [message.text for message in room.state.messages] == ["hello"]
    assert room.hashes["playback"] == room.hash
    assert list(room.state.members) == ["anna"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"deadline_ms": int(time.time() * 1000) - 1}, b"late"),
        ({"epoch": 2}, b"conflict"),
        ({"guards": ("0" * 16, "", "", "")}, b"conflict"),
        ({"guards": ("", "0" * 16, "", "")}, b"conflict"),
        ({"guards": ("", "", "0" * 16, "")}, b"conflict"),
        ({"guards": ("", "", "", "0" * 16)}, b"conflict"),
    ],
    ids=["late", "epoch", "playback", "rights", "meta", "members"],
)
async def test_a_refused_step_leaves_no_trace(desk: Desk, change: dict[str, Any], word: bytes) -> None:
    await desk.join("anna")
    before = desk.everything()
    assert (await desk.step(Seek(by="anna", id="1", position_ms=5), **change))[0] == word
    assert desk.everything() == before
    assert (await desk.step(Seek(by="anna", id="1", position_ms=5)))[0] == b"ok"


async def test_a_command_that_was_applied_is_answered_as_then_and_leaves_no_trace(desk: Desk) -> None:
    await desk.join("anna")
    assert (await desk.step(Seek(by="anna", id="1", position_ms=5)))[:2] == [b"ok", 2]
    await desk.step(Seek(by="anna", id="2", position_ms=6))
    before = desk.everything()
    assert await desk.step(Seek(by="anna", id="1", position_ms=5)) == [b"duplicate", b"anna:1", b"2"]
    assert desk.everything() == before


async def test_a_full_room_is_checked_where_nobody_can_come_between(desk: Desk) -> None:
    await desk.join("anna")
    await desk.join("boris")
    before = desk.everything()
    assert await desk.join("carl") == [b"full", 1]
    assert desk.everything() == before
    assert (await desk.join("anna"))[0] == b"ok"


async def test_one_who_decided_on_an_old_copy_of_the_members_has_to_look_again(desk: Desk) -> None:
    await desk.join("anna")
    assert await desk.join("anna", arrivals=[(Arrive("anna"), "new")]) == [b"conflict"]
    assert await desk.join("boris", arrivals=[(Arrive("boris"), "old")]) == [b"conflict"]


async def test_nobody_leaves_who_is_connected_to_another_node(desk: Desk) -> None:
    await desk.join("anna")
    other = RoomStore(desk.store.shard, 3, "other")
    mine, desk.store = desk.store, other
    await desk.join("anna")
    desk.store = mine
    leave = Leave(by="anna", reason="lost", gone_ms=5)
    assert await desk.step(leave, Depart("anna", "node")) == [b"connected"]
    assert list((await desk.read()).state.members) == ["anna"]
    assert (await desk.step(leave, Depart("anna", "other")))[0] == b"ok"
    assert (await desk.read()).state.members == {}


async def test_nothing_happens_in_a_closed_room(desk: Desk) -> None:
    await desk.join("anna")
    assert (await desk.step(Close(reason="owner")))[0] == b"ok"
    copy = await desk.read()
    before = desk.everything()
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    step = Step(copy.epoch, ("", "", "", ""), 2**52, None, [], [], None)
    desk.store.commit(desk.names, step, answer.set_result)
    desk.store.link.flush()
    assert await answer == [b"closed", b"owner"]
    assert desk.everything() == before


async def test_after_nobody_has_looked_for_a_while_no_node_is_dead_yet(desk: Desk) -> None:
    """A store that was away could take no renewals: every lease has run out, and nobody has died."""
    names = redis_keys.partition(3, "nodes"), redis_keys.partition(3, "swept"), redis_keys.partition(3, "ended")
    with open_redis(desk.url) as store:

        async def swept(*, ago_ms: int) -> list[bytes]:
            now_ms = int(time.time() * 1000)
            store.zadd(names[0], {"ghost": now_ms - 1_000})
            store.set(names[1], now_ms - ago_ms)
            answer = await SWEEP.call(desk.store.link, 3, *names, "node", LEASE_MS, STALE_MS, 0)
            expired: list[bytes] = answer[0]
            return expired

        before_ms = time.time() * 1000
        assert await swept(ago_ms=STALE_MS + 500) == []
        assert store.zscore(names[0], "ghost") > before_ms + LEASE_MS - 100
        # Somebody looks all the time, however long the test takes from here to the sweep.
        assert (await swept(ago_ms=-60_000))[0] == b"ghost"


async def test_scripts_that_redis_has_forgotten_are_sent_again(desk: Desk) -> None:
    with open_redis(desk.url) as store:
        store.script_flush()
    assert (await desk.join("anna"))[0] == b"ok"


async def test_when_the_archive_takes_nothing_chat_waits_and_the_film_goes_on(
    run_process: RunProcess, cinema: Cinema, redis_url: str, crowd: Crowd, room: dict[str, Any]
) -> None:
    room["starts_at"] = NEVER_MS
    nowhere = "amqp://guest:guest@127.0.0.1:1/"
    node = start_node(run_process, cinema, redis_url, nowhere, program=["python", "-c", IMPATIENT])
    anna = await crowd.enter(node, room)
    for n in range(3):
        assert (await anna.say(str(n)))["type"] == "ack"
    refused = await anna.say("one too many")
    assert (refused["code"], refused["retry_after_ms"]) == ("archive_full", 500)
    assert (await anna.seek(5))["type"] == "ack"
    assert len(anna.messages) == 3
    boris = await crowd.enter(node, room)
    await boris.leave()
    await anna.expect("member_left")
    with open_redis(redis_url) as store:
        kept = [entry[b"type"] for _, entry in store.xrange("{p5}:journal")]
    assert kept == [b"visit.started.v1"] + [b"chat.posted.v1"] * 3 + [b"visit.started.v1", b"visit.ended.v1"]
