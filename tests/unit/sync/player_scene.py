"""A person with connections on two nodes, whose players report, and a room that decides at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from sync_service.live.commit import Done, PendingCommand
from sync_service.live.players import Facts, Players
from sync_service.room.decide import decide
from sync_service.room.events import Event, MemberChanged, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.state import Member, State
from tests.unit.sync.rooms import playing

T = 10_000


class Room:
    """A room whose commands are decided at once, unless they ``fails``; the nodes share it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.seq = 0
        self.events: list[Event] = []
        self.fails: list[str] = []
        self.submitted = 0

    def submit(self, pending: PendingCommand) -> None:
        self.submitted += 1
        outcome = Refusal(self.fails.pop()) if self.fails else decide(self.state, pending.command, T)
        if isinstance(outcome, Refusal):
            pending.on_done(outcome)
            return
        for event in outcome:
            self.state = evolve(self.state, event)
        self.events += outcome
        self.seq += len(outcome)
        pending.on_done(Done(self.seq))


class Scene:
    """Boris watches; Anna has connections on two nodes."""

    def __init__(self) -> None:
        self.room = Room(playing("anna", "boris"))
        self.now_s = 0.0
        self.nodes = [Players(self.room, f"node.{n}", lambda: self.now_s) for n in range(2)]
        self.open: list[tuple[Players, Facts]] = []
        self.told: list[dict[str, Any]] = []

    def connect(self, node: int = 0, **facts: Any) -> Facts:
        one = Facts(lambda message: self.told.append(orjson.loads(message)), **facts)
        self.nodes[node].add("anna", one)
        self.open.append((self.nodes[node], one))
        return one

    def report(self, facts: Facts, **said: Any) -> list[Done | Refusal]:
        facts.report(*(said.get(name) for name in ("ready", "buffering", "waits", "duration_ms", "visible")))
        outcomes: list[Done | Refusal] = []
        self._node_of(facts).changed("anna", "id", outcomes.append)
        return outcomes

    def ping(self, facts: Facts, rtt_ms: float) -> None:
        facts.measured(rtt_ms)
        self._node_of(facts).changed("anna")

    def close(self, facts: Facts) -> float | None:
        node = self._node_of(facts)
        self.open.remove((node, facts))
        return node.remove("anna", facts)

    def _node_of(self, facts: Facts) -> Players:
        return next(node for node, one in self.open if one is facts)

    @property
    def anna(self) -> Member:
        return self.room.state.members["anna"]

    @property
    def changes(self) -> list[Member]:
        return [event.member for event in self.room.events if isinstance(event, MemberChanged)]


def run(scenario: Callable[[Scene], None]) -> None:
    """Play it in a loop of its own."""

    async def played() -> None:
        scenario(Scene())

    asyncio.run(played())


def seen(member: Member) -> Member:
    """What the others see of a member."""
    return replace(member, players={})
