"""Fixtures of api_service's integration tests."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.free_ports import free_port
from tests.support.api_fixtures import RunningSite, running_site, settings_for
from tests.support.cinema_hook import Hook, running_hook


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[RunningSite]:
    """The whole site while RabbitMQ is away."""
    async with running_site(settings_for(database_url, port=free_port())) as made:
        yield made


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """The cinema's side of a hook."""
    async with running_hook() as made:
        yield made
