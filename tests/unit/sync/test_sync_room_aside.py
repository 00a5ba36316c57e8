"""Stepping aside: a member's player leaves the film and comes back to it, and nobody else is moved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_service.room import decide as rules
from sync_service.room.commands import (
    ChangeSettings,
    ComeBack,
    Command,
    Due,
    Leave,
    Pause,
    Play,
    Rebase,
    Report,
    Seek,
    SetRate,
    StepAside,
)
from sync_service.room.deadlines import next_due_ms
from sync_service.room.decide import decide
from sync_service.room.events import CameBack, PlaybackChanged, Refusal, SteppedAside
from sync_service.room.holding import HOLDS_MOST
from sync_service.room.playback import position_at
from sync_service.room.state import ASIDE, Aside, State
from tests.unit.sync.rooms import (
    OWNER,
    after,
    applied,
    empty_room,
    fact,
    facts,
    join_of,
    joined,
    playing,
    refusal,
    says,
    stored,
)

T = 10_150  # the film has been playing for ten seconds


def aside(room: State, member: str, reason: str = "rewatch", now_ms: int = T) -> State:
    return applied(room, StepAside(by=member, reason=reason), now_ms)


def back(room: State, member: str, now_ms: int) -> State:
    return applied(room, ComeBack(by=member), now_ms)


@pytest.mark.parametrize("reason", ASIDE)
def test_the_others_see_who_is_aside_and_the_film_goes_on(reason: str) -> None:
    room = playing("anna", "boris")
    stepped = fact(room, StepAside(by="boris", id="1", reason=reason), T, SteppedAside)
    assert (stepped.member_id, stepped.reason, stepped.position_ms, stepped.command) == ("boris", reason, 10_000, "1")
    room = after(room, (stepped,))
    assert room.members["boris"].aside == Aside(reason, T, 10_000)
    assert room.playback == playing("anna", "boris").playback
    came = fact(room, ComeBack(by="boris"), T + 5_000, CameBack)
    assert (came.member_id, came.position_ms) == ("boris", 15_000)
    room = after(room, (came,))
    assert room.members["boris"].aside is None
    assert room.rights.asides == {}


def test_saying_it_twice_changes_nothing_and_another_reason_begins_anew() -> None:
    room = aside(playing("anna", "boris"), "boris", "ad")
    assert facts(room, StepAside(by="boris", reason="ad"), T + 1) == ()
    room = aside(room, "boris", "alone", T + 2)
    assert room.members["boris"].aside == Aside("alone", T + 2, 10_002)
    assert facts(back(room, "boris", T + 3), ComeBack(by="boris"), T + 4) == ()


@pytest.mark.parametrize(
    "command", [Play(by=OWNER), Pause(by=OWNER), Seek(by=OWNER, position_ms=5), SetRate(by=OWNER, rate=2)], ids=str
)
def test_whoever_is_aside_does_not_move_the_film(command: Command) -> None:
    room = aside(playing(OWNER, "anna"), OWNER)
    assert refusal(room, command, T + 1) == "aside"
    room = back(room, OWNER, T + 2)
    assert not isinstance(decide(room, command, T + 3), Refusal)


def test_whoever_runs_dry_aside_holds_nobody() -> None:
    room = aside(playing("anna", "boris"), "boris", "alone")
    assert applied(room, says("boris", buffering=True), T + 1).playback == room.playback
    # Nor when they are back before their player has caught up.
    dry = back(applied(room, says("boris", buffering=True), T + 1), "boris", T + 2)
    assert dry.playback == room.playback


def test_the_room_waits_no_longer_for_one_who_steps_aside() -> None:
    room = applied(playing("anna", "boris"), says("boris", buffering=True), T)
    assert room.playback.status == "holding"
    room = aside(room, "boris", "alone", T + 1_000)
    assert (room.playback.status, room.playback.reason) == ("playing", "aside")


# --- waiting for them, where it is set ---


@pytest.mark.parametrize("reason", ["ad", "away"])
def test_the_room_waits_where_it_is_set_and_goes_on_when_they_are_back(reason: str) -> None:
    room = aside(playing("anna", "boris", **{f"wait_{reason}_s": 30}), "boris", reason)
    playback = room.playback
    assert (playback.status, playback.waiting_for, playback.reason) == ("holding", ("boris",), reason)
    assert playback.hold_until_ms == T + 30_000
    # What their player does meanwhile is nobody's affair.
    for told in (says("boris", buffering=True), says("boris", ready=True)):
        assert applied(room, told, T + 1_000).playback == playback
    room = back(room, "boris", T + 20_000)
    assert (room.playback.status, room.playback.reason, room.playback.position_ms) == ("playing", "back", 10_000)


@pytest.mark.parametrize("reason", ["rewatch", "alone"])
def test_nobody_is_waited_for_who_went_for_themselves(reason: str) -> None:
    room = playing("anna", "boris", wait_ad_s=30, wait_away_s=30)
    assert aside(room, "boris", reason).playback == room.playback


def test_the_wait_is_bounded() -> None:
    room = aside(playing("anna", "boris", wait_ad_s=30), "boris", "ad")
    assert next_due_ms(room) == T + 30_000
    room = applied(room, Due(), T + 30_000)
    assert (room.playback.status, room.playback.reason) == ("playing", "hold_timeout")
    assert room.members["boris"].aside is not None


def test_waiting_for_those_aside_takes_from_the_budget_of_holds() -> None:
    room, now_ms = playing("anna", "boris", wait_ad_s=5), T
    for _ in range(HOLDS_MOST):
        room = aside(room, "boris", "ad", now_ms)
        assert room.playback.status == "holding"
        room, now_ms = back(room, "boris", now_ms + 100), now_ms + 1_000
    assert aside(room, "boris", "ad", now_ms).playback.status == "playing"
    assert applied(room, says("boris", buffering=True), now_ms).playback.status == "playing"


def test_a_room_with_many_people_waits_for_nobody() -> None:
    people = ("anna", "boris", "vera")
    for most, status in ((3, "holding"), (2, "playing")):
        room = playing(*people, wait_away_s=30, wait_until_members=most)
        assert aside(room, "vera", "away").playback.status == status
        assert applied(room, says("vera", buffering=True), T).playback.status == status


def test_when_one_of_two_is_back_the_other_is_waited_for_within_their_own_bound() -> None:
    room = aside(playing("anna", "boris", "vera", wait_away_s=60), "boris", "away")
    room = applied(room, says("vera", buffering=True), T + 1_000)
    assert room.playback.waiting_for == ("boris", "vera")
    assert room.playback.hold_until_ms == T + 60_000
    room = back(room, "boris", T + 2_000)
    assert (room.playback.waiting_for, room.playback.reason) == (("vera",), "buffering")
    assert room.playback.hold_until_ms == T + 12_000


@pytest.mark.parametrize("changes", [{"wait_ad_s": 0}, {"wait_until_members": 1}], ids=str)
def test_settings_end_the_wait_at_once(changes: dict[str, Any]) -> None:
    room = aside(playing(OWNER, "boris", wait_ad_s=30), "boris", "ad")
    room = applied(room, ChangeSettings(by=OWNER, changes=changes), T + 1)
    assert (room.playback.status, room.playback.reason) == ("playing", "hold_skipped")


def test_doing_away_with_one_kind_of_waiting_leaves_the_other() -> None:
    room = aside(playing(OWNER, "boris", "vera", wait_ad_s=30), "boris", "ad")
    room = applied(room, says("vera", buffering=True), T + 1)
    room = applied(room, ChangeSettings(by=OWNER, changes={"hold": False}), T + 2)
    assert (room.playback.status, room.playback.waiting_for) == ("holding", ("boris",))


def test_one_who_is_aside_and_loses_their_connection_is_waited_for_no_longer() -> None:
    room = applied(playing("anna", "boris", wait_ad_s=30), says("boris", ready=True), T)
    room = aside(room, "boris", "ad")
    room = applied(room, Report(by="boris", node="node", says=None), T + 1_000)
    assert (room.playback.status, room.playback.reason) == ("playing", "left")


# --- reconnecting ---


def test_whoever_was_aside_when_their_connection_was_lost_is_aside_still() -> None:
    room = aside(playing("anna", "boris"), "boris", "away")
    room = stored(applied(room, Leave(by="boris", reason="lost", gone_ms=T + 1_000), T + 11_000))
    assert applied(room, join_of("boris", T + 60_000, since_ms=0), T + 60_000).members["boris"].aside == Aside(
        "away", T, 10_000
    )
    # A new session, by a new ticket, begins with the others.
    assert applied(room, join_of("boris", T + 60_000), T + 60_000).members["boris"].aside is None


def test_another_device_of_somebody_aside_finds_them_aside() -> None:
    room = aside(playing("anna", "boris"), "boris", "away")
    assert facts(room, join_of("boris", T + 1), T + 1) == ()
    assert stored(room).members["boris"].aside == Aside("away", T, 10_000)


def test_a_clock_that_was_set_moves_the_moment_along() -> None:
    room = aside(playing("anna", "boris"), "boris", "away")
    room = applied(room, Rebase(shift_ms=3_600_000, era=0), T + 3_600_000)
    moved = Aside("away", T + 3_600_000, 10_000)
    assert (room.members["boris"].aside, room.rights.asides) == (moved, {"boris": moved})


# --- what is theirs alone ---


def test_the_players_of_those_aside_count_for_nothing_that_is_shared() -> None:
    room = applied(joined(empty_room(), "anna"), StepAside(by="anna", reason="ad"), 0)
    room = applied(room, says("anna", ready=True, rtt_ms=500, duration_ms=30_000), 10)
    assert not room.playback.started  # the film does not start in somebody's advertisement
    assert room.playback.length_ms is None  # nor is it as long as that
    assert room.members.highest_rtt_ms == 0


def test_a_pause_is_at_the_place_of_whoever_paused_if_they_are_in_step() -> None:
    room = playing("anna", "boris")
    assert applied(room, Pause(by="anna", position_ms=9_960.4), T).playback.position_ms == 9_960
    # Nobody is thrown back by the place of a player that is out of step.
    for far_ms in (8_900, 11_100):
        assert applied(room, Pause(by="anna", position_ms=far_ms), T).playback.position_ms == 10_000
    as_it_is = playing("anna", "boris", snap_on_pause=False)
    assert applied(as_it_is, Pause(by="anna", position_ms=9_960), T).playback.position_ms == 10_000


# --- whatever happens ---

by_others = st.one_of(
    st.builds(Play, by=st.sampled_from(["anna", "boris"])),
    st.builds(Pause, by=st.sampled_from(["anna", "boris"])),
    st.builds(Seek, by=st.sampled_from(["anna", "boris"]), position_ms=st.integers(0, 50_000)),
    st.builds(SetRate, by=st.sampled_from(["anna", "boris"]), rate=st.sampled_from([0.5, 1.0, 2.0])),
    st.builds(says, st.just("boris"), buffering=st.booleans(), ready=st.booleans()),
    st.just(Due()),
)
by_one_aside = st.one_of(
    st.builds(StepAside, by=st.just("vera"), reason=st.sampled_from(ASIDE)),
    st.builds(Play, by=st.just("vera")),
    st.builds(Pause, by=st.just("vera"), position_ms=st.none() | st.integers(0, 50_000)),
    st.builds(Seek, by=st.just("vera"), position_ms=st.integers(0, 50_000)),
    st.builds(SetRate, by=st.just("vera"), rate=st.sampled_from([0.5, 2.0])),
    st.builds(
        says,
        st.just("vera"),
        buffering=st.booleans(),
        ready=st.booleans(),
        waits=st.booleans(),
        rtt_ms=st.sampled_from([20, 500]),
        duration_ms=st.sampled_from([None, 20_000, 30_000]),
    ),
    st.just(Report(by="vera", node="node", says=None)),
    st.builds(Leave, by=st.just("vera"), reason=st.just("lost"), gone_ms=st.just(0)),
    st.just(join_of("vera", since_ms=0)),
)
Happenings = list[tuple[int, Command]]
happenings = st.lists(st.tuples(st.integers(0, 5_000), by_others | by_one_aside), max_size=40)


def tracks(happened: Happenings) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Where the film is after each happening, and where it is in a room in which the one aside does nothing at all."""
    room = quiet = aside(playing("anna", "boris", "vera"), "vera", "alone", 1)
    now_ms, found = 1, []
    for later_ms, command in happened:
        now_ms += later_ms
        room = heeded(room, command, now_ms)
        if command.by != "vera":
            quiet = heeded(quiet, command, now_ms)
        place, quiet_place = (position_at(one.playback, now_ms + 200, one.duration_ms) for one in (room, quiet))
        found.append(((room.playback.status, place), (quiet.playback.status, quiet_place)))
    return [one for one, _ in found], [other for _, other in found]


def heeded(room: State, command: Command, now_ms: int) -> State:
    outcome = decide(room, command, now_ms)
    return room if isinstance(outcome, Refusal) else after(room, outcome)


@given(happenings)
def test_whatever_one_who_is_aside_does_moves_nobody(happened: Happenings) -> None:
    moved, unmoved = tracks(happened)
    assert moved == unmoved


def test_without_the_refusal_they_would_move_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: Happenings = [(500, Seek(by="vera", position_ms=40_000))]
    moved, unmoved = tracks(happened)
    assert moved == unmoved
    monkeypatch.setattr(rules, "_aside", lambda rule, member: None)
    moved, unmoved = tracks(happened)
    assert moved != unmoved


def test_a_hold_for_one_aside_is_told_as_such() -> None:
    events = facts(playing("anna", "boris", wait_ad_s=30), StepAside(by="boris", id="1", reason="ad"), T)
    assert [event.type for event in events] == ["stepped_aside", "member_changed", "hold_started"]
    assert isinstance(events[-1], PlaybackChanged)
    assert events[-1].by == "boris"
