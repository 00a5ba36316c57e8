"""Fixtures of the feed's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.support.feed_fixtures import FeedingProgram, feeding


@pytest.fixture
async def program(database_url: str) -> AsyncIterator[FeedingProgram]:
    """A program that may feed the site."""
    async with feeding(database_url) as made:
        yield made
