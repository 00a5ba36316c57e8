"""A shard's clock: its Redis master's TIME, so that every node and every client counts the same milliseconds.

The offset to the node's monotonic clock comes from the exchange with the smallest round trip of the last minute (as in
NTP, RFC 5905 section 10: the least delayed sample is the least wrong) and is approached slowly: a node whose wall clock
is an hour off changes nothing here. Only when the store's own clock has jumped, or a new master has another one, does
this clock step, and ``on_jump`` runs with the shift.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from sync_service import metrics
from sync_service.redis_client.client import RedisLink, StoreError

log = structlog.get_logger(__name__)

SAMPLES: Final = 60
BURST: Final = 8
PROBE_S: Final = 1.0
BURST_PROBE_S: Final = 0.02
SLEW: Final = 0.001  # at most 1 ms per second; a quartz drifts by a tenth of that
JUMP_MS: Final = 250
# Each exchange bounds the store's clock by its round trip; three that agree are a jump, not a clock being slewed.
JUMP_SAMPLES: Final = 3

# Receives the new offset less the old one in ms, and the node's monotonic seconds when the old one was last confirmed.
OnJump = Callable[[float, float], None]


def elapsed_s() -> float:
    """Return the seconds of a monotonic clock that goes on while the machine is suspended (CLOCK_BOOTTIME).

    With one that stops, a node would take its own suspension for a jump of the store's clock, and move the film for
    everyone by as much.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class PartitionClock:
    """Milliseconds of the store's clock; ``synchronized`` once the store has answered.

    ``on_jump`` runs after a step. Before the first exchange the node's wall clock stands in.
    """

    def __init__(self) -> None:
        # Each (round trip, offset) in ms.
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)
        self._against: deque[tuple[float, float]] = deque(maxlen=JUMP_SAMPLES)
        self._offset_ms = time.time() * 1000 - elapsed_s() * 1000
        self._best = (0.0, self._offset_ms)
        self._slewed_at_ms = elapsed_s() * 1000
        self._good_at_s = elapsed_s()
        self._settling = BURST
        self._to_confirm = 0  # exchanges that have to agree before the clock is valid again
        self._invalidated = asyncio.Event()
        self.synchronized = False
        self.on_jump: list[OnJump] = []

    @property
    def offset_ms(self) -> float:
        """The offset in use: the store's clock less the node's monotonic one."""
        return self._offset_ms

    @property
    def good_at_s(self) -> float:
        """The node's monotonic seconds when the store last agreed with this clock."""
        return self._good_at_s

    @property
    def contradicted(self) -> bool:
        """Whether the latest exchanges show a jump of the store's clock, but too few yet to follow it."""
        return bool(self._against)

    @property
    def valid(self) -> bool:
        """Whether the store has agreed with this clock since it was last invalidated."""
        return self._to_confirm == 0

    def now_ms(self) -> float:
        """Return the store's time in ms since the epoch."""
        return self.at_ms(elapsed_s() * 1000)

    def at_ms(self, monotonic_ms: float) -> float:
        """Return the store's time at a moment of the node's monotonic clock; moments must not go back."""
        error_ms = self._best[1] - self._offset_ms
        if error_ms:
            reach_ms = max(monotonic_ms - self._slewed_at_ms, 0) * SLEW
            self._offset_ms += min(max(error_ms, -reach_ms), reach_ms)
        self._slewed_at_ms = monotonic_ms
        return monotonic_ms + self._offset_ms

    def learn(self, sent_ms: float, store_ms: float, received_ms: float) -> None:
        """Take one exchange: the node's monotonic ms before and after it, and the store's time in between."""
        sample = received_ms - sent_ms, store_ms - (sent_ms + received_ms) / 2
        if not self.synchronized:
            self._begin(sample, sent_ms)
        elif _apart_ms(sample, self._best) > JUMP_MS:
            self._contradict(sample, sent_ms)
        else:
            self._against.clear()
            self._samples.append(sample)
            self._best = min(self._samples)
            self._good_at_s = sent_ms / 1000
            self._to_confirm = max(self._to_confirm - 1, 0)
            if self._settling:
                # The first exchange of a process that is just starting may be the worst of all.
                self._settling -= 1
                self._offset_ms = self._best[1]

    def adopt(self, other: PartitionClock) -> None:
        """Take over another shard's clock until this one's store has answered: its partitions move here."""
        if not self.synchronized and other.synchronized:
            self._offset_ms, self._best, self._good_at_s = other.offset_ms, other._best, other.good_at_s
            self.synchronized = True

    def forget(self) -> None:
        """Drop the samples of a master that is gone; the offset stays until the next one answers."""
        self._samples.clear()
        self._against.clear()

    def invalidate(self) -> None:
        """Ask the store at once, because it was seen to have another time; not ``valid`` until it has agreed."""
        self._to_confirm = JUMP_SAMPLES
        self._invalidated.set()

    async def until_due(self, pause_s: float) -> bool:
        """Wait until the store is to be asked again; returns whether the clock was invalidated."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._invalidated.wait()
        invalidated = self._invalidated.is_set()
        self._invalidated.clear()
        return invalidated

    def _begin(self, sample: tuple[float, float], sent_ms: float) -> None:
        self._samples.append(sample)
        self._best = sample
        self._offset_ms = sample[1]
        self._slewed_at_ms = sent_ms
        self._good_at_s = sent_ms / 1000
        self.synchronized = True

    def _contradict(self, sample: tuple[float, float], sent_ms: float) -> None:
        self._against.append(sample)
        best = min(self._against)
        if len(self._against) < JUMP_SAMPLES or any(_apart_ms(other, best) > JUMP_MS for other in self._against):
            return
        shift_ms, good_at_s = best[1] - self._offset_ms, self._good_at_s
        self._samples.clear()
        self._samples.extend(self._against)
        self._against.clear()
        self._best = best
        self._offset_ms = best[1]
        self._good_at_s = sent_ms / 1000
        self._to_confirm = 0
        metrics.clock_jumps += 1
        log.warning("the store's clock has jumped", shift_ms=round(shift_ms))
        for on_jump in self.on_jump:
            try:
                on_jump(shift_ms, good_at_s)
            except Exception:
                log.exception("a jump of the store's clock could not be handled")


def _apart_ms(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the least distance of two offsets: each is known to within half of its round trip."""
    return abs(one[1] - other[1]) - (one[0] + other[0]) / 2


async def follow(link: RedisLink, clock: PartitionClock) -> None:
    """Ask the store for its time each second (faster at first); also the probe of a connection that hangs."""
    burst = BURST
    while True:
        await link.wait_up()
        try:
            sent_ms = elapsed_s() * 1000
            seconds, microseconds = await link.call("TIME")
            clock.learn(sent_ms, int(seconds) * 1000 + int(microseconds) / 1000, elapsed_s() * 1000)
            burst -= 1
        except StoreError:
            clock.forget()
            burst = BURST
        urgent = burst > 0 or clock.contradicted
        if await clock.until_due(BURST_PROBE_S if urgent else PROBE_S):
            burst = BURST
