"""That `make bench-skew` reckons what it says."""

from __future__ import annotations

import math

import pytest

from tests.load.skew_figures import Track, changes_per_minute, frame_spreads, percentile, settled_after, spreads


def track(offset_ms: float = 0, *, since: int = 0, until: int = 2_000, rate: float = 1) -> Track:
    return Track([(float(at), at * rate + offset_ms) for at in range(since, until + 1, 25)])


def test_two_players_are_as_far_apart_as_their_positions_at_the_same_time() -> None:
    apart = spreads([track(), track(7.5)], 100, 1_900)

    assert apart == pytest.approx([7.5] * 91)
    assert spreads([track(), track(7.5), track(-2.5)], 100, 200) == pytest.approx([10] * 6)


def test_a_time_without_samples_is_left_out() -> None:
    late = track(5, since=1_000)

    assert len(spreads([track(), late], 0, 2_000)) == len(spreads([track(), late], 1_000, 2_000))
    gap = Track([*track(until=500).samples, *track(since=1_500).samples])
    assert spreads([track(), gap], 600, 1_400) == []


def test_players_have_settled_once_they_stay_within_the_bound() -> None:
    crossing = track(-100, rate=1.1)  # level after one second, then on the other side

    assert settled_after([track(), crossing], 0, 1_200, 20) == pytest.approx(800, abs=25)
    assert settled_after([track(), crossing], 0, 2_000, 20) is None
    assert settled_after([track(), track(5)], 500, 2_000, 20) == 0


def test_a_position_that_swings_is_known_by_its_average() -> None:
    swinging = Track([(float(at), at + 5 - at % 160 / 16) for at in range(0, 4_001, 20)])

    assert max(spreads([track(until=4_000), swinging], 1_000, 3_000)) > 4
    assert max(spreads([track(until=4_000), swinging.averaged(480)], 1_000, 3_000)) < 1


def test_frames_are_compared_by_when_they_were_displayed() -> None:
    one = Track([], [(100, 0), (142, 41.7), (183, 83.3)])
    other = Track([], [(117, 0), (150, 41.7), (999, 125)])

    assert frame_spreads([one, other], 0, 1_000) == [17, 8]


def test_rate_changes_count_for_the_player_that_had_the_most() -> None:
    one, other = Track(rate_changes=[5, 10, 15]), Track(rate_changes=[5])

    assert changes_per_minute([one, other], 0, 30_000) == 6


def test_percentiles_of_nothing_are_no_number() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 1) == 3
    assert math.isnan(percentile([], 0.5))
