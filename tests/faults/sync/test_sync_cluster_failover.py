"""A master dies under rooms that are watched: its replica takes over, they go on, and no other room notices."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from deploy.local.redis_server import Redis
from sync_service.redis_client.topology import slot_of
from tests.support.clients import RoomClient
from tests.support.processes import RunProcess
from tests.support.redis_cluster import RedisCluster
from tests.support.redis_sentinels import RedisSentinels
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, same_for_all, start_node, status, until_ready

Room = dict[str, Any]
LIVE_AGAIN_S = 6.0
UNDISTURBED_S = 3.0  # a room that waited for the failover would wait longer
STALL_S = 0.1


@dataclass
class Stalls:
    """When this process was held up: what it measures meanwhile says nothing of the rooms."""

    found: list[tuple[float, float]] = field(default_factory=list)

    async def watch(self) -> None:
        """Notice them until cancelled."""
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(0.02)
            now_s = time.monotonic()
            if now_s - began_s > STALL_S:
                self.found.append((began_s, now_s))

    def apart_from_s(self, since_s: float, until_s: float) -> float:
        """How long it is from one moment to the other without them."""
        stalled_s = sum(max(min(until_s, end_s) - max(since_s, began_s), 0) for began_s, end_s in self.found)
        return until_s - since_s - stalled_s


@dataclass
class Talk:
    """What a member says again and again: what was acknowledged, with the seconds it took, and when it was."""

    client: RoomClient
    acked: list[tuple[str, float, float]] = field(default_factory=list)

    async def go_on(self, pause_s: float = 0.1) -> None:
        """Say things until cancelled, as a real client does: the same id again until it is acknowledged."""
        for n in itertools.count():
            text = f"{self.client.id[:8]} {n}"
            started = time.monotonic()
            while True:
                answer = await self.client.say(text, id_=text)
                if answer["type"] == "ack":
                    break
                assert answer["code"] in {"try_again", "outcome_unknown", "rate_limited"}, answer
                await asyncio.sleep(answer["retry_after_ms"] / 1000)
            now = time.monotonic()
            self.acked.append((text, now - started, now))
            await asyncio.sleep(pause_s)

    def certain(self, killing_s: float, promoted_s: float) -> set[str]:
        """What a master had certainly passed on to its replica before it was killed, and what that one has taken."""
        return {text for text, _, at_s in self.acked if not killing_s - 0.5 < at_s < promoted_s}

    def slowest_s(self, stalls: Stalls, since_s: float = 0) -> float:
        """The longest that an acknowledgement after a moment took."""
        return max(stalls.apart_from_s(at_s - took_s, at_s) for _, took_s, at_s in self.acked if at_s > since_s)

    async def goes_on_after(self, moment_s: float) -> float:
        """Wait for the next acknowledgement after a moment; gives how long after it that one came."""
        for _ in range(1_000):
            if self.acked and self.acked[-1][2] > moment_s:
                return next(at_s for _, _, at_s in self.acked if at_s > moment_s) - moment_s
            await asyncio.sleep(0.02)
        raise AssertionError("nothing was acknowledged any more")

    async def is_live_again(self, moment_s: float, stalls: Stalls) -> None:
        """Wait for the next acknowledgement after a moment, which must not be long in coming."""
        later_s = await self.goes_on_after(moment_s)
        assert stalls.apart_from_s(moment_s, moment_s + later_s) < LIVE_AGAIN_S


def partition_of(cluster: RedisCluster, master: Redis, *, but: int = -1) -> int:
    """A partition that this master serves."""
    return next(n for n in range(64) if n != but and cluster.master_of(slot_of(f"p{n}".encode())) is master)


async def promoted(server: Redis) -> float:
    """Wait until a replica leads; gives the moment."""

    def leads() -> bool:
        with server.client() as client:
            return bool(client.execute_command("ROLE")[0] == b"master")

    async with asyncio.timeout(60):  # a Sentinel that was held up does nothing for half a minute
        while not await asyncio.to_thread(leads):
            await asyncio.sleep(0.02)
    return time.monotonic()


async def replicated(master: Redis, replica: Redis) -> None:
    """Wait until a replica has all that its master had when this was called."""
    with master.client() as one, replica.client() as other:
        offset = one.info("replication")["master_repl_offset"]
        for _ in range(500):
            if other.info("replication")["slave_repl_offset"] >= offset:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the replica does not follow")


@contextlib.contextmanager
def cut_off(master: Redis, replica: Redis) -> Iterator[None]:
    """Let nothing of what the master takes reach its replica."""
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        with master.client() as client:
            client.client_kill_filter(_type="replica")
        yield
    finally:
        os.kill(replica.pid, signal.SIGCONT)


@pytest.fixture
def start_on(run_process: RunProcess, cinema: Cinema, amqp_url: str) -> Callable[[str], tuple[SyncNode, SyncNode]]:
    """Start two nodes on a Redis."""

    def start(url: str) -> tuple[SyncNode, SyncNode]:
        node = partial(start_node, run_process, cinema, url, amqp_url)
        return node(), node()

    return start


@contextlib.asynccontextmanager
async def everyone_talks(*talks: Talk) -> AsyncIterator[Stalls]:
    """Have members talk meanwhile; one who could not fails the test."""
    stalls = Stalls()
    tasks = [asyncio.create_task(work) for work in (stalls.watch(), *(talk.go_on() for talk in talks))]
    try:
        yield stalls
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results), results


def joined_once(client: RoomClient, members: list[RoomClient]) -> bool:
    """Whether a client sees each member once, and nobody was ever said to have left."""
    return set(client.members) == {member.id for member in members} and not [
        event for event in client.events if event["type"] == "member_left"
    ]


async def test_a_cluster_that_loses_a_master_goes_on_with_its_replica_and_no_other_room_stops(
    own_redis_cluster: RedisCluster,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    cinema: Cinema,
    crowd: Crowd,
) -> None:
    cluster = own_redis_cluster
    nodes = start_on(cluster.url)
    masters = [cluster.master_of(slot) for slot in (0, 8_000, 16_000)]
    rooms = [cinema.room(partition=partition_of(cluster, master)) for master in masters]
    clients = [[await crowd.enter(nodes[n % 2], room) for n in range(4)] for room in rooms]
    for members in clients:
        await members[0].play()
    talks = [[Talk(members[0]), Talk(members[1])] for members in clients]
    (replica,) = cluster.replicas_of(masters[0])

    async with everyone_talks(*(talk for pair in talks for talk in pair)) as stalls:
        await asyncio.sleep(1)
        killing_s = time.monotonic()
        await asyncio.to_thread(masters[0].kill)
        killed_s = time.monotonic()
        promoted_s = await promoted(replica)
        assert await status(nodes[0], "/healthz") == 200
        for talk in talks[0]:
            await talk.is_live_again(promoted_s, stalls)
        for talk in (*talks[1], *talks[2]):
            await talk.goes_on_after(promoted_s)
        await asyncio.sleep(1)

    back_s = min([promoted_s + await talk.goes_on_after(promoted_s) for talk in talks[0]])
    away_s = stalls.apart_from_s(killed_s, back_s)
    for talk in (*talks[1], *talks[2]):
        # One that waited for the failover would have waited nearly as long.
        assert talk.slowest_s(stalls, killing_s) < away_s * 2 / 3
    for members, pair in zip(clients, talks, strict=True):
        await members[2].say("the end")
        await same_for_all(members)
        assert all(client.close_code is None for client in members)
        assert all(joined_once(client, members) for client in members)
        logs = {seq: hash_ for client in members for _, seq, hash_ in client.log}
        assert all(logs[seq] == hash_ for client in members for _, seq, hash_ in client.log)
        assert members[0].playback["status"] == "playing"
        seen = [message["text"] for message in members[2].messages]
        assert len(seen) == len(set(seen))
        # What the master lost may have been acknowledged; nobody else lost anything.
        from_s = killing_s if pair is talks[0] else math.inf
        assert set[str]().union(*(talk.certain(from_s, promoted_s) for talk in pair)) <= set(seen)
    await until_ready(nodes[0])


async def test_what_a_replica_never_got_is_answered_by_a_snapshot_and_a_higher_epoch(
    own_redis_cluster: RedisCluster,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    cinema: Cinema,
    crowd: Crowd,
) -> None:
    cluster = own_redis_cluster
    nodes = start_on(cluster.url)
    master = cluster.master_of(0)
    (replica,) = cluster.replicas_of(master)
    room = cinema.room(partition=partition_of(cluster, master))
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(3)]
    await clients[0].play()
    await clients[0].pause()
    await clients[1].say("survives")
    away = await crowd.enter(nodes[0], room)
    for client in clients:
        await client.reaches(away.point[1])
    await replicated(master, replica)
    with cut_off(master, replica):
        await clients[0].say("is lost")
        for member in (*clients, away):
            await member.reaches(clients[0].point[1])
        await away.drop()
        master.kill()
    await promoted(replica)

    for member in clients:
        await member.expect("snapshot", timeout_s=20)
        assert member.point[0] == 2
    await away.reconnect()
    assert away.welcome["mode"] == "snapshot"
    assert (await clients[2].say("goes on"))["type"] == "ack"
    await same_for_all([*clients, away])
    assert [message["text"] for message in clients[0].messages] == ["survives", "goes on"]
    assert set(clients[0].members) == {client.id for client in (*clients, away)}


async def test_a_partition_that_moves_to_another_shard_takes_its_rooms_along(
    own_redis_cluster: RedisCluster,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    cinema: Cinema,
    crowd: Crowd,
) -> None:
    cluster = own_redis_cluster
    nodes = start_on(cluster.url)
    source, target = cluster.master_of(0), cluster.master_of(16_000)
    room = cinema.room(partition=partition_of(cluster, source))
    slot = slot_of(f"p{room['partition']}".encode())
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    await clients[0].play()
    talks = [Talk(client) for client in clients[:2]]
    async with everyone_talks(*talks) as stalls:
        await asyncio.sleep(0.5)
        for there in (target, source, target):
            await asyncio.to_thread(cluster.move_slot, slot, there)
            moved_s = time.monotonic()
            for talk in talks:
                await talk.is_live_again(moved_s, stalls)
    await same_for_all(clients)
    assert all(client.close_code is None for client in clients)
    assert all(joined_once(client, clients) for client in clients)
    assert clients[0].point[0] == 1
    seen = [message["text"] for message in clients[2].messages]
    assert len(seen) == len(set(seen))
    assert {text for talk in talks for text, _, _ in talk.acked} <= set(seen)


async def test_a_master_that_steps_down_is_left_for_the_new_one(
    own_redis_cluster: RedisCluster,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    cinema: Cinema,
    crowd: Crowd,
) -> None:
    cluster = own_redis_cluster
    nodes = start_on(cluster.url)
    master = cluster.master_of(0)
    (replica,) = cluster.replicas_of(master)
    room = cinema.room(partition=partition_of(cluster, master))
    clients = [await crowd.enter(nodes[n % 2], room) for n in range(2)]
    talks = [Talk(client) for client in clients]
    async with everyone_talks(*talks) as stalls:
        with replica.client() as client:
            client.execute_command("CLUSTER FAILOVER")
        promoted_s = await promoted(replica)
        for talk in talks:
            await talk.is_live_again(promoted_s, stalls)
    await same_for_all(clients)
    assert clients[0].point[0] == 1
    assert all(joined_once(client, clients) for client in clients)


async def test_a_shard_that_does_not_answer_disturbs_no_room_of_the_others(
    own_redis_cluster: RedisCluster,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    cinema: Cinema,
    crowd: Crowd,
) -> None:
    cluster = own_redis_cluster
    nodes = start_on(cluster.url)
    hanging, serving = cluster.master_of(0), cluster.master_of(16_000)
    silent, room = (cinema.room(partition=partition_of(cluster, master)) for master in (hanging, serving))
    waiting = await crowd.enter(nodes[0], silent)
    anna, boris = await crowd.enter(nodes[0], room), await crowd.enter(nodes[0], room)
    doomed = [await crowd.enter(nodes[1], room) for _ in range(2)]
    pids = [server.pid for server in (hanging, *cluster.replicas_of(hanging)) if server.pid is not None]
    talk = Talk(anna)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with everyone_talks(talk) as stalls:
            await asyncio.to_thread(nodes[1].process.kill)
            answer = await waiting.say("is anybody there?", id_="once")
            assert answer["code"] in {"try_again", "outcome_unknown"}
            # Leases are renewed and looked at as ever: a node that dies is found out, those of the living are not.
            for one in doomed:
                left = await boris.expect(
                    lambda message, one=one: message["type"] == "member_left" and message["member_id"] == one.id,  # type: ignore[misc]
                    timeout_s=30,
                )
                assert left["reason"] == "lost"
            assert await status(nodes[0], "/healthz") == 200
            assert await status(nodes[0], "/readyz") == 503
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert talk.slowest_s(stalls) < UNDISTURBED_S
    assert set(boris.members) == {anna.id, boris.id}
    await until_ready(nodes[0])
    while (answer := await waiting.say("is anybody there?", id_="once"))["type"] != "ack":
        await asyncio.sleep(answer["retry_after_ms"] / 1000)
    assert [message["text"] for message in waiting.messages] == ["is anybody there?"]


async def test_behind_sentinels_rooms_go_on_with_the_replica(
    own_redis_sentinels: RedisSentinels,
    start_on: Callable[[str], tuple[SyncNode, SyncNode]],
    crowd: Crowd,
    room: Room,
) -> None:
    nodes = start_on(own_redis_sentinels.url)
    members = [await crowd.enter(nodes[n % 2], room) for n in range(4)]
    await members[0].play()
    talks = [Talk(members[0]), Talk(members[1])]
    master = own_redis_sentinels.master()
    (replica,) = (server for server in own_redis_sentinels.servers if server is not master)

    async with everyone_talks(*talks) as stalls:
        await asyncio.sleep(0.5)
        killing_s = time.monotonic()
        await asyncio.to_thread(master.kill)
        promoted_s = await promoted(replica)
        for talk in talks:
            await talk.is_live_again(promoted_s, stalls)

    await same_for_all(members)
    assert all(client.close_code is None for client in members)
    assert all(joined_once(client, members) for client in members)
    seen = [message["text"] for message in members[2].messages]
    assert len(seen) == len(set(seen))
    assert set[str]().union(*(talk.certain(killing_s, promoted_s) for talk in talks)) <= set(seen)
