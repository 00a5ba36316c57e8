"""Metadata and keys: fetched when needed, shared, kept through an outage."""

from __future__ import annotations

import asyncio

import pytest

from api_service.identity.provider import FRESH_S, REFETCH_S, RETRY_S, Cached, ProviderUnavailable


class Source:
    """Returns 1, 2, 3, … at a time of the test's choosing, or fails."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fetched = 0
        self.down = False
        self.cached = Cached(self._fetch, lambda: self.now)

    async def _fetch(self) -> int:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.down:
            raise ProviderUnavailable("down")
        return self.fetched


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_fresh_value_is_not_fetched_again(source: Source) -> None:
    assert await source.cached.get() == 1
    source.now = FRESH_S - 1
    assert await source.cached.get() == 1
    source.now = FRESH_S
    assert await source.cached.get() == 2


async def test_many_askers_share_one_fetch(source: Source) -> None:
    assert await asyncio.gather(*(source.cached.get() for _ in range(20))) == [1] * 20
    assert source.fetched == 1


async def test_a_stale_value_is_used_while_the_source_is_down(source: Source) -> None:
    await source.cached.get()
    source.down, source.now = True, FRESH_S + 1
    assert await source.cached.get() == 1
    assert await source.cached.get() == 1
    assert source.fetched == 2, "each asker waited for the source again"

    source.down, source.now = False, FRESH_S + 1 + REFETCH_S
    assert await source.cached.get() == 3


async def test_a_failure_is_the_answer_for_a_moment(source: Source) -> None:
    source.down = True
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await source.cached.get()
    assert source.fetched == 1

    source.down, source.now = False, RETRY_S
    assert await source.cached.get() == 2


async def test_a_newer_value_can_be_asked_for(source: Source) -> None:
    await source.cached.get()
    source.now = REFETCH_S - 1
    assert await source.cached.get(newer_than_s=REFETCH_S) == 1
    source.now = REFETCH_S
    assert await source.cached.get(newer_than_s=REFETCH_S) == 2
