"""The film: play, pause, seek, rate, and a clock that was set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sync_service.room.commands import Command, Pause, Play, Rebase, Seek, SetRate
from sync_service.room.events import Events, Outcome, PlaybackChange, PlaybackChanged, Rebased, Refusal
from sync_service.room.lobby import may_start
from sync_service.room.permissions import RANKS, rank_of
from sync_service.room.playback import (
    RATE_MAX,
    RATE_MIN,
    SEEK_LEAD_MIN_MS,
    Playback,
    Status,
    lead_ms,
    position_at,
    within,
)
from sync_service.room.state import State

# A fight over the film: each play or pause that undoes another member's adds one to the heat, which falls by one in
# FIGHT_COOLS_MS. Above FIGHT_MOST viewers have to wait until it has fallen; moderators and the owner do not.
FIGHT_MOST: Final = 4
FIGHT_COOLS_MS: Final = 5_000
_BY_HAND: Final = (None, "hold_skipped")  # the reasons of what a member did on purpose
_UNDONE: Final[Mapping[str, Status]] = {"played": "paused", "paused": "playing"}

# A pause snaps to the place of whoever paused where that is no farther off: nobody is thrown back by more. Beyond it
# their player is out of step, and its place is nobody's.
SNAP_MOST_MS: Final = 1_000

Vector = tuple[Status, float, float, int]  # status, position_ms, rate, at_ms
Cause = tuple[str | None, str | None]  # by, reason
Hold = tuple[tuple[str, ...], int | None]  # waiting_for, hold_until_ms
NO_HOLD: Final[Hold] = ((), None)


def play(state: State, command: Play, now_ms: int) -> Outcome:
    playback = state.playback
    if playback.status == "playing" and not at_end(state, now_ms):
        return ()
    refused = may_start(state, command, now_ms) or _fight(state, command, now_ms)
    return refused or start(state, command, now_ms, _skips(playback))


def _skips(playback: Playback) -> str | None:
    return "hold_skipped" if playback.status == "holding" else None


def start(state: State, command: Command, now_ms: int, reason: str | None) -> Events:
    """Start the film, at the end from its beginning; nothing if it plays."""
    is_over = at_end(state, now_ms)
    before = state.playback
    if before.status == "playing" and not is_over:
        return ()
    position_ms = 0 if is_over else position_at(before, now_ms, state.duration_ms)
    vector: Vector = "playing", position_ms, before.rate, now_ms + lead_of(state)
    return changed("played", before, command, now_ms, vector, (command.by, reason))


def at_end(state: State, now_ms: int) -> bool:
    """Return whether the film is over at this moment."""
    duration_ms = state.duration_ms
    return duration_ms is not None and position_at(state.playback, now_ms, duration_ms) >= duration_ms


def pause(state: State, command: Pause, now_ms: int) -> Outcome:
    if state.playback.status == "paused":
        return ()
    return _fight(state, command, now_ms) or stop(state, command, _snapped(state, command, now_ms), now_ms, None)


def _snapped(state: State, command: Pause, now_ms: int) -> float:
    """Return where to pause: at the place of the player of whoever pauses, if it is in step, else where the film is."""
    film_ms, own_ms = position_at(state.playback, now_ms, state.duration_ms), command.position_ms
    if own_ms is None or not state.rights.settings.snap_on_pause or state.playback.status != "playing":
        return film_ms
    return within(own_ms, state.duration_ms) if abs(own_ms - film_ms) <= SNAP_MOST_MS else film_ms


def stop(state: State, command: Command, position_ms: float, now_ms: int, reason: str | None) -> Events:
    """Pause the film at this position."""
    before = state.playback
    vector: Vector = "paused", position_ms, before.rate, now_ms
    return changed("paused", before, command, now_ms, vector, (command.by, reason))


def seek(state: State, command: Seek, now_ms: int) -> Events:
    before = state.playback
    position_ms = within(command.position_ms, state.duration_ms)
    status: Status = "paused" if before.status == "paused" else "playing"
    # Everyone has to fetch the new place first: while playing, a seek is a start and gets a lead of its own.
    ahead_ms = max(SEEK_LEAD_MIN_MS, lead_of(state)) if status == "playing" else 0
    # A seek leaves the cause of the status as it is, unless it ends a hold.
    skips = _skips(before)
    cause = (before.by, before.reason) if skips is None else (command.by, skips)
    return changed("sought", before, command, now_ms, (status, position_ms, before.rate, now_ms + ahead_ms), cause)


def set_rate(state: State, command: SetRate, now_ms: int) -> Events:
    rate = round(min(max(command.rate, RATE_MIN), RATE_MAX), 3)
    before = state.playback
    if rate == before.rate:
        return ()
    hold: Hold = before.waiting_for, before.hold_until_ms
    cause: Cause = before.by, before.reason
    at_ms, lead_rate = max(now_ms, before.at_ms), before.lead_rate
    if before.status == "playing" and before.at_ms <= now_ms:
        # Ahead of time, as a start, so that nobody is off by their delay; until then the film runs on as it does.
        at_ms, lead_rate = now_ms + lead_of(state), before.rate
        if at_end(state, at_ms):
            at_ms, lead_rate = now_ms, None
    # What still lies ahead keeps its moment: members who know of it would start, or change the rate, twice.
    vector: Vector = before.status, position_at(before, at_ms, state.duration_ms), rate, at_ms
    return changed("rate_changed", before, command, now_ms, vector, cause, hold, lead_rate)


def lead_of(state: State) -> int:
    """Return how far ahead (ms) a start must lie for those who are here."""
    return lead_ms(state.members.highest_rtt_ms)


def changed(
    type_: PlaybackChange,
    before: Playback,
    command: Command,
    now_ms: int,
    vector: Vector,
    cause: Cause,
    hold: Hold = NO_HOLD,
    lead_rate: float | None = None,
) -> Events:
    """Return the event by which the playback ``before`` becomes a playback of this vector, cause and hold."""
    status, position_ms, rate, at_ms = vector
    by, reason = cause
    waiting_for, hold_until_ms = hold
    # Seeking or choosing a rate before the start is preparation: the film still starts by itself.
    started = before.started or type_ == "played" or type_ == "paused"
    heat, heat_ms = before.heat, before.heat_ms
    if _undoes(before, type_, command.by):
        heat, heat_ms = round(_heat_at(before, now_ms) + 1, 3), now_ms
    playback = Playback(
        status,
        round(position_ms),
        rate,
        at_ms,
        by,
        started,
        reason,
        waiting_for,
        hold_until_ms,
        now_ms if type_ == "sought" else before.sought_ms,
        heat,
        heat_ms,
        before.era,
        before.length_ms,
        lead_rate,
    )
    return (PlaybackChanged(type_, now_ms, command.by, command.id, playback),)


# --- fights ---


def _undoes(before: Playback, type_: str, by: str | None) -> bool:
    """Return whether a member undoes what another member did on purpose; the room's own starts are nobody's."""
    by_hand = before.by is not None and before.reason in _BY_HAND
    return before.status == _UNDONE.get(type_) and by_hand and by is not None and by != before.by


def _heat_at(playback: Playback, now_ms: int) -> float:
    return max(playback.heat - max(now_ms - playback.heat_ms, 0) / FIGHT_COOLS_MS, 0.0)


def _fight(state: State, command: Play | Pause, now_ms: int) -> Refusal | None:
    type_ = "played" if isinstance(command, Play) else "paused"
    if not _undoes(state.playback, type_, command.by) or rank_of(state, command.by or "") >= RANKS["moderator"]:
        return None
    too_hot = _heat_at(state.playback, now_ms) + 1 - FIGHT_MOST
    if too_hot <= 0:
        return None
    wait_ms = int(too_hot * FIGHT_COOLS_MS) + 1
    return Refusal("cooldown", retry_after_ms=wait_ms)


# --- time ---


def rebase(state: State, command: Rebase, now_ms: int) -> Events:
    """Move the playback to a clock that was set; every node submits this, and ``era`` lets the first one count."""
    playback, shift_ms = state.playback, command.shift_ms
    if playback.era != command.era:
        return ()
    until_ms = playback.hold_until_ms
    moved = replace(
        playback,
        at_ms=playback.at_ms + shift_ms,
        hold_until_ms=None if until_ms is None else until_ms + shift_ms,
        sought_ms=playback.sought_ms + shift_ms,
        heat_ms=playback.heat_ms + shift_ms,
        era=playback.era + 1,
    )
    return (Rebased(time_ms=now_ms, by=None, command=command.id, playback=moved, shift_ms=shift_ms),)
