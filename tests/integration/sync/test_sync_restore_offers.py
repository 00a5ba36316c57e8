"""A room that the store has lost, and nodes that offer what they have: the newest wins, under an epoch above all."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from dataclasses import dataclass, replace

import pytest

from sync_service.room.commands import Leave, Say, Seek
from sync_service.room.state import State
from sync_service.store import room_store as store_module
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.scripts import OFFER
from sync_service.store.snapshot import Snapshot
from tests.support.store_desk import Desk, desk
from tests.unit.sync.rooms import applied, empty_room, joined

__all__ = ["desk"]

ROOMS_AT_ONCE = 250
WINDOW_MS = 5_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What one node has; ``state`` shows whose it is."""

    epoch: int
    seq: int
    state: State


def offers_of(dice: random.Random, room_id: str) -> list[Offer]:
    """What one to six nodes have of a room; some lag, some have the same, some are of another epoch."""
    places = [(dice.randrange(1, 4), dice.randrange(0, 8)) for _ in range(dice.randrange(1, 7))]
    return [Offer(epoch, seq, left_behind(dice, room_id, n)) for n, (epoch, seq) in enumerate(places)]


def left_behind(dice: random.Random, room_id: str, which: int) -> State:
    room = joined(empty_room(), "anna", "boris")
    room = replace(room, meta=replace(room.meta, id=room_id))
    room = applied(room, Seek(by="anna", position_ms=1_000 + which), 1)
    for n in range(dice.randrange(4)):
        room = applied(room, Say(by="boris", message_id=f"m{which}-{n}", text="x"), 2)
    if dice.random() < 0.3:
        room = applied(room, Leave(by="boris", reason="left", gone_ms=3), 3)
    return room


async def restored(desk: Desk, room_id: str, offers: list[Offer]) -> tuple[Snapshot, list[int | None]]:
    """Let every node offer at once, again and again until it is over; gives what came back and the first answers."""
    names = RoomKeys.of(3, room_id)
    first: list[int | None] = []

    async def node(n: int, offer: Offer) -> None:
        store = RoomStore(desk.store.shard, 3, f"node {n}")
        while True:
            wait_ms = await store.offer(names, offer.epoch, offer.seq, offer.state)
            first.append(wait_ms)
            if wait_ms is None:
                return
            await asyncio.sleep(wait_ms / 1000 + 0.01)

    await asyncio.gather(*(node(n, offer) for n, offer in enumerate(offers)))
    found = await desk.store.read(names)
    assert isinstance(found, Snapshot)
    return found, first[: len(offers)]


async def wrong_winners(desk: Desk) -> int:
    """Restore many rooms at once; gives how many came back as something else than the newest copy."""
    worlds = [(seed, uuid.uuid4().hex) for seed in range(ROOMS_AT_ONCE)]
    told = {seed: offers_of(random.Random(seed), room_id) for seed, room_id in worlds}
    found = await asyncio.gather(*(restored(desk, room_id, told[seed]) for seed, room_id in worlds))
    wrong = 0
    for (seed, _), (room, first) in zip(worlds, found, strict=True):
        offers = told[seed]
        assert None not in first, f"{seed}: the window was over before all had offered"
        newest = max((offer.epoch, offer.seq) for offer in offers)
        winners = [offer.state for offer in offers if (offer.epoch, offer.seq) == newest]
        right = room.epoch > newest[0] and room.seq == newest[1] and room.state in winners
        wrong += not right
    return wrong


async def test_the_newest_copy_wins_whoever_offers_it_when(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "RESTORE_MS", WINDOW_MS)
    assert await wrong_winners(desk) == 0


@pytest.mark.parametrize(
    "comparison",
    [
        b"if epoch > best_epoch or (epoch == best_epoch and seq > best_seq) then",
        b"if now_ms < until_ms then return {'wait', until_ms - now_ms} end",
    ],
    ids=["which is newer", "is the window over"],
)
async def test_without_comparing_and_waiting_older_copies_win(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, comparison: bytes
) -> None:
    """The twins of the above."""
    instead = b"if true then" if comparison.endswith(b"then") else b"if now_ms < 0 then return {'wait', 0} end"
    source = OFFER.source.replace(comparison, instead)
    assert source != OFFER.source
    monkeypatch.setattr(OFFER, "source", source)
    monkeypatch.setattr(OFFER, "sha", hashlib.sha1(source, usedforsecurity=False).hexdigest())
    monkeypatch.setattr(store_module, "RESTORE_MS", WINDOW_MS)
    if comparison.endswith(b"end"):
        with pytest.raises(AssertionError, match="the window was over"):
            await wrong_winners(desk)
    else:
        assert await wrong_winners(desk) > ROOMS_AT_ONCE // 10


async def test_a_copy_that_comes_too_late_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "RESTORE_MS", 20)
    room_id = uuid.uuid4().hex
    dice = random.Random(1)
    room, _ = await restored(desk, room_id, [Offer(2, 5, left_behind(dice, room_id, 0))])
    for late in (Offer(2, 9, left_behind(dice, room_id, 1)), Offer(1, 1, left_behind(dice, room_id, 2))):
        again, first = await restored(desk, room_id, [late])
        assert (first, again) == ([None], room)


async def test_a_closed_room_is_not_brought_back(desk: Desk) -> None:
    room_id = uuid.uuid4().hex
    names = RoomKeys.of(3, room_id)
    await desk.store.link.call("SET", names.closed, "owner")
    assert await desk.store.offer(names, 3, 3, left_behind(random.Random(1), room_id, 0)) is None
    assert await desk.store.read(names) == "owner"
