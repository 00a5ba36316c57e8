"""The edge while what stands behind it hangs, is away, or cannot be found."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator
from typing import Final

import aiohttp
import pytest

from shared.tickets import Minter
from tests.e2e.compose.stack import (
    SITE,
    addresses,
    compose,
    containers,
    docker,
    get,
    upstream_nodes,
    wait_until,
    within,
)
from tests.support.clients import Disconnected, RoomClient
from tests.support.sync_fixtures import Cinema

PARTITIONS = range(16)
HUNG_NODE_LEFT_WITHIN_S: Final = 10.0


def nodes_left_out() -> set[str]:
    upstreams = compose("exec", "-T", "nginx", "cat", "/tmp/upstreams.conf")  # noqa: S108 - the container's own
    return set(re.findall(r"server ([0-9.]+):\d+ down;", upstreams))


def address_of(container: str) -> str:
    return docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container).strip()


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a node of sync_service that takes connections and says nothing."""
    wait_until(lambda: upstream_nodes("sync") == addresses("sync") and not nodes_left_out())
    container = containers("sync")[0]
    docker("kill", "--signal", "STOP", container)
    yield address_of(container)
    docker("kill", "--signal", "CONT", container)
    wait_until(lambda: not nodes_left_out())


def test_a_handshake_goes_on_to_the_next_node_when_one_hangs(hanging: str) -> None:
    # `get` waits 10 s; a socket may be silent for 8 s. Both before and after the node is found to hang.
    assert {get(f"/ws/p{partition}")[0] for partition in PARTITIONS} == {400}
    wait_until(lambda: nodes_left_out() == {hanging})
    assert {get(f"/ws/p{partition}")[0] for partition in PARTITIONS} == {400}


class Wanderer(RoomClient):
    """A member who comes back through the edge whenever the connection is lost."""

    async def is_back(self, since: float) -> float:
        """Wait until the connection is lost and there is another one; return how many seconds after ``since``."""
        await self.closed()
        while True:
            with contextlib.suppress(Disconnected, aiohttp.ClientError):
                await self.reconnect()
                return time.monotonic() - since
            await asyncio.sleep(0.2)


def minter() -> Minter:
    """Return what signs tickets as api_service does."""
    kid, _, seed = within("api", "printenv", "TICKET_SIGNING_KEY").strip().partition(":")
    return Minter(kid, base64.urlsafe_b64decode(seed + "=" * (-len(seed) % 4)))


async def test_members_of_a_node_that_hangs_are_elsewhere_within_ten_seconds_though_they_do_nothing() -> None:
    wait_until(lambda: upstream_nodes("sync") == addresses("sync") and not nodes_left_out())
    tickets, members = minter(), []
    for partition in PARTITIONS:
        room = Cinema().room(partition=partition)
        user = {"id": room["owner"], "name": "Anna", "role": "owner"}
        member = Wanderer(f"{SITE.replace('http', 'ws', 1)}/ws/p{partition}")
        members.append(await member.hello(tickets.mint(user=user, room=room)))
    container = containers("sync")[0]
    docker("kill", "--signal", "STOP", container)
    began = time.monotonic()
    waiting = [asyncio.create_task(member.is_back(began)) for member in members]
    try:
        await asyncio.sleep(HUNG_NODE_LEFT_WITHIN_S)
        late = [task for task in waiting if not task.done()]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        moved = [task.result() for task in waiting if task.done() and not task.cancelled()]
        print(f"back after {sorted(round(seconds, 1) for seconds in moved)} s")
        assert moved, "all partitions were on the other node"
        # Those who are still connected have never been on the node that hangs.
        still_there = [member for member, task in zip(members, waiting, strict=True) if task in late]
        assert not [member for member in still_there if member.close_code is not None]
        for member in still_there:
            await member.ping()
    finally:
        docker("kill", "--signal", "CONT", container)
        for member in members:
            await member.drop()
        wait_until(lambda: not nodes_left_out())


@pytest.fixture
def no_names() -> Iterator[None]:
    """A name service that does not answer the edge."""
    edge = ("exec", "-T", "nginx", "sh", "-c")
    compose(*edge, "cp /etc/resolv.conf /tmp/resolv.conf && echo nameserver 127.0.0.9 >/etc/resolv.conf")
    yield
    compose(*edge, "cat /tmp/resolv.conf >/etc/resolv.conf")


def test_the_edge_keeps_its_addresses_while_names_cannot_be_looked_up(no_names: None) -> None:
    before = upstream_nodes("api"), upstream_nodes("sync")
    wait_until(lambda: compose("logs", "--no-color", "nginx").count("no address found") >= 2)
    assert (upstream_nodes("api"), upstream_nodes("sync")) == before
    assert get("/healthz")[0] == 200
    assert get("/ws/p1")[0] == 400


@pytest.fixture(scope="module")
def without_api() -> Iterator[None]:
    """No container of api_service runs."""
    stopped = containers("api")
    docker("stop", *stopped)
    yield
    docker("start", *stopped)
    wait_until(lambda: get("/healthz")[0] == 200, within_s=120)


def test_programs_get_a_problem_when_nobody_answers(without_api: None) -> None:
    status, headers, content = get("/api/v1/films", Accept="text/html")
    problem = json.loads(content)
    assert status in {502, 504}
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Retry-After"]) > 0
    assert problem["code"] == {502: "bad_gateway", 504: "gateway_timeout"}[status]
    assert problem["type"] == f"/problems/{problem['code']}"
    assert (problem["status"], problem["instance"]) == (status, "/api/v1/films")


@pytest.mark.parametrize(
    ("path", "headers", "says"),
    [
        ("/", {}, "Скоро вернёмся"),
        ("/rooms", {"Accept-Language": "en-GB,en;q=0.9,ru;q=0.5"}, "We will be right back"),
        ("/rooms", {"Accept-Language": "ru,en;q=0.9"}, "Скоро вернёмся"),
        ("/rooms", {"Accept-Language": "ru", "Cookie": "lang=en"}, "We will be right back"),
        ("/rooms?lang=ru", {"Cookie": "lang=en"}, "Скоро вернёмся"),
    ],
)
def test_people_get_a_page_of_ours_in_their_language_when_nobody_answers(
    without_api: None, path: str, headers: dict[str, str], says: str
) -> None:
    status, answered, content = get(path, Accept="text/html,application/xhtml+xml", **headers)
    assert status in {502, 504}
    assert answered["Content-Type"] == "text/html; charset=utf-8"
    assert int(answered["Retry-After"]) > 0
    assert says in content.decode()
