"""The timing vector: where the film stands at any moment, as a function of server time.

A vector {status, position_ms, rate, at_ms} says it all at once and never needs a tick (the idea is Arntzen's "timing
object", https://webtiming.github.io/timingobject/). All moments are in ms of the partition's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RATE_MIN: Final = 0.5
RATE_MAX: Final = 2.0
LEAD_MIN_MS: Final = 150
LEAD_MAX_MS: Final = 1_000

Status = Literal["playing", "paused"]


@dataclass(frozen=True, slots=True)
class Playback:
    """At ``at_ms`` the film stood at ``position_ms``; ``started`` turns true with the first wish or the auto-start."""

    status: Status
    position_ms: int
    rate: float
    at_ms: int
    by: str | None
    started: bool


def position_at(playback: Playback, now_ms: float, duration_ms: int) -> float:
    """Give the position in ms at ``now_ms``, within [0, duration]; before ``at_ms`` the film waits for its start."""
    position_ms: float = playback.position_ms
    if playback.status == "playing" and now_ms > playback.at_ms:
        position_ms += (now_ms - playback.at_ms) * playback.rate
    return min(max(position_ms, 0), duration_ms)


def lead_ms(highest_rtt_ms: int) -> int:
    """Give how far ahead a start must lie so that the farthest member hears of it in time, and nobody waits long."""
    return min(max(2 * highest_rtt_ms, LEAD_MIN_MS), LEAD_MAX_MS)
