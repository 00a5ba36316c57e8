"""Rooms to reason about: a state with members, and events applied to it."""

from __future__ import annotations

from sync_service.commands import Command, Join
from sync_service.playback import Playback
from sync_service.room import Events, Refusal, decide, evolve
from sync_service.state import Meta, Rights, State

OWNER = "owner"
DURATION_MS = 60_000


def empty_room(*, control: str = "everyone", starts_at: int | None = None, started: bool = False) -> State:
    """A room that has just been opened, paused at 0."""
    film = {"id": "film", "title": "Film", "duration_ms": DURATION_MS}
    return State(
        meta=Meta("room", "code", 1, film, "link", 50, starts_at, {}),
        rights=Rights(OWNER, control, {"moderator": "moderator"}),
        playback=Playback("paused", 0, 1.0, 0, None, started),
    )


def applied(state: State, command: Command, now_ms: int) -> State:
    """The state after a command that must be allowed."""
    for event in facts(state, command, now_ms):
        state = evolve(state, event)
    return state


def facts(state: State, command: Command, now_ms: int) -> Events:
    """The events of a command that must be allowed."""
    outcome = decide(state, command, now_ms)
    assert not isinstance(outcome, Refusal), outcome
    return outcome


def refusal(state: State, command: Command, now_ms: int) -> str:
    """The code of a command that must be refused."""
    outcome = decide(state, command, now_ms)
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


def joined(state: State, *members: str, now_ms: int = 0) -> State:
    """The state after these people have come."""
    for member in members:
        state = applied(state, Join(by=member, name=member.title(), role="viewer", visit_id=f"v-{member}"), now_ms)
    return state
