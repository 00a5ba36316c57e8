"""Who comes and goes, who is sent away, who may speak: and what stays decided about people who are not here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_service.room.chat import may_speak
from sync_service.room.commands import Ban, Kick, Leave, Mute, Play, Revoke, Say, SetRole
from sync_service.room.events import BanChanged, MemberJoined, MemberLeft, Muted, RoleSet
from sync_service.room.evolve import KICKS_KEPT_MS
from sync_service.room.state import State
from tests.unit.sync.rooms import (
    OWNER,
    applied,
    empty_room,
    fact,
    facts,
    join_of,
    joined,
    playing,
    refusal,
    refused,
    says,
)


def test_joining_says_who_came() -> None:
    joined_ = fact(empty_room(), join_of("anna", 3), 3, MemberJoined)
    member = joined_.member
    assert (member.name, member.role, member.ready, member.buffering, member.joined_ms) == (
        "Anna",
        "viewer",
        False,
        False,
        3,
    )


def test_one_who_is_there_does_not_join_twice() -> None:
    assert facts(joined(empty_room(), "anna"), join_of("anna", 5), 5) == ()


def test_a_ticket_makes_nobody_an_owner_of_a_live_room() -> None:
    room = applied(empty_room(control="owner"), join_of("eve", role="owner"), 0)
    assert room.members["eve"].role == "viewer"
    assert refusal(room, Play(by="eve"), 0) == "forbidden"


def test_a_tickets_role_counts_only_for_whom_the_room_does_not_know() -> None:
    room = joined(empty_room(), OWNER, "anna")
    room = applied(room, SetRole(by=OWNER, member_id="anna", role="guest"), 1)
    room = applied(room, Leave(by="anna", reason="left", gone_ms=2), 2)
    assert applied(room, join_of("anna", 3, role="moderator"), 3).members["anna"].role == "guest"
    assert applied(room, join_of("nina", 3, role="moderator"), 3).members["nina"].role == "moderator"


def test_a_leave_of_someone_who_is_not_there_is_nothing() -> None:
    assert facts(empty_room(), Leave(by="anna", reason="lost", gone_ms=0), 0) == ()


@pytest.mark.parametrize(("gone_ms", "left_ms"), [(-50, 100), (100, 100), (150, 150), (9_000, 200)])
def test_nobody_was_last_seen_before_they_came_or_after_now(gone_ms: int, left_ms: int) -> None:
    room = joined(empty_room(), "boris")
    room = joined(room, "anna", now_ms=100)
    left = fact(room, Leave(by="anna", reason="lost", gone_ms=gone_ms), 200, MemberLeft)
    assert (left.joined_ms, left.left_ms) == (100, left_ms)


# --- kicks ---


def kicked(room: State, member: str, now_ms: int, by: str = OWNER) -> State:
    return applied(room, Kick(by=by, member_id=member), now_ms)


def test_a_kick_ends_the_visit_and_every_session_that_began_before_it() -> None:
    room = joined(empty_room(), OWNER, "anna")
    left = fact(room, Kick(by=OWNER, id="7", member_id="anna"), 500, MemberLeft)
    assert (left.reason, left.by, left.command, left.left_ms) == ("kicked", OWNER, "7", 500)
    room = kicked(room, "anna", 500)
    assert refusal(room, Play(by="anna"), 501) == "not_a_member"
    assert refusal(room, join_of("anna", 600, since_ms=0), 600) == "kicked"
    assert refusal(room, join_of("anna", 600, since_ms=500), 600) == "kicked"


def test_the_link_lets_a_kicked_one_in_again_but_not_their_old_tab() -> None:
    room = joined(kicked(joined(empty_room(), OWNER, "anna"), "anna", 500), "anna", now_ms=600)
    assert "anna" in room.members
    assert refusal(room, join_of("anna", 700, since_ms=0), 700) == "kicked"


def test_a_kick_is_remembered_for_as_long_as_a_token_may_live() -> None:
    room = kicked(joined(empty_room(), OWNER, "anna", "boris", "vera"), "anna", 500)
    room = kicked(room, "boris", 500 + KICKS_KEPT_MS - 1)
    assert room.rights.kicked == {"anna": 500, "boris": 500 + KICKS_KEPT_MS - 1}
    room = kicked(room, "vera", 500 + KICKS_KEPT_MS)
    assert list(room.rights.kicked) == ["boris", "vera"]


def test_one_who_is_not_here_is_not_kicked() -> None:
    room = joined(empty_room(), OWNER)
    assert refusal(room, Kick(by=OWNER, member_id="anna"), 5) == "member_not_found"


def test_a_kick_moves_nothing_for_those_who_stay() -> None:
    room = playing(OWNER, "anna")
    assert kicked(room, "anna", 5_000).playback == room.playback


# --- bans ---


def test_a_ban_sends_away_and_keeps_out() -> None:
    room = playing(OWNER, "anna")
    banned, left = facts(room, Ban(by=OWNER, member_id="anna", version=2, banned=True), 500)
    assert isinstance(banned, BanChanged)
    assert isinstance(left, MemberLeft)
    assert (banned.type, left.reason) == ("banned", "banned")
    after = applied(room, Ban(by=OWNER, member_id="anna", version=2, banned=True), 500)
    assert after.playback == room.playback
    assert refusal(after, join_of("anna", 900_000), 900_000) == "banned"


def test_the_last_one_out_by_a_ban_pauses_the_film() -> None:
    room = applied(playing("anna"), Ban(by=OWNER, member_id="anna", version=2, banned=True), 5_150)
    assert (room.playback.status, room.playback.position_ms, room.playback.reason) == ("paused", 5_000, "empty")


def test_one_who_is_not_here_is_banned_too_and_let_in_when_the_ban_is_lifted() -> None:
    room = applied(empty_room(), Ban(by=OWNER, member_id="anna", version=2, banned=True), 1)
    assert refusal(room, join_of("anna", 2), 2) == "banned"
    room = applied(room, Ban(by=OWNER, member_id="anna", version=3, banned=False), 3)
    assert "anna" in joined(room, "anna", now_ms=4).members


def test_a_ban_and_its_lifting_count_by_version_and_not_by_arrival() -> None:
    lifted = Ban(by=OWNER, member_id="anna", version=3, banned=False)
    banned = Ban(by=OWNER, member_id="anna", version=2, banned=True)
    room = applied(joined(empty_room(), "anna"), lifted, 1)
    assert facts(room, banned, 2) == ()
    assert facts(room, lifted, 2) == ()
    again = Ban(by=OWNER, member_id="anna", version=4, banned=True)
    assert refusal(applied(room, again, 3), join_of("anna", 4), 4) == "banned"
    # Versions are each person's own.
    assert facts(room, Ban(by=OWNER, member_id="boris", version=2, banned=True), 3) != ()


# --- invitations that are taken back ---


def test_whose_invitation_is_taken_back_is_shown_out_and_kept_out_by_older_tickets() -> None:
    room = playing(OWNER, "anna")
    revoked, left = facts(room, Revoke(by=OWNER, member_id="anna", version=4), 500)
    assert isinstance(revoked, BanChanged)
    assert isinstance(left, MemberLeft)
    assert (revoked.type, left.reason) == ("revoked", "revoked")
    after = applied(room, Revoke(by=OWNER, member_id="anna", version=4), 500)
    assert after.playback == room.playback
    ticket = join_of("anna", 900_000)
    assert refusal(after, replace(ticket, version=3), 900_000) == "revoked"
    # The API has let them in again since.
    assert "anna" in applied(after, replace(ticket, version=4), 900_000).members


def test_a_revocation_counts_by_version_and_not_by_arrival() -> None:
    room = applied(empty_room(), Revoke(by=OWNER, member_id="anna", version=4), 1)
    assert facts(room, Revoke(by=OWNER, member_id="anna", version=4), 2) == ()
    assert facts(room, Revoke(by=OWNER, member_id="anna", version=3), 2) == ()
    assert refusal(room, replace(join_of("anna", 3), version=3), 3) == "revoked"
    assert "boris" in applied(room, join_of("boris", 3), 3).members


def test_a_room_that_has_begun_anew_takes_nobody_by_a_session_from_before() -> None:
    room = empty_room()
    room = replace(room, rights=replace(room.rights, since_ms=1_000))
    assert refusal(room, join_of("anna", 2_000, since_ms=999), 2_000) == "resume_invalid"
    assert "anna" in joined(room, "anna", now_ms=1_000).members


# --- mutes ---


def test_a_mute_ends_by_itself() -> None:
    room = joined(empty_room(), OWNER, "anna")
    muted = fact(room, Mute(by=OWNER, member_id="anna", seconds=60), 1_000, Muted)
    assert (muted.member_id, muted.until_ms, muted.by) == ("anna", 61_000, OWNER)
    room = applied(room, Mute(by=OWNER, member_id="anna", seconds=60), 1_000)
    assert room.members["anna"].muted_until_ms == 61_000
    told = refused(room, Say(by="anna", message_id="m", text="x"), 1_001)
    assert (told.code, told.retry_after_ms) == ("muted", 59_999)
    assert may_speak(room, "anna", 60_999) is not None
    assert may_speak(room, "anna", 61_000) is None
    facts(room, Say(by="anna", message_id="m", text="x"), 61_000)


def test_a_muted_one_still_watches_together() -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Mute(by=OWNER, member_id="anna", seconds=60), 0)
    assert applied(room, Play(by="anna"), 1).playback.status == "playing"
    facts(room, says("anna", ready=True), 1)


def test_to_leave_and_come_back_ends_no_mute() -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Mute(by=OWNER, member_id="anna", seconds=60), 0)
    room = applied(room, Leave(by="anna", reason="left", gone_ms=1), 1)
    room = joined(room, "anna", now_ms=2)
    assert room.members["anna"].muted_until_ms == 60_000
    assert refusal(room, Say(by="anna", message_id="m", text="x"), 3) == "muted"


def test_a_mute_is_lifted_also_of_one_who_is_away() -> None:
    room = applied(joined(empty_room(), OWNER, "anna"), Mute(by=OWNER, member_id="anna", seconds=60), 0)
    room = applied(room, Leave(by="anna", reason="left", gone_ms=1), 1)
    room = applied(room, Mute(by=OWNER, member_id="anna", seconds=0), 2)
    assert joined(room, "anna", now_ms=3).members["anna"].muted_until_ms is None
    assert refusal(room, Mute(by=OWNER, member_id="nobody", seconds=5), 3) == "member_not_found"


def test_to_unmute_who_may_speak_is_no_change() -> None:
    room = joined(empty_room(), OWNER, "anna")
    assert facts(room, Mute(by=OWNER, member_id="anna", seconds=0), 5) == ()
    room = applied(room, Mute(by=OWNER, member_id="anna", seconds=1), 5)
    assert facts(room, Mute(by=OWNER, member_id="anna", seconds=0), 1_005) == ()


# --- roles ---


def test_a_role_is_set_for_the_present_and_the_absent() -> None:
    room = joined(empty_room(), OWNER, "anna")
    role_set = fact(room, SetRole(by=OWNER, id="1", member_id="anna", role="moderator"), 5, RoleSet)
    assert (role_set.member_id, role_set.role, role_set.by, role_set.command) == ("anna", "moderator", OWNER, "1")
    room = applied(room, SetRole(by=OWNER, member_id="anna", role="moderator"), 5)
    assert room.members["anna"].role == "moderator"
    room = applied(room, Leave(by="anna", reason="left", gone_ms=6), 6)
    room = applied(room, SetRole(by=OWNER, member_id="anna", role="viewer"), 7)
    assert joined(room, "anna", now_ms=8).members["anna"].role == "viewer"


def test_a_role_that_one_has_is_no_change_and_a_strangers_is_not_set() -> None:
    room = joined(empty_room(), OWNER, "anna")
    assert facts(room, SetRole(by=OWNER, member_id="anna", role="viewer"), 5) == ()
    assert refusal(room, SetRole(by=OWNER, member_id="eve", role="guest"), 5) == "member_not_found"


def test_a_demoted_ones_next_order_is_refused() -> None:
    room = joined(empty_room(control="moderators"), OWNER, "moderator")
    room = applied(room, SetRole(by=OWNER, member_id="moderator", role="viewer"), 5)
    assert refusal(room, Play(by="moderator"), 5) == "forbidden"
    assert refusal(room, Kick(by="moderator", member_id=OWNER), 5) == "forbidden"
