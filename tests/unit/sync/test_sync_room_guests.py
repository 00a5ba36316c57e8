"""Guests without an account: what the setting lets them do, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync_service.room.chat import may_speak
from sync_service.room.commands import ChangeRoom, ChangeSettings, Join, Play, ReactToMessage, Say, SetRole
from sync_service.room.events import MemberLeft, Said, SettingsChanged
from sync_service.room.permissions import SETTING
from sync_service.room.state import GUESTS, Message, State
from tests.unit.sync.rooms import OWNER, applied, empty_room, fact, facts, join_of, joined, refusal, refused, stored

ZOE = "guest zoe"


def comes(member: str = ZOE, now_ms: int = 0, **options: Any) -> Join:
    """Somebody without an account comes."""
    return replace(join_of(member, now_ms, **options), guest=True)


def with_guest(guests: str = "chat", **settings: Any) -> State:
    return applied(joined(empty_room(guests=guests, **settings), OWNER, "anna"), comes(), 0)


def test_nobody_without_an_account_comes_in_unless_the_owner_allows_it() -> None:
    assert empty_room().rights.settings.guests == "nobody"
    for guests in GUESTS:
        room = joined(empty_room(guests=guests), OWNER)
        if guests == "nobody":
            assert refusal(room, comes(), 0) == "guests_off"
        else:
            assert applied(room, comes(), 0).members[ZOE].guest
        assert not applied(room, join_of("anna"), 0).members["anna"].guest


@pytest.mark.parametrize(("guests", "may"), [("watch", False), ("chat", True)])
def test_guests_write_where_they_may_and_are_told_where_not(guests: str, *, may: bool) -> None:
    room = with_guest(guests)
    known = Message("m", {"id": OWNER, "name": OWNER}, "x", 0, 0)
    for command in (Say(by=ZOE, message_id="n", text="y"), ReactToMessage(by=ZOE, message=known, emoji="🐋")):
        if may:
            facts(room, command, 5)
        else:
            told = refused(room, command, 5)
            assert (told.code, "watch" in told.message) == ("forbidden", True)
    assert (may_speak(room, ZOE, 5) is None) == may
    assert may_speak(room, "anna", 5) is None
    # A viewer whom somebody made a guest has an account, and writes as before.
    demoted = applied(room, SetRole(by=OWNER, member_id="anna", role="guest"), 6)
    assert may_speak(demoted, "anna", 7) is None


def test_what_a_guest_says_is_marked() -> None:
    room = with_guest()
    said = fact(room, Say(by=ZOE, message_id="n", text="y"), 5, Said)
    assert said.message.author == {"id": ZOE, "name": ZOE.title(), "guest": True}
    hers = fact(room, Say(by="anna", message_id="m", text="y"), 5, Said)
    assert hers.message.author == {"id": "anna", "name": "Anna"}


def test_a_guest_moves_the_film_once_the_owner_hands_it_to_them_and_never_moderates() -> None:
    room = with_guest("watch")
    assert refusal(room, Play(by=ZOE), 5) == "forbidden"
    room = applied(room, SetRole(by=OWNER, member_id=ZOE, role="viewer"), 5)
    assert facts(room, Play(by=ZOE), 6)
    assert may_speak(room, ZOE, 6) is None
    assert room.members[ZOE].guest
    assert "account" in refused(room, SetRole(by=OWNER, member_id=ZOE, role="moderator"), 7).message
    assert facts(room, SetRole(by=OWNER, member_id="anna", role="moderator"), 7)


def test_only_the_owner_says_what_guests_may() -> None:
    room = joined(with_guest("watch"), "moderator")
    assert refusal(room, ChangeSettings(by="moderator", changes={"guests": "chat"}), 5) == "forbidden"
    assert SETTING["guests"] == "owner"
    assert applied(room, ChangeSettings(by=OWNER, changes={"guests": "chat"}), 5).rights.settings.guests == "chat"


@pytest.mark.parametrize(
    "change",
    [
        ChangeSettings(by=OWNER, changes={"guests": "nobody"}),
        ChangeRoom(version=7, changes={"settings": {"guests": "nobody"}}),
    ],
    ids=["live", "api"],
)
def test_all_guests_leave_a_room_that_lets_none_in_any_more_and_their_tokens_are_void(
    change: ChangeSettings | ChangeRoom,
) -> None:
    room = applied(with_guest(), comes("guest yan"), 0)
    room = applied(room, SetRole(by=OWNER, member_id=ZOE, role="viewer"), 1)
    changed, *left = facts(room, change, 5)

    assert isinstance(changed, SettingsChanged)
    assert [(event.member_id, event.reason) for event in left if isinstance(event, MemberLeft)] == [
        (ZOE, "guests_off"),
        ("guest yan", "guests_off"),
    ]
    room = applied(room, change, 5)
    assert set(room.members) == {OWNER, "anna"}
    assert refusal(room, comes(now_ms=9, since_ms=0), 9) == "guests_off"
    room = applied(room, ChangeSettings(by=OWNER, changes={"guests": "watch"}), 10)
    assert ZOE in applied(room, comes(now_ms=11, since_ms=0), 11).members


def test_a_lock_holds_for_guests_too() -> None:
    locked = joined(empty_room(guests="chat", locked=True), OWNER)
    assert refusal(locked, comes(now_ms=5), 5) == "room_locked"


def test_the_mark_outlives_the_store() -> None:
    assert stored(with_guest()).members[ZOE].guest
