"""A shard's clock: its Redis master's TIME, so that every node and every client counts the same milliseconds.

The offset to the node's monotonic clock comes from the exchange with the smallest round trip of the last minute (as in
NTP, RFC 5905 section 10: the least delayed sample is the least wrong) and is approached slowly: a wall clock set an
hour off on a node changes nothing here. Only a store whose own clock has jumped, or a new master that counts otherwise,
is followed by a step, and whoever asked for it is told by how much.
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
from sync_service.redis_client.client import OutcomeUnknown, RedisError, RedisLink, StoreAway

log = structlog.get_logger(__name__)

SAMPLES: Final = 60
BURST: Final = 8
PROBE_S: Final = 1.0
BURST_PROBE_S: Final = 0.02
SLEW: Final = 0.001  # at most 1 ms per second; a quartz drifts by a tenth of that
JUMP_MS: Final = 250
# Each exchange proves within which span the store's clock lies; three that agree are no clock on its way elsewhere.
JUMP_SAMPLES: Final = 3

# What a jump is told by: new offset less old one, and the node's monotonic seconds when the old one was last right.
OnJump = Callable[[float, float], None]


def elapsed_s() -> float:
    """Give the seconds of a clock that nobody sets and that goes on while the machine sleeps.

    A node that was suspended would otherwise take its own sleep for a jump of the store's clock, and move the film for
    everyone by as much.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class PartitionClock:
    """Milliseconds of the store's clock; ``synchronized`` once the store was asked.

    ``on_jump`` is told after a step; before the first exchange the node's wall clock stands in.
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
        self._unsure = 0
        self._doubted = asyncio.Event()
        self.synchronized = False
        self.on_jump: list[OnJump] = []

    @property
    def offset_ms(self) -> float:
        """The store's clock less the node's monotonic one, as ``now_ms`` counts at present."""
        return self._offset_ms

    @property
    def good_at_s(self) -> float:
        """The node's monotonic seconds when the store last agreed with this clock."""
        return self._good_at_s

    @property
    def contradicted(self) -> bool:
        """Whether the latest exchanges say that the store's clock has jumped, and too few have said so yet."""
        return bool(self._against)

    @property
    def sure(self) -> bool:
        """Whether no doubt is open: what is told of the time now is told by the store's clock as it is set now."""
        return self._unsure == 0

    def now_ms(self) -> float:
        """Give the present moment in ms since the epoch, by the store's clock."""
        return self.at_ms(elapsed_s() * 1000)

    def at_ms(self, monotonic_ms: float) -> float:
        """Give the store's time of a moment of the node's monotonic clock that is not before the last one asked for."""
        error_ms = self._best[1] - self._offset_ms
        if error_ms:
            reach_ms = max(monotonic_ms - self._slewed_at_ms, 0) * SLEW
            self._offset_ms += min(max(error_ms, -reach_ms), reach_ms)
        self._slewed_at_ms = monotonic_ms
        return monotonic_ms + self._offset_ms

    def learn(self, sent_ms: float, store_ms: float, received_ms: float) -> None:
        """Take one exchange: the monotonic ms before and after it, and the store's answer between them."""
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
            self._unsure = max(self._unsure - 1, 0)
            if self._settling:
                # The first exchange of a process that is just starting may be the worst of all.
                self._settling -= 1
                self._offset_ms = self._best[1]

    def believe(self, other: PartitionClock) -> None:
        """Count as another shard's clock until this one's store has been asked: its partitions come here."""
        if not self.synchronized and other.synchronized:
            self._offset_ms, self._best, self._good_at_s = other.offset_ms, other._best, other.good_at_s
            self.synchronized = True

    def forget(self) -> None:
        """Drop what was learnt from a master that is gone; the offset stays until the next one answers."""
        self._samples.clear()
        self._against.clear()

    def doubt(self) -> None:
        """Have the store asked at once, for it was found to count otherwise; until it has answered nothing is sure."""
        self._unsure = JUMP_SAMPLES
        self._doubted.set()

    async def until_due(self, pause_s: float) -> bool:
        """Wait until the store is to be asked again; tells whether that is so because of a doubt."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._doubted.wait()
        doubted = self._doubted.is_set()
        self._doubted.clear()
        return doubted

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
        self._unsure = 0
        metrics.clock_jumps += 1
        log.warning("the store's clock has jumped", shift_ms=round(shift_ms))
        for told in self.on_jump:
            try:
                told(shift_ms, good_at_s)
            except Exception:
                log.exception("a jump of the store's clock could not be handled")


def _apart_ms(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give how far apart two offsets are at least: each is known to within half of its round trip."""
    return abs(one[1] - other[1]) - (one[0] + other[0]) / 2


async def follow(link: RedisLink, clock: PartitionClock) -> None:
    """Ask the store for the time each second (faster at first), which also shows whether it answers."""
    burst = BURST
    while True:
        await link.wait_up()
        try:
            sent_ms = elapsed_s() * 1000
            seconds, microseconds = await link.call("TIME")
            clock.learn(sent_ms, int(seconds) * 1000 + int(microseconds) / 1000, elapsed_s() * 1000)
            burst -= 1
        except (StoreAway, OutcomeUnknown, RedisError):
            clock.forget()
            burst = BURST
        in_a_hurry = burst > 0 or clock.contradicted
        if await clock.until_due(BURST_PROBE_S if in_a_hurry else PROBE_S):
            burst = BURST
