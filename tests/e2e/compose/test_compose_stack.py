"""What docker-compose.yml promises beyond the product itself: the edge, the nodes behind it, the containers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.e2e.compose.stack import addresses, compose, containers, docker, get, upstream_nodes, wait_until, within

ROOT_ID = "0"


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
    assert within("api", "python", "-c", inside).strip() == "200"


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
    first = containers("sync")[0]
    docker("kill", first)
    try:
        assert {get(f"/ws/p{partition}")[0] for partition in range(8)} == {400}
    finally:
        docker("start", first)


@pytest.mark.parametrize("service", ["api", "sync", "notifier", "identity", "inbox"])
def test_our_processes_are_not_root_and_cannot_change_their_image(service: str) -> None:
    assert within(service, "id", "-u").strip() != ROOT_ID
    writing = "touch /app/x 2>/dev/null && echo written || echo refused"
    assert within(service, "sh", "-c", writing).strip() == "refused"


def test_the_seed_and_the_migrations_have_ended_well() -> None:
    for service in ("migrate", "seed"):
        [container] = containers(service)
        assert docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", container).strip() == "exited 0"
