"""A node waits for more to do at once only where waiting pays."""

from __future__ import annotations

import pytest

from sync_service.live.pace import COMMIT_WAIT_LEAST_S, COMMIT_WAIT_MOST_S, FURTHER, WRITE_WAIT_MOST_S, Pace


def paced(*, commits_s: float = 0, deliveries_s: float = 0) -> Pace:
    """A pace that has seen a second of these rates."""
    pace = Pace(0.0)
    for tick in range(1, 101):
        pace.committed(round(commits_s / 100))
        pace.delivered(round(deliveries_s / 100), tick / 100)
    return pace


@pytest.mark.parametrize("per_s", [0, 1_000, 20_000, 39_000])
def test_a_calm_node_writes_at_once(per_s: float) -> None:
    assert paced(deliveries_s=per_s).write_wait_s(1.0) == 0


def test_a_busy_node_waits_longer_the_busier_it_is() -> None:
    busy, busier = (paced(deliveries_s=per_s).write_wait_s(1.0) for per_s in (60_000, 100_000))
    assert 0 < busy < busier < WRITE_WAIT_MOST_S


def test_it_never_waits_longer_than_nobody_notices() -> None:
    assert paced(deliveries_s=1_000_000).write_wait_s(1.0) == WRITE_WAIT_MOST_S


@pytest.mark.parametrize("per_s", [0, 100, 200])
def test_where_few_commands_come_none_waits(per_s: float) -> None:
    assert paced(commits_s=per_s).commit_wait_s(1.0) == 0


@pytest.mark.parametrize("per_s", [400, 600, 900])
def test_where_some_come_each_waits_for_a_few_more(per_s: float) -> None:
    wait_s = paced(commits_s=per_s).commit_wait_s(1.0)
    assert COMMIT_WAIT_LEAST_S <= wait_s <= COMMIT_WAIT_MOST_S
    assert wait_s * per_s == pytest.approx(FURTHER, rel=0.15)


@pytest.mark.parametrize("per_s", [1_500, 20_000])
def test_where_many_come_they_come_together_by_themselves(per_s: float) -> None:
    assert paced(commits_s=per_s).commit_wait_s(1.0) == 0


def test_after_a_burst_has_passed_it_is_calm_at_once() -> None:
    pace = paced(commits_s=400, deliveries_s=200_000)
    assert pace.write_wait_s(1.1) > 0
    assert pace.commit_wait_s(1.1) > 0
    assert pace.write_wait_s(1.3) == pace.commit_wait_s(1.3) == 0
