"""The timing vector: the film's position at any moment, as a function of server time.

A vector {status, position_ms, rate, at_ms} fixes all positions from now on and needs no tick (the idea is Arntzen's
"timing object", https://webtiming.github.io/timingobject/). All moments are in ms of the partition's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

from sync_service.room.value import value

RATE_MIN: Final = 0.5
RATE_MAX: Final = 2.0
LEAD_MIN_MS: Final = 150
# Players seek and fill their buffers first: 30 to 150 ms and another 75 to 120 ms (docs/performance.md).
SEEK_LEAD_MIN_MS: Final = 300
LEAD_MAX_MS: Final = 1_000

N = TypeVar("N", int, float)

Status = Literal["playing", "paused", "holding"]


@value(frozen=True, slots=True)
class Playback:
    """At ``at_ms`` the film stood at ``position_ms``; ``started`` turns true with the first play, pause or auto-start.

    ``by`` and ``reason`` are the cause of the status (protocol.values.REASONS). While ``holding`` the room waits for
    the members of ``waiting_for``, at latest until ``hold_until_ms``. ``sought_ms`` is the moment of the last seek.
    ``heat`` grows with each play or pause that undoes another member's, and ``heat_ms`` is when it last did (see
    film.py). ``era`` counts how often the store's clock was set. ``length_ms`` is the film's length as players have
    agreed on it (length.py), None where the catalogue's counts. With ``lead_rate`` the film runs at that rate until
    ``at_ms`` instead of waiting for it: another rate lies ahead.
    """

    status: Status
    position_ms: int
    rate: float
    at_ms: int
    by: str | None
    started: bool
    reason: str | None = None
    waiting_for: tuple[str, ...] = ()
    hold_until_ms: int | None = None
    sought_ms: int = 0
    heat: float = 0.0
    heat_ms: int = 0
    era: int = 0
    length_ms: int | None = None
    lead_rate: float | None = None

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Playback:
        """Return the playback that this JSON object describes."""
        return cls(**{**raw, "waiting_for": tuple(raw["waiting_for"])})


def position_at(playback: Playback, now_ms: float, duration_ms: int | None) -> float:
    """Return the position in ms at ``now_ms``, within [0, duration]; before ``at_ms`` the film waits for its start.

    A ``duration_ms`` that is None bounds nothing.
    """
    position_ms: float = playback.position_ms
    if playback.status == "playing":
        if now_ms > playback.at_ms:
            position_ms += (now_ms - playback.at_ms) * playback.rate
        elif playback.lead_rate is not None:
            position_ms += (now_ms - playback.at_ms) * playback.lead_rate
    return within(position_ms, duration_ms)


def within(position_ms: float, duration_ms: int | None) -> float:
    """Return the nearest position within the film; one of unknown length has no end."""
    if duration_ms is None:
        return position_ms if position_ms > 0 else 0
    return clamped(position_ms, 0, duration_ms)


def clamped(value: N, least: N, most: N) -> N:
    """Return the nearest value within these bounds; faster than min() and max(), and every message needs some."""
    if value < least:
        return least
    return value if value < most else most


def lead_ms(highest_rtt_ms: int) -> int:
    """Return how far ahead (ms) a start must lie: the farthest member receives it in time, and nobody waits long."""
    return clamped(2 * highest_rtt_ms, LEAD_MIN_MS, LEAD_MAX_MS)
