"""A room's first state: from what the API says of it, from where the archive left it, or from before it was closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync_service.room.permissions import SETTING
from sync_service.room.playback import Playback, position_at
from sync_service.room.state import Members, Meta, Rights, Settings, State

_SETTINGS = tuple(name for name in SETTING if name not in {"control", "capacity"})


def opening_state(
    claim: dict[str, Any], at_ms: int, position_ms: float | None = None, length_ms: int | None = None
) -> State:
    """Return the state of a room that opens, from the ``room`` of a ticket or event (shared.events.rooms.RoomSchema).

    A room that comes back from the archive is paused at ``position_ms`` of a film that its players agreed to be
    ``length_ms`` long. Its roles, mutes, kicks and bans are lost:
    sessions from before are void, and the API asks at each new ticket whether its user is banned.
    """
    given = {name: value for name, value in claim["settings"].items() if name in _SETTINGS}
    settings = Settings(control=claim["control"], capacity=claim["capacity"], **given)
    restored = position_ms is not None
    return State(
        meta=Meta(
            id=claim["id"],
            code=claim["code"],
            version=claim["version"],
            film=claim["film"],
            access=claim["access"],
            starts_at=claim["starts_at"],
            title=claim.get("title"),
        ),
        rights=Rights(owner=claim["owner"], settings=settings, since_ms=at_ms if restored else 0),
        playback=Playback("paused", round(position_ms or 0), 1.0, at_ms, None, restored, length_ms=length_ms),
    )


def reopened(closed: State, now_ms: int) -> State:
    """Return the state of a closed room that is opened again: nobody is in it, and its film waits where it stood.

    Roles, mutes and bans stay; sessions from before are void.
    """
    before = closed.playback
    # At the closing everybody left.
    stood_ms = position_at(before, closed.gone.last_seen_ms, closed.duration_ms)
    playback = replace(
        before,
        status="paused",
        position_ms=round(stood_ms),
        at_ms=now_ms,
        by=None,
        reason=None,
        waiting_for=(),
        hold_until_ms=None,
        lead_rate=None,
    )
    rights = replace(closed.rights, since_ms=now_ms, host=None, asides={})
    return replace(closed, closed=None, members=Members(), playback=playback, rights=rights)
