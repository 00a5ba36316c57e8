"""The notifier and the inbox as processes, on a fresh virtual host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from tests.support.notifier_fixtures import (
    Broker,
    Inbox,
    MailServer,
    MakeNotifier,
    broker,
    listening,
    notifier_maker,
    started,
)
from tests.support.processes import RunProcess

INBOX = ("python", "-W", "error", "-m", "deploy.neighbours.inbox")


def inbox_settings(directory: Path) -> dict[str, str]:
    return {
        "INBOX_DIR": str(directory),
        "INBOX_SMTP_PORT": str(free_port()),
        "INBOX_HTTP_PORT": str(free_port()),
    }


@pytest.fixture
def inbox_program(run_process: RunProcess, tmp_path: Path) -> tuple[WebProgram, Inbox]:
    """The inbox, not yet started, and its client."""
    env = inbox_settings(tmp_path / "inbox")
    url = f"http://127.0.0.1:{env['INBOX_HTTP_PORT']}"
    program = run_process(INBOX, env, f"{url}/readyz", name="inbox", start=False)
    return program, Inbox(url, int(env["INBOX_SMTP_PORT"]))


@pytest.fixture
async def inbox(inbox_program: tuple[WebProgram, Inbox]) -> Inbox:
    """The inbox, serving."""
    program, client = inbox_program
    await started(program)
    return client


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the notifier of this test remembers."""
    return tmp_path / "notifier" / "state.sqlite3"


@pytest.fixture
def make_notifier(run_process: RunProcess, state: Path) -> MakeNotifier:
    """Make a notifier, not yet started: `make_notifier(amqp_url, smtp_port, **settings)`."""
    return notifier_maker(run_process, state)


@pytest.fixture
async def cinema(amqp_url: str) -> AsyncIterator[Broker]:
    """The publishing side of the broker."""
    async with broker(amqp_url) as connected:
        yield connected


@pytest.fixture
async def mail_host(free_port: int) -> AsyncIterator[MailServer]:
    """A mail server whose answers the test chooses."""
    async with listening(MailServer(free_port)) as server:
        yield server
