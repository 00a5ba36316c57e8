"""The owner is away: after a minute somebody acts for them where the control needs one, until they are back."""

from __future__ import annotations

import pytest

from sync_service.room.commands import ChangeRoom, Due, Kick, Leave, Pause, Play, Seek, SetRate, SetRole
from sync_service.room.deadlines import HOST_AFTER_MS, next_due_ms
from sync_service.room.events import HostChanged, MemberJoined
from sync_service.room.state import State
from tests.unit.sync.rooms import OWNER, applied, empty_room, fact, facts, join_of, joined, refusal

GONE_MS = 100_000


def without_owner(*members: str, control: str = "owner") -> State:
    """These people have been there since their turn (1 s apart), and the owner went at GONE_MS."""
    room = joined(empty_room(control=control, started=True), OWNER)
    for n, member in enumerate(members):
        room = joined(room, member, now_ms=1_000 * (n + 1))
    return applied(room, Leave(by=OWNER, reason="left", gone_ms=GONE_MS), GONE_MS)


def hosted(room: State, now_ms: int = GONE_MS + HOST_AFTER_MS) -> State:
    return applied(room, Due(), now_ms)


def test_after_a_minute_the_moderator_who_has_been_here_longest_acts_for_the_owner() -> None:
    room = without_owner("anna", "mila", "moderator")
    assert next_due_ms(room) == GONE_MS + HOST_AFTER_MS
    assert facts(room, Due(), GONE_MS + HOST_AFTER_MS - 1) == ()
    assert refusal(room, Play(by="mila"), GONE_MS + 1) == "forbidden"
    changed = fact(room, Due(), GONE_MS + HOST_AFTER_MS, HostChanged)
    assert (changed.host, changed.by) == ("mila", None)
    room = hosted(room)
    for command in (Play(by="mila"), Seek(by="mila", position_ms=5), SetRate(by="mila", rate=2), Pause(by="mila")):
        room = applied(room, command, GONE_MS + HOST_AFTER_MS)
    assert refusal(room, Play(by="moderator"), GONE_MS + HOST_AFTER_MS) == "forbidden"
    assert next_due_ms(room) is None


def test_without_a_moderator_a_viewer_does() -> None:
    room = hosted(without_owner("guest", "boris", "anna"))
    assert room.rights.host == "boris"
    facts(room, Play(by="boris"), GONE_MS + HOST_AFTER_MS)


def test_a_host_has_the_film_and_nothing_else_of_the_owners() -> None:
    room = hosted(without_owner("boris", "anna"))
    assert refusal(room, Kick(by="boris", member_id="anna"), GONE_MS) == "forbidden"
    assert refusal(room, SetRole(by="boris", member_id="anna", role="guest"), GONE_MS) == "forbidden"
    assert room.members["boris"].role == "viewer"


def test_the_owner_gets_it_back_on_return() -> None:
    room = hosted(without_owner("anna"))
    came, back = facts(room, join_of(OWNER, 300_000), 300_000)
    assert isinstance(came, MemberJoined)
    assert isinstance(back, HostChanged)
    room = joined(room, OWNER, now_ms=300_000)
    assert room.rights.host is None
    assert refusal(room, Play(by="anna"), 300_001) == "forbidden"
    assert next_due_ms(room) is None


def test_nobody_acts_where_everyone_has_the_control() -> None:
    assert next_due_ms(without_owner("anna", "moderator", control="everyone")) is None


def test_a_moderator_is_enough_where_moderators_have_the_control() -> None:
    assert next_due_ms(without_owner("anna", "moderator", control="moderators")) is None
    room = without_owner("anna", control="moderators")
    assert hosted(room).rights.host == "anna"


def test_an_owner_who_never_came_is_waited_for_as_long() -> None:
    room = joined(empty_room(control="owner", started=True), "anna", now_ms=7_000)
    assert next_due_ms(room) == 7_000 + HOST_AFTER_MS
    assert hosted(room, 7_000 + HOST_AFTER_MS).rights.host == "anna"


def test_those_who_come_to_an_empty_room_wait_a_minute_for_the_owner_too() -> None:
    room = joined(without_owner(), "anna", now_ms=900_000)
    assert next_due_ms(room) == 900_000 + HOST_AFTER_MS


def test_guests_act_for_nobody() -> None:
    room = without_owner("guest")
    assert next_due_ms(room) is None
    # Who may act comes at last, and does not wait for the minute that is over.
    room = joined(room, "anna", now_ms=900_000)
    assert hosted(room, 900_000).rights.host == "anna"


def test_when_the_host_leaves_the_next_one_follows_at_once() -> None:
    room = hosted(without_owner("anna", "boris"))
    room = applied(room, Leave(by="anna", reason="left", gone_ms=200_000), 200_000)
    assert hosted(room, 200_000).rights.host == "boris"


@pytest.mark.parametrize("control", ["owner", "moderators"])
def test_a_host_who_is_made_a_guest_is_none_any_more(control: str) -> None:
    room = hosted(without_owner("anna", "boris", control=control))
    room = joined(room, "moderator", now_ms=200_000)
    room = applied(room, SetRole(by="moderator", member_id="anna", role="guest"), 201_000)
    assert refusal(room, Play(by="anna"), 201_001) == "forbidden"
    room = hosted(room, 201_000)
    facts(room, Play(by="moderator"), 201_002)
    assert next_due_ms(room) is None


def test_a_room_that_the_api_gives_to_its_owner_alone_while_they_are_away_finds_a_host() -> None:
    room = without_owner("anna", control="everyone")
    room = applied(room, ChangeRoom(version=2, changes={"control": "owner"}), 500_000)
    assert refusal(room, Play(by="anna"), 500_000) == "forbidden"
    facts(hosted(room, 500_000), Play(by="anna"), 500_000)
