"""The film: play, pause, seek, rate; starting by itself, and stopping when the last one has left."""

from __future__ import annotations

import pytest

from sync_service.room.commands import ChangeSettings, Due, Leave, Pause, Play, Seek, SetRate
from sync_service.room.deadlines import HOST_AFTER_MS, next_due_ms
from sync_service.room.events import MemberLeft, PlaybackChanged, Refusal
from sync_service.room.lobby import AUTO_START_MS
from sync_service.room.playback import Playback, lead_ms, position_at
from sync_service.room.player import rtt_bucket_ms
from tests.unit.sync.rooms import (
    DURATION_MS,
    OWNER,
    applied,
    empty_room,
    fact,
    facts,
    joined,
    playing,
    refusal,
    refused,
    says,
)


def test_play_lies_ahead_so_that_all_start_together() -> None:
    room = joined(empty_room(), "anna")
    played = fact(room, Play(by="anna", id="1"), 1_000, PlaybackChanged)
    assert played.playback == Playback("playing", 0, 1.0, 1_150, "anna", True)
    assert (played.type, played.by, played.command) == ("played", "anna", "1")


@pytest.mark.parametrize(
    ("rtt_ms", "ahead_ms"), [(0, 150), (75, 150), (76, 300), (300, 600), (500, 1_000), (9_000, 1_000)]
)
def test_the_farthest_member_sets_how_far_ahead_a_start_lies(rtt_ms: int, ahead_ms: int) -> None:
    room = joined(empty_room(), "anna", "boris")
    room = applied(room, says("boris", rtt_ms=rtt_ms), 0)
    assert applied(room, Play(by="anna"), 1_000).playback.at_ms == 1_000 + ahead_ms
    assert lead_ms(rtt_bucket_ms(rtt_ms)) == ahead_ms


def test_pause_stops_where_the_film_is() -> None:
    room = applied(playing("anna"), Pause(by="anna"), 10_150)
    assert room.playback == Playback("paused", 10_000, 1.0, 10_150, "anna", True)


def test_play_while_playing_and_pause_while_paused_change_nothing() -> None:
    room = joined(empty_room(), "anna")
    assert facts(room, Pause(by="anna"), 0) == ()
    assert facts(playing("anna"), Play(by="anna"), 500) == ()


def test_play_at_the_end_starts_from_the_beginning() -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=DURATION_MS), 0)
    assert applied(room, Play(by="anna"), 0).playback.position_ms == 0
    ended = applied(playing("anna"), Play(by="anna"), 10 * DURATION_MS)
    assert (ended.playback.position_ms, ended.playback.at_ms) == (0, 10 * DURATION_MS + 150)


def test_the_film_ends_by_itself_and_stays_at_its_end() -> None:
    room = playing("anna")
    assert position_at(room.playback, 150 + DURATION_MS - 1, DURATION_MS) == DURATION_MS - 1
    assert position_at(room.playback, 150 + 10 * DURATION_MS, DURATION_MS) == DURATION_MS
    assert applied(room, Pause(by="anna"), 10 * DURATION_MS).playback.position_ms == DURATION_MS
    assert next_due_ms(room) is None


@pytest.mark.parametrize(("wish_ms", "position_ms"), [(-5, 0), (0, 0), (12.4, 12), (DURATION_MS + 1, DURATION_MS)])
def test_a_seek_stays_within_the_film(wish_ms: float, position_ms: int) -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=wish_ms), 7)
    assert room.playback == Playback("paused", position_ms, 1.0, 7, None, False, sought_ms=7)


def test_a_seek_while_playing_is_a_start_for_everyone() -> None:
    room = applied(playing("anna"), Seek(by="anna", position_ms=30_000), 5_000)
    assert room.playback == Playback("playing", 30_000, 1.0, 5_300, "anna", True, sought_ms=5_000)


def test_a_new_rate_lies_ahead_and_leaves_the_film_where_it_is() -> None:
    before = playing("anna").playback
    after = applied(playing("anna"), SetRate(by="anna", rate=1.5), 10_000).playback
    assert (after.at_ms, after.lead_rate) == (10_150, 1.0)
    for ms in (10_000, 10_100, 10_150):
        assert position_at(after, ms, DURATION_MS) == position_at(before, ms, DURATION_MS)
    assert position_at(after, 11_150, DURATION_MS) == position_at(before, 10_150, DURATION_MS) + 1_500


def test_a_rate_that_is_changed_again_before_it_counts_keeps_its_moment() -> None:
    room = applied(playing("anna"), SetRate(by="anna", rate=1.5), 10_000)
    again = applied(room, SetRate(by="anna", rate=2), 10_100).playback
    assert (again.at_ms, again.lead_rate, again.rate) == (10_150, 1.0, 2)
    assert position_at(again, 10_125, DURATION_MS) == position_at(room.playback, 10_125, DURATION_MS)


def test_a_pause_before_a_new_rate_counts_stops_where_the_film_is() -> None:
    room = applied(playing("anna"), SetRate(by="anna", rate=2), 10_000)
    assert applied(room, Pause(by="anna"), 10_100).playback.position_ms == 9_950


def test_a_new_rate_of_a_film_that_stands_or_is_over_counts_at_once() -> None:
    for room, now_ms in ((joined(empty_room(), "anna"), 5_000), (playing("anna"), 70_000)):
        after = applied(room, SetRate(by="anna", rate=2), now_ms).playback
        assert (after.at_ms, after.lead_rate) == (now_ms, None)


def test_a_new_rate_before_the_start_does_not_move_the_start() -> None:
    assert applied(playing("anna"), SetRate(by="anna", rate=2), 100).playback.at_ms == 150


@pytest.mark.parametrize(("wish", "rate"), [(0.25, 0.5), (4, 2.0), (1.25, 1.25)])
def test_a_rate_stays_within_what_players_do_well(wish: float, rate: float) -> None:
    room = joined(empty_room(), "anna")
    assert applied(room, SetRate(by="anna", rate=wish), 0).playback.rate == rate
    assert facts(applied(room, SetRate(by="anna", rate=wish), 0), SetRate(by="anna", rate=rate), 1) == ()


def test_who_paused_is_still_told_after_somebody_else_has_sought_and_chosen_a_rate() -> None:
    room = applied(playing("anna", "boris", "vera"), Pause(by="anna"), 5_000)
    sought = fact(room, Seek(by="boris", position_ms=1), 6_000, PlaybackChanged)
    assert (sought.by, sought.playback.by) == ("boris", "anna")
    room = applied(room, Seek(by="boris", position_ms=1), 6_000)
    rate_changed = fact(room, SetRate(by="vera", rate=2), 7_000, PlaybackChanged)
    assert (rate_changed.by, rate_changed.playback.by, rate_changed.playback.status) == ("vera", "anna", "paused")


def test_why_the_film_stands_is_still_told_after_a_seek() -> None:
    room = applied(playing("anna"), Leave(by="anna", reason="left", gone_ms=1_000), 1_000)
    room = applied(joined(room, "boris", now_ms=2_000), Seek(by="boris", position_ms=9), 3_000)
    assert (room.playback.status, room.playback.by, room.playback.reason) == ("paused", None, "empty")


# --- by itself ---


def test_the_film_starts_by_itself_when_the_first_member_is_ready() -> None:
    room = joined(empty_room(), "anna", "boris")
    room = applied(room, says("boris", ready=True), 900)
    assert (room.playback.status, room.playback.by, room.playback.reason) == ("playing", None, "auto_start")
    assert room.playback.at_ms == 1_050


def test_the_film_starts_by_itself_only_once() -> None:
    room = applied(joined(empty_room(), "anna", "boris"), says("boris", ready=True), 0)
    room = applied(room, Pause(by="anna"), 1_000)
    room = applied(room, says("anna", ready=True), 2_000)
    assert room.playback.status == "paused"
    assert next_due_ms(room) is None
    assert facts(room, Due(), 60_000) == ()


def test_a_pause_before_the_start_is_no_start_and_a_play_before_it_is() -> None:
    room = joined(empty_room(), "anna")
    assert next_due_ms(applied(room, Pause(by="anna"), 0)) == AUTO_START_MS
    assert next_due_ms(applied(room, Play(by="anna"), 0)) is None


def test_the_film_starts_at_latest_some_seconds_after_the_first_came() -> None:
    room = joined(empty_room(), "anna", now_ms=100)
    assert next_due_ms(joined(room, "boris", now_ms=3_000)) == 100 + AUTO_START_MS
    assert facts(room, Due(), 99 + AUTO_START_MS) == ()
    assert applied(room, Due(), 100 + AUTO_START_MS).playback.status == "playing"


def test_an_empty_room_does_not_start() -> None:
    assert next_due_ms(empty_room()) is None


def test_a_room_with_a_date_waits_for_it() -> None:
    room = applied(joined(empty_room(starts_at=90_000), "anna"), says("anna", ready=True), 1_000)
    assert room.playback.status == "paused"
    assert next_due_ms(room) == 90_000
    assert facts(room, Due(), 89_999) == ()
    assert applied(room, Due(), 90_000).playback.status == "playing"


@pytest.mark.parametrize("control", ["everyone", "moderators", "owner"])
def test_a_planned_film_is_started_early_by_its_owner_alone(control: str) -> None:
    room = joined(empty_room(starts_at=90_000, control=control), OWNER, "moderator", "anna")
    for who in ("moderator", "anna"):
        if control == "everyone" or (control, who) == ("moderators", "moderator"):
            assert refused(room, Play(by=who), 60_000) == Refusal("too_early", retry_after_ms=30_000)
            assert applied(room, Play(by=who), 90_000).playback.status == "playing"
        else:
            assert refusal(room, Play(by=who), 60_000) == "forbidden"
    assert applied(room, Play(by=OWNER), 60_000).playback.status == "playing"


def test_who_acts_for_an_absent_owner_does_not_start_their_film_early() -> None:
    room = joined(empty_room(starts_at=900_000, control="owner"), "anna")
    room = applied(room, Due(), HOST_AFTER_MS)
    assert room.rights.host == "anna"
    assert refusal(room, Play(by="anna"), HOST_AFTER_MS + 1) == "too_early"


def test_others_start_a_planned_film_early_where_its_owner_lets_them() -> None:
    room = joined(empty_room(starts_at=90_000), OWNER, "anna")
    room = applied(room, ChangeSettings(by=OWNER, changes={"early_start": True}), 50_000)
    assert applied(room, Play(by="anna"), 60_000).playback.status == "playing"


def test_a_planned_film_that_was_started_early_is_everybody_s() -> None:
    room = applied(joined(empty_room(starts_at=90_000), OWNER, "anna"), Play(by=OWNER), 60_000)
    room = applied(room, Pause(by="anna"), 61_000)
    assert applied(room, Play(by="anna"), 62_000).playback.status == "playing"


def test_seeking_before_the_start_leaves_the_start_to_come() -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=5_000), 0)
    room = applied(room, says("anna", ready=True), 0)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 5_000)


# --- coming and going ---


def test_a_join_and_a_leave_move_nothing() -> None:
    room = playing("anna")
    later = joined(room, "boris", now_ms=5_000)
    assert later.playback == room.playback
    assert applied(later, Leave(by="boris", reason="left", gone_ms=6_000), 6_000).playback == room.playback


def test_one_who_is_not_ready_yet_holds_nobody_up() -> None:
    room = joined(playing("anna"), "boris", now_ms=5_000)
    room = applied(room, says("boris", ready=False, rtt_ms=200), 5_100)
    assert room.playback == playing("anna").playback


def test_when_the_last_one_has_left_the_film_waits_where_they_lost_it() -> None:
    left, paused = facts(playing("anna"), Leave(by="anna", reason="lost", gone_ms=8_150), 18_150)
    assert isinstance(left, MemberLeft)
    assert (left.reason, left.left_ms, left.visit_id) == ("lost", 8_150, "v-anna-0")
    assert isinstance(paused, PlaybackChanged)
    playback = paused.playback
    assert (playback.status, playback.position_ms, playback.by, playback.reason) == ("paused", 8_000, None, "empty")


def test_the_film_waits_where_the_last_connection_ended_whoever_expires_last() -> None:
    room = playing("anna", "boris")
    room = applied(room, Leave(by="boris", reason="left", gone_ms=9_150), 9_150)
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=1_150), 11_150)
    assert room.playback.position_ms == 9_000


def test_the_last_one_out_of_a_paused_room_changes_nothing_more() -> None:
    room = applied(playing("anna"), Pause(by="anna"), 1_000)
    after = applied(room, Leave(by="anna", reason="left", gone_ms=2_000), 2_000)
    assert after.playback == room.playback


def test_a_wobbling_round_trip_is_no_news() -> None:
    room = joined(empty_room(), "anna")
    assert facts(room, says("anna", rtt_ms=10), 0) == ()
    assert facts(room, says("anna", rtt_ms=74.9), 0) == ()
    assert len(facts(room, says("anna", rtt_ms=80), 0)) == 1
