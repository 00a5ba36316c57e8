"""How long the film is: what the players of a room agree on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sync_service.room.commands import Leave, Pause, Play, Report, Seek
from sync_service.room.events import PlaybackChanged
from sync_service.room.opening import opening_state
from sync_service.room.playback import position_at
from sync_service.room.player import SAME_LENGTH_MS
from sync_service.room.state import State
from tests.unit.sync.rooms import DURATION_MS, applied, facts, playing, says, stored

LONGER, SHORTER = 90_000, 40_000
NAMES = [f"member{n}" for n in range(9)]


def tells(room: State, member: str, duration_ms: int, now_ms: int = 0) -> State:
    return applied(room, says(member, ready=True, duration_ms=duration_ms), now_ms)


def unknown(room: State) -> State:
    """The room with a film of which the catalogue knows no length."""
    return replace(room, meta=replace(room.meta, film={**room.meta.film, "duration_ms": None}))


def test_what_one_who_is_alone_plays_is_the_films_length() -> None:
    room = tells(playing("anna"), "anna", LONGER)
    assert (room.duration_ms, room.playback.length_ms) == (LONGER, LONGER)


def test_a_longer_film_plays_on_and_can_be_sought_to_its_end() -> None:
    room = tells(playing("anna"), "anna", LONGER, 70_150)
    assert position_at(room.playback, 75_150, room.duration_ms) == 75_000
    assert applied(room, Seek(by="anna", position_ms=85_000), 76_000).playback.position_ms == 85_000
    assert applied(room, Pause(by="anna"), 80_150).playback.position_ms == 80_000


def test_a_shorter_film_ends_where_it_does_and_play_starts_it_again() -> None:
    room = tells(playing("anna"), "anna", SHORTER, 45_000)
    assert position_at(room.playback, 50_000, room.duration_ms) == SHORTER
    assert applied(room, Play(by="anna"), 50_000).playback.position_ms == 0
    assert applied(room, Seek(by="anna", position_ms=1e6), 50_000).playback.position_ms == SHORTER


def test_what_the_catalogue_says_is_kept_where_players_are_close_to_it() -> None:
    room = playing("anna")
    assert facts(room, says("anna", ready=True, duration_ms=DURATION_MS + SAME_LENGTH_MS), 0)[1:] == ()


def test_one_of_many_changes_nothing_before_the_others_have_spoken() -> None:
    room = tells(playing("anna", "boris", "vera"), "anna", SHORTER)
    assert room.duration_ms == DURATION_MS
    room = tells(tells(room, "boris", LONGER), "vera", LONGER + 100)
    assert room.duration_ms in {LONGER, LONGER + 100}


def test_of_two_who_differ_the_one_nearer_to_the_catalogue_is_believed() -> None:
    room = tells(tells(playing("anna", "boris"), "anna", 1_500), "boris", 55_000)
    assert room.duration_ms == 55_000


def test_who_is_not_ready_has_no_vote_and_who_has_gone_has_none_any_more() -> None:
    room = applied(playing("anna"), says("anna", duration_ms=LONGER), 0)
    assert room.duration_ms == DURATION_MS
    room = tells(tells(tells(playing("anna", "boris", "vera"), "anna", LONGER), "boris", LONGER), "vera", SHORTER)
    assert room.duration_ms == LONGER
    for gone in ("anna", "boris"):
        room = applied(room, Leave(by=gone, reason="left", gone_ms=1), 1)
    assert room.duration_ms == SHORTER


def test_a_length_stays_when_those_who_told_it_are_gone() -> None:
    room = tells(playing("anna"), "anna", LONGER)
    room = applied(room, Report(by="anna", node="node", says=None), 5)
    assert room.duration_ms == LONGER
    room = applied(room, Leave(by="anna", reason="left", gone_ms=1), 10)
    assert stored(room).duration_ms == LONGER


def test_two_players_of_one_person_that_differ_have_no_vote() -> None:
    room = tells(playing("anna"), "anna", LONGER)
    room = applied(room, says("anna", node="other", ready=True, duration_ms=SHORTER), 0)
    assert room.members["anna"].duration_ms is None
    assert room.duration_ms == LONGER


def test_a_second_screen_is_not_waited_for_with_a_vote() -> None:
    room = applied(playing("anna", "boris"), says("boris", second_screen=True), 0)
    assert tells(room, "anna", LONGER).duration_ms == LONGER


def test_a_film_of_unknown_length_is_bounded_by_nothing_and_never_over() -> None:
    room = unknown(playing("anna"))
    assert position_at(room.playback, 10_000_150, room.duration_ms) == 10_000_000
    assert facts(room, Play(by="anna"), 10_000_000) == ()
    assert applied(room, Seek(by="anna", position_ms=5e7), 1_000).playback.position_ms == 50_000_000
    assert applied(room, Seek(by="anna", position_ms=-5), 1_000).playback.position_ms == 0
    assert tells(room, "anna", LONGER).duration_ms == LONGER


def test_a_room_that_comes_back_knows_the_length() -> None:
    claim = {
        "id": "r", "code": "c", "version": 1, "film": {"id": "f", "title": "F", "duration_ms": DURATION_MS},
        "access": "link", "starts_at": None, "owner": "anna", "control": "everyone", "capacity": 9, "settings": {},
    }  # fmt: skip
    room = opening_state(claim, 0, 85_000, LONGER)
    assert position_at(room.playback, 0, room.duration_ms) == 85_000


@given(
    st.sampled_from([LONGER, SHORTER, 10**9]),
    st.lists(st.integers(0, 200), min_size=2, max_size=8),
    st.integers(1, 10**9),
    st.integers(0, 8),
    st.booleans(),
)
def test_one_odd_client_neither_cuts_nor_stretches_the_film_for_two_or_more(
    true_ms: int, off_ms: list[int], odd_ms: int, at: int, known: bool
) -> None:
    """Whatever it says, whenever it comes, whatever the catalogue says: the others have their own length."""
    people = NAMES[: len(off_ms)]
    votes = [(member, true_ms + off) for member, off in zip(people, off_ms, strict=True)]
    votes.insert(min(at, len(votes)), ("odd", odd_ms))
    room = playing("odd", *people)
    room = room if known else unknown(room)
    for count, (member, duration_ms) in enumerate(votes):
        room = tells(room, member, duration_ms)
        if count == 0 and member == "odd":
            assert room.duration_ms == (DURATION_MS if known else None), "one alone of many has decided"
    assert room.duration_ms is not None
    # The median, and what is close enough to what the room had already.
    assert abs(room.duration_ms - true_ms) <= 2 * SAME_LENGTH_MS


@given(st.lists(st.tuples(st.sampled_from(NAMES[:4]), st.sampled_from([LONGER, SHORTER, LONGER + 90])), max_size=12))
def test_a_length_is_told_only_when_it_has_changed(said: list[tuple[str, int]]) -> None:
    room, lengths = playing(*NAMES[:4]), [DURATION_MS]
    for member, duration_ms in said:
        for event in facts(room, says(member, ready=True, duration_ms=duration_ms), 0):
            if isinstance(event, PlaybackChanged) and event.type == "length_changed":
                lengths.append(event.playback.length_ms or 0)
                assert replace(event.playback, length_ms=None) == replace(room.playback, length_ms=None)
        room = tells(room, member, duration_ms)
    assert all(abs(one - other) > SAME_LENGTH_MS for one, other in pairwise(lengths))
