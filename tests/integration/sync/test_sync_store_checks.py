"""The checks of a step that only the store can make, each with its twin in which it is off and the failure shows."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sync_service.room.commands import Command, DeleteMessage, EditMessage, Join, Leave, ReactToMessage, Say, SetRole
from sync_service.room.decide import RULES, decide
from sync_service.room.evolve import evolve
from sync_service.store.changes import encoded
from sync_service.store.scripts import COMMIT
from sync_service.store.snapshot import Snapshot
from sync_service.store.step import Arrive, Depart, Op, Step, guards_of, seat_of
from tests.support.store_desk import Desk, desk
from tests.unit.sync.rooms import OWNER, says

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("checked", [True, False], ids=["checked", "unchecked"])


@contextmanager
def commits(*, without: bytes, checked: bool) -> Iterator[None]:
    """Have the script as it is or, unless ``checked``, without this line of it."""
    source = COMMIT.source
    assert source.count(without) == 1
    if not checked:
        COMMIT.use(source.replace(without, b""))
    try:
        yield
    finally:
        COMMIT.use(source)


async def commit(desk: Desk, copy: Snapshot, command: Command, op: Op = None) -> str:
    """Commit what a node decides whose copy is this one; gives the store's word."""
    outcome = decide(copy.state, command, 1_000)
    assert isinstance(outcome, tuple), outcome
    state, events = copy.state, []
    for event in outcome:
        state = evolve(state, event)
        events.append(encoded(event, command, state))
    arrivals = [(op, seat_of(op.member, copy.state, state))] if isinstance(op, Arrive) else []
    op = op if isinstance(op, Depart) else None
    guards = guards_of(copy.hashes, RULES[type(command)].reads)
    deadline_ms = int(time.time() * 1000) + 60_000
    step = Step(copy.epoch, guards, deadline_ms, op, [], events, None, arrivals)
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    desk.store.commit(desk.names, step, answer.set_result)
    desk.store.link.flush()
    word: bytes = (await answer)[0]
    return word.decode()


def join_of(member: str) -> Join:
    return Join(by=member, name=member, role="viewer", visit_id=uuid.uuid4().hex, since_ms=1_000)


async def test_the_last_seat_is_taken_once_however_many_nodes_give_it_away(desk: Desk, checked: bool) -> None:
    full = (
        b"if seat == 'new' and redis.call('HLEN', members) + newcomers > tonumber(have[9]) then return {'full', i} end"
    )
    copy = await desk.read()
    people = [f"p{n}" for n in range(9)]
    with commits(without=full, checked=checked):
        words = await asyncio.gather(*(commit(desk, copy, join_of(who), Arrive(who)) for who in people))
    here = len((await desk.read()).state.members)
    assert (here, words.count("full")) == ((2, 7) if checked else (9, 0))


async def test_who_keeps_order_comes_in_however_full_it_is(desk: Desk, checked: bool) -> None:
    copy = await desk.read()
    staff, people = [OWNER, "moderator", "mila"], ["p0", "p1", "p2"]
    with commits(without=b"seat == 'new' and ", checked=checked):
        for who in ("p0", "p1", *staff, "p2"):
            await commit(desk, copy, join_of(who), Arrive(who))
    here = set((await desk.read()).state.members)
    assert here == ({"p0", "p1", *staff} if checked else {*people[:2]})


async def test_a_session_that_was_ended_lets_nobody_in(desk: Desk, checked: bool) -> None:
    ended = b"if sid ~= '' and redis.call('ZSCORE', ended, sid) then return {'ended', i} end"
    copy = await desk.read()
    await desk.store.end_sessions(["session"])
    with commits(without=ended, checked=checked):
        word = await commit(desk, copy, join_of("anna"), Arrive("anna", "ticket", sid="session"))
    assert word == ("ended" if checked else "ok")
    assert ("anna" in (await desk.read()).state.members) is not checked


async def test_a_ticket_lets_one_in_however_many_use_it_at_once(desk: Desk, checked: bool) -> None:
    spent = b"if jti_ttl_ms ~= '' and redis.call('EXISTS', jti) == 1 then return {'spent', i} end"
    copy = await desk.read()
    with commits(without=spent, checked=checked):
        first = await commit(desk, copy, join_of("anna"), Arrive("anna", "ticket"))
        copy = await desk.read()
        again = await asyncio.gather(*(commit(desk, copy, join_of("anna"), Arrive("anna", "ticket")) for _ in range(4)))
    assert [first, *again] == ["ok"] + ["spent" if checked else "ok"] * 4


async def test_the_use_of_a_resume_token_ends_those_before_it(desk: Desk, checked: bool) -> None:
    await desk.join("anna")
    copy = await desk.read()

    async def back(generation: int, session: str = "s1") -> str:
        return await commit(desk, copy, join_of("anna"), Arrive("anna", token=(session, generation)))

    stale = (
        b"if generation ~= '' and tonumber(redis.call('GET', session) or 0) > tonumber(generation) "
        b"then return {'stale', i} end"
    )
    with commits(without=stale, checked=checked):
        # A token stays good until its successor is used: the answer with the new one may have been lost.
        assert [await back(1), await back(1), await back(2), await back(2)] == ["ok"] * 4
        assert [await back(1), await back(1, "s2"), await back(3)] == ["stale" if checked else "ok", "ok", "ok"]


async def test_nobody_who_has_left_comes_back_as_a_ghost(desk: Desk, checked: bool) -> None:
    """A node that stalled reports for somebody whom the others have declared gone meanwhile."""
    guard = b"if read ~= '' and read ~= have[4 + i] then return {'conflict'} end"
    await desk.join(OWNER)
    await desk.join("anna")
    old = await desk.read()
    await desk.step(Leave(by="anna", reason="lost", gone_ms=1_000), Depart("anna", "*"))
    with commits(without=guard, checked=checked):
        word = await commit(desk, old, says("anna", ready=True))
    here = (await desk.read()).state.members
    assert (word, "anna" in here) == (("conflict", False) if checked else ("ok", True))


async def test_what_one_node_reports_of_a_persons_players_does_not_undo_what_another_one_did(
    desk: Desk, checked: bool
) -> None:
    guard = b"if read ~= '' and read ~= have[4 + i] then return {'conflict'} end"
    await desk.join("anna")
    old = await desk.read()
    await desk.step(says("anna", node="one", ready=True))
    with commits(without=guard, checked=checked):
        word = await commit(desk, old, says("anna", node="other", rtt_ms=200))
    ready = (await desk.read()).state.members["anna"].ready
    assert (word, ready) == (("conflict", True) if checked else ("ok", False))


async def test_what_is_written_of_a_member_is_what_their_own_player_said_last(desk: Desk, checked: bool) -> None:
    """A role that is set by a copy which has not heard the member's last report must not undo it."""
    guard = b"if read ~= '' and read ~= have[4 + i] then return {'conflict'} end"
    await desk.join(OWNER)
    await desk.join("anna")
    old = await desk.read()
    await desk.step(says("anna", buffering=True))
    with commits(without=guard, checked=checked):
        word = await commit(desk, old, SetRole(by=OWNER, member_id="anna", role="guest"))
    anna = (await desk.read()).state.members["anna"]
    assert (word, anna.buffering, anna.role) == (("conflict", True, "viewer") if checked else ("ok", False, "guest"))


async def test_two_reactions_at_the_same_moment_are_both_kept(desk: Desk, checked: bool) -> None:
    revision = b"if before and before + 1 ~= revisions[key] then return {'conflict'} end"
    await desk.join("anna")
    await desk.join("boris")
    await desk.step(Say(by="anna", message_id="m", text="x"))
    old = await desk.read()
    await desk.step(ReactToMessage(by="anna", message=old.state.messages[0], emoji="a"))
    with commits(without=revision, checked=checked):
        word = await commit(desk, old, ReactToMessage(by="boris", message=old.state.messages[0], emoji="a"))
    (message,) = (await desk.read()).state.messages
    assert (word, message.reactions) == (("conflict", {"a": ("anna",)}) if checked else ("ok", {"a": ("boris",)}))


async def test_a_deleted_message_leaves_none_of_its_edits_in_the_log(desk: Desk, checked: bool) -> None:
    edits = b"    blank_edits(key, value)\n"
    await desk.join("anna")
    await desk.step(Say(by="anna", message_id="m", text="SECRET 0"))
    for number in (1, 2):
        message = (await desk.read()).state.messages[0]
        await desk.step(EditMessage(by="anna", message=message, text=f"SECRET {number}"))
    await desk.step(Say(by="anna", message_id="n", text='other "message_id":"m"'))
    with commits(without=edits, checked=checked):
        copy = await desk.read()
        await commit(desk, copy, DeleteMessage(by="anna", message=copy.state.messages[0]))
    lines = b"".join(await desk.store.log(desk.names))
    assert (b"SECRET" in lines) is not checked
    assert b"other" in lines
    assert "SECRET" not in repr((await desk.read()).state)
