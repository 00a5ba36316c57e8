"""When to tell the others how far a member is from where the film should be: rarely, and when it has changed."""

from __future__ import annotations

from typing import Final

STEPS_MS: Final = (100, 500, 2_000)
AGAIN_AFTER_S: Final = 5.0


class SkewTeller:
    """One connection's; time is an argument, in seconds."""

    def __init__(self) -> None:
        self._told = 0
        self._at_s = float("-inf")

    def worth_telling(self, skew_ms: float, now_s: float) -> bool:
        """Tell whether this skew is of another order than the one told last, and that is long enough ago."""
        step = sum(abs(skew_ms) > bound for bound in STEPS_MS)
        if step == self._told or now_s - self._at_s < AGAIN_AFTER_S:
            return False
        self._told, self._at_s = step, now_s
        return True
