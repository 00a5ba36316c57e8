"""Waiting for those whose player has run dry: bounded, told for whom, and never at the cost of everybody."""

from __future__ import annotations

import pytest

from sync_service.room.commands import ChangeSettings, Due, Kick, Leave, Pause, Play, Report, Seek, SetRate
from sync_service.room.deadlines import next_due_ms
from sync_service.room.events import MemberChanged, MemberLeft, PlaybackChanged, SettingsChanged
from sync_service.room.evolve import HOLDS_WINDOW_MS
from sync_service.room.holding import HOLDS_MOST, SEEK_GRACE_MS
from sync_service.room.playback import position_at
from sync_service.room.state import State
from tests.unit.sync.rooms import DURATION_MS, OWNER, applied, facts, joined, playing, says

T = 10_150  # the film has been playing for ten seconds


def dry(member: str) -> Report:
    """The player of somebody who had been ready has run dry."""
    return says(member, buffering=True)


def ready(member: str) -> Report:
    """It has enough again."""
    return says(member, buffering=False)


def held(room: State, member: str, now_ms: int = T) -> State:
    room = applied(room, dry(member), now_ms)
    assert room.playback.status == "holding"
    return room


def test_the_room_waits_where_the_film_is_and_says_for_whom_and_how_long() -> None:
    changed, hold = facts(playing("anna", "boris"), dry("boris"), T)
    assert isinstance(changed, MemberChanged)
    assert changed.member.buffering
    assert isinstance(hold, PlaybackChanged)
    assert (hold.type, hold.by) == ("hold_started", "boris")
    playback = hold.playback
    assert (playback.status, playback.position_ms, playback.at_ms) == ("holding", 10_000, T)
    assert (playback.waiting_for, playback.hold_until_ms, playback.reason) == (("boris",), T + 10_000, "buffering")
    assert position_at(playback, T + 9_000, DURATION_MS) == 10_000


def test_the_film_goes_on_for_all_together_when_the_awaited_one_is_ready() -> None:
    room = held(playing("anna", "boris"), "boris")
    _, ended = facts(room, ready("boris"), T + 2_000)
    assert isinstance(ended, PlaybackChanged)
    assert (ended.type, ended.playback.status, ended.playback.position_ms) == ("hold_ended", "playing", 10_000)
    assert (ended.playback.at_ms, ended.playback.reason) == (T + 2_150, "ready")
    assert (ended.playback.waiting_for, ended.playback.hold_until_ms) == ((), None)


def test_nobody_is_waited_for_longer_than_the_room_allows() -> None:
    room = held(playing("anna", "boris", hold_max_s=3), "boris")
    assert next_due_ms(room) == T + 3_000
    assert facts(room, Due(), T + 2_999) == ()
    (ended,) = facts(room, Due(), T + 3_000)
    assert isinstance(ended, PlaybackChanged)
    assert (ended.type, ended.by, ended.playback.reason) == ("hold_ended", None, "hold_timeout")
    room = applied(room, Due(), T + 3_000)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 10_000)
    assert room.members["boris"].buffering
    # They catch up alone: their next word holds nobody, nor does it move the film.
    assert applied(room, ready("boris"), T + 5_000).playback == room.playback


def test_another_one_who_runs_dry_meanwhile_does_not_make_it_longer() -> None:
    room = held(playing("anna", "boris", "vera"), "boris")
    room = held(room, "vera", T + 8_000)
    assert (room.playback.waiting_for, room.playback.hold_until_ms) == (("boris", "vera"), T + 10_000)
    room = applied(room, ready("boris"), T + 9_000)
    assert (room.playback.status, room.playback.waiting_for) == ("holding", ("vera",))
    assert (room.playback.hold_until_ms, room.playback.reason) == (T + 10_000, "buffering")
    room = applied(room, ready("vera"), T + 9_500)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 10_000)


def test_saying_again_that_one_is_dry_or_ready_is_no_news() -> None:
    room = held(playing("anna", "boris"), "boris")
    assert facts(room, dry("boris"), T + 1) == ()
    room = applied(room, ready("boris"), T + 2)
    assert facts(room, ready("boris"), T + 3) == ()


@pytest.mark.parametrize("reason", ["left", "lost"])
def test_the_one_who_was_waited_for_leaves_and_the_film_goes_on_from_where_it_was_held(reason: str) -> None:
    room = held(playing("anna", "boris"), "boris")
    left, ended = facts(room, Leave(by="boris", reason=reason, gone_ms=T + 4_000), T + 4_000)
    assert isinstance(left, MemberLeft)
    assert isinstance(ended, PlaybackChanged)
    assert (ended.type, ended.by, ended.playback.reason) == ("hold_ended", None, "left")
    assert (ended.playback.status, ended.playback.position_ms) == ("playing", 10_000)


def test_a_kicked_one_is_not_waited_for() -> None:
    room = held(playing(OWNER, "anna", "boris"), "boris")
    room = applied(room, Kick(by=OWNER, member_id="boris"), T + 1)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 10_000)


def test_one_of_two_awaited_leaves_and_the_room_waits_for_the_other() -> None:
    room = held(held(playing("anna", "boris", "vera"), "boris"), "vera", T + 1)
    room = applied(room, Leave(by="boris", reason="left", gone_ms=T + 2), T + 2)
    assert (room.playback.status, room.playback.waiting_for) == ("holding", ("vera",))


def test_the_last_one_out_of_a_waiting_room_pauses_it() -> None:
    room = held(playing("anna"), "anna")
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=T + 1_000), T + 9_000)
    assert (room.playback.status, room.playback.position_ms, room.playback.reason) == ("paused", 10_000, "empty")
    assert (room.playback.waiting_for, room.playback.hold_until_ms) == ((), None)
    assert next_due_ms(room) is None


def test_a_joiner_does_not_end_the_waiting_nor_lengthen_it() -> None:
    room = held(playing("anna", "boris"), "boris")
    assert joined(room, "vera", now_ms=T + 5_000).playback == room.playback


# --- whom the room waits for at all ---


def test_the_room_waits_for_as_long_as_a_player_of_theirs_is_dry() -> None:
    room = applied(playing("anna", "boris"), says("boris", node="healthy", ready=True), 0)
    room = held(room, "boris")
    room = applied(room, says("boris", node="healthy", ready=True, rtt_ms=200), T + 500)
    assert room.playback.waiting_for == ("boris",)
    assert applied(room, ready("boris"), T + 1_000).playback.status == "playing"


def test_a_dry_player_that_is_gone_is_not_waited_for_though_another_one_is_there() -> None:
    room = applied(playing("anna", "boris"), says("boris", node="healthy", ready=True), 0)
    room = held(room, "boris")
    room = applied(room, Report(by="boris", node="node", says=None), T + 500)
    assert (room.playback.status, room.members["boris"].buffering) == ("playing", False)


def test_a_player_that_nobody_need_wait_for_does_not_count_beside_one_that_they_should() -> None:
    room = applied(playing("anna", "boris"), says("boris", node="phone", ready=True, buffering=True, waits=False), 0)
    room = applied(room, says("boris", ready=True), 0)
    assert (room.playback.status, room.members["boris"].buffering) == ("playing", False)
    assert held(room, "boris").playback.waiting_for == ("boris",)


def test_after_three_times_in_five_minutes_one_catches_up_alone() -> None:
    room, t = playing("anna", "boris"), T
    for _ in range(HOLDS_MOST):
        room = applied(held(room, "boris", t), ready("boris"), t + 100)
        t += 1_000
    before = room.playback
    room = applied(room, dry("boris"), t)
    assert room.playback == before
    assert room.members["boris"].buffering
    room = applied(room, ready("boris"), t + 100)
    assert room.playback == before
    # Another one has a budget of their own; and the first one has one again when five minutes are over.
    room = applied(held(room, "anna", t + 200), ready("anna"), t + 300)
    room = applied(room, Seek(by="anna", position_ms=0), T + HOLDS_WINDOW_MS - SEEK_GRACE_MS)
    held(room, "boris", T + HOLDS_WINDOW_MS)


@pytest.mark.parametrize("reason", ["left", "lost"])
def test_to_leave_and_come_back_is_no_new_budget(reason: str) -> None:
    """One whose network comes and goes would hold everybody for as long as they are there."""
    room, t = playing("anna", "boris"), T
    for _ in range(HOLDS_MOST):
        room = applied(held(room, "boris", t), Leave(by="boris", reason=reason, gone_ms=t), t + 100)
        t += 1_000
        room = joined(room, "boris", now_ms=t)
    before = room.playback
    assert applied(room, dry("boris"), t + 100).playback == before
    # What is over is forgotten, also of those who never came back.
    room = applied(room, Leave(by="anna", reason=reason, gone_ms=t), t + HOLDS_WINDOW_MS)
    assert room.gone.holds == {}
    room = applied(room, Leave(by="boris", reason=reason, gone_ms=t), t + HOLDS_WINDOW_MS)
    assert joined(room, "boris", now_ms=t + HOLDS_WINDOW_MS).members["boris"].holds == ()


def test_running_dry_right_after_a_seek_is_on_nobodys_account() -> None:
    room = playing("anna", "boris")
    for n in range(HOLDS_MOST + 3):
        t = T + n * 10_000
        room = applied(room, Seek(by="anna", position_ms=n), t)
        room = applied(held(room, "boris", t + SEEK_GRACE_MS - 1), ready("boris"), t + SEEK_GRACE_MS)
    assert room.members["boris"].holds == ()


def test_whoever_does_not_want_to_be_waited_for_is_not() -> None:
    room = applied(playing("anna", "boris"), says("boris", waits=False), 0)
    assert applied(room, says("boris", waits=False, buffering=True), T).playback == room.playback


def test_to_tell_the_room_not_to_wait_ends_the_waiting() -> None:
    room = held(playing("anna", "boris"), "boris")
    room = applied(room, says("boris", waits=False), T + 500)
    assert room.playback.status == "playing"
    # To want it again later does not bring it back.
    assert applied(room, says("boris", waits=True), T + 600).playback == room.playback


def test_a_room_may_never_wait() -> None:
    room = playing("anna", "boris", hold=False)
    assert applied(room, dry("boris"), T).playback == room.playback


def test_nothing_is_held_that_does_not_play() -> None:
    paused = applied(playing("anna", "boris"), Pause(by="anna"), T)
    assert applied(paused, dry("boris"), T + 1).playback == paused.playback
    ended_ms = 150 + DURATION_MS
    ended = playing("anna", "boris")
    assert applied(ended, dry("boris"), ended_ms).playback == ended.playback


# --- wishes while the room waits ---


def test_whoever_has_the_control_may_go_on_without_waiting() -> None:
    room = applied(held(playing("anna", "boris"), "boris"), Play(by="anna"), T + 100)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 10_000)
    assert (room.playback.by, room.playback.reason) == ("anna", "hold_skipped")


def test_a_pause_while_the_room_waits_stays_a_pause_when_the_awaited_one_is_ready() -> None:
    room = applied(held(playing("anna", "boris"), "boris"), Pause(by="anna"), T + 100)
    assert (room.playback.status, room.playback.position_ms, room.playback.by) == ("paused", 10_000, "anna")
    assert applied(room, ready("boris"), T + 200).playback == room.playback


def test_a_seek_ends_the_waiting() -> None:
    room = applied(held(playing("anna", "boris"), "boris"), Seek(by="anna", position_ms=30_000), T + 100)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 30_000)
    assert (room.playback.by, room.playback.reason, room.playback.waiting_for) == ("anna", "hold_skipped", ())


def test_a_new_rate_while_the_room_waits_changes_nothing_else() -> None:
    before = held(playing("anna", "boris"), "boris")
    room = applied(before, SetRate(by="anna", rate=1.5), T + 3_000)
    assert (room.playback.status, room.playback.position_ms, room.playback.rate) == ("holding", 10_000, 1.5)
    assert (room.playback.waiting_for, room.playback.reason) == (("boris",), "buffering")
    assert (next_due_ms(room), room.playback.by) == (T + 10_000, "boris")


def test_to_do_away_with_waiting_ends_it() -> None:
    room = held(playing("anna", "boris", "moderator"), "boris")
    changed, ended = facts(room, ChangeSettings(by="moderator", id="1", changes={"hold": False}), T + 100)
    assert isinstance(changed, SettingsChanged)
    assert isinstance(ended, PlaybackChanged)
    playback = ended.playback
    assert (ended.type, playback.status, playback.position_ms) == ("hold_ended", "playing", 10_000)
    assert (playback.by, playback.reason) == ("moderator", "hold_skipped")


def test_what_is_set_about_waiting_counts_from_the_next_time_on() -> None:
    room = held(playing("anna", "boris", "moderator"), "boris")
    room = applied(room, ChangeSettings(by="moderator", changes={"hold_max_s": 2}), T + 100)
    assert next_due_ms(room) == T + 10_000
    room = applied(held(applied(room, ready("boris"), T + 200), "boris", T + 1_000), ready("boris"), T + 1_100)
    assert next_due_ms(held(room, "anna", T + 2_000)) == T + 4_000
