"""A shard's clock: the least delayed exchange counts, a jump of the store is followed, one of this machine is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from sync_service.redis_client.clock import BURST, JUMP_MS, JUMP_SAMPLES, SLEW, PartitionClock, elapsed_s

STORE_MS = 1_000_000_000.0
Jumps = list[tuple[float, float]]


class Exchanges:
    """A clock and the store whose time it learns: ``store_ms`` is the store's clock less the node's monotonic one."""

    def __init__(self, clock: PartitionClock | None = None) -> None:
        self.clock = PartitionClock() if clock is None else clock
        self.store_ms = STORE_MS
        self.now_ms = elapsed_s() * 1000
        self.jumps: Jumps = []
        self.clock.on_jump.append(lambda shift_ms, good_at_s: self.jumps.append((shift_ms, good_at_s)))

    def one(self, rtt_ms: float = 1.0, *, later_ms: float = 20.0, there_ms: float | None = None) -> None:
        """One exchange; ``there_ms`` is the way there, else half of the round trip."""
        sent_ms = self.now_ms + later_ms
        self.now_ms = sent_ms + rtt_ms
        there_ms = rtt_ms / 2 if there_ms is None else there_ms
        self.clock.learn(sent_ms, sent_ms + there_ms + self.store_ms, self.now_ms)

    def settled(self) -> Exchanges:
        """After the first burst."""
        for _ in range(BURST + 1):
            self.one()
        return self

    def error_ms(self) -> float:
        """How far the clock is from the store's."""
        return self.clock.at_ms(self.now_ms) - (self.now_ms + self.store_ms)


def test_the_least_delayed_exchange_counts() -> None:
    store = Exchanges()
    for rtt_ms in (80, 3, 200, 40):
        store.one(rtt_ms, there_ms=rtt_ms)
    assert store.error_ms() == pytest.approx(1.5)


def test_the_first_exchange_of_a_slow_start_is_soon_forgotten() -> None:
    store = Exchanges()
    store.one(900, there_ms=900)
    assert abs(store.error_ms()) == pytest.approx(450)
    store.one(1)
    assert abs(store.error_ms()) < 1
    assert store.jumps == []


def test_what_is_learnt_later_is_approached_and_never_stepped_to() -> None:
    store = Exchanges().settled()
    before = store.clock.at_ms(store.now_ms)
    store.clock.forget()
    store.store_ms += 100
    store.one(1, later_ms=0)
    assert store.clock.at_ms(store.now_ms) - before == pytest.approx(1 + SLEW, abs=1e-3)
    later_ms = store.now_ms + 10_000
    assert store.clock.at_ms(later_ms) - before == pytest.approx(1 + 10_000 * (1 + SLEW), abs=0.1)
    assert store.jumps == []


def test_the_clock_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Exchanges().settled()
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 3_600)
    store.one()
    assert abs(store.error_ms()) < 1
    assert store.jumps == []


@pytest.mark.parametrize("shift_ms", [3_600_000, -3_600_000, JUMP_MS + 10, -JUMP_MS - 10])
def test_a_jump_of_the_store_is_followed_at_once_and_told(shift_ms: float) -> None:
    store = Exchanges().settled()
    good_at_s = (store.now_ms - 1) / 1000
    store.store_ms += shift_ms
    for _ in range(JUMP_SAMPLES - 1):
        store.one()
        assert store.clock.contradicted
        assert store.jumps == []
    store.one()
    assert not store.clock.contradicted
    assert abs(store.error_ms()) < 1
    assert len(store.jumps) == 1
    assert store.jumps[0] == pytest.approx((shift_ms, good_at_s), abs=1)


def test_after_a_jump_the_next_one_is_told_from_there() -> None:
    store = Exchanges().settled()
    for shift_ms in (5_000, -2_000):
        store.store_ms += shift_ms
        for _ in range(JUMP_SAMPLES + 3):
            store.one()
    assert [round(shift_ms) for shift_ms, _ in store.jumps] == [5_000, -2_000]


def test_a_delay_is_no_jump_however_long() -> None:
    store = Exchanges().settled()
    for there_ms in (0, 8_000, 4_000, 0, 8_000):
        store.one(8_000, there_ms=there_ms)
        assert not store.clock.contradicted
    assert abs(store.error_ms()) < 1


def test_a_delayed_exchange_cannot_hide_a_jump_that_is_longer() -> None:
    store = Exchanges().settled()
    store.store_ms += 3_000
    for _ in range(JUMP_SAMPLES):
        store.one(2_000)
    assert [round(shift_ms) for shift_ms, _ in store.jumps] == [3_000]


def test_one_exchange_that_contradicts_is_not_enough() -> None:
    store = Exchanges().settled()
    for _ in range(5):
        store.store_ms += 9_000
        store.one()
        store.store_ms -= 9_000
        store.one()
    assert store.jumps == []
    assert abs(store.error_ms()) < 1


def test_exchanges_that_contradict_each_other_settle_nothing() -> None:
    store = Exchanges().settled()
    for _ in range(6):
        store.store_ms += 1_000
        store.one()
    assert store.jumps == []
    for _ in range(2):
        store.one()
    assert [round(shift_ms) for shift_ms, _ in store.jumps] == [6_000]


def test_a_new_master_that_counts_otherwise_is_a_jump() -> None:
    store = Exchanges().settled()
    good_at_s = (store.now_ms - 1) / 1000
    store.clock.forget()
    store.store_ms -= 700
    for _ in range(JUMP_SAMPLES):
        store.one()
    assert len(store.jumps) == 1
    assert store.jumps[0] == pytest.approx((-700, good_at_s), abs=1)


def test_a_new_master_that_counts_alike_is_none() -> None:
    store = Exchanges().settled()
    store.clock.forget()
    store.store_ms -= 200
    for _ in range(BURST):
        store.one()
    assert store.jumps == []
    assert store.error_ms() == pytest.approx(200, abs=1)


def test_a_shard_that_partitions_come_to_counts_as_theirs_did_until_it_was_asked() -> None:
    before = Exchanges().settled()
    after = Exchanges()
    after.clock.adopt(before.clock)
    assert after.clock.synchronized
    assert after.clock.at_ms(before.now_ms) == pytest.approx(before.now_ms + STORE_MS, abs=1)
    after.store_ms += 5_000
    for _ in range(JUMP_SAMPLES):
        after.one()
    assert [round(shift_ms) for shift_ms, _ in after.jumps] == [5_000]


def test_a_clock_that_knows_better_believes_nobody() -> None:
    mine, other = Exchanges().settled(), Exchanges()
    other.store_ms += 9_000
    mine.clock.adopt(other.settled().clock)
    assert abs(mine.error_ms()) < 1


def test_before_the_first_exchange_the_clock_says_so() -> None:
    clock = PartitionClock()
    assert not clock.synchronized
    before_ms = time.time() * 1000
    assert before_ms - 100 < clock.now_ms() < time.time() * 1000 + 100


def test_one_listener_that_fails_does_not_silence_the_others() -> None:
    store = Exchanges().settled()
    heard: Jumps = []

    def failing(_shift_ms: float, _good_at_s: float) -> None:
        raise RuntimeError

    listen: Callable[[float, float], None] = lambda shift_ms, good_at_s: heard.append((shift_ms, good_at_s))  # noqa: E731
    store.clock.on_jump[:] = [failing, listen]
    store.store_ms += 9_000
    for _ in range(JUMP_SAMPLES):
        store.one()
    assert len(heard) == 1


async def test_a_clock_that_is_invalidated_has_the_store_asked_at_once() -> None:
    clock = PartitionClock()
    waiting = asyncio.create_task(clock.until_due(60))
    await asyncio.sleep(0)
    clock.invalidate()
    assert await asyncio.wait_for(waiting, 5)
    assert not await clock.until_due(0.01)


def test_a_clock_is_valid_again_once_the_store_has_agreed_or_has_jumped() -> None:
    store = Exchanges().settled()
    assert store.clock.valid
    for shift_ms in (0, 3_600_000):
        store.clock.invalidate()
        store.store_ms += shift_ms
        for _ in range(JUMP_SAMPLES):
            assert not store.clock.valid
            store.one()
        assert store.clock.valid
    assert len(store.jumps) == 1


def test_the_time_that_a_machine_sleeps_is_counted() -> None:
    before_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before_s <= elapsed_s() <= time.clock_gettime(time.CLOCK_BOOTTIME)
