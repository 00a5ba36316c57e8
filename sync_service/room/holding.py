"""Holding: the room waits, within bounds, for members whose player has run dry or who are aside for a while.

For whom it waits, and how long at most, is a matter of the settings (``wait_s``). Each member has a budget of holds,
whatever they were for; beyond it they catch up alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sync_service.room.commands import Command, Report
from sync_service.room.events import Events, MemberChanged
from sync_service.room.evolve import evolve, recent_of
from sync_service.room.film import Hold, Vector, at_end, changed, lead_of
from sync_service.room.playback import position_at
from sync_service.room.state import Member, Settings, State

# The budget of holds: a member for whom the room was held this often within HOLDS_WINDOW_MS catches up alone.
HOLDS_MOST: Final = 3
# Every player has to fetch the film anew after a seek: running dry then does not count against the budget.
SEEK_GRACE_MS: Final = 3_000


def wait_s(settings: Settings, member: Member) -> int:
    """Return for how many seconds at most the room waits for a member who is as this one is; 0: not at all."""
    if not member.waits or member.second_screen:
        return 0
    if member.aside is None:
        return settings.hold_max_s if settings.hold and member.buffering else 0
    return {"ad": settings.wait_ad_s, "away": settings.wait_away_s}.get(member.aside.reason, 0)


def report(state: State, command: Report, now_ms: int) -> Events:
    """Take what a member's players say: who runs dry may be waited for, who does no more is waited for no longer."""
    member = state.members[command.by or ""]
    says = member.with_player(command.node, command.says)
    if says == member:
        return ()
    # What the player of somebody aside does is their own affair.
    if says.aside is None and says.is_dry and not member.is_dry:
        hold = may_hold(state, says, now_ms)
        if hold == "counts":
            says = counted(says, now_ms)
        event = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=says)
        return (event, *(hold_for(evolve(state, event), says, command, now_ms) if hold is not None else ()))
    event = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=says)
    is_gone = command.says is None and not says.players
    if not is_gone and wait_s(state.rights.settings, says):
        return (event,)
    return (event, *goes_on_without(evolve(state, event), member.id, command, now_ms, "left" if is_gone else "ready"))


def may_hold(state: State, member: Member, now_ms: int) -> str | None:
    """Return "counts" for a hold out of this member's budget, "free" for one that costs nothing, None for none."""
    playback, settings = state.playback, state.rights.settings
    if not wait_s(settings, member) or playback.status == "paused" or at_end(state, now_ms):
        return None
    if len(state.members) > settings.wait_until_members:
        return None
    if member.aside is None and now_ms - playback.sought_ms < SEEK_GRACE_MS:
        return "free"
    return "counts" if len(recent_of(member.holds, now_ms)) < HOLDS_MOST else None


def counted(member: Member, now_ms: int) -> Member:
    """Return the member with one more hold in their budget."""
    return replace(member, holds=(*recent_of(member.holds, now_ms), now_ms))


def hold_for(state: State, member: Member, command: Command, now_ms: int) -> Events:
    """Hold the film for a member, or for them too; a hold that goes on ends no later for it."""
    before = state.playback
    if member.id in before.waiting_for:
        return ()
    is_held = before.status == "holding"
    until_ms = before.hold_until_ms if is_held else now_ms + wait_s(state.rights.settings, member) * 1000
    vector: Vector = "holding", position_at(before, now_ms, state.duration_ms), before.rate, now_ms
    hold: Hold = (*before.waiting_for, member.id), until_ms
    return changed("hold_started", before, command, now_ms, vector, (command.by, _why(member)), hold)


def _why(member: Member) -> str:
    return "buffering" if member.aside is None else member.aside.reason


def goes_on_without(state: State, member_id: str, command: Command, now_ms: int, reason: str) -> Events:
    """Wait for this member no longer; the film goes on when nobody else is waited for."""
    waiting_for = state.playback.waiting_for
    if member_id not in waiting_for:
        return ()
    return _wait_for(state, tuple(other for other in waiting_for if other != member_id), command, now_ms, reason)


def wait_as_set(state: State, command: Command, now_ms: int) -> Events:
    """Wait no longer for those for whom the settings, which have changed, do not have the room wait."""
    settings, waiting_for = state.rights.settings, state.playback.waiting_for
    too_many = len(state.members) > settings.wait_until_members
    kept = tuple(id_ for id_ in waiting_for if not too_many and wait_s(settings, state.members[id_]))
    return () if kept == waiting_for else _wait_for(state, kept, command, now_ms, "hold_skipped")


def _wait_for(state: State, others: tuple[str, ...], command: Command, now_ms: int, reason: str) -> Events:
    """Wait for ``others`` alone, at the latest until they may be waited for from now on; end the hold without any."""
    before, settings = state.playback, state.rights.settings
    if not others:
        return end_hold(state, command, now_ms, reason)
    longest_s = max(wait_s(settings, state.members[id_]) for id_ in others)
    until_ms = min(before.hold_until_ms or now_ms, now_ms + longest_s * 1000)
    vector: Vector = "holding", before.position_ms, before.rate, now_ms
    cause = command.by, _why(state.members[others[-1]])
    return changed("hold_started", before, command, now_ms, vector, cause, (others, until_ms))


def end_hold(state: State, command: Command, now_ms: int, reason: str) -> Events:
    """End the hold: the film goes on from the position at which it was held."""
    before = state.playback
    vector: Vector = "playing", before.position_ms, before.rate, now_ms + lead_of(state)
    return changed("hold_ended", before, command, now_ms, vector, (command.by, reason))
