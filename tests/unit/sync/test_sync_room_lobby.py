"""How the film starts: at once, at the planned moment, or together from a lobby."""

from __future__ import annotations

from typing import Any

import pytest

from sync_service.room.commands import ChangeSettings, Due, Leave, Pause, Play, Seek, StepAside
from sync_service.room.deadlines import next_due_ms
from sync_service.room.events import PlaybackChanged
from sync_service.room.lobby import AUTO_START_MS, all_are_ready
from sync_service.room.state import State
from tests.unit.sync.rooms import OWNER, applied, empty_room, facts, joined, refusal, says

LATER = 600_000


def lobby(*members: str, **settings: Any) -> State:
    """A room that starts together, in which these people are, and none of them is ready."""
    return joined(empty_room(start="together", **settings), *members)


def ready(room: State, *members: str, now_ms: int = 10) -> State:
    for member in members:
        room = applied(room, says(member, ready=True), now_ms)
    return room


def test_a_lobby_waits_however_ready_people_are() -> None:
    room = ready(lobby(OWNER, "anna", "boris"), OWNER, "anna", "boris")
    assert not room.playback.started
    assert next_due_ms(room) is None
    assert facts(room, Due(), AUTO_START_MS + LATER) == ()


def test_the_owner_starts_it_for_all() -> None:
    room = ready(lobby(OWNER, "anna"), OWNER, "anna")
    room = applied(room, Play(by=OWNER), LATER)
    assert (room.playback.status, room.playback.by, room.playback.started) == ("playing", OWNER, True)


def test_out_of_a_lobby_nobody_else_lets_the_film_run_unless_it_is_set() -> None:
    room = lobby(OWNER, "anna", "moderator")
    for who in ("anna", "moderator"):
        assert refusal(room, Play(by=who), LATER) == "lobby"
    room = applied(room, ChangeSettings(by=OWNER, changes={"early_start": True}), LATER)
    assert applied(room, Play(by="anna"), LATER).playback.status == "playing"


def test_a_lobby_without_its_owner_is_everybodys() -> None:
    room = lobby(OWNER, "anna")
    room = applied(room, Leave(by=OWNER, reason="left", gone_ms=LATER), LATER)
    assert applied(room, Play(by="anna"), LATER).playback.status == "playing"


def test_a_planned_lobby_is_its_owners_before_its_moment_also_while_they_are_not_here() -> None:
    room = joined(empty_room(start="together", starts_at=LATER), "anna")
    assert refusal(room, Play(by="anna"), LATER - 1) == "too_early"
    assert applied(room, Play(by="anna"), LATER).playback.status == "playing"


def test_once_it_has_begun_the_film_is_everybodys() -> None:
    room = applied(lobby(OWNER, "anna"), Play(by=OWNER), 0)
    room = applied(room, Pause(by="anna"), 5_000)
    assert applied(room, Play(by="anna"), 6_000).playback.status == "playing"


def test_it_starts_by_itself_when_as_many_as_it_waits_for_are_here_and_ready() -> None:
    room = ready(lobby(OWNER, "anna", start_when_ready=3), OWNER, "anna")
    assert not room.playback.started  # one who is invited is late
    room = joined(room, "boris", now_ms=LATER)
    assert not room.playback.started
    *_, started = facts(room, says("boris", ready=True), LATER + 500)
    assert isinstance(started, PlaybackChanged)
    assert (started.type, started.by, started.playback.reason) == ("played", None, "auto_start")


def test_whoever_comes_beyond_that_number_is_waited_for_too() -> None:
    room = ready(lobby(OWNER, "anna", "boris", start_when_ready=2), OWNER, "anna")
    assert not room.playback.started
    room = applied(room, Leave(by="boris", reason="left", gone_ms=LATER), LATER)
    due_ms = next_due_ms(room)
    assert due_ms is not None
    assert due_ms <= LATER  # at once: nobody is left who is not ready
    assert applied(room, Due(), LATER).playback.status == "playing"


def test_a_second_screen_is_no_viewer_and_nobody_aside_is_ready() -> None:
    room = lobby(OWNER, "anna", start_when_ready=2)
    room = applied(room, says("anna", second_screen=True), 5)
    assert not all_are_ready(ready(room, OWNER))
    room = applied(lobby(OWNER, "anna", start_when_ready=2), StepAside(by="anna", reason="away"), 5)
    assert not all_are_ready(ready(room, OWNER, "anna"))


def test_a_planned_lobby_does_not_start_by_itself_before_its_moment() -> None:
    room = joined(empty_room(start="together", starts_at=LATER, start_when_ready=2), OWNER, "anna")
    room = ready(room, OWNER, "anna")
    assert not room.playback.started
    assert next_due_ms(room) == LATER
    assert applied(room, Due(), LATER).playback.status == "playing"


@pytest.mark.parametrize("start", ["at_once", "at"])
def test_leaving_the_lobby_by_the_settings_starts_the_film_as_ever(start: str) -> None:
    room = ready(lobby(OWNER, "anna"), "anna")
    room = applied(room, ChangeSettings(by=OWNER, changes={"start": start}), LATER)
    assert applied(room, Due(), LATER).playback.status == "playing"


def test_choosing_a_place_in_a_lobby_is_preparation() -> None:
    room = applied(lobby(OWNER, "anna"), Seek(by="anna", position_ms=5_000), 5)
    assert not room.playback.started
    assert applied(room, Play(by=OWNER), LATER).playback.position_ms == 5_000
