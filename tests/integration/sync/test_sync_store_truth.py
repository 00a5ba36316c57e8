"""The log is the truth: what Redis has of a room is what its log says, whatever nodes with old replicas commit."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sync_service.live.replica import Replica
from sync_service.room.commands import (
    Ban,
    ChangeRoom,
    ChangeSettings,
    ComeBack,
    Command,
    DeleteMessage,
    Due,
    EditMessage,
    Join,
    Kick,
    Leave,
    Mute,
    Pause,
    Play,
    ReactToMessage,
    Rebase,
    Say,
    Seek,
    SetRate,
    SetRole,
    StepAside,
)
from sync_service.room.decide import RULES, decide
from sync_service.room.events import MemberJoined, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.state import State
from sync_service.store.changes import encoded
from sync_service.store.records import read_record
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.snapshot import Snapshot
from sync_service.store.step import Arrive, Depart, Op, Step, guards_of, seat_of
from tests.support.store_desk import Desk, desk
from tests.unit.sync.rooms import OWNER, empty_room, joined, says
from tests.unit.sync.watched_room import WatchedRoom

__all__ = ["desk"]

WATCH = WatchedRoom()
PEOPLE = [OWNER, "moderator", "anna", "boris", "vera", "guest"]


class Node:
    """A node with a replica of the room that is as old as it likes, ``without`` the checks of the script named."""

    def __init__(self, store: RoomStore, names: RoomKeys, snapshot: Snapshot, without: str = "") -> None:
        self.without = without
        self.store = store
        self.names = names
        self.replica = Replica(snapshot)

    async def catches_up(self) -> None:
        if self.replica.seq == 0:  # nothing to follow yet
            snapshot = await self.store.read(self.names)
            assert isinstance(snapshot, Snapshot)
            self.replica.replace(snapshot)
        word, lines = await self.store.tail(self.names, self.replica.epoch, self.replica.seq, self.replica.hash)
        assert word == "ok"
        for line in lines:
            self.replica.apply(read_record(line))

    async def commits(self, room_id: str, command: Command, op: Op, now_ms: int) -> list[bytes] | Refusal:
        """Decide on the replica and commit, as commit.py does."""
        outcome = decide(self.replica.state, command, now_ms)
        if isinstance(outcome, Refusal):
            return outcome
        state, events = self.replica.state, []
        for event in outcome:
            state = evolve(state, event)
            events.append(encoded(event, command, state))
        step = Step(
            epoch=self.replica.epoch,
            guards=guards_of(self.replica.hashes, RULES[type(command)].reads - {*self.without.split()}),
            deadline_ms=int(time.time() * 1000) + 60_000,
            op=op if isinstance(op, Depart) else None,
            command_keys=[] if command.id is None or self.without == "ids" else [f"{command.by}:{command.id}"],
            events=events,
            closes=None,
            arrivals=[(op, seat_of(op.member, self.replica.state, state))] if isinstance(op, Arrive) else [],
        )
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.store.commit(self.names, step, answer.set_result)
        self.store.link.flush()
        reply: list[bytes] = await answer
        return reply


def something(dice: random.Random, state: State, now_ms: int, done: dict[str, int]) -> tuple[Command, Op]:
    """Something that somebody might want, mostly one who is here; an id is used again now and then."""
    by, whom = dice.choice([*PEOPLE, *sorted(state.members) * 4]), dice.choice(PEOPLE)
    before = [key.removeprefix(f"{by}:") for key in done if key.startswith(f"{by}:")]
    said: Any = {"by": by, "id": dice.choice(before) if before and dice.random() < 0.2 else uuid.uuid4().hex}
    message = dice.choice(state.messages) if state.messages else None
    role = "guest" if by == "guest" else "viewer"
    wishes: list[tuple[Command, Op]] = [
        (Play(**said), None),
        (Pause(**said), None),
        (Seek(**said, position_ms=dice.randrange(60_000)), None),
        (SetRate(**said, rate=dice.choice([1, 1.5])), None),
        (says(by, id_=said["id"], node=dice.choice("ab"), ready=dice.random() < 0.7, rtt_ms=dice.randrange(400)), None),
        (says(by, id_=said["id"], node=dice.choice("ab"), buffering=dice.random() < 0.6), None),
        (says(by, id_=said["id"], ready=True, duration_ms=dice.choice([40_000, 90_000])), None),
        (Say(**said, message_id=uuid.uuid4().hex, text="hello"), None),
        (SetRole(**said, member_id=whom, role=dice.choice(["guest", "viewer", "moderator"])), None),
        (Mute(**said, member_id=whom, seconds=dice.choice([0, 5, 50])), None),
        (ChangeSettings(**said, changes={"slow_mode_s": dice.randrange(3)}), None),
        (ChangeSettings(**said, changes={"capacity": dice.randrange(2, 5), "locked": dice.random() < 0.2}), None),
        (ChangeRoom(version=dice.randrange(2, 9), changes={"starts_at": None, "settings": {"hold": True}}), None),
        (StepAside(**said, reason=dice.choice(["away", "alone"])), None),
        (ComeBack(**said), None),
        (ComeBack(**said), None),
        (Kick(**said, member_id=whom), Depart(whom, "*") if dice.random() < 0.5 else None),
        (Ban(member_id="vera", version=dice.randrange(1, 9), banned=dice.random() < 0.5), None),
        (Due(), None),
        (Leave(by=by, reason="lost", gone_ms=now_ms - dice.randrange(900)), Depart(by, "*")),
        *[(Join(by=by, name=by, role=role, visit_id=uuid.uuid4().hex, since_ms=now_ms), Arrive(by))] * 8,
    ]
    if message is not None:
        wishes += [
            (DeleteMessage(**said, message=message), None),
            (EditMessage(**said, message=message, text=f"{dice.randrange(9)}"), None),
            *[(ReactToMessage(**said, message=message, emoji=dice.choice("ab"), on=dice.random() < 0.7), None)] * 3,
        ]
    if dice.random() < 0.1:
        wishes = [(Rebase(shift_ms=dice.choice([-400, 400]), era=state.playback.era), None)]
    return dice.choice(wishes)


async def many_rooms(desk: Desk, count: int, *, without: str = "") -> Counter[str]:
    """Let nodes do what they like in so many rooms, 20 at once; gives how often each answer was met."""
    met: Counter[str] = Counter()
    for first in range(0, count, 20):
        dice = [random.Random(seed) for seed in range(first, first + 20)]
        await asyncio.gather(*(one_room(desk, die, met, without) for die in dice))
    return met


async def test_whatever_old_copies_commit_the_store_is_what_the_log_says(desk: Desk) -> None:
    met = await many_rooms(desk, 80)
    assert min(met[word] for word in ("ok", "conflict", "duplicate", "full", "refused")) > 10, met


@pytest.mark.parametrize("guard", ["rights", "members", "playback"])
async def test_without_one_of_its_guards_it_is_not(desk: Desk, guard: str) -> None:
    with pytest.raises(AssertionError, match=r"is not what (its|the) log says"):
        await many_rooms(desk, 80, without=guard)


async def test_without_the_memory_of_ids_commands_apply_twice(desk: Desk) -> None:
    with pytest.raises(AssertionError, match="twice"):
        await many_rooms(desk, 20, without="ids")


@pytest.mark.parametrize(("guard", "answer"), [("", b"conflict"), ("rights meta", b"ok")])
async def test_a_film_that_was_put_off_meanwhile_is_not_started_early(desk: Desk, guard: str, answer: bytes) -> None:
    room_id, now_ms = uuid.uuid4().hex, 10_000_000
    names = RoomKeys.of(3, room_id)
    await desk.store.open(names, 1, 0, joined(empty_room(), "anna"))
    snapshot = await desk.store.read(names)
    assert isinstance(snapshot, Snapshot)
    one, other = (Node(RoomStore(desk.store.shard, 3, f"node {n}"), names, snapshot, guard) for n in range(2))
    state = replace(snapshot.state, members=joined(empty_room(), "anna").members)
    other.replica.replace(replace(snapshot, state=state))

    await one.commits(room_id, ChangeRoom(version=2, changes={"starts_at": now_ms + 60_000}), None, now_ms)
    reply = await other.commits(room_id, Play(by="anna", id="early"), None, now_ms)

    assert not isinstance(reply, Refusal)
    assert reply[0] == answer


async def one_room(desk: Desk, dice: random.Random, met: Counter[str], without: str) -> None:
    room_id = uuid.uuid4().hex
    names, opening = RoomKeys.of(3, room_id), empty_room(capacity=4)
    await desk.store.open(names, 1, 0, opening)
    snapshot = await desk.store.read(names)
    assert isinstance(snapshot, Snapshot)
    nodes = [Node(RoomStore(desk.store.shard, 3, f"node {n}"), names, snapshot, without) for n in range(3)]
    now_ms, done = 10_000_000, dict[str, int]()
    for _ in range(120):
        node = dice.choice(nodes)
        now_ms = max(now_ms + dice.randrange(2_000), node.replica.last_ms)
        command, op = something(dice, node.replica.state, now_ms, done)
        reply = await node.commits(room_id, command, op, now_ms)
        word = "refused" if isinstance(reply, Refusal) else reply[0].decode()
        met[word] += 1
        key = f"{command.by}:{command.id}"
        if word == "duplicate":
            assert not isinstance(reply, Refusal)
            assert (reply[1].decode(), int(reply[2])) == (key, done[key])
        elif word == "ok" and command.id is not None:
            assert not isinstance(reply, Refusal)
            assert key not in done, f"{key} was applied twice"
            done[key] = int(reply[1]) + len(reply) - 4
        if word == "conflict" or dice.random() < 0.4:
            await node.catches_up()
    await holds_together(nodes, opening)


async def holds_together(nodes: list[Node], opening: State) -> None:
    """Compare the store, its log and every caught-up replica."""
    store, names = nodes[0].store, nodes[0].names
    whole = await store.read(names)
    assert isinstance(whole, Snapshot)
    state, seq, applied = opening, 0, list[tuple[str | None, str | None]]()
    for line in await store.log(names):
        record = read_record(line)
        try:
            WATCH.moves_the_film_only_by_seeking(state, record.event)
        except AssertionError:
            raise AssertionError("the film jumps: it is not what the log says") from None
        state, seq = evolve(state, record.event), seq + 1
        assert (record.epoch, record.seq) == (1, seq)
        if isinstance(record.event, MemberJoined) and record.event.member.role not in {"owner", "moderator"}:
            assert len(state.members) <= state.rights.settings.capacity, "the store is not what its log says"
        applied.append((record.event.by, record.event.command))
    assert state == whole.state, "the store is not what its log says"
    assert (seq, record.hash) == (whole.seq, whole.hash)
    for node in nodes:
        await node.catches_up()
        assert node.replica.state == whole.state
        assert node.replica.hashes == whole.hashes
    runs = [pair for n, pair in enumerate(applied) if pair[1] is not None and (n == 0 or applied[n - 1] != pair)]
    assert len(set(runs)) == len(runs)
