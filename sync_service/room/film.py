"""The film: play, pause, seek, rate, holding for members whose player has run dry, and a clock that was set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sync_service.room.commands import Command, Pause, Play, Rebase, Report, Seek, SetRate
from sync_service.room.events import Events, MemberChanged, Outcome, PlaybackChange, PlaybackChanged, Rebased, Refusal
from sync_service.room.evolve import evolve, recent_of
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
from sync_service.room.state import Member, State

# A fight over the film: each play or pause that undoes another member's adds one to the heat, which falls by one in
# FIGHT_COOLS_MS. Above FIGHT_MOST viewers have to wait until it has fallen; moderators and the owner do not.
FIGHT_MOST: Final = 4
FIGHT_COOLS_MS: Final = 5_000
_BY_HAND: Final = (None, "hold_skipped")  # the reasons of what a member did on purpose
_UNDONE: Final[Mapping[str, Status]] = {"played": "paused", "paused": "playing"}

# The budget of holds: a member for whom the room was held this often within HOLDS_WINDOW_MS catches up alone.
HOLDS_MOST: Final = 3
# Every player has to fetch the film anew after a seek: running dry then does not count against the budget.
SEEK_GRACE_MS: Final = 3_000

Vector = tuple[Status, float, float, int]  # status, position_ms, rate, at_ms
Cause = tuple[str | None, str | None]  # by, reason
Hold = tuple[tuple[str, ...], int | None]  # waiting_for, hold_until_ms
_NO_HOLD: Final[Hold] = ((), None)


def play(state: State, command: Play, now_ms: int) -> Outcome:
    playback = state.playback
    if playback.status == "playing" and not _at_end(state, now_ms):
        return ()
    refused = _too_early(state, command, now_ms) or _fight(state, command, now_ms)
    return refused or start(state, command, now_ms, _skips(playback))


def _too_early(state: State, command: Play, now_ms: int) -> Refusal | None:
    """Return the refusal of starting a planned film before its time, None for the owner or where others may too."""
    starts_at = state.meta.starts_at
    if starts_at is None or now_ms >= starts_at or state.playback.started:
        return None
    if command.by == state.rights.owner or state.rights.settings.early_start:
        return None
    return Refusal("too_early", retry_after_ms=starts_at - now_ms)


def _skips(playback: Playback) -> str | None:
    return "hold_skipped" if playback.status == "holding" else None


def start(state: State, command: Command, now_ms: int, reason: str | None) -> Events:
    """Start the film, at the end from its beginning; nothing if it plays."""
    at_end = _at_end(state, now_ms)
    before = state.playback
    if before.status == "playing" and not at_end:
        return ()
    position_ms = 0 if at_end else position_at(before, now_ms, state.duration_ms)
    vector: Vector = "playing", position_ms, before.rate, now_ms + _lead_ms(state)
    return _changed("played", before, command, now_ms, vector, (command.by, reason))


def _at_end(state: State, now_ms: int) -> bool:
    duration_ms = state.duration_ms
    return duration_ms is not None and position_at(state.playback, now_ms, duration_ms) >= duration_ms


def pause(state: State, command: Pause, now_ms: int) -> Outcome:
    if state.playback.status == "paused":
        return ()
    return _fight(state, command, now_ms) or stop(state, command, now_ms, now_ms, None)


def stop(state: State, command: Command, then_ms: int, now_ms: int, reason: str | None) -> Events:
    """Pause the film at its position of the moment ``then_ms``."""
    before = state.playback
    vector: Vector = "paused", position_at(before, then_ms, state.duration_ms), before.rate, now_ms
    return _changed("paused", before, command, now_ms, vector, (command.by, reason))


def seek(state: State, command: Seek, now_ms: int) -> Events:
    before = state.playback
    position_ms = within(command.position_ms, state.duration_ms)
    status: Status = "paused" if before.status == "paused" else "playing"
    # Everyone has to fetch the new place first: while playing, a seek is a start and gets a lead of its own.
    ahead_ms = max(SEEK_LEAD_MIN_MS, _lead_ms(state)) if status == "playing" else 0
    # A seek leaves the cause of the status as it is, unless it ends a hold.
    skips = _skips(before)
    cause = (before.by, before.reason) if skips is None else (command.by, skips)
    return _changed("sought", before, command, now_ms, (status, position_ms, before.rate, now_ms + ahead_ms), cause)


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
        at_ms, lead_rate = now_ms + _lead_ms(state), before.rate
        if _at_end(state, at_ms):
            at_ms, lead_rate = now_ms, None
    # What still lies ahead keeps its moment: members who know of it would start, or change the rate, twice.
    vector: Vector = before.status, position_at(before, at_ms, state.duration_ms), rate, at_ms
    return _changed("rate_changed", before, command, now_ms, vector, cause, hold, lead_rate)


def _lead_ms(state: State) -> int:
    return lead_ms(state.members.highest_rtt_ms)


def _changed(
    type_: PlaybackChange,
    before: Playback,
    command: Command,
    now_ms: int,
    vector: Vector,
    cause: Cause,
    hold: Hold = _NO_HOLD,
    lead_rate: float | None = None,
) -> Events:
    """Return the event by which ``before`` becomes a playback of this vector, cause and hold."""
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


# --- what players report, and holding ---


def report(state: State, command: Report, now_ms: int) -> Events:
    member = state.members[command.by or ""]
    changed = member.with_player(command.node, command.says)
    if changed == member:
        return ()
    runs_dry = changed.is_dry and not member.is_dry
    hold = _may_hold(state, changed, now_ms) if runs_dry else None
    if hold == "counts":
        changed = replace(changed, holds=(*recent_of(member.holds, now_ms), now_ms))
    event = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=changed)
    after = evolve(state, event)
    if hold is not None:
        return (event, *_hold_for(after, member.id, command, now_ms))
    if not changed.is_dry:
        reason = "left" if command.says is None and not changed.players else "ready"
        return (event, *goes_on_without(after, member.id, command, now_ms, reason))
    return (event,)


def _may_hold(state: State, member: Member, now_ms: int) -> str | None:
    """Return "counts" for a hold out of this member's budget, "free" for one that costs nothing, None for none."""
    playback, settings = state.playback, state.rights.settings
    if not settings.hold or not member.waits or playback.status == "paused" or _at_end(state, now_ms):
        return None
    if now_ms - playback.sought_ms < SEEK_GRACE_MS:
        return "free"
    return "counts" if len(recent_of(member.holds, now_ms)) < HOLDS_MOST else None


def _hold_for(state: State, member_id: str, command: Command, now_ms: int) -> Events:
    before = state.playback
    is_held = before.status == "holding"
    until_ms = before.hold_until_ms if is_held else now_ms + state.rights.settings.hold_max_s * 1000
    vector: Vector = "holding", position_at(before, now_ms, state.duration_ms), before.rate, now_ms
    hold: Hold = (*before.waiting_for, member_id), until_ms
    return _changed("hold_started", before, command, now_ms, vector, (command.by, "buffering"), hold)


def goes_on_without(state: State, member_id: str, command: Command, now_ms: int, reason: str) -> Events:
    """Wait for this member no longer; the film goes on when nobody else is waited for."""
    before = state.playback
    if member_id not in before.waiting_for:
        return ()
    others = tuple(other for other in before.waiting_for if other != member_id)
    if not others:
        return end_hold(state, command, now_ms, reason)
    vector: Vector = "holding", before.position_ms, before.rate, now_ms
    hold: Hold = others, before.hold_until_ms
    return _changed("hold_started", before, command, now_ms, vector, (command.by, before.reason), hold)


def end_hold(state: State, command: Command, now_ms: int, reason: str) -> Events:
    """End the hold: the film goes on from the position at which it was held."""
    before = state.playback
    vector: Vector = "playing", before.position_ms, before.rate, now_ms + _lead_ms(state)
    return _changed("hold_ended", before, command, now_ms, vector, (command.by, reason))


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
