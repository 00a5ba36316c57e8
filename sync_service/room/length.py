"""The film's true length, by agreement: catalogues round to minutes, so what players play counts for more.

Each person with a ready player that tells a length has one vote. Lengths within SAME_LENGTH_MS of each other agree. The
room takes the length of the largest group if nobody can be outvoted by it any more:

- more than half of all people here with a player are in it, or
- everyone here with a player has voted.

Of groups of the same size the one that is nearest to the catalogue's figure is taken, so of two people who differ the
odd one loses. One person alone decides, for nobody else watches; as soon as others do, theirs counts like any other
vote. So one odd client neither cuts nor stretches the film for two or more others. The group's median is taken, and
what differs from the room's length by no more than SAME_LENGTH_MS changes nothing. Where nobody votes, it stays.

A length is at least LEAST_MS. A film without a length, as the catalogue or live streams have it, is bounded by nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sync_service.room.events import Events, PlaybackChanged
from sync_service.room.player import SAME_LENGTH_MS
from sync_service.room.state import Member, State

LEAST_MS: Final = 1_000


def length_events(state: State, now_ms: int) -> Events:
    """Return the event by which the room takes another length; the film goes on where its vector says."""
    agreed_ms = _agreed_ms(state)
    if agreed_ms is None or same(agreed_ms, state.duration_ms):
        return ()
    playback = replace(state.playback, length_ms=agreed_ms)
    return (PlaybackChanged("length_changed", now_ms, None, None, playback),)


def differs(state: State, member_id: str, duration_ms: int) -> bool:
    """Return whether a player of this length plays another film than the room, as others here confirm."""
    member = state.members.get(member_id)
    if same(duration_ms, state.duration_ms) or (member is not None and member.aside is not None):
        return False
    votes = (vote_of(member) for id_, member in state.members.items() if id_ != member_id)
    return any(vote is not None and same(vote, state.duration_ms) for vote in votes)


def vote_of(member: Member) -> int | None:
    """Return the length (ms) that a member's players tell, None where none is ready or they tell none.

    The player of somebody aside may be playing something else.
    """
    return member.duration_ms if member.ready and member.aside is None else None


def same(one_ms: int, other_ms: int | None) -> bool:
    """Return whether two lengths are the same; an unknown one is like no other."""
    return other_ms is not None and abs(one_ms - other_ms) <= SAME_LENGTH_MS


def _agreed_ms(state: State) -> int | None:
    voting = [member for member in state.members.values() if not member.second_screen and member.aside is None]
    votes = sorted(vote for vote in map(vote_of, voting) if vote is not None and vote >= LEAST_MS)
    if not votes:
        return None
    catalogue_ms = state.meta.film["duration_ms"]

    def rank(group: list[int]) -> tuple[int, int]:
        return len(group), 0 if catalogue_ms is None else -abs(_median(group) - catalogue_ms)

    best = max(_groups(votes), key=rank)
    if 2 * len(best) > len(voting) or len(votes) == len(voting):
        return _median(best)
    return None


def _groups(votes: list[int]) -> list[list[int]]:
    """Return for each vote those that agree with it and are not below it, of votes in order."""
    return [[other for other in votes[at:] if other - vote <= SAME_LENGTH_MS] for at, vote in enumerate(votes)]


def _median(group: list[int]) -> int:
    return group[len(group) // 2]
