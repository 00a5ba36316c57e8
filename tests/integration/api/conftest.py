"""Fixtures of api_service's integration tests."""

from collections.abc import AsyncIterator

import pytest

from api_service.database import Database
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import PATIENCE_S, Cinema, RunningSite, running_site, settings_for


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, acquire_deadline_s=PATIENCE_S)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def cinema(db: Database) -> Cinema:
    return Cinema(db)


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[RunningSite]:
    """The whole site while RabbitMQ is away."""
    async with running_site(settings_for(database_url, port=free_port())) as made:
        yield made
