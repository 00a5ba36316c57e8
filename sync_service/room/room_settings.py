"""The room's settings, changed by members and by the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sync_service.room import people
from sync_service.room.commands import ChangeRoom, ChangeSettings, Command
from sync_service.room.events import Events, FilmChanged, Outcome, SettingsChanged
from sync_service.room.evolve import evolve
from sync_service.room.holding import wait_as_set
from sync_service.room.permissions import RANKS, SETTING, rank_of, refused
from sync_service.room.playback import Playback
from sync_service.room.state import Meta, Settings, State

_OF_META: Final = ("access", "starts_at", "film", "title")
_CHANGEABLE: Final = (*SETTING, *_OF_META, "owner")


def change_settings(state: State, command: ChangeSettings, now_ms: int) -> Outcome:
    rank = rank_of(state, command.by or "")
    for name in command.changes:
        if rank < RANKS[SETTING[name]]:
            return refused(SETTING[name])
    return _changed(state, command, now_ms, replace(state.rights.settings, **command.changes), state.meta)


def change_room(state: State, command: ChangeRoom, now_ms: int) -> Events:
    """Apply what the API changed: each field for which this version is higher than the one that last changed it.

    So an event that comes late, twice or after a newer one does no harm. Each setting has its own version: the API
    names only those that changed.
    """
    meta, settings = state.meta, state.rights.settings
    wanted = {**command.changes, **command.changes.get("settings", {})}
    fresh = {
        name: value
        for name, value in wanted.items()
        if name in _CHANGEABLE and command.version > meta.versions.get(name, meta.version)
    }
    if not fresh:
        return ()
    meta = replace(
        meta,
        **{name: value for name, value in fresh.items() if name in _OF_META},
        versions={**meta.versions, **dict.fromkeys(fresh, command.version)},
    )
    settings = replace(settings, **{name: value for name, value in fresh.items() if name in SETTING})
    return _changed(state, command, now_ms, settings, meta, fresh.get("owner"))


def _changed(
    state: State, command: Command, now_ms: int, settings: Settings, meta: Meta, owner: str | None = None
) -> Events:
    if settings == state.rights.settings and meta == state.meta:
        return ()
    changed = SettingsChanged(
        time_ms=now_ms,
        by=command.by,
        command=command.id,
        settings=settings,
        access=meta.access,
        starts_at=meta.starts_at,
        versions=meta.versions,
        title=meta.title,
        film=None if meta.film == state.meta.film else meta.film,
        owner=None if owner == state.rights.owner else owner,
    )
    after = evolve(state, changed)
    sent_out = people.send_guests_out(after, command, now_ms) if settings.guests == "nobody" else ()
    for event in sent_out:
        after = evolve(after, event)
    if changed.film is not None and (state.members or state.playback.started):
        return (changed, *sent_out, _film_changed(after, command, now_ms, state.meta.film["id"]))
    return (changed, *sent_out, *wait_as_set(after, command, now_ms))


def _film_changed(state: State, command: Command, now_ms: int, previous_film_id: str) -> FilmChanged:
    """Return the event by which the film that was chosen is at its beginning, for people who have another one."""
    playback = Playback("paused", 0, 1.0, now_ms, None, started=False, era=state.playback.era)
    return FilmChanged(
        time_ms=now_ms,
        by=command.by,
        command=command.id,
        film=state.meta.film,
        previous_film_id=previous_film_id,
        playback=playback,
    )
