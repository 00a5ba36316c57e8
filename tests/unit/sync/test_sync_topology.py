"""Which master leads which slots: read from what the nodes of a Cluster say, and followed when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import pytest
from redis.crc import key_slot

from sync_service.redis_client import topology
from sync_service.redis_client.address import Address, StoreAddress, read_address
from sync_service.redis_client.client import RedisLink
from sync_service.redis_client.shards import Shard, Shards
from sync_service.redis_client.topology import SLOTS, Group, Layout, read_nodes, slot_of

NODES = """\
07c3 127.0.0.1:30004@31004,replica.example slave e7d1 0 1426238317239 4 connected
67ed 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922
292f 127.0.0.1:30003@31003,master.example master - 0 1426238318243 3 connected 10923-16382 16383 [5461-<-67ed]
6ec2 127.0.0.1:30005@31005 slave 67ed 0 1426238316232 5 connected
e7d1 :30001@31001 myself,master - 0 0 1 connected 0-5460
dead 127.0.0.1:30007@31007 master,fail - 0 1426238316232 9 disconnected
gone :0@0 slave,noaddr e7d1 0 1426238316232 2 disconnected
late 127.0.0.1:30008@31008 handshake - 0 1426238316232 0 connected
"""


def a_master(port: int, *slots: range, replicas: Iterable[int] = ()) -> Group:
    nodes = frozenset(("h", one) for one in (port, *replicas))
    return Group(("h", port), nodes, slots)


def test_a_partitions_slot_is_that_of_all_its_keys() -> None:
    for number in (*range(200), SLOTS - 1):
        assert slot_of(f"p{number}".encode()) == key_slot(f"{{p{number}}}:room:any".encode())


def test_what_a_node_says_of_its_cluster_is_read() -> None:
    layout = read_nodes(NODES.encode(), "asked.example")
    assert layout.version == 9
    assert layout.ids == {"67ed", "292f", "e7d1", "dead"}
    assert set(layout.groups) == {
        Group(
            ("asked.example", 30001),
            frozenset({("asked.example", 30001), ("replica.example", 30004)}),
            (range(5461),),
        ),
        Group(("127.0.0.1", 30002), frozenset({("127.0.0.1", 30002), ("127.0.0.1", 30005)}), (range(5461, 10_923),)),
        Group(
            ("master.example", 30003),
            frozenset({("master.example", 30003)}),
            (range(10_923, 16_383), range(16_383, 16_384)),
        ),
    }


@pytest.mark.parametrize(
    ("said", "master"),
    [
        ([("old", 1), ("new", 2), ("new", 2)], ("new", 2)),
        ([("old", 1), None, None], ("old", 1)),
        ([None, ("new", 2), ("new", 2)], ("new", 2)),
        ([None, None, None], None),
    ],
)
async def test_the_master_is_whom_most_of_the_sentinels_name(
    said: list[Address | None], master: Address | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = read_address("redis+sentinel://s0:1,s1:1,s2:1/main")

    async def asked(_store: StoreAddress, host: Address, *words: str) -> list[bytes] | None:
        assert words == ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
        named = said[store.hosts.index(host)]
        return None if named is None else [named[0].encode(), str(named[1]).encode()]

    monkeypatch.setattr(topology, "_ask", asked)
    found = await topology.topology_of(store).find([], [])
    assert found == (None if master is None else topology.everything(master))


class Told:
    """A topology that says what the test tells it."""

    moves = True

    def __init__(self) -> None:
        self.layout: Layout | None = None

    async def find(self, _links: Sequence[RedisLink], _known: Iterable[Address]) -> Layout | None:
        return self.layout


class Following:
    """Shards that follow what they are told; nothing of it can be connected to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told = Told()
        monkeypatch.setattr("sync_service.redis_client.shards.topology_of", lambda _store: self.told)

        async def nothing(_link: RedisLink) -> None:
            """Connect to nobody."""

        monkeypatch.setattr(RedisLink, "start", nothing)
        self.shards = Shards(read_address("redis+cluster://h:1"), "test", 64)
        self.moves = 0
        self.shards.on_layout.append(self._moved)

    def _moved(self) -> None:
        self.moves += 1

    async def hear(self, *groups: Group, version: int = 1, ids: Iterable[str] = ("a",)) -> None:
        """Have the shards look at a layout."""
        self.told.layout = Layout(groups, version, frozenset(ids))
        await self.shards._look_together()

    def of_slot(self, slot: int) -> Shard:
        return self.shards._by_slot[slot]


@pytest.fixture
async def following(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Following]:
    following = Following(monkeypatch)
    yield following
    await following.shards.close()


LOW, HIGH = range(8_192), range(8_192, SLOTS)


async def test_every_partition_is_served_by_who_leads_its_slot(following: Following) -> None:
    await following.hear(a_master(1, LOW), a_master(2, HIGH))
    low, high = following.shards
    assert sorted((*low.partitions, *high.partitions)) == list(range(64))
    for number in range(64):
        assert following.shards.of(number) is (low if slot_of(f"p{number}".encode()) in LOW else high)
    assert following.shards.of(1_000) in (low, high)


async def test_a_shard_stays_the_same_when_its_replica_takes_over(following: Following) -> None:
    await following.hear(a_master(1, LOW, replicas=[3]), a_master(2, HIGH, replicas=[4]))
    low, high = following.shards
    await following.hear(a_master(2, HIGH, replicas=[4]), a_master(3, LOW), version=2)
    assert list(following.shards) == [low, high]
    assert low.group is not None
    assert low.group.master == ("h", 3)
    assert following.of_slot(0) is low


async def test_a_shard_stays_the_same_when_somebody_unheard_of_takes_over_all_its_slots(following: Following) -> None:
    await following.hear(a_master(1, LOW), a_master(2, HIGH))
    low, _ = following.shards
    await following.hear(a_master(9, LOW), a_master(2, HIGH), version=2)
    assert following.of_slot(0) is low


async def test_shards_come_and_go_and_a_slot_that_nobody_leads_is_nowhere(following: Following) -> None:
    await following.hear(a_master(1, LOW), a_master(2, HIGH))
    low, high = following.shards
    await following.hear(a_master(1, LOW), a_master(2, range(8_192, 12_000)), a_master(5, range(12_000, 16_000)))
    assert following.of_slot(0) is low
    assert following.of_slot(9_000) is high
    third = following.of_slot(13_000)
    assert third not in (low, high)
    assert not following.of_slot(16_100).link.up
    assert following.of_slot(16_100) not in following.shards
    with pytest.raises(ConnectionError, match="serves"):
        await following.shards.check()
    await following.hear(a_master(5, LOW, HIGH), version=2)
    assert list(following.shards) == [third]
    assert len(third.partitions) == 64


async def test_what_a_node_that_was_cut_off_still_says_is_not_believed(following: Following) -> None:
    await following.hear(a_master(1, LOW, HIGH, replicas=[2]), version=5)
    (shard,) = following.shards
    await following.hear(a_master(2, LOW, HIGH), version=6)
    await following.hear(a_master(1, LOW, HIGH, replicas=[2]), version=5)
    assert shard.group is not None
    assert shard.group.master == ("h", 2)
    # A Cluster that was made anew has other nodes, and counts from 1 again.
    await following.hear(a_master(1, LOW, HIGH), version=1, ids=["other"])
    assert shard.group.master == ("h", 1)


async def test_nothing_moves_while_nobody_answers_or_nothing_has_changed(following: Following) -> None:
    await following.hear(a_master(1, LOW, HIGH))
    for version in (1, 2, 3):
        await following.hear(a_master(1, LOW, HIGH), version=version)
    following.told.layout = None
    await following.shards._look_together()
    assert following.moves == 1
    assert len(list(following.shards)) == 1


async def test_before_anyone_was_found_no_partition_is_served(following: Following) -> None:
    assert not following.shards.of(5).link.up
    with pytest.raises(ConnectionError, match="no master"):
        await following.shards.check()


async def test_a_shard_that_hangs_holds_up_no_round_of_the_others(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    await following.hear(a_master(1, LOW), a_master(2, HIGH))
    monkeypatch.setattr(RedisLink, "up", property(lambda _link: True))
    hanging, living = following.shards
    visits: dict[Shard, int] = dict.fromkeys(following.shards, 0)

    async def visit(shard: Shard) -> None:
        visits[shard] += 1
        if shard is hanging:
            await asyncio.Event().wait()

    rounds: asyncio.Task[Any] = asyncio.create_task(following.shards.rounds(0.01, visit))
    for _ in range(500):
        if visits[living] >= 5:
            break
        await asyncio.sleep(0.01)
    rounds.cancel()
    await asyncio.gather(rounds, return_exceptions=True)
    assert visits[living] >= 5
    assert visits[hanging] == 1


async def test_a_round_that_fails_comes_again(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    await following.hear(a_master(1, LOW, HIGH))
    monkeypatch.setattr(RedisLink, "up", property(lambda _link: True))
    visits = 0

    async def visit(_shard: Shard) -> None:
        nonlocal visits
        visits += 1
        raise RuntimeError

    rounds: asyncio.Task[Any] = asyncio.create_task(following.shards.rounds(0.01, visit))
    for _ in range(500):
        if visits >= 3:
            break
        await asyncio.sleep(0.01)
    rounds.cancel()
    await asyncio.gather(rounds, return_exceptions=True)
    assert visits >= 3
