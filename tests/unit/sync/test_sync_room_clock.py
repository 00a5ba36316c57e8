"""The store's clock is set, an hour off or more: nothing jumps, nobody is locked out, and no deadline is lost."""

from __future__ import annotations

import pytest

from sync_service.room.commands import ChangeSettings, Due, Kick, Leave, Mute, Pause, Play, Rebase, Say
from sync_service.room.deadlines import HOST_AFTER_MS, next_due_ms
from sync_service.room.events import Rebased
from sync_service.room.film import FIGHT_COOLS_MS
from sync_service.room.holding import HOLDS_MOST
from sync_service.room.playback import position_at
from sync_service.room.state import State
from tests.unit.sync.rooms import (
    DURATION_MS,
    OWNER,
    applied,
    empty_room,
    fact,
    facts,
    join_of,
    joined,
    playing,
    refusal,
    says,
)

HOUR_MS = 3_600_000
SHIFTS = pytest.mark.parametrize("shift_ms", [HOUR_MS, -HOUR_MS, 300, -300], ids=lambda shift_ms: f"{shift_ms:+} ms")


def set_by(room: State, shift_ms: int, now_ms: int) -> State:
    """The room after its clock, at ``now_ms``, was set by so much."""
    return applied(room, Rebase(shift_ms=shift_ms, era=room.playback.era), now_ms + shift_ms)


@SHIFTS
def test_the_film_does_not_jump_and_goes_on_at_its_pace(shift_ms: int) -> None:
    before = playing("anna")
    room = set_by(before, shift_ms, 10_000)
    for later_ms in (10_000, 20_000, 40_000):
        was = position_at(before.playback, later_ms, DURATION_MS)
        assert position_at(room.playback, later_ms + shift_ms, DURATION_MS) == was


def test_it_is_told_once_whoever_finds_out() -> None:
    room = playing("anna")
    told = fact(room, Rebase(shift_ms=HOUR_MS, era=0), HOUR_MS, Rebased)
    assert (told.shift_ms, told.by, told.playback.era) == (HOUR_MS, None, 1)
    room = applied(room, Rebase(shift_ms=HOUR_MS, era=0), HOUR_MS)
    assert facts(room, Rebase(shift_ms=HOUR_MS, era=0), HOUR_MS) == ()
    assert facts(room, Rebase(shift_ms=-HOUR_MS, era=1), 0) != ()


@SHIFTS
def test_a_hold_ends_as_late_as_it_would_have(shift_ms: int) -> None:
    room = applied(playing("anna", "boris"), says("boris", buffering=True), 10_000)
    assert next_due_ms(set_by(room, shift_ms, 12_000)) == 20_000 + shift_ms


@SHIFTS
def test_the_last_ones_leaving_still_pauses_where_the_film_was(shift_ms: int) -> None:
    room = playing("anna", "boris")
    room = applied(room, Leave(by="boris", reason="left", gone_ms=9_000), 9_000)
    room = set_by(room, shift_ms, 10_000)
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=20_150 + shift_ms), 30_150 + shift_ms)
    assert room.playback.position_ms == 20_000


@SHIFTS
def test_an_owner_is_waited_for_as_long_as_ever(shift_ms: int) -> None:
    room = joined(empty_room(control="owner", started=True), OWNER, "anna")
    room = applied(room, Leave(by=OWNER, reason="left", gone_ms=50_000), 50_000)
    room = set_by(room, shift_ms, 51_000)
    due_ms = 50_000 + HOST_AFTER_MS + shift_ms
    assert next_due_ms(room) == due_ms
    facts(applied(room, Due(), due_ms), Play(by="anna"), due_ms)


@SHIFTS
def test_the_film_still_starts_by_itself(shift_ms: int) -> None:
    came_ms = 10 * HOUR_MS
    room = set_by(joined(empty_room(), "anna", now_ms=came_ms), shift_ms, came_ms + 1_000)
    assert next_due_ms(room) == came_ms + 5_000 + shift_ms


@SHIFTS
def test_a_mute_lasts_as_long_as_it_was_meant_to(shift_ms: int) -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Mute(by=OWNER, member_id="anna", seconds=60), 1_000)
    room = set_by(room, shift_ms, 2_000)
    assert room.members["anna"].muted_until_ms == room.rights.muted["anna"] == 61_000 + shift_ms
    assert refusal(room, Say(by="anna", message_id="m", text="x"), 60_999 + shift_ms) == "muted"
    facts(room, Say(by="anna", message_id="m", text="x"), 61_000 + shift_ms)


@SHIFTS
def test_a_kicked_one_still_comes_back_by_the_link(shift_ms: int) -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Kick(by=OWNER, member_id="anna"), 5_000)
    room = set_by(room, shift_ms, 6_000)
    assert "anna" in joined(room, "anna", now_ms=7_000 + shift_ms).members


def test_a_clock_set_forward_ends_no_session_that_began_after_a_kick() -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Kick(by=OWNER, member_id="anna"), 5_000)
    room = joined(room, "anna", now_ms=6_000)
    room = set_by(room, HOUR_MS, 7_000)
    assert facts(room, join_of("anna", HOUR_MS + 8_000, since_ms=6_000), HOUR_MS + 8_000) == ()
    assert refusal(room, join_of("anna", HOUR_MS + 8_000, since_ms=4_000), HOUR_MS + 8_000) == "kicked"


def test_slow_mode_silences_nobody_for_as_long_as_the_clock_was_set_back() -> None:
    room = applied(joined(empty_room(slow_mode_s=10), "anna"), Say(by="anna", message_id="1", text="x"), HOUR_MS)
    room = set_by(room, -HOUR_MS, HOUR_MS + 1_000)
    room = applied(room, Say(by="anna", message_id="2", text="x"), 1_001)
    assert refusal(room, Say(by="anna", message_id="3", text="x"), 2_000) == "slow_mode"


def test_a_budget_of_holds_and_a_fight_cool_as_fast_as_ever() -> None:
    room = playing("anna", "boris")
    for n in range(HOLDS_MOST):
        room = applied(room, says("boris", buffering=True), HOUR_MS + n * 10)
        room = applied(room, says("boris", buffering=False), HOUR_MS + n * 10 + 5)
    assert room.members["boris"].holds == ()  # the film has ended
    room = applied(room, Play(by="anna"), HOUR_MS + 100)
    for n in range(HOLDS_MOST):
        room = applied(room, says("boris", buffering=True), HOUR_MS + 5_000 + n * 10)
        room = applied(room, says("boris", buffering=False), HOUR_MS + 5_000 + n * 10 + 5)
    room = applied(room, Pause(by="boris"), HOUR_MS + 6_000)
    assert room.playback.heat == 0
    room = applied(applied(room, Play(by="anna"), HOUR_MS + 6_001), Pause(by="boris"), HOUR_MS + 6_002)
    assert room.playback.heat > 1
    room = set_by(room, -HOUR_MS, HOUR_MS + 6_003)
    assert room.members["boris"].holds == (5_000, 5_010, 5_020)
    assert applied(room, Play(by="anna"), 6_003 + 2 * FIGHT_COOLS_MS).playback.heat == 1


@SHIFTS
def test_a_lock_still_keeps_those_out_who_are_new(shift_ms: int) -> None:
    locked_ms = 10 * HOUR_MS
    room = joined(empty_room(), "moderator", "anna", now_ms=locked_ms - 1_000)
    room = applied(room, ChangeSettings(by="moderator", changes={"locked": True}), locked_ms)
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=locked_ms), locked_ms)
    room = set_by(room, shift_ms, locked_ms + 1_000)
    came_ms = locked_ms + 2_000 + shift_ms
    assert refusal(room, join_of("eve", came_ms), came_ms) == "room_locked"
    if shift_ms > 0:
        assert "anna" in applied(room, join_of("anna", came_ms, since_ms=locked_ms - 1_000), came_ms).members
