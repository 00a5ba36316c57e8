"""Any schedule: random people on random nodes do everything at once, and all end with the same log and state."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from shared.broker import Broker
from shared.events.envelope import Event, new_event
from shared.events.rooms import MEMBER_BANNED, MEMBER_REVOKED, MEMBER_UNBANNED, ROOM_CHANGED
from tests.integration.sync.visitors import AGAIN, Visitor
from tests.support.clients import PATIENCE_S, Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, publish, start_node

Room = dict[str, Any]
AT_ONCE = 12
VISITORS = 4
ACTS = 8
OPEN = {"locked": False, "capacity": 50, "control": "everyone"}


@pytest.fixture(scope="module")
def three_nodes(
    nodes: tuple[SyncNode, SyncNode],
    run_for_module: RunProcess,
    cinema: Cinema,
    module_redis_url: str,
    module_amqp_url: str,
) -> Sequence[SyncNode]:
    """The module's two sync processes and one more."""
    return (*nodes, start_node(run_for_module, cinema, module_redis_url, module_amqp_url))


@pytest.fixture
async def api(module_amqp_url: str) -> AsyncIterator[Broker]:
    """The API's end of the broker; it takes what the rooms tell."""
    broker = Broker(module_amqp_url, "api_service")

    async def archived(event: Event) -> None:
        """Keep nothing of it."""

    keys = ("visit.*.v1", "playback.changed.v1", "chat.*.v1", "member.changed.v1", "settings.changed.v1")
    broker.consume("api_service.journal", (*keys, "reactions.counted.v1"), archived)
    await broker.start()
    await broker.wait_connected()
    yield broker
    await broker.close()


@pytest.mark.timeout(400)
async def test_any_schedule_ends_with_identical_logs_and_states(
    three_nodes: Sequence[SyncNode], cinema: Cinema, api: Broker, pytestconfig: pytest.Config
) -> None:
    schedules = int(pytestconfig.getoption("--schedules"))
    gate = asyncio.Semaphore(AT_ONCE)
    seen: Counter[str] = Counter()

    async def one(seed: int) -> str | None:
        async with gate:
            # Two nodes and three, in turns.
            schedule = Schedule(seed, three_nodes[: 2 + seed % 2], cinema, api)
            try:
                await asyncio.wait_for(schedule.run(seen), 3 * PATIENCE_S)
            except (AssertionError, TimeoutError) as error:
                return f"schedule {seed}: {error!r}"
            finally:
                await schedule.crowd.go_home()
            return None

    failures = [failure for failure in await asyncio.gather(*map(one, range(schedules))) if failure is not None]
    assert not failures, "\n".join(failures)
    # Nothing is proven by what did not happen.
    rare = {name: seen[name] for name in EVENTS if seen[name] < schedules // 20}
    assert not rare, seen


EVENTS = (
    *("played", "paused", "sought", "rate_changed", "hold_started", "hold_ended"),
    *("member_joined", "member_left", "member_changed", "role_set", "muted", "banned", "settings_changed"),
    *("said", "message_deleted"),
)


class Schedule:
    """One room, its owner, who stays and watches, and visitors; everything follows from ``seed`` but the timing."""

    def __init__(self, seed: int, nodes: Sequence[SyncNode], cinema: Cinema, api: Broker) -> None:
        self._dice = random.Random(seed)
        self._nodes = nodes
        self._cinema = cinema
        self._api = api
        self.crowd = Crowd(cinema)
        self._room = cinema.room(partition=seed % 64, settings={"hold_max_s": 1})

    async def run(self, seen: Counter[str]) -> None:
        room, nodes = self._room, self._nodes
        owner = await self.crowd.enter(self._dice.choice(nodes), room, room["owner"], "Owner")
        visitors = [
            Visitor(self.crowd, nodes, room, random.Random(self._dice.random()), id_)
            for id_ in [room["owner"], *[""] * VISITORS]
        ]
        await asyncio.gather(*(visitor.comes() for visitor in visitors))
        await owner.set_role(visitors[1].id, "moderator", id_="promoted")
        await asyncio.gather(*(visitor.acts(ACTS) for visitor in visitors), self._api_acts(visitors[-1]))
        # The API's last word lifts the ban; what comes after it bans nobody any more.
        await owner.until(lambda: any(event["type"] == "unbanned" for event in owner.events))
        while (opened := await owner.change_settings(**OPEN, id_="opened"))["type"] != "ack":
            assert opened["code"] in {"rate_limited", *AGAIN}, opened
            await asyncio.sleep(opened.get("retry_after_ms", 200) / 1000)
        # A node that lets somebody in has heard all that was done before: none of them keeps anybody out any more.
        tabs = [await self.crowd.enter(node, room, room["owner"], "Owner") for node in nodes]
        for visitor in visitors:
            if visitor.client is not None and visitor.client.close_code is None:
                with contextlib.suppress(Disconnected):
                    await visitor.client.ping()  # the close of one who was sent out may still be on its way
            if visitor.client is None or visitor.client.close_code is not None:
                assert await visitor.comes_back(), visitor.turned_away
        clients = [owner, *tabs, *(visitor.client for visitor in visitors if visitor.client is not None)]
        newcomer = await self.crowd.enter(self._dice.choice(nodes), room, room["owner"], "Owner")
        await self._agree([*clients, newcomer], owner)
        seen.update(event["type"] for event in owner.events)
        each_order_applied_once(owner)

    async def _api_acts(self, whom: Visitor) -> None:
        """The API's word comes in any order, twice, and to whichever node."""
        room = self._room
        place = {"partition": room["partition"], "room": room}
        person = {"user_id": whom.id, "by": room["owner"]}
        told = [
            (ROOM_CHANGED, {"changes": {"settings": {"slow_mode_s": 0}, "starts_at": None}, "version": 2}),
            (MEMBER_BANNED, {**person, "version": 3}),
            (ROOM_CHANGED, {"changes": {"capacity": 40, "settings": {"hold": True}}, "version": 4}),
            (MEMBER_UNBANNED, {**person, "version": 5}),
            (MEMBER_REVOKED, {**person, "version": 1}),
        ]
        events = [new_event(type_, room["id"], {**place, **data}, source="api_service") for type_, data in told]
        for event in self._dice.sample([*events, *events], 2 * len(events)):
            await publish(self._api, event)

    async def _agree(self, clients: Sequence[RoomClient], owner: RoomClient) -> None:
        """Wait until all stand at the same point, and compare what they have there."""
        async with asyncio.timeout(PATIENCE_S):
            while len({client.point for client in clients}) > 1:
                gone = [client.close_code for client in clients if client.close_code is not None]
                assert not gone, f"closed while waiting: {gone}"
                await asyncio.sleep(0.02)
            states = [(client.room, client.playback, client.members, client.messages[-20:]) for client in clients]
            logs = [{(epoch, seq): hash_ for epoch, seq, hash_ in client.log} for client in clients]
        for state in states:
            for mine, owners in zip(state, states[0], strict=True):
                assert mine == owners
        for log in logs:
            assert all(logs[0][place] == hash_ for place, hash_ in log.items() if place in logs[0])
        assert [seq for _, seq, _ in owner.log] == list(range(owner.log[0][1], owner.point[1] + 1))


def each_order_applied_once(watcher: RoomClient) -> None:
    """The events of one order stand together, and no other order has its id."""
    orders = [(event["by"], event["command"]) for event in watcher.events]
    runs = [order for n, order in enumerate(orders) if order[1] is not None and (n == 0 or orders[n - 1] != order)]
    twice = [order for order, count in Counter(runs).items() if count > 1]
    assert not twice, twice
