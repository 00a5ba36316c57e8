"""What a room's people and the API change about it, in whatever order the API's word arrives."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from sync_service.room.commands import ChangeRoom, ChangeSettings, Close, Due, Kick, Leave, Pause, Play, SetRole
from sync_service.room.deadlines import HOST_AFTER_MS
from sync_service.room.events import SettingsChanged
from sync_service.room.opening import reopened
from sync_service.room.state import Settings, State
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
)


def test_a_change_tells_all_settings_as_they_are_now() -> None:
    room = joined(empty_room(), OWNER)
    changed = fact(room, ChangeSettings(by=OWNER, id="1", changes={"capacity": 7}), 5, SettingsChanged)
    assert changed.settings == Settings(capacity=7)
    assert (changed.by, changed.command, changed.access, changed.starts_at) == (OWNER, "1", "link", None)
    assert applied(room, ChangeSettings(by=OWNER, changes={"capacity": 7}), 5).rights.settings.capacity == 7


def test_what_is_set_already_is_no_change() -> None:
    room = joined(empty_room(), OWNER)
    assert facts(room, ChangeSettings(by=OWNER, changes={}), 5) == ()
    assert facts(room, ChangeSettings(by=OWNER, changes={"capacity": 50, "locked": False}), 5) == ()


def test_one_setting_that_one_may_not_change_refuses_them_all() -> None:
    room = joined(empty_room(), "moderator")
    told = refused(room, ChangeSettings(by="moderator", changes={"locked": True, "capacity": 2}), 5)
    assert (told.code, told.message) == ("forbidden", "in this room this takes the role owner")


def test_a_locked_room_takes_nobody_new() -> None:
    room = applied(
        joined(empty_room(), "moderator", "anna"), ChangeSettings(by="moderator", changes={"locked": True}), 1_000
    )
    assert refusal(room, join_of("boris", 2_000), 2_000) == "room_locked"
    assert refusal(room, join_of("guest", 2_000), 2_000) == "room_locked"
    for known in (OWNER, "mila"):
        joined(room, known, now_ms=2_000)
    # A second tab is nobody new.
    assert facts(room, join_of("anna", 2_000), 2_000) == ()
    opened = applied(room, ChangeSettings(by="moderator", changes={"locked": False}), 3_000)
    joined(opened, "boris", now_ms=4_000)


def test_whose_connection_was_lost_for_a_while_comes_back_into_a_locked_room() -> None:
    room = joined(empty_room(), "moderator", "anna", "boris")
    room = applied(room, ChangeSettings(by="moderator", changes={"locked": True}), 1_000)
    room = applied(room, Leave(by="anna", reason="lost", gone_ms=5_000), 15_000)
    came_back = join_of("anna", 16_000, since_ms=0)
    assert "anna" in applied(room, came_back, 16_000).members
    # Setting it once more locks nobody out; those sent away are, and so are sessions that began later.
    room = applied(room, ChangeSettings(by="moderator", changes={"slow_mode_s": 5}), 16_000)
    assert "anna" in applied(room, came_back, 16_500).members
    room = applied(room, Kick(by="moderator", member_id="boris"), 17_000)
    assert refusal(room, join_of("boris", 18_000, since_ms=0), 18_000) == "kicked"
    assert refusal(room, join_of("boris", 18_000), 18_000) == "room_locked"


# --- from the API ---

CHANGES: list[tuple[int, dict[str, Any]]] = [
    (2, {"control": "owner", "settings": {"locked": True}}),
    (3, {"capacity": 9, "settings": {"slow_mode_s": 30}}),
    (4, {"control": "moderators", "access": "invited", "title": "Friday"}),
    (5, {"starts_at": 90_000, "settings": {"locked": False, "hold": False}}),
    (6, {"starts_at": None, "title": "Saturday", "settings": {"hold_max_s": 4}, "owner": "anna"}),
]


def heard(*order: int) -> State:
    room = empty_room()
    for at in order:
        version, changes = CHANGES[at]
        room = applied(room, ChangeRoom(version=version, changes=changes), at)
    return room


def test_what_the_api_changed_ends_the_same_in_whatever_order_it_comes() -> None:
    meant = heard(*range(len(CHANGES)))
    assert meant.rights.settings == Settings("moderators", 9, False, 30, False, 4)
    assert (meant.meta.access, meant.meta.starts_at, meant.rights.owner) == ("invited", None, "anna")
    assert meant.meta.title == "Saturday"
    for order in itertools.permutations(range(len(CHANGES))):
        room = heard(*order)
        assert (room.meta, room.rights) == (meant.meta, replace(meant.rights, locked_ms=room.rights.locked_ms)), order


def test_the_same_word_of_the_api_twice_is_no_change() -> None:
    room = heard(0, 1, 2, 3, 4)
    for version, changes in CHANGES:
        assert facts(room, ChangeRoom(version=version, changes=changes), 99) == ()


def test_what_the_room_was_opened_with_is_not_undone_by_an_older_word() -> None:
    assert facts(empty_room(), ChangeRoom(version=1, changes={"control": "owner"}), 5) == ()
    assert facts(empty_room(), ChangeRoom(version=0, changes={"settings": {"locked": True}}), 5) == ()


def test_a_late_word_about_other_things_leaves_what_was_set_here() -> None:
    room = applied(joined(empty_room(), OWNER), ChangeSettings(by=OWNER, changes={"control": "owner"}), 5)
    room = applied(room, ChangeRoom(version=7, changes={"settings": {"locked": True}}), 6)
    assert (room.rights.settings.control, room.rights.settings.locked) == ("owner", True)


def test_a_word_of_a_newer_api_about_what_is_not_known_here_is_ignored() -> None:
    room = heard(0)
    assert facts(room, ChangeRoom(version=9, changes={"theme": "dark", "settings": {"theme": "dark"}}), 5) == ()


def test_a_room_that_is_handed_over_has_its_new_owner_at_once_and_the_former_one_moderates() -> None:
    room = joined(empty_room(control="owner"), OWNER, "anna", "boris")
    handed = fact(room, ChangeRoom(version=2, changes={"owner": "anna"}), 5, SettingsChanged)
    assert (handed.owner, handed.film) == ("anna", None)
    room = applied(room, ChangeRoom(version=2, changes={"owner": "anna"}), 5)
    assert {id_: member.role for id_, member in room.members.items()} == {
        OWNER: "moderator",
        "anna": "owner",
        "boris": "viewer",
    }
    assert refusal(room, Play(by=OWNER), 6) == "forbidden"
    assert facts(room, Play(by="anna"), 6)
    assert refusal(room, Kick(by=OWNER, member_id="anna"), 6) == "forbidden"


def test_who_owned_a_room_while_away_comes_back_as_a_moderator() -> None:
    room = applied(joined(empty_room(), "anna"), ChangeRoom(version=2, changes={"owner": "anna"}), 5)
    assert joined(room, OWNER, now_ms=9).members[OWNER].role == "moderator"


def test_a_host_is_not_needed_once_the_room_is_theirs() -> None:
    room = applied(joined(empty_room(control="owner"), "anna"), Due(), HOST_AFTER_MS)
    assert room.rights.host == "anna"
    room = applied(room, ChangeRoom(version=2, changes={"owner": "anna"}), HOST_AFTER_MS + 1)
    assert room.rights.host is None
    assert facts(room, Pause(by="anna"), HOST_AFTER_MS + 2)


def test_another_film_is_the_room_s_from_then_on() -> None:
    other = {"id": "other", "title": "Other", "duration_ms": 90_000}
    room = applied(empty_room(), ChangeRoom(version=2, changes={"film": other}), 5)
    assert (room.meta.film, room.duration_ms) == (other, 90_000)
    assert facts(room, ChangeRoom(version=2, changes={"film": other}), 6) == ()


def test_a_room_that_is_opened_again_waits_where_its_film_stood() -> None:
    room = applied(playing(OWNER, "boris"), SetRole(by=OWNER, member_id="boris", role="guest"), 500)
    closed = applied(room, Close(reason="owner"), 10_150)
    again = reopened(closed, 500_000)
    assert (again.closed, again.members) == (None, {})
    assert (again.playback.status, again.playback.position_ms, again.playback.started) == ("paused", 10_000, True)
    assert refusal(again, join_of("boris", 500_100, since_ms=0), 500_100) == "resume_invalid"
    assert joined(again, "boris", now_ms=500_100).members["boris"].role == "guest"


def test_fewer_seats_than_people_send_nobody_away() -> None:
    room = joined(empty_room(), OWNER, "anna", "boris", "vera")
    room = applied(room, ChangeSettings(by=OWNER, changes={"capacity": 2}), 5)
    assert len(room.members) == 4
