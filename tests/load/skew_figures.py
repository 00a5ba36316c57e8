"""How far apart players were, from what each page noted of its own player. Pure; times and positions are in ms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean, median

STEP_MS = 20
# Samples further apart than this say nothing about the time between them.
GAP_MS = 250


@dataclass
class Track:
    """One player over a while: samples (time, position), frames (display time, media time), times of rate changes."""

    samples: list[tuple[float, float]] = field(default_factory=list)
    frames: list[tuple[float, float]] = field(default_factory=list)
    rate_changes: list[float] = field(default_factory=list)

    def position_at(self, at_ms: float) -> float | None:
        """Return the position between the samples around ``at_ms``, or None where there are none near."""
        after = min(bisect_right(self.samples, (at_ms, float("inf"))), len(self.samples) - 1)
        if after < 1 or not self.samples[after - 1][0] <= at_ms <= self.samples[after][0]:
            return None
        (before_ms, before), (after_ms, position) = self.samples[after - 1], self.samples[after]
        if after_ms - before_ms > GAP_MS:
            return None
        return before + (position - before) * (at_ms - before_ms) / (after_ms - before_ms)

    def averaged(self, over_ms: float) -> Track:
        """Return the track with each position averaged over the samples of ``over_ms`` until then."""
        samples: list[tuple[float, float]] = []
        first = 0
        for last, (at_ms, _) in enumerate(self.samples):
            while at_ms - self.samples[first][0] > over_ms:
                first += 1
            times, positions = zip(*self.samples[first : last + 1], strict=True)
            samples.append((fmean(times), fmean(positions)))
        return Track(samples, self.frames, self.rate_changes)


def steps(since_ms: float, until_ms: float) -> Iterator[float]:
    """Yield the times at which players are compared."""
    count = int((until_ms - since_ms) / STEP_MS)
    yield from (since_ms + step * STEP_MS for step in range(count + 1))


def spread_at(tracks: Sequence[Track], at_ms: float) -> float | None:
    """Return the largest difference of position between two players at a time, or None if one of them is unknown."""
    positions = [track.position_at(at_ms) for track in tracks]
    known = [position for position in positions if position is not None]
    return max(known) - min(known) if len(known) == len(positions) else None


def spreads(tracks: Sequence[Track], since_ms: float, until_ms: float) -> list[float]:
    """Return the largest difference of position at each step of a while."""
    found = [spread_at(tracks, at_ms) for at_ms in steps(since_ms, until_ms)]
    return [spread for spread in found if spread is not None]


def frame_spreads(tracks: Sequence[Track], since_ms: float, until_ms: float) -> list[float]:
    """Return for each frame how much earlier one player displayed it than another."""
    found = []
    for one, other in combinations(tracks, 2):
        shown = {round(media_ms): at_ms for at_ms, media_ms in other.frames}
        found += [
            abs(at_ms - shown[round(media_ms)])
            for at_ms, media_ms in one.frames
            if since_ms <= at_ms <= until_ms and round(media_ms) in shown
        ]
    return found


def settled_after(tracks: Sequence[Track], since_ms: float, until_ms: float, within_ms: float) -> float | None:
    """Return how long it took until the players stayed within ``within_ms``, or None if they did not."""
    at = [(at_ms, spread_at(tracks, at_ms)) for at_ms in steps(since_ms, until_ms)]
    apart = [at_ms for at_ms, spread in at if spread is None or spread > within_ms]
    last = apart[-1] if apart else since_ms
    return last - since_ms if last < until_ms - STEP_MS else None


def changes_per_minute(tracks: Sequence[Track], since_ms: float, until_ms: float) -> float:
    """Return the rate changes a minute of the player that had the most."""
    most = max(sum(since_ms <= at_ms <= until_ms for at_ms in track.rate_changes) for track in tracks)
    return most * 60_000 / (until_ms - since_ms)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which ``part`` (0 to 1) of the values lie, NaN for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def middle(values: Sequence[float]) -> float:
    """Return the median, NaN for no values."""
    return median(values) if values else float("nan")
