"""The permission table, cell by cell: who may give which order, and to whom it may be done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync_service.room.commands import (
    ChangeSettings,
    ComeBack,
    Command,
    DeleteMessage,
    EditMessage,
    Kick,
    Mute,
    Pause,
    Play,
    ReactToMessage,
    Say,
    Seek,
    SetRate,
    SetRole,
    StepAside,
)
from sync_service.room.decide import decide
from sync_service.room.events import Refusal
from sync_service.room.state import Message, State
from tests.unit.sync.rooms import OWNER, applied, empty_room, joined, says

GUEST, VIEWER, MODERATOR = "guest", "viewer", "moderator"
PEOPLE = (GUEST, VIEWER, MODERATOR, OWNER)
# Another one of each kind, to act on.
OTHERS = {GUEST: "guest two", VIEWER: "boris", MODERATOR: "mila", OWNER: OWNER}
Order = Callable[[str], Command]


def full_room(control: str = "everyone") -> State:
    return joined(empty_room(control=control), *PEOPLE, "guest two", "boris", "mila")


def may(room: State, command: Command, now_ms: int = 10) -> bool:
    """Whether the order is obeyed; one that is refused must have been forbidden for its giver's role."""
    outcome = decide(room, command, now_ms)
    if isinstance(outcome, Refusal):
        assert outcome.code == "forbidden"
        return False
    assert outcome, "an order that changes nothing proves nothing"
    return True


FILM: dict[str, Order] = {
    "play": lambda by: Play(by=by),
    "seek": lambda by: Seek(by=by, position_ms=1),
    "set_rate": lambda by: SetRate(by=by, rate=2),
}


@pytest.mark.parametrize("order", FILM.values(), ids=FILM)
@pytest.mark.parametrize(
    ("control", "lowest"), [("everyone", VIEWER), ("moderators", MODERATOR), ("owner", OWNER)], ids=str
)
def test_the_film_is_for_those_who_have_the_control(control: str, lowest: str, order: Order) -> None:
    room = full_room(control)
    allowed = {member for member in PEOPLE if may(room, order(member))}
    assert allowed == set(PEOPLE[PEOPLE.index(lowest) :])


def test_everyone_may_step_aside_and_come_back() -> None:
    room = full_room("owner")
    for member in PEOPLE:
        assert may(room, StepAside(by=member, reason="away"))
        assert may(applied(room, StepAside(by=member, reason="away"), 5), ComeBack(by=member))


@pytest.mark.parametrize("control", ["everyone", "moderators", "owner"])
def test_pausing_takes_what_playing_takes(control: str) -> None:
    room = applied(full_room(control), Play(by=OWNER), 0)
    allowed = {member for member in PEOPLE if may(room, Pause(by=member))}
    assert allowed == {member for member in PEOPLE if may(full_room(control), Play(by=member))}


ANYBODY: dict[str, Order] = {
    "say": lambda by: Say(by=by, message_id="m", text="x"),
    "report": lambda by: says(by, buffering=True),
    "edit_message": lambda by: EditMessage(by=by, message=Message("m", {"id": by, "name": by}, "x", 0, 0), text="y"),
    "react_to_message": lambda by: ReactToMessage(
        by=by, message=Message("m", {"id": OWNER, "name": OWNER}, "x", 0, 0), emoji="🐋"
    ),
}


@pytest.mark.parametrize("order", ANYBODY.values(), ids=ANYBODY)
def test_to_speak_and_to_report_is_for_everybody(order: Order) -> None:
    for control in ("everyone", "moderators", "owner"):
        assert all(may(full_room(control), order(member)) for member in PEOPLE)


MODERATION: dict[str, Callable[[str, str], Command]] = {
    "kick": lambda by, whom: Kick(by=by, member_id=whom),
    "mute": lambda by, whom: Mute(by=by, member_id=whom, seconds=5),
    "set_role": lambda by, whom: SetRole(by=by, member_id=whom, role=VIEWER if "guest" in whom else GUEST),
    "delete_message": lambda by, whom: DeleteMessage(
        by=by, message=Message("m", {"id": whom, "name": whom}, "x", 0, 0)
    ),
}


@pytest.mark.parametrize("order", MODERATION.values(), ids=MODERATION)
def test_one_acts_on_those_of_a_lower_role_only(order: Callable[[str, str], Command]) -> None:
    room = full_room()
    allowed = {(by, of) for by in PEOPLE for of in PEOPLE if by != OTHERS[of] and may(room, order(by, OTHERS[of]))}
    assert allowed == {
        (MODERATOR, GUEST),
        (MODERATOR, VIEWER),
        (OWNER, GUEST),
        (OWNER, VIEWER),
        (OWNER, MODERATOR),
    }


@pytest.mark.parametrize("order", [MODERATION[name] for name in ("kick", "mute", "set_role")])
@pytest.mark.parametrize("member", PEOPLE)
def test_nobody_acts_on_themselves(order: Callable[[str, str], Command], member: str) -> None:
    assert not may(full_room(), order(member, member))


@pytest.mark.parametrize("member", PEOPLE)
def test_ones_own_message_may_be_taken_back_by_anybody(member: str) -> None:
    room = applied(full_room(), Say(by=member, message_id="m", text="x"), 1)
    assert may(room, DeleteMessage(by=member, message=room.messages[0]))


@pytest.mark.parametrize(
    ("by", "role", "allowed"),
    [
        (MODERATOR, GUEST, True),
        (MODERATOR, MODERATOR, False),
        (MODERATOR, OWNER, False),
        (OWNER, GUEST, True),
        (OWNER, MODERATOR, True),
        (OWNER, OWNER, False),
    ],
)
def test_nobody_makes_another_one_their_equal(by: str, role: str, allowed: bool) -> None:
    assert may(full_room(), SetRole(by=by, member_id=VIEWER, role=role)) is allowed


SETTINGS = {
    "control": ("owner", OWNER),
    "capacity": (9, OWNER),
    "locked": (True, MODERATOR),
    "slow_mode_s": (9, MODERATOR),
    "hold": (False, MODERATOR),
    "hold_max_s": (9, MODERATOR),
    "early_start": (True, OWNER),
    "start": ("together", OWNER),
    "start_when_ready": (3, OWNER),
    "wait_ad_s": (30, MODERATOR),
    "wait_away_s": (30, MODERATOR),
    "wait_until_members": (3, MODERATOR),
    "snap_on_pause": (False, MODERATOR),
    "guests": ("watch", OWNER),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_has_a_lowest_role(name: str) -> None:
    value, lowest = SETTINGS[name]
    allowed = {member for member in PEOPLE if may(full_room(), ChangeSettings(by=member, changes={name: value}))}
    assert allowed == set(PEOPLE[PEOPLE.index(lowest) :])
