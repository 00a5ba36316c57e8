"""The film: play, pause, seek, rate, waiting for those whose player has run dry, and a clock that was set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sync_service.room.commands import Command, Pause, Play, Rebase, Report, Seek, SetRate
from sync_service.room.events import Events, MemberChanged, Outcome, PlaybackChanged, Rebased, Refusal
from sync_service.room.evolve import evolve, recent_of
from sync_service.room.permissions import RANKS, rank_of
from sync_service.room.playback import RATE_MAX, RATE_MIN, Playback, Status, clamped, lead_ms, position_at
from sync_service.room.state import Member, State

# Reported round trips are kept by bucket, so that a wobbling network does not fill the log with member changes. The
# first bucket is what LEAD_MIN_MS allows for, the last what LEAD_MAX_MS allows for.
RTT_BUCKETS_MS: Final = (75, 150, 300, 500)

# A fight over the film: undoing each other's play and pause heats the room by one each time, and it cools by one in
# FIGHT_COOLS_MS. Above FIGHT_MOST whoever has no say above others has to wait until it has cooled.
FIGHT_MOST: Final = 4
FIGHT_COOLS_MS: Final = 5_000
_WISHES: Final = (None, "hold_skipped")  # reasons of what somebody wanted
_UNDONE: Final[Mapping[str, Status]] = {"played": "paused", "paused": "playing"}

# One whose player runs dry again and again would hold everybody again and again: after these they catch up alone.
HOLDS_MOST: Final = 3
# Everyone's player has to fetch the film anew after a seek: running dry then is nobody's fault.
SEEK_GRACE_MS: Final = 3_000


def play(state: State, command: Play, now_ms: int) -> Outcome:
    playback = state.playback
    if playback.status == "playing" and not _at_end(state, now_ms):
        return ()
    return _fight(state, command, now_ms) or start(state, command, now_ms, _skips(playback))


def _skips(playback: Playback) -> str | None:
    return "hold_skipped" if playback.status == "holding" else None


def start(state: State, command: Command, now_ms: int, reason: str | None) -> Events:
    """Start the film, at the end from its beginning; nothing if it plays."""
    at_end = _at_end(state, now_ms)
    if state.playback.status == "playing" and not at_end:
        return ()
    position_ms = 0 if at_end else position_at(state.playback, now_ms, state.duration_ms)
    return _changed(
        "played", state, command, now_ms, position_ms=position_ms, at_ms=now_ms + _lead_ms(state), reason=reason
    )


def _at_end(state: State, now_ms: int) -> bool:
    return position_at(state.playback, now_ms, state.duration_ms) >= state.duration_ms


def pause(state: State, command: Pause, now_ms: int) -> Outcome:
    if state.playback.status == "paused":
        return ()
    return _fight(state, command, now_ms) or stop(state, command, now_ms, now_ms, None)


def stop(state: State, command: Command, then_ms: int, now_ms: int, reason: str | None) -> Events:
    """Pause the film where it stood at ``then_ms``."""
    position_ms = position_at(state.playback, then_ms, state.duration_ms)
    return _changed(
        "paused", state, command, now_ms, position_ms=position_ms, at_ms=now_ms, status="paused", reason=reason
    )


def seek(state: State, command: Seek, now_ms: int) -> Events:
    position_ms = clamped(command.position_ms, 0, state.duration_ms)
    status: Status = "paused" if state.playback.status == "paused" else "playing"
    # Everyone has to fetch the new place first: while playing, a seek is a start and gets a start's lead.
    ahead_ms = _lead_ms(state) if status == "playing" else 0
    skips = _skips(state.playback)
    return _changed(
        "sought",
        state,
        command,
        now_ms,
        position_ms=position_ms,
        at_ms=now_ms + ahead_ms,
        status=status,
        sought_ms=now_ms,
        # Who paused or started the film, and why, stays to be told; a seek while the room waits ends the waiting.
        as_before=skips is None,
        reason=skips,
    )


def set_rate(state: State, command: SetRate, now_ms: int) -> Events:
    rate = round(min(max(command.rate, RATE_MIN), RATE_MAX), 3)
    playback = state.playback
    if rate == playback.rate:
        return ()
    position_ms = position_at(playback, now_ms, state.duration_ms)
    # A start that still lies ahead stays where it is, or those who have heard of it would start twice.
    at_ms = max(now_ms, playback.at_ms)
    return _changed(
        "rate_changed",
        state,
        command,
        now_ms,
        position_ms=position_ms,
        at_ms=at_ms,
        status=playback.status,
        rate=rate,
        waiting_for=playback.waiting_for,
        hold_until_ms=playback.hold_until_ms,
        as_before=True,
    )


def _lead_ms(state: State) -> int:
    return lead_ms(state.members.highest_rtt_ms)


def _changed(
    type_: str,
    state: State,
    command: Command,
    now_ms: int,
    *,
    position_ms: float,
    at_ms: int,
    status: Status = "playing",
    as_before: bool = False,
    reason: str | None = None,
    rate: float | None = None,
    waiting_for: tuple[str, ...] = (),
    hold_until_ms: int | None = None,
    sought_ms: int | None = None,
) -> Events:
    """Give the change; ``as_before`` leaves who brought about the status, and why. Nobody is waited for unless told."""
    before = state.playback
    # Seeking or choosing a rate before the start is preparation: the film still starts by itself.
    started = before.started or type_ in {"played", "paused"}
    heat, heat_ms = before.heat, before.heat_ms
    if _undoes(before, type_, command.by):
        heat, heat_ms = round(_heat_at(before, now_ms) + 1, 3), now_ms
    playback = Playback(
        status,
        round(position_ms),
        before.rate if rate is None else rate,
        at_ms,
        before.by if as_before else command.by,
        started,
        before.reason if as_before else reason,
        waiting_for,
        hold_until_ms,
        before.sought_ms if sought_ms is None else sought_ms,
        heat,
        heat_ms,
        before.era,
    )
    return (PlaybackChanged(type_, now_ms, command.by, command.id, playback),)


# --- fights ---


def _undoes(before: Playback, type_: str, by: str | None) -> bool:
    """Tell whether this goes against another member's wish; what the room did by itself is nobody's."""
    a_wish = before.by is not None and before.reason in _WISHES
    return before.status == _UNDONE.get(type_) and a_wish and by is not None and by != before.by


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
    return Refusal("cooldown", "play and pause were undone back and forth: wait a moment, or talk it over", wait_ms)


# --- what players report, and holding ---


def report(state: State, command: Report, now_ms: int) -> Events:
    member = state.members[command.by or ""]
    changed = replace(
        member,
        ready=_or(command.ready, member.ready),
        buffering=_or(command.buffering, member.buffering),
        waits=_or(command.waits, member.waits),
        rtt_ms=member.rtt_ms if command.rtt_ms is None else rtt_bucket_ms(command.rtt_ms),
    )
    if changed == member:
        return ()
    runs_dry = changed.buffering and not member.buffering and command.was_ready
    hold = _may_hold(state, changed, now_ms) if runs_dry else None
    if hold == "counts":
        changed = replace(changed, holds=(*recent_of(member.holds, now_ms), now_ms))
    event = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=changed)
    after = evolve(state, event)
    if hold is not None:
        return (event, *_hold_for(after, member.id, command, now_ms))
    if not changed.buffering or not changed.waits:
        return (event, *goes_on_without(after, member.id, command, now_ms, "ready"))
    return (event,)


def _or(said: bool | None, before: bool) -> bool:
    return before if said is None else said


def _may_hold(state: State, member: Member, now_ms: int) -> str | None:
    """Say whether the room waits for this member: "counts" against their budget, "free", or None for not at all."""
    playback, settings = state.playback, state.rights.settings
    if not settings.hold or not member.waits or playback.status == "paused" or _at_end(state, now_ms):
        return None
    if now_ms - playback.sought_ms < SEEK_GRACE_MS:
        return "free"
    return "counts" if len(recent_of(member.holds, now_ms)) < HOLDS_MOST else None


def _hold_for(state: State, member_id: str, command: Command, now_ms: int) -> Events:
    playback = state.playback
    holding = playback.status == "holding"
    until_ms = playback.hold_until_ms if holding else now_ms + state.rights.settings.hold_max_s * 1000
    return _changed(
        "hold_started",
        state,
        command,
        now_ms,
        status="holding",
        reason="buffering",
        position_ms=position_at(playback, now_ms, state.duration_ms),
        at_ms=now_ms,
        waiting_for=(*playback.waiting_for, member_id),
        hold_until_ms=until_ms,
    )


def goes_on_without(state: State, member_id: str, command: Command, now_ms: int, reason: str) -> Events:
    """Wait for this member no longer; the film goes on when nobody else is waited for."""
    playback = state.playback
    if member_id not in playback.waiting_for:
        return ()
    others = tuple(other for other in playback.waiting_for if other != member_id)
    if not others:
        return end_hold(state, command, now_ms, reason)
    return _changed(
        "hold_started",
        state,
        command,
        now_ms,
        status="holding",
        reason=playback.reason,
        position_ms=playback.position_ms,
        at_ms=now_ms,
        waiting_for=others,
        hold_until_ms=playback.hold_until_ms,
    )


def end_hold(state: State, command: Command, now_ms: int, reason: str) -> Events:
    """Let the film go on, from where it was held."""
    at_ms = now_ms + _lead_ms(state)
    return _changed(
        "hold_ended", state, command, now_ms, position_ms=state.playback.position_ms, at_ms=at_ms, reason=reason
    )


def rtt_bucket_ms(rtt_ms: float) -> int:
    """Give the smallest bucket that holds this round trip."""
    return next((bucket for bucket in RTT_BUCKETS_MS if rtt_ms <= bucket), RTT_BUCKETS_MS[-1])


# --- time ---


def rebase(state: State, command: Rebase, now_ms: int) -> Events:
    """Tell where the film is on a clock that was set, once: every node finds out, the first one's word counts."""
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
