"""What is measured of players, round trips, skews and lengths, is told when it matters and rarely."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sync_service.live import players
from sync_service.live.players import MINOR_CHANGES_IN_S, MINOR_CHANGES_MOST, Facts, Players
from sync_service.room.decide import decide
from sync_service.room.events import PlaybackChanged
from sync_service.room.evolve import evolve
from sync_service.room.state import Member, State
from tests.unit.sync.player_scene import Scene, T, run
from tests.unit.sync.rooms import says


def test_two_devices_of_one_person_show_the_slower_ones_round_trip_and_say_so_once() -> None:
    def scenario(scene: Scene) -> None:
        near, far = scene.connect(0), scene.connect(1)
        for _ in range(20):
            scene.ping(near, 20)
            scene.ping(far, 200)
        assert scene.anna.rtt_ms == 300
        assert len(scene.changes) == 1

    run(scenario)


def test_a_round_trip_that_wobbles_around_a_bound_is_told_once() -> None:
    def scenario(scene: Scene) -> None:
        facts = scene.connect()
        for _ in range(20):
            scene.now_s += MINOR_CHANGES_IN_S
            scene.ping(facts, 70)
            scene.ping(facts, 80)
        assert [member.rtt_ms for member in scene.changes] == [150]
        scene.ping(facts, 40)
        assert scene.anna.rtt_ms == 75

    run(scenario)


def test_a_round_trip_is_told_twice_a_minute_at_most_and_with_the_next_thing_that_changes() -> None:
    def scenario(scene: Scene) -> None:
        facts = scene.connect()
        for _ in range(30):
            scene.now_s += 1
            for rtt_ms in (20, 400):
                scene.ping(facts, rtt_ms)
        assert len(scene.changes) == MINOR_CHANGES_MOST
        scene.ping(facts, 200)
        scene.report(facts, ready=True)
        assert (scene.anna.ready, scene.anna.rtt_ms) == (True, 300)
        scene.now_s += MINOR_CHANGES_IN_S
        scene.ping(facts, 20)
        assert scene.anna.rtt_ms == 75

    run(scenario)


def test_who_comes_and_goes_again_and_again_is_shown_rightly_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "MINOR_CHANGES_IN_S", 0.2)

    async def played() -> None:
        scene = Scene()
        scene.nodes[0] = Players(scene.room, "node.0")
        facts = scene.connect()
        for visible in (False, True, False, True, False):
            scene.report(facts, visible=visible)
        assert len(scene.changes) == MINOR_CHANGES_MOST
        assert scene.anna.visible
        async with asyncio.timeout(10):
            while scene.anna.visible:
                await asyncio.sleep(0.01)
        assert len(scene.changes) == MINOR_CHANGES_MOST + 1

    asyncio.run(played())


def test_a_persons_skew_is_that_of_their_best_player_told_when_it_changes_and_rarely() -> None:
    def scenario(scene: Scene) -> None:
        def skew(facts: Facts, skew_ms: float) -> float | None:
            facts.skew_ms = skew_ms
            return scene.nodes[0].skew_due("anna", scene.now_s)

        first = scene.connect()
        assert skew(first, 20) is None
        scene.now_s = 1
        assert skew(first, -700) == -700
        scene.now_s = 2
        assert skew(first, 0) is None  # too soon
        scene.now_s = 7
        assert skew(first, 0) == 0
        second = scene.connect()
        scene.now_s = 20
        assert skew(second, 3_000) is None  # it runs unwatched
        assert skew(first, 900) == 900
        assert scene.close(first) == 3_000
        assert scene.close(second) is None

    run(scenario)


def test_those_whose_film_differs_are_told_so_once() -> None:
    def scenario(scene: Scene) -> None:
        scene.room.state = joined_by_votes(scene.room.state)
        assert scene.room.state.duration_ms == 90_000
        facts = scene.connect()
        scene.report(facts, ready=True, duration_ms=40_000)
        scene.report(facts, buffering=False)
        scene.nodes[0].compare_lengths()
        assert scene.told == [{"type": "film_differs", "duration_ms": 90_000, "yours_ms": 40_000}]
        other = scene.connect()
        scene.report(other, ready=True, duration_ms=90_200)
        assert len(scene.told) == 1
        assert not any(isinstance(event, PlaybackChanged) for event in scene.room.events)

    run(scenario)


def joined_by_votes(state: State) -> State:
    for member in ("boris", "vera", "carl"):
        if member not in state.members:
            state = replace(state, members=type(state.members)({**state.members, member: _like(state, member)}))
        outcome = decide(state, says(member, ready=True, duration_ms=90_000), T)
        assert isinstance(outcome, tuple)
        for event in outcome:
            state = evolve(state, event)
    return state


def _like(state: State, member: str) -> Member:
    return replace(state.members["boris"], id=member, name=member, players={}, ready=False, duration_ms=None)
