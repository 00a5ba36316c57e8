"""Where a room's film stands, of how much, as the pages say it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api_service.pages.rendering import film_position
from api_service.usecases.live_view import Now

LONG_AGO = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("catalogue_ms", "agreed_ms", "says"),
    [
        (200_000, None, "2:20 / 3:20"),
        (100_000, None, "1:40 / 1:40"),
        (100_000, 150_000, "2:20 / 2:30"),  # players agree on another length than the catalogue's
        (None, 150_000, "2:20 / 2:30"),
        (None, None, "2:20"),
        (6_720_000, None, "2:20 / 1:52:00"),
    ],
)
def test_a_films_position_is_shown_within_the_length_that_counts(
    catalogue_ms: int | None, agreed_ms: int | None, says: str
) -> None:
    now = Now(1, [], "paused", 140_000, 1.0, LONG_AGO, agreed_ms)
    room = SimpleNamespace(now=now, film=SimpleNamespace(duration_ms=catalogue_ms))

    assert film_position(cast("Any", room)) == says
