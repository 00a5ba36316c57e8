"""The partition's clock: its Redis master's TIME, so that every node and every client counts the same milliseconds.

The offset to the node's monotonic clock comes from the exchange with the smallest round trip of the last minute (as in
NTP, RFC 5905 section 10: the least delayed sample is the least wrong) and is approached slowly, never stepped: a wall
clock set an hour off on a node changes nothing here.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from sync_service.redis_link import OutcomeUnknown, RedisError, RedisLink, StoreAway

SAMPLES: Final = 60
BURST: Final = 8
PROBE_S: Final = 1.0
SLEW: Final = 0.001  # at most 1 ms per second; a quartz drifts by a tenth of that


class PartitionClock:
    """Milliseconds of the store's clock; ``synchronized`` once the store was asked."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)
        self._offset_ms = time.time() * 1000 - time.monotonic() * 1000
        self._target_ms = self._offset_ms
        self._slewed_at_ms = time.monotonic() * 1000
        self.synchronized = False

    def now_ms(self) -> float:
        """Give the present moment in ms since the epoch, by the store's clock."""
        monotonic_ms = time.monotonic() * 1000
        error_ms = self._target_ms - self._offset_ms
        if error_ms:
            reach_ms = (monotonic_ms - self._slewed_at_ms) * SLEW
            self._offset_ms += min(max(error_ms, -reach_ms), reach_ms)
        self._slewed_at_ms = monotonic_ms
        return monotonic_ms + self._offset_ms

    def learn(self, sent_ms: float, store_ms: float, received_ms: float) -> None:
        """Take one exchange: the monotonic ms before and after it, and the store's answer between them."""
        round_trip_ms = received_ms - sent_ms
        self._samples.append((round_trip_ms, store_ms - (sent_ms + received_ms) / 2))
        self._target_ms = min(self._samples)[1]
        if not self.synchronized:
            self.now_ms()
            self._offset_ms = self._target_ms
            self.synchronized = True

    def forget(self) -> None:
        """Drop what was learnt from a master that is gone; the offset stays until the next one answers."""
        self._samples.clear()


async def follow(link: RedisLink, clock: PartitionClock) -> None:
    """Ask the store for the time each second (faster at first), which also shows whether it answers."""
    asked = 0
    while True:
        await link.wait_up()
        try:
            sent_ms = time.monotonic() * 1000
            seconds, microseconds = await link.call("TIME")
            clock.learn(sent_ms, int(seconds) * 1000 + int(microseconds) / 1000, time.monotonic() * 1000)
            asked += 1
        except (StoreAway, OutcomeUnknown, RedisError):
            clock.forget()
            asked = 0
        await asyncio.sleep(PROBE_S if asked >= BURST else PROBE_S / 50)
