"""The delays between attempts, and what the headers carry from one to the next."""

from datetime import UTC, datetime

import pytest

from deploy.neighbours.notifier.handling import Attempt
from deploy.neighbours.notifier.queues import delay_after, read_attempt


def test_each_delay_comes_once_and_the_last_again_and_again() -> None:
    assert [delay_after(Attempt(number), (2, 10, 60)) for number in range(1, 6)] == [2, 10, 60, 60, 60]


def test_the_headers_tell_the_attempt() -> None:
    headers = {"x-failed-attempts": 3, "x-first-failed-at": 1_795_435_200_000}
    assert read_attempt(headers) == Attempt(4, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-failed-attempts": "many", "x-first-failed-at": 1}, {"x-failed-attempts": 0, "x-first-failed-at": 1}],
)
def test_headers_that_tell_nothing_mean_the_first_attempt(headers: dict[str, object]) -> None:
    assert read_attempt(headers) == Attempt()
