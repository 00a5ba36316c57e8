"""Stores of the module's own, which its tests break, and nodes upon them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, SyncNode, cinema, crowd, room, start_node

__all__ = ["cinema", "crowd", "room"]

StartNode = Callable[..., SyncNode]


@pytest.fixture
def start(run_process: RunProcess, cinema: Cinema, own_redis_url: str, own_amqp_url: str) -> StartNode:
    """Start a node on the stores that this test may break."""
    return partial(start_node, run_process, cinema, own_redis_url, own_amqp_url)
