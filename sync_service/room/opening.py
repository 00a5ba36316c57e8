"""A room's first state: from what the API says of it, or from where the archive left it."""

from __future__ import annotations

from typing import Any

from sync_service.room.playback import Playback
from sync_service.room.state import Meta, Rights, Settings, State

_SETTINGS = ("locked", "slow_mode_s", "hold", "hold_max_s", "early_start")


def opening_state(
    claim: dict[str, Any], at_ms: int, position_ms: float | None = None, length_ms: int | None = None
) -> State:
    """Return the state of a room that opens, from the ``room`` of a ticket or event (shared.events.RoomSchema).

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
        ),
        rights=Rights(owner=claim["owner"], settings=settings, since_ms=at_ms if restored else 0),
        playback=Playback("paused", round(position_ms or 0), 1.0, at_ms, None, restored, length_ms=length_ms),
    )
