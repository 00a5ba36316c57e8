"""Two sync processes side by side on the session's Redis and RabbitMQ, shared by a module's tests: rooms are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore
from tests.fresh_stores import empty_redis, make_vhost, remove_vhost
from tests.processes import RunProcess
from tests.sync_fixtures import Cinema, SyncNode, cinema, crowd, room, run_for_module, start_node

__all__ = ["cinema", "crowd", "room", "run_for_module"]


@pytest.fixture(scope="module")
def module_redis_url(redis_server: Redis | GivenStore) -> str:
    return empty_redis(redis_server)


@pytest.fixture(scope="module")
def module_amqp_url(rabbitmq: RabbitMQ | GivenStore) -> Iterator[str]:
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
