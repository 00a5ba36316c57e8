"""What a room does by itself, and when: start the film, end a hold, find a host.

Every node that follows the room watches the same moment; the store lets one of them win.
"""

from __future__ import annotations

from typing import Final

from sync_service.room.commands import Due
from sync_service.room.events import Events, HostChanged
from sync_service.room.evolve import evolve
from sync_service.room.film import start
from sync_service.room.holding import end_hold
from sync_service.room.lobby import start_due_ms
from sync_service.room.permissions import host_of
from sync_service.room.state import Member, State

HOST_AFTER_MS: Final = 60_000


def next_due_ms(state: State) -> int | None:
    """Return the moment (ms) at which the room has something to do by itself, or None."""
    if state.closed is not None or not state.members:
        return None
    playback = state.playback
    if playback.started and playback.status != "holding" and state.rights.settings.control == "everyone":
        return None  # most rooms, and after each of their events
    due_ms: int | None = None
    for moment_ms in (start_due_ms(state), _hold_due_ms(state), _host_due_ms(state)):
        if moment_ms is not None and (due_ms is None or moment_ms < due_ms):
            due_ms = moment_ms
    return due_ms


def start_if_due(state: State, now_ms: int) -> Events:
    """Start the film if the moment of its automatic start has come."""
    start_ms = start_due_ms(state)
    return start(state, Due(), now_ms, "auto_start") if start_ms is not None and now_ms >= start_ms else ()


def due(state: State, command: Due, now_ms: int) -> Events:
    """Return the events of everything that is due."""
    events = start_if_due(state, now_ms)
    hold_ms = _hold_due_ms(state)
    if hold_ms is not None and now_ms >= hold_ms:
        events += end_hold(state, command, now_ms, "hold_timeout")
    for event in events:
        state = evolve(state, event)
    host_ms = _host_due_ms(state)
    if host_ms is not None and now_ms >= host_ms:
        host = _host_for(state)
        events += (HostChanged(time_ms=now_ms, by=None, command=None, host=None if host is None else host.id),)
    return events


def _hold_due_ms(state: State) -> int | None:
    return state.playback.hold_until_ms if state.playback.status == "holding" else None


def _host_due_ms(state: State) -> int | None:
    """Return when a host has to act for the owner: HOST_AFTER_MS after they left, where control needs an owner."""
    rights, members = state.rights, state.members
    if rights.settings.control == "everyone" or rights.owner in members or host_of(state) is not None or not members:
        return None
    candidate = _host_for(state)
    if candidate is None:
        return None
    return max(state.gone.owner_ms, min(member.joined_ms for member in members.values())) + HOST_AFTER_MS


def _host_for(state: State) -> Member | None:
    """Return the moderator who has been here longest, else the viewer; None where no host is needed, or nobody fits."""
    control = state.rights.settings.control
    if control == "everyone":
        return None
    by_rank = {
        role: [member for member in state.members.values() if member.role == role] for role in ("moderator", "viewer")
    }
    if control == "moderators" and by_rank["moderator"]:
        return None  # they have the control
    candidates = by_rank["moderator"] or by_rank["viewer"]
    return min(candidates, key=lambda member: (member.joined_ms, member.id), default=None)
