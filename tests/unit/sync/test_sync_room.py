"""The rules of a room, one by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from sync_service.commands import AutoStart, Close, Command, Join, Leave, Pause, Play, Report, Say, Seek, SetRate
from sync_service.events import Closed, MemberJoined, MemberLeft, PlaybackChanged
from sync_service.playback import Playback, lead_ms, position_at
from sync_service.room import AUTO_START_MS, auto_start_due_ms, rtt_bucket_ms
from tests.unit.sync.rooms import DURATION_MS, OWNER, applied, empty_room, facts, joined, refusal


def test_play_lies_ahead_so_that_all_start_together() -> None:
    room = joined(empty_room(), "anna")
    (played,) = facts(room, Play(by="anna", id="1"), 1_000)
    assert isinstance(played, PlaybackChanged)
    assert played.playback == Playback("playing", 0, 1.0, 1_150, "anna", True)
    assert (played.by, played.command, played.reason) == ("anna", "1", None)


@pytest.mark.parametrize(
    ("rtt_ms", "ahead_ms"), [(0, 150), (75, 150), (76, 300), (300, 600), (500, 1_000), (9_000, 1_000)]
)
def test_the_farthest_member_sets_how_far_ahead_a_start_lies(rtt_ms: int, ahead_ms: int) -> None:
    room = joined(empty_room(), "anna", "boris")
    room = applied(room, Report(by="boris", rtt_ms=rtt_ms), 0)
    assert applied(room, Play(by="anna"), 1_000).playback.at_ms == 1_000 + ahead_ms
    assert lead_ms(rtt_bucket_ms(rtt_ms)) == ahead_ms


def test_pause_stops_where_the_film_is() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    room = applied(room, Pause(by="anna"), 10_150)
    assert room.playback == Playback("paused", 10_000, 1.0, 10_150, "anna", True)


def test_play_while_playing_and_pause_while_paused_change_nothing() -> None:
    room = joined(empty_room(), "anna")
    assert facts(room, Pause(by="anna"), 0) == ()
    assert facts(applied(room, Play(by="anna"), 0), Play(by="anna"), 500) == ()


def test_play_at_the_end_starts_from_the_beginning() -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=DURATION_MS), 0)
    assert applied(room, Play(by="anna"), 0).playback.position_ms == 0
    ended = applied(applied(joined(empty_room(), "anna"), Play(by="anna"), 0), Play(by="anna"), 10 * DURATION_MS)
    assert (ended.playback.position_ms, ended.playback.at_ms) == (0, 10 * DURATION_MS + 150)


@pytest.mark.parametrize(("wish_ms", "position_ms"), [(-5, 0), (0, 0), (12.4, 12), (DURATION_MS + 1, DURATION_MS)])
def test_a_seek_stays_within_the_film(wish_ms: float, position_ms: int) -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=wish_ms), 7)
    assert room.playback == Playback("paused", position_ms, 1.0, 7, "anna", False)


def test_a_seek_while_playing_is_a_start_for_everyone() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    room = applied(room, Seek(by="anna", position_ms=30_000), 5_000)
    assert room.playback == Playback("playing", 30_000, 1.0, 5_150, "anna", True)


def test_a_new_rate_leaves_the_film_where_it_is() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    before_ms = position_at(room.playback, 10_000, DURATION_MS)
    room = applied(room, SetRate(by="anna", rate=1.5), 10_000)
    assert position_at(room.playback, 10_000, DURATION_MS) == before_ms
    assert position_at(room.playback, 11_000, DURATION_MS) == before_ms + 1_500


def test_a_new_rate_before_the_start_does_not_move_the_start() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    assert applied(room, SetRate(by="anna", rate=2), 100).playback.at_ms == 150


@pytest.mark.parametrize(("wish", "rate"), [(0.25, 0.5), (4, 2.0), (1.25, 1.25)])
def test_a_rate_stays_within_what_players_do_well(wish: float, rate: float) -> None:
    assert applied(joined(empty_room(), "anna"), SetRate(by="anna", rate=wish), 0).playback.rate == rate


def test_the_film_starts_by_itself_when_the_first_member_is_ready() -> None:
    room = joined(empty_room(), "anna", "boris")
    room = applied(room, Report(by="boris", ready=True), 900)
    assert (room.playback.status, room.playback.by, room.playback.at_ms) == ("playing", None, 1_050)


def test_the_film_starts_by_itself_only_once() -> None:
    room = applied(joined(empty_room(), "anna", "boris"), Report(by="boris", ready=True), 0)
    room = applied(room, Pause(by="anna"), 1_000)
    room = applied(room, Report(by="anna", ready=True), 2_000)
    assert room.playback.status == "paused"
    assert auto_start_due_ms(room) is None
    assert facts(room, AutoStart(), 60_000) == ()


def test_the_film_starts_at_latest_some_seconds_after_the_first_came() -> None:
    room = joined(empty_room(), "anna", now_ms=100)
    assert auto_start_due_ms(joined(room, "boris", now_ms=3_000)) == 100 + AUTO_START_MS
    assert facts(room, AutoStart(), 99 + AUTO_START_MS) == ()
    assert applied(room, AutoStart(), 100 + AUTO_START_MS).playback.status == "playing"


def test_an_empty_room_does_not_start() -> None:
    assert auto_start_due_ms(empty_room()) is None


def test_a_room_with_a_date_waits_for_it() -> None:
    room = applied(joined(empty_room(starts_at=90_000), "anna"), Report(by="anna", ready=True), 1_000)
    assert room.playback.status == "paused"
    assert auto_start_due_ms(room) == 90_000
    assert applied(room, AutoStart(), 90_000).playback.status == "playing"


def test_seeking_before_the_start_leaves_the_start_to_come() -> None:
    room = applied(joined(empty_room(), "anna"), Seek(by="anna", position_ms=5_000), 0)
    room = applied(room, Report(by="anna", ready=True), 0)
    assert (room.playback.status, room.playback.position_ms) == ("playing", 5_000)


def test_a_join_and_a_leave_move_nothing() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    later = joined(room, "boris", now_ms=5_000)
    assert later.playback == room.playback
    assert applied(later, Leave(by="boris", reason="left", gone_ms=6_000), 6_000).playback == room.playback


def test_when_the_last_one_has_left_the_film_waits_where_they_lost_it() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    left, paused = facts(room, Leave(by="anna", reason="lost", gone_ms=8_150), 18_150)
    assert isinstance(left, MemberLeft)
    assert (left.reason, left.left_ms, left.visit_id) == ("lost", 8_150, "v-anna")
    assert isinstance(paused, PlaybackChanged)
    assert (paused.playback.status, paused.playback.position_ms, paused.reason) == ("paused", 8_000, "empty")


def test_the_film_waits_where_the_last_connection_ended_whoever_expires_last() -> None:
    room = applied(joined(empty_room(), "anna", "boris"), Play(by="anna"), 0)
    room = applied(room, Leave(by="boris", reason="left", gone_ms=9_150), 9_150)
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=1_150), 11_150)
    assert room.playback.position_ms == 9_000


def test_a_leave_of_someone_who_is_not_there_is_nothing() -> None:
    assert facts(empty_room(), Leave(by="anna", reason="lost", gone_ms=0), 0) == ()


def test_one_who_is_there_does_not_join_twice() -> None:
    room = joined(empty_room(), "anna")
    assert facts(room, Join(by="anna", name="Anna", role="viewer", visit_id="other"), 5) == ()


@pytest.mark.parametrize(
    ("control", "member", "allowed"),
    [
        ("everyone", "viewer", True),
        ("everyone", "guest", False),
        ("moderators", "viewer", False),
        ("moderators", "moderator", True),
        ("moderators", OWNER, True),
        ("owner", "moderator", False),
        ("owner", OWNER, True),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        lambda by: Play(by=by),
        lambda by: Pause(by=by),
        lambda by: Seek(by=by, position_ms=1),
        lambda by: SetRate(by=by, rate=2),
    ],
)
def test_the_permission_table(control: str, member: str, allowed: bool, command: Callable[[str], Command]) -> None:
    role = "guest" if member == "guest" else "viewer"
    room = applied(empty_room(control=control), Join(by=member, name=member, role=role, visit_id="v"), 0)
    if allowed:
        facts(room, command(member), 0)
    else:
        assert refusal(room, command(member), 0) == "forbidden"


def test_a_ticket_makes_nobody_an_owner_of_a_live_room() -> None:
    room = applied(empty_room(control="owner"), Join(by="eve", name="Eve", role="owner", visit_id="v"), 0)
    assert room.members["eve"].role == "viewer"
    assert refusal(room, Play(by="eve"), 0) == "forbidden"


def test_a_stranger_has_no_say() -> None:
    assert refusal(joined(empty_room(), "anna"), Say(by="eve", message_id="m", text="hi"), 0) == "not_a_member"


def test_a_message_carries_where_the_film_is() -> None:
    room = applied(joined(empty_room(), "anna"), Play(by="anna"), 0)
    room = applied(room, Say(by="anna", message_id="m", text="look"), 10_150)
    (message,) = room.messages
    assert (message.id, message.text, message.position_ms, message.sent_ms) == ("m", "look", 10_000, 10_150)
    assert message.author == {"id": "anna", "name": "Anna"}


def test_newcomers_read_the_last_fifty_messages() -> None:
    room = joined(empty_room(), "anna")
    for n in range(60):
        room = applied(room, Say(by="anna", message_id=str(n), text="x"), n)
    assert [message.id for message in room.messages] == [str(n) for n in range(10, 60)]


def test_closing_ends_every_visit_and_nothing_happens_after() -> None:
    room = joined(empty_room(), "anna", "boris")
    closed, *left = facts(room, Close(reason="owner"), 9)
    assert isinstance(closed, Closed)
    assert [event.member_id for event in left if isinstance(event, MemberLeft)] == ["anna", "boris"]
    after = applied(room, Close(reason="owner"), 9)
    assert after.members == {}
    assert refusal(after, Play(by="anna"), 10) == "room_closed"
    assert refusal(after, Join(by="carl", name="Carl", role="viewer", visit_id="v"), 10) == "room_closed"


def test_a_wobbling_round_trip_is_no_news() -> None:
    room = joined(empty_room(), "anna")
    assert facts(room, Report(by="anna", rtt_ms=10), 0) == ()
    assert facts(room, Report(by="anna", rtt_ms=74.9), 0) == ()
    assert len(facts(room, Report(by="anna", rtt_ms=80), 0)) == 1


def test_joining_says_who_came() -> None:
    (event,) = facts(empty_room(), Join(by="anna", name="Anna", role="viewer", visit_id="v"), 3)
    assert isinstance(event, MemberJoined)
    assert (event.member.name, event.member.ready, event.member.joined_ms) == ("Anna", False, 3)


def test_the_rules_need_nothing_but_the_standard_library() -> None:
    code = "import sys, sync_service.room; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    # What a site-packages hook loads before any code of ours is none of the rules' doing.
    bare = subprocess.run(
        [sys.executable, "-c", code.replace("sync_service.room", "dataclasses")],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = set(loaded) - set(bare.stdout.split()) - sys.stdlib_module_names
    assert ours == {"sync_service"}
    assert not {"time", "random", "socket", "asyncio"} & (set(loaded) - set(bare.stdout.split()))
