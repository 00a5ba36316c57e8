"""Stepping aside: a member's player leaves the shared timeline, and comes back to it, without moving anybody.

Whoever is aside is a member as before; they do not move the film (``decide`` refuses it with ``aside``) and, unless the
settings say so, nobody waits for them. AVFoundation calls the same a suspension (AVCoordinatedPlaybackSuspension).
"""

from __future__ import annotations

from sync_service.room.commands import ComeBack, StepAside
from sync_service.room.events import CameBack, Events, MemberChanged, SteppedAside
from sync_service.room.evolve import evolve
from sync_service.room.holding import counted, goes_on_without, hold_for, may_hold, wait_s
from sync_service.room.playback import position_at
from sync_service.room.state import State


def step_aside(state: State, command: StepAside, now_ms: int) -> Events:
    """Let a member leave the timeline; whoever does so for another reason begins anew."""
    member_id = command.by or ""
    aside = state.members[member_id].aside
    if aside is not None and aside.reason == command.reason:
        return ()
    stepped = SteppedAside(
        time_ms=now_ms,
        by=command.by,
        command=command.id,
        member_id=member_id,
        reason=command.reason,
        position_ms=_film_ms(state, now_ms),
    )
    after = evolve(state, stepped)
    member = after.members[member_id]
    if not wait_s(after.rights.settings, member):
        return (stepped, *goes_on_without(after, member_id, command, now_ms, "aside"))
    if member_id in after.playback.waiting_for or may_hold(after, member, now_ms) is None:
        return (stepped,)
    # A hold for somebody aside always costs them one of their budget.
    counts = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=counted(member, now_ms))
    return (stepped, counts, *hold_for(evolve(after, counts), member, command, now_ms))


def come_back(state: State, command: ComeBack, now_ms: int) -> Events:
    """Let a member follow the film again; their player catches up by itself."""
    member_id = command.by or ""
    if state.members[member_id].aside is None:
        return ()
    back = CameBack(
        time_ms=now_ms, by=command.by, command=command.id, member_id=member_id, position_ms=_film_ms(state, now_ms)
    )
    return (back, *goes_on_without(evolve(state, back), member_id, command, now_ms, "back"))


def _film_ms(state: State, now_ms: int) -> int:
    return round(position_at(state.playback, now_ms, state.duration_ms))
