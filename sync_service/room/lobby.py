"""How the film starts: at once, at the planned moment, or together from a lobby. All of it ends with the first start.

``start`` is ``at_once`` (as soon as somebody is ready), ``at`` (not before ``starts_at``; ``at_once`` in a room with
that moment is the same), or ``together``: people gather, and the owner lets the film run; or it starts by itself as
soon as ``start_when_ready`` people are here and every one of them is ready.
"""

from __future__ import annotations

from typing import Final

from sync_service.room.commands import Play
from sync_service.room.events import Refusal
from sync_service.room.state import State

AUTO_START_MS: Final = 5_000


def start_due_ms(state: State) -> int | None:
    """Return when the film starts by itself, None where it has started, nobody is here, or a lobby waits.

    Outside of a lobby: once a member who is not aside is ready, at latest AUTO_START_MS after the first join, or after
    another film was chosen for people who are here already.
    """
    if state.playback.started or not state.members:
        return None
    planned_ms = state.meta.starts_at or 0
    if state.rights.settings.start == "together":
        return planned_ms if all_are_ready(state) else None
    members = state.members.values()
    is_ready = any(member.ready and member.aside is None for member in members)
    if is_ready:
        return planned_ms
    # A film that nobody has moved yet stands where it was laid: when the room opened, or at the change of the film.
    laid_ms = 0 if state.playback.sought_ms else state.playback.at_ms
    return max(max(min(member.joined_ms for member in members), laid_ms) + AUTO_START_MS, planned_ms)


def all_are_ready(state: State) -> bool:
    """Return whether as many people as the lobby waits for are here, and each of them is ready."""
    wanted = state.rights.settings.start_when_ready
    here = [member for member in state.members.values() if not member.second_screen]
    return 0 < wanted <= len(here) and all(member.ready and member.aside is None for member in here)


def may_start(state: State, command: Play, now_ms: int) -> Refusal | None:
    """Return the refusal of letting the film run for the first time, None where it has run, or this member may.

    Before the planned moment, and out of a lobby, that is the owner, unless the setting ``early_start`` lets others do
    so too. A lobby whose owner is not here is everybody's who has the control.
    """
    settings, starts_at = state.rights.settings, state.meta.starts_at
    if state.playback.started or command.by == state.rights.owner or settings.early_start:
        return None
    if starts_at is not None and now_ms < starts_at:
        return Refusal("too_early", retry_after_ms=starts_at - now_ms)
    if settings.start == "together" and state.rights.owner in state.members:
        return Refusal("lobby")
    return None
