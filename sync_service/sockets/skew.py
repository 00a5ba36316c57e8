"""When the others are told how far a member's player is from its place: rarely, and when it has changed."""

from __future__ import annotations

from typing import Final

STEPS_MS: Final = (100, 500, 2_000)
AGAIN_AFTER_S: Final = 5.0


class SkewSignals:
    """One connection's; time is an argument, in seconds."""

    def __init__(self) -> None:
        self._sent_step = 0
        self._sent_s = float("-inf")

    def is_due(self, skew_ms: float, now_s: float) -> bool:
        """Return whether to send a signal: of another step than the last one, which is AGAIN_AFTER_S ago."""
        step = sum(abs(skew_ms) > bound for bound in STEPS_MS)
        if step == self._sent_step or now_s - self._sent_s < AGAIN_AFTER_S:
            return False
        self._sent_step, self._sent_s = step, now_s
        return True
