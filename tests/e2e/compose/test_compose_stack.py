"""What docker-compose.yml promises beyond the product itself: the edge, the nodes behind it, the containers."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

SITE = os.environ["SITE_URL"]
ROOT_ID = "0"


def compose(*arguments: str) -> str:
    command = [*shlex.split(os.environ["COMPOSE"]), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(SITE).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def upstream_nodes(name: str) -> set[str]:
    blocks = compose("exec", "-T", "nginx", "cat", "/tmp/upstreams.conf")  # noqa: S108 - the container's own
    block = re.search(rf"upstream {name} {{(.*?)}}", blocks, re.DOTALL)
    assert block is not None, blocks
    return set(re.findall(r"server ([0-9.]+):", block[1]))


def addresses(service: str) -> set[str]:
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    ids = compose("ps", "-q", service).split()
    found = subprocess.run(["docker", "inspect", "-f", template, *ids], check=True, stdout=subprocess.PIPE, text=True)
    return set(found.stdout.split())


def wait_until(condition: Callable[[], bool], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.3)


def sockets_by_partition(agent: str) -> dict[str, set[str]]:
    """Which nodes got the requests of `agent` for each partition's socket, as nginx logged them."""
    nodes = defaultdict(set)
    for line in compose("logs", "--no-color", "nginx").splitlines():
        _, _, entry = line.partition("| ")
        if '"uri":"/ws/p' in entry and agent in entry:
            seen = json.loads(entry)
            nodes[seen["uri"].removeprefix("/ws/p")].add(seen["upstream"])
    return nodes


def test_figures_are_for_the_inside_only() -> None:
    assert get("/metrics")[0] == 404
    inside = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/metrics').status)"
    assert compose("exec", "-T", "api", "python", "-c", inside).strip() == "200"


def test_a_film_answers_ranges_from_the_cache() -> None:
    path = "/demo/media/tide-keeper.mp4"
    whole = get(path)[2]
    status, headers, part = get(path, Range="bytes=1000-1999")
    assert (status, headers["X-Cache"]) == (206, "HIT")
    assert part == whole[1000:2000]


def test_pages_are_never_cached_at_the_edge() -> None:
    assert "X-Cache" not in get("/")[1]


def test_a_partition_stays_on_one_node_and_all_nodes_have_some() -> None:
    wait_until(lambda: upstream_nodes("sync") == addresses("sync"))
    agent = f"test {uuid4()}"
    for _ in range(3):
        for partition in range(32):
            # Reached sync_service, which wants an upgrade.
            assert get(f"/ws/p{partition}", **{"User-Agent": agent})[0] == 400
    nodes = sockets_by_partition(agent)
    assert all(len(nodes[str(partition)]) == 1 for partition in range(32)), nodes
    assert len(set.union(*nodes.values())) == 2


@pytest.fixture
def three_nodes() -> Iterator[None]:
    compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "sync=3", "sync")
    yield
    compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "sync=2", "sync")


def test_the_edge_follows_a_service_that_is_scaled(three_nodes: None) -> None:
    assert len(addresses("sync")) == 3
    wait_until(lambda: upstream_nodes("sync") == addresses("sync"))


def test_another_node_answers_for_one_that_is_gone() -> None:
    wait_until(lambda: upstream_nodes("sync") == addresses("sync"))
    first = compose("ps", "-q", "sync").split()[0]
    subprocess.run(["docker", "kill", first], check=True, stdout=subprocess.DEVNULL)
    try:
        assert {get(f"/ws/p{partition}")[0] for partition in range(8)} == {400}
    finally:
        subprocess.run(["docker", "start", first], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("service", ["api", "sync", "notifier", "identity", "inbox"])
def test_our_processes_are_not_root_and_cannot_change_their_image(service: str) -> None:
    assert compose("exec", "-T", service, "id", "-u").strip() != ROOT_ID
    writing = "touch /app/x 2>/dev/null && echo written || echo refused"
    assert compose("exec", "-T", service, "sh", "-c", writing).strip() == "refused"


def test_the_seed_and_the_migrations_have_ended_well() -> None:
    for service in ("migrate", "seed"):
        [container] = compose("ps", "-q", service).split() or [""]
        state = subprocess.run(
            ["docker", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", container],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert state.stdout.strip() == "exited 0"
