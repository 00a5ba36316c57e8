"""Where a lost room comes back to, as far as the archive knows."""

from datetime import UTC, datetime, timedelta

import pytest

from api_service.usecases.joining import Archived, restore

AT = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)
DURATION_MS = 100_000


def archived(
    status: str, position_ms: float, *, rate: float = 1.0, alive_s: float = 0, length_ms: int | None = None
) -> Archived:
    return Archived(3, 17, status, position_ms, rate, AT, length_ms, AT + timedelta(seconds=alive_s))


def test_a_room_without_history_has_nothing_to_restore() -> None:
    assert restore(None, DURATION_MS) is None


@pytest.mark.parametrize(
    ("last", "position_ms"),
    [
        (archived("paused", 5_000, alive_s=60), 5_000),
        (archived("holding", 5_000, alive_s=60), 5_000),
        (archived("playing", 5_000), 5_000),
        (archived("playing", 5_000, alive_s=10), 15_000),
        (archived("playing", 5_000, rate=1.5, alive_s=10), 20_000),
        (archived("playing", 5_000, alive_s=-1), 5_000),  # play is set for a moment ahead
        (archived("playing", 5_000, alive_s=3_600), 100_000),
        (archived("paused", 250_000), 100_000),
    ],
)
def test_a_playing_film_moves_on_to_the_last_sign_of_life_within_its_length(last: Archived, position_ms: float) -> None:
    assert restore(last, DURATION_MS) == {"position_ms": position_ms, "epoch": 3, "seq": 17, "length_ms": None}


@pytest.mark.parametrize("duration_ms", [DURATION_MS, None])
def test_the_length_that_players_agreed_on_bounds_the_film_and_comes_back_with_it(duration_ms: int | None) -> None:
    longer = archived("paused", 140_000, length_ms=150_000)
    assert restore(longer, duration_ms) == {"position_ms": 140_000, "epoch": 3, "seq": 17, "length_ms": 150_000}

    shorter = archived("playing", 80_000, alive_s=60, length_ms=90_000)
    assert restore(shorter, duration_ms) == {"position_ms": 90_000, "epoch": 3, "seq": 17, "length_ms": 90_000}


def test_a_film_whose_length_nobody_knows_comes_back_where_it_was() -> None:
    two_days_ms = 48 * 3_600_000
    broadcast = archived("playing", two_days_ms, alive_s=10)

    restored = restore(broadcast, None)

    assert restored == {"position_ms": two_days_ms + 10_000, "epoch": 3, "seq": 17, "length_ms": None}
