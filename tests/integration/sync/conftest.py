"""Two sync processes side by side on the session's Redis and RabbitMQ, shared by a module's tests: rooms are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore
from tests.support.fresh_stores import empty_redis
from tests.support.processes import RunProcess
from tests.support.redis_cluster import RedisCluster
from tests.support.sync_fixtures import Cinema, SyncNode, cinema, crowd, room, run_for_module, start_node
from tests.support.virtual_hosts import make_vhost, remove_vhost

__all__ = ["cinema", "crowd", "room", "run_for_module"]


# Where a Cluster could behave otherwise; the others run there with --store=cluster.
ON_BOTH = ("test_sync_commands", "test_sync_lifecycle", "test_sync_resume", "test_sync_store", "test_sync_two_nodes")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses Redis on the kind asked for, or on both."""
    if "store_kind" in metafunc.fixturenames:
        asked = metafunc.config.getoption("store")
        both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH
        kinds = [asked] if asked else ["standalone", "cluster"] if both else ["standalone"]
        metafunc.parametrize("store_kind", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def store_kind(request: pytest.FixtureRequest) -> str:
    """The kind of Redis: standalone or cluster."""
    return str(request.param)


@pytest.fixture(scope="module")
def new_redis(store_kind: str, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return the address of an empty Redis of this kind, a new one each time (the one Cluster is emptied)."""
    if store_kind == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")

        def emptied() -> str:
            cluster.flush()
            return cluster.url

        return emptied
    server: Redis | GivenStore = request.getfixturevalue("redis_server")
    return lambda: empty_redis(server)


@pytest.fixture(scope="module")
def module_redis_url(new_redis: Callable[[], str]) -> str:
    return new_redis()


@pytest.fixture
def redis_url(new_redis: Callable[[], str]) -> str:
    """The address of an empty Redis."""
    return new_redis()


@pytest.fixture(scope="module")
def module_amqp_url(store_kind: str, rabbitmq: RabbitMQ | GivenStore) -> Iterator[str]:
    """The address of a virtual host; one for each kind of Redis, or nodes on the other kind would share the queues."""
    assert store_kind
    url = make_vhost(rabbitmq)
    yield url
    remove_vhost(rabbitmq, url)


@pytest.fixture(scope="module")
def nodes(
    run_for_module: RunProcess, cinema: Cinema, module_redis_url: str, module_amqp_url: str
) -> tuple[SyncNode, SyncNode]:
    """Two sync processes that serve the same rooms."""
    return (
        start_node(run_for_module, cinema, module_redis_url, module_amqp_url),
        start_node(run_for_module, cinema, module_redis_url, module_amqp_url),
    )


@pytest.fixture
def node(nodes: tuple[SyncNode, SyncNode]) -> SyncNode:
    """One of them."""
    return nodes[0]
