"""Token buckets: how much one connection may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``per_s`` each second."""

    burst: float
    per_s: float


# A person clicks a few times a second and types a line in a second or two; a page that loads pings eight times.
COMMANDS: Final = Rate(30, 10)
CHAT: Final = Rate(10, 2)
PINGS: Final = Rate(30, 5)
# One who keeps sending after so many refusals in a row is not a person.
REFUSALS_MOST: Final = 100


class TokenBucket:
    """A bucket that starts full; time is an argument, in seconds."""

    __slots__ = ("_at_s", "_rate", "_tokens")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at_s = now_s

    def take(self, now_s: float) -> int:
        """Take one token and give 0, or give in how many ms there will be one."""
        self._tokens = min(self._rate.burst, self._tokens + (now_s - self._at_s) * self._rate.per_s)
        self._at_s = now_s
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return int((1 - self._tokens) / self._rate.per_s * 1000) + 1
