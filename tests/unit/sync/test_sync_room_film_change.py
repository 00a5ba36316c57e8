"""Another film for the same people: nothing of the room is lost but where the film before stood."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync_service.room.commands import ChangeRoom, ComeBack, Due, Pause, Play, Say, Seek, StepAside
from sync_service.room.deadlines import next_due_ms
from sync_service.room.decide import decide
from sync_service.room.events import FilmChanged, Refusal, SettingsChanged
from sync_service.room.lobby import AUTO_START_MS
from sync_service.room.player import Player
from sync_service.room.state import State
from tests.unit.sync.rooms import OWNER, after, applied, empty_room, facts, joined, playing, refusal, says, stored

T = 20_000
FIELDS: dict[Any, dict[str, Any]] = {Seek: {"position_ms": 9_000}, StepAside: {"reason": "alone"}}
OTHER = {"id": "other", "title": "Other", "duration_ms": 90_000}


def change(version: int = 2, **changes: Any) -> ChangeRoom:
    return ChangeRoom(by=OWNER, version=version, changes={"film": OTHER, **changes})


def ready(*members: str) -> State:
    """A room whose film plays, and whose people's players are ready and agree on its length."""
    room = playing(*members)
    for member in members:
        room = applied(room, says(member, ready=True, duration_ms=59_000, rtt_ms=200), 10)
    assert room.duration_ms == 59_000
    return room


def test_the_other_film_is_laid_at_its_beginning_for_the_same_people() -> None:
    before = applied(ready(OWNER, "anna"), Say(by="anna", message_id="m", text="What now?"), T - 1)
    told, changed = facts(before, change(), T)
    assert isinstance(told, SettingsChanged)
    assert isinstance(changed, FilmChanged)
    assert (changed.film, changed.previous_film_id, changed.by) == (OTHER, "film", OWNER)
    room = after(before, (told, changed))
    playback = room.playback
    assert (playback.status, playback.position_ms, playback.rate, playback.started) == ("paused", 0, 1.0, False)
    assert (room.meta.film, room.duration_ms, playback.length_ms) == (OTHER, 90_000, None)
    assert room.messages == before.messages
    assert [(one.id, one.visit_id, one.rtt_ms) for one in room.members.values()] == [
        (one.id, one.visit_id, one.rtt_ms) for one in before.members.values()
    ]
    assert not any(member.ready or member.duration_ms for member in room.members.values())
    assert stored(room) == room


def test_the_same_change_again_changes_nothing() -> None:
    room = applied(ready(OWNER, "anna"), change(), T)
    assert facts(room, change(), T + 1) == ()


def test_it_starts_as_the_first_one_did_and_not_in_players_that_have_the_film_before() -> None:
    room = applied(ready(OWNER, "anna"), change(), T)
    assert next_due_ms(room) == T + AUTO_START_MS
    assert applied(room, says("anna", ready=True, duration_ms=90_000), T + 900).playback.status == "playing"
    assert applied(room, Due(), T + AUTO_START_MS).playback.status == "playing"


def test_it_may_wait_in_a_lobby_for_its_owner() -> None:
    room = applied(ready(OWNER, "anna"), change(settings={"start": "together"}), T)
    room = applied(room, says("anna", ready=True), T + 900)
    assert not room.playback.started
    assert refusal(room, Play(by="anna"), T + 1_000) == "lobby"
    assert applied(room, Play(by=OWNER), T + 1_000).playback.status == "playing"


def test_a_film_changed_while_the_room_waits_waits_for_nobody() -> None:
    room = applied(ready(OWNER, "anna"), says("anna", buffering=True), T)
    assert room.playback.status == "holding"
    room = applied(room, change(), T + 1)
    assert (room.playback.status, room.playback.waiting_for) == ("paused", ())
    assert not room.members["anna"].buffering


def test_whoever_was_elsewhere_in_the_film_before_follows_again_and_who_is_away_stays_away() -> None:
    room = ready(OWNER, "anna", "boris")
    room = applied(room, StepAside(by="anna", reason="alone"), T)
    room = applied(room, StepAside(by="boris", reason="away"), T)
    room = applied(room, change(), T + 1)
    assert room.members["anna"].aside is None
    assert room.members["boris"].aside is not None
    assert set(room.rights.asides) == {"boris"}
    assert applied(room, ComeBack(by="boris"), T + 2).members["boris"].aside is None


def test_a_second_screen_and_the_wish_not_to_be_waited_for_outlast_the_film() -> None:
    room = applied(ready(OWNER, "anna"), says("anna", node="phone", second_screen=True), T)
    room = applied(room, says(OWNER, ready=True, waits=False), T)
    room = applied(room, change(), T + 1)
    assert room.members["anna"].players["phone"] == Player(second_screen=True)
    assert not room.members[OWNER].waits


def test_an_empty_room_that_has_not_begun_has_nothing_to_lay_anew() -> None:
    (told,) = facts(empty_room(), change(), T)
    assert isinstance(told, SettingsChanged)


@given(
    said=st.lists(st.sampled_from([OWNER, "anna", "boris"]), max_size=8),
    films=st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=4),
    gestures=st.lists(st.sampled_from([Play, Pause, Seek, StepAside]), max_size=4),
)
def test_a_change_of_film_loses_no_message_and_no_member(
    said: list[str], films: list[str], gestures: list[Any]
) -> None:
    room = joined(empty_room(), OWNER, "anna", "boris")
    now_ms = 100
    for n, author in enumerate(said):
        room = applied(room, Say(by=author, message_id=str(n), text="…"), now_ms + n)
    for version, film in enumerate(films, start=2):
        for gesture in gestures:
            now_ms += 100
            room = heeded(room, gesture(by="anna", **FIELDS.get(gesture, {})), now_ms)
        before, now_ms = room, now_ms + 100
        room = applied(room, ChangeRoom(version=version, changes={"film": {**OTHER, "id": film}}), now_ms)
        assert room.messages == before.messages
        assert list(room.members) == list(before.members)
        assert room.meta.film["id"] == film
        assert stored(room) == room


def heeded(room: State, command: Any, now_ms: int) -> State:
    outcome = decide(room, command, now_ms)
    return room if isinstance(outcome, Refusal) else after(room, outcome)
