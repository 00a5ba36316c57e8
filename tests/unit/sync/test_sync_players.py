"""What connections say of their players ends with them, and what of it the others see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_service.live import players
from sync_service.live.commit import Done, PendingCommand
from sync_service.live.players import MINOR_CHANGES_IN_S, MINOR_CHANGES_MOST, Facts, Players
from sync_service.room.commands import ChangeRoom
from sync_service.room.decide import decide
from sync_service.room.events import Event, FilmChanged, MemberChanged, PlaybackChanged, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.state import Member, State
from tests.unit.sync.rooms import playing, says

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


STEPS = st.lists(
    st.tuples(st.just("open"), st.integers(0, 1), st.booleans())
    | st.tuples(
        st.just("report"),
        st.integers(0, 9),
        st.fixed_dictionaries(
            {},
            optional={
                "ready": st.booleans(),
                "buffering": st.booleans(),
                "waits": st.booleans(),
                "duration_ms": st.sampled_from([40_000, 60_000]),
            },
        ),
    )
    | st.tuples(st.just("ping"), st.integers(0, 9), st.floats(0, 900))
    | st.tuples(st.just("close"), st.integers(0, 9), st.none())
    | st.tuples(st.just("fail"), st.just(0), st.none()),
    max_size=40,
)


@given(STEPS)
@example([("open", 0, False), ("ping", 0, 151.0), ("ping", 0, 58.0)])  # as many changes as a minute may have
def test_nothing_remains_of_what_connections_said_after_the_last_of_them_is_gone(steps: list[Any]) -> None:
    def scenario(scene: Scene) -> None:
        before, playback = seen(scene.anna), scene.room.state.playback
        for kind, which, what in steps:
            if kind == "open":
                scene.connect(which, second_screen=what)
            elif scene.open:
                facts = scene.open[which % len(scene.open)][1]
                if kind == "report":
                    scene.report(facts, **what)
                elif kind == "ping":
                    scene.ping(facts, what)
                elif kind == "close":
                    scene.close(facts)
        for _, facts in tuple(scene.open):
            scene.close(facts)
        assert replace(scene.anna, holds=()) == replace(before, players={}, holds=())
        after = scene.room.state.playback
        assert (after.status, after.waiting_for) == (playback.status, ())

    run(scenario)


@given(STEPS)
def test_an_event_comes_only_when_what_the_others_see_changes(steps: list[Any]) -> None:
    def scenario(scene: Scene) -> None:
        for kind, which, what in steps:
            if kind == "open":
                scene.connect(0, second_screen=what)
            elif scene.open and kind in {"report", "close"}:
                facts = scene.open[which % len(scene.open)][1]
                scene.report(facts, **what) if kind == "report" else scene.close(facts)
        shown = [seen(member) for member in scene.changes]
        for one, next_ in pairwise(shown):
            # Where the film was held for them, the same change notes it.
            assert replace(one, holds=()) != replace(next_, holds=())

    run(scenario)


def test_a_second_tab_that_ran_dry_and_closed_holds_nobody_and_leaves_nobody_loading() -> None:
    def scenario(scene: Scene) -> None:
        first, second = scene.connect(), scene.connect()
        scene.report(first, ready=True)
        scene.report(second, ready=True)
        scene.report(second, buffering=True)
        assert scene.room.state.playback.waiting_for == ("anna",)
        scene.close(second)
        assert scene.room.state.playback.status == "playing"
        assert not scene.anna.buffering
        scene.report(first, buffering=True)
        assert scene.room.state.playback.waiting_for == ("anna",)

    run(scenario)


def test_of_another_film_nobody_is_ready_until_they_say_so_anew() -> None:
    def scenario(scene: Scene) -> None:
        facts = scene.connect()
        scene.report(facts, ready=True, duration_ms=59_000)
        other = {"id": "other", "title": "Other", "duration_ms": 90_000}
        scene.room.submit(PendingCommand(ChangeRoom(version=2, changes={"film": other}), lambda _: None))
        event = scene.room.events[-1]
        assert isinstance(event, FilmChanged)
        for node in scene.nodes:
            node.follow(event)
        assert not scene.anna.ready
        assert not scene.room.state.playback.started
        scene.report(facts, buffering=True)  # it loads: nobody waits for one that has not been ready
        assert not scene.anna.buffering
        scene.report(facts, ready=True, buffering=False, duration_ms=90_000)
        assert (scene.anna.ready, scene.anna.duration_ms) == (True, 90_000)
        assert scene.room.state.playback.status == "playing"

    run(scenario)


def test_a_player_that_was_not_ready_before_catches_up_alone() -> None:
    """A newcomer's player is dry at first: a join must not stop the film."""

    def scenario(scene: Scene) -> None:
        facts = scene.connect()
        scene.report(facts, buffering=True)
        assert scene.room.state.playback.status == "playing"
        scene.report(facts, ready=True, buffering=False)
        scene.report(facts, ready=False, buffering=True)
        assert scene.room.state.playback.waiting_for == ("anna",)

    run(scenario)


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


def test_what_changes_nothing_is_answered_and_not_submitted() -> None:
    def scenario(scene: Scene) -> None:
        facts = scene.connect()
        assert scene.report(facts, ready=True) == [Done(1)]
        submitted = scene.room.submitted
        assert scene.report(facts, ready=True) == [Done(1)]
        assert scene.room.submitted == submitted

    run(scenario)


def test_a_report_that_the_store_refused_is_made_good() -> None:
    async def played() -> None:
        scene = Scene()
        facts = scene.connect()
        scene.room.fails = ["try_again"]
        assert scene.report(facts, ready=True) == [Refusal("try_again")]
        for _ in range(200):
            if scene.anna.ready:
                break
            await asyncio.sleep(0.01)
        assert scene.anna.ready

    asyncio.run(played())


def test_a_second_screen_has_no_player_and_counts_once_with_the_persons_player() -> None:
    def scenario(scene: Scene) -> None:
        phone = scene.connect(second_screen=True)
        assert scene.anna.second_screen
        scene.report(phone, ready=True)
        scene.report(phone, buffering=True)
        assert scene.room.state.playback.status == "playing"
        assert not scene.anna.ready
        television = scene.connect(1)
        scene.report(television, ready=True)
        assert (scene.anna.ready, scene.anna.second_screen) == (True, False)
        scene.report(television, buffering=True)
        assert scene.room.state.playback.waiting_for == ("anna",)
        scene.report(television, buffering=False)
        scene.close(television)
        assert scene.anna.second_screen

    run(scenario)


def test_a_person_is_visible_with_any_page_of_theirs_and_again_once_the_hidden_one_is_gone() -> None:
    def scenario(scene: Scene) -> None:
        tab, phone = scene.connect(), scene.connect(1, second_screen=True)
        scene.report(tab, visible=False)
        assert scene.anna.visible
        scene.report(phone, visible=False)
        assert not scene.anna.visible
        seen = len(scene.changes)
        scene.report(tab, visible=False)
        assert len(scene.changes) == seen
        scene.close(phone)
        assert not scene.anna.visible
        scene.close(tab)
        assert scene.anna.visible, "what it said has ended with it"

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
