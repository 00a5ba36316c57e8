"""What connections say of their players ends with them, and what of it the others see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from sync_service.live.commit import Done, PendingCommand
from sync_service.room.commands import ChangeRoom
from sync_service.room.events import FilmChanged, Refusal
from tests.unit.sync.player_scene import Scene, run, seen

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
