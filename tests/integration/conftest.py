"""Fixtures of the integration tests that work with api_service's database."""

from collections.abc import AsyncIterator

import pytest

from api_service.database import Database
from tests.support.api_fixtures import PATIENCE_S, Cinema


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, acquire_deadline_s=PATIENCE_S)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def cinema(db: Database) -> Cinema:
    return Cinema(db)
