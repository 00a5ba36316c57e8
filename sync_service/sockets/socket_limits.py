"""What one socket may send: all its messages, its pings, and how often it may be refused before it is closed."""

from __future__ import annotations

from sync_service import metrics
from sync_service.live import limits
from sync_service.live.limits import TokenBucket
from sync_service.live.live_room import LiveRoom
from sync_service.protocol.codes import CloseCode
from sync_service.sockets.closing import Goodbye


class SocketLimits:
    """The budgets of one socket. What is refused counts in `metrics.rate_limited`."""

    def __init__(self, now_s: float) -> None:
        self._frames = TokenBucket(limits.FRAMES, now_s)
        self._pings = TokenBucket(limits.PINGS, now_s)
        self._refusals = 0

    def take(self, room: LiveRoom, member_id: str, rate: limits.Rate, now_s: float) -> int:
        """Return 0 if a message of this rate is allowed now, else the ms until one is.

        Raises Goodbye for a client that goes on sending after being refused REFUSALS_MOST times in a row.
        """
        if rate is limits.PINGS:
            wait_ms = self._pings.take(now_s)
        else:
            wait_ms = self._frames.take(now_s) or room.limits.take(member_id, rate, now_s)
        if wait_ms:
            self._refuse()
        else:
            self._refusals = 0
        return wait_ms

    def take_bad(self, now_s: float) -> None:
        """Count a message that cannot be read; raises Goodbye as ``take`` does."""
        if self._frames.take(now_s):
            self._refuse()

    def _refuse(self) -> None:
        metrics.rate_limited += 1
        self._refusals += 1
        if self._refusals > limits.REFUSALS_MOST:
            raise Goodbye(CloseCode.TOO_FAST, "too_fast")
