"""Rooms to reason about: a state with members, and events applied to it."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson

from sync_service.room.commands import Command, Join, Play, Report
from sync_service.room.decide import decide
from sync_service.room.events import Event, Events, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.playback import Playback
from sync_service.room.player import Player, rtt_bucket_ms
from sync_service.room.state import Meta, Rights, Settings, State
from sync_service.store.changes import sections
from sync_service.store.snapshot import SECTIONS, snapshot_of

OWNER = "owner"
DURATION_MS = 60_000
FACT = TypeVar("FACT", bound=Event)


def empty_room(*, starts_at: int | None = None, started: bool = False, **settings: Any) -> State:
    """A room that has just been opened, paused at 0; it knows a moderator, and two more where tests need equals."""
    film = {"id": "film", "title": "Film", "duration_ms": DURATION_MS}
    return State(
        meta=Meta("room", "code", 1, film, "link", starts_at),
        rights=Rights(OWNER, Settings(**settings), {"moderator": "moderator", "mila": "moderator"}),
        playback=Playback("paused", 0, 1.0, 0, None, started),
    )


def join_of(member: str, now_ms: int = 0, *, role: str | None = None, since_ms: int | None = None) -> Join:
    """Somebody comes, by a fresh ticket unless ``since_ms`` says otherwise; people named guest are guests."""
    role = role or ("guest" if member.startswith("guest") else "viewer")
    session_ms = now_ms if since_ms is None else since_ms
    return Join(by=member, name=member.title(), role=role, visit_id=f"v-{member}-{now_ms}", since_ms=session_ms)


def says(by: str, *, id_: str | None = None, node: str = "node", **facts: Any) -> Report:
    """What the players of a member on a node say, all together; by default what one says that has said nothing."""
    rtt_ms = rtt_bucket_ms(facts.pop("rtt_ms", 0))
    return Report(by=by, id=id_, node=node, says=Player(rtt_ms=rtt_ms, **facts))


def applied(state: State, command: Command, now_ms: int) -> State:
    """The state after a command that must be allowed."""
    return after(state, facts(state, command, now_ms))


def after(state: State, events: Events) -> State:
    """The state after these events."""
    for event in events:
        state = evolve(state, event)
    return state


def facts(state: State, command: Command, now_ms: int) -> Events:
    """The events of a command that must be allowed."""
    outcome = decide(state, command, now_ms)
    assert not isinstance(outcome, Refusal), outcome
    return outcome


def fact(state: State, command: Command, now_ms: int, kind: type[FACT]) -> FACT:
    """The one event of a command that must be allowed."""
    (event,) = facts(state, command, now_ms)
    assert isinstance(event, kind)
    return event


def refused(state: State, command: Command, now_ms: int) -> Refusal:
    """How a command that must be refused is refused."""
    outcome = decide(state, command, now_ms)
    assert isinstance(outcome, Refusal), outcome
    return outcome


def refusal(state: State, command: Command, now_ms: int) -> str:
    """The code of a command that must be refused."""
    return refused(state, command, now_ms).code


def joined(state: State, *members: str, now_ms: int = 0) -> State:
    """The state after these people have come."""
    for member in members:
        state = applied(state, join_of(member, now_ms), now_ms)
    return state


def playing(*members: str, **settings: Any) -> State:
    """A room in which these people are, and the film has been playing since 0 (from 150 ms on)."""
    state = joined(empty_room(**settings), *members)
    return applied(state, Play(by=members[0]), 0)


def stored(state: State) -> State:
    """The state after it has been written to the store and read again."""
    values = {name: bytes(value) for name, value in sections(state).items()}
    hashes = {f"{name}_hash": b"h" for name in SECTIONS}
    room: dict[str, bytes] = {"epoch": b"1", "seq": b"1", "hash": b"h", **values, **hashes}
    if state.closed is not None:
        room["closed"] = state.closed.encode()
    members = [word for member in state.members.values() for word in (member.id.encode(), orjson.dumps(member))]
    messages = [orjson.dumps(message) for message in state.messages]
    fields = [word for name, value in room.items() for word in (name.encode(), value)]
    return snapshot_of(fields, members, messages).state
