"""The room's settings, changed by those inside and by the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync_service.commands import ChangeRoom, ChangeSettings, Command
from sync_service.events import SettingsChanged
from sync_service.rules.outcome import Events, Outcome
from sync_service.rules.permissions import RANKS, SETTING, rank_of, refused
from sync_service.state import Meta, Settings, State


def change_settings(state: State, command: ChangeSettings, now_ms: int) -> Outcome:
    rank = rank_of(state, command.by or "")
    for name in command.changes:
        if rank < RANKS[SETTING[name]]:
            return refused(SETTING[name])
    return _changed(state, command, now_ms, replace(state.rights.settings, **command.changes), state.meta)


def change_room(state: State, command: ChangeRoom, now_ms: int) -> Events:
    """Apply what the API changed: each field if this version is higher than the one that last changed it.

    So an event that comes late, twice or after a newer one does no harm.
    """
    meta = state.meta
    fresh = {
        name: value
        for name, value in command.changes.items()
        if command.version > meta.versions.get(name, meta.version)
    }
    if not fresh:
        return ()
    versions = {**meta.versions, **dict.fromkeys(fresh, command.version)}
    changes: dict[str, Any] = {**fresh.pop("settings", {})}
    changes.update({name: fresh[name] for name in ("control", "capacity") if name in fresh})
    meta = replace(
        meta,
        access=fresh.get("access", meta.access),
        starts_at=fresh.get("starts_at", meta.starts_at),
        versions=versions,
    )
    return _changed(state, command, now_ms, replace(state.rights.settings, **changes), meta)


def _changed(state: State, command: Command, now_ms: int, settings: Settings, meta: Meta) -> Events:
    if settings == state.rights.settings and meta == state.meta:
        return ()
    return (
        SettingsChanged(
            time_ms=now_ms,
            by=command.by,
            command=command.id,
            settings=settings,
            access=meta.access,
            starts_at=meta.starts_at,
            versions=meta.versions,
        ),
    )
