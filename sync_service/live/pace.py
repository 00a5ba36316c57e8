"""How long a node may wait for more to do at once: for commands to commit, and for events to write.

Two things make waiting pay. Between single commands the fan-out and the idle moments push out of the processor's caches
what deciding one needs: committing some at a time took 9 to 20 % less CPU a delivery, and a fifth to a quarter less of
Redis's, from 400 to 1,000 commits a second (docs/decisions/0006). And most of a delivery's cost is the kernel's, for
each write: joining what 20 ms bring at 120,000 deliveries a second cut the CPU per delivery to a third (6.96 → 2.25
µs). Under little load waiting would only add latency, so there is none.
"""

from __future__ import annotations

from typing import Final

# So many further commits are worth waiting for. Where they take longer to come, single ones are quicker and cheap
# enough; where they take less, they come together by themselves.
FURTHER: Final = 3
COMMIT_WAIT_LEAST_S: Final = 0.003
COMMIT_WAIT_MOST_S: Final = 0.010

CALM_PER_S: Final = 40_000
BUSY_PER_S: Final = 120_000
WRITE_WAIT_MOST_S: Final = 0.020

WINDOW_S: Final = 0.100


class Pace:
    """Watches the rates of commits and of deliveries; time is an argument, in seconds."""

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._commits = 0
        self._deliveries = 0
        self._commit_wait_s = 0.0
        self._write_wait_s = 0.0

    def committed(self, count: int) -> None:
        """Count steps of rooms that have just been sent."""
        self._commits += count

    def delivered(self, count: int, now_s: float) -> None:
        """Count deliveries that have just been written."""
        self._deliveries += count
        elapsed_s = now_s - self._since_s
        if elapsed_s >= WINDOW_S:
            further_s = FURTHER * elapsed_s / max(self._commits, 1)
            worth_it = COMMIT_WAIT_LEAST_S <= further_s <= COMMIT_WAIT_MOST_S
            self._commit_wait_s = further_s if worth_it else 0.0
            load = (self._deliveries / elapsed_s - CALM_PER_S) / (BUSY_PER_S - CALM_PER_S)
            self._write_wait_s = WRITE_WAIT_MOST_S * min(max(load, 0.0), 1.0)
            self._since_s, self._commits, self._deliveries = now_s, 0, 0

    def commit_wait_s(self, now_s: float) -> float:
        """Give how long commands should wait for those of other rooms: 0 while it is calm."""
        return self._commit_wait_s if self._fresh(now_s) else 0.0

    def write_wait_s(self, now_s: float) -> float:
        """Give how long the next write should wait for others to join it: 0 while it is calm."""
        return self._write_wait_s if self._fresh(now_s) else 0.0

    def _fresh(self, now_s: float) -> bool:
        # What was long ago says nothing about now.
        return now_s - self._since_s < 2 * WINDOW_S
