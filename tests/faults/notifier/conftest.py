"""A notifier and a mail server on a RabbitMQ that the tests kill."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.notifier_fixtures import MailServer, MakeNotifier, listening, notifier_maker
from tests.support.processes import RunProcess


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the notifier of this test remembers."""
    return tmp_path / "notifier" / "state.sqlite3"


@pytest.fixture
def make_notifier(run_process: RunProcess, state: Path) -> MakeNotifier:
    """Make a notifier, not yet started: `make_notifier(amqp_url, smtp_port, **settings)`."""
    return notifier_maker(run_process, state)


@pytest.fixture
async def mail_host(free_port: int) -> AsyncIterator[MailServer]:
    """A mail server whose answers the test chooses."""
    async with listening(MailServer(free_port)) as server:
        yield server
