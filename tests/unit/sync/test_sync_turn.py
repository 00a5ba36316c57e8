"""A node joins the writes of several turns only under load."""

from __future__ import annotations

import pytest

from sync_service.live.turn import WAIT_MOST_S, WritePace


def paced(deliveries_s: float) -> WritePace:
    """A pace that has seen a second of this rate."""
    pace = WritePace(0.0)
    for tick in range(1, 101):
        pace.delivered(round(deliveries_s / 100), tick / 100)
    return pace


@pytest.mark.parametrize("per_s", [0, 1_000, 20_000, 39_000])
def test_a_calm_node_writes_at_once(per_s: float) -> None:
    assert paced(per_s).wait_s(1.0) == 0


def test_a_busy_node_waits_longer_the_busier_it_is() -> None:
    busy, busier = (paced(per_s).wait_s(1.0) for per_s in (60_000, 100_000))
    assert 0 < busy < busier < WAIT_MOST_S


def test_it_never_waits_longer_than_nobody_notices() -> None:
    assert paced(1_000_000).wait_s(1.0) == WAIT_MOST_S


def test_after_a_burst_has_passed_it_is_calm_at_once() -> None:
    pace = paced(200_000)
    assert pace.wait_s(1.1) > 0
    assert pace.wait_s(1.3) == 0
