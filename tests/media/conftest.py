"""A cinema with every kind of film, a sync process that serves its rooms, and viewers in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest
from playwright.async_api import Browser

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore
from tests.e2e.conftest import browser
from tests.support.fresh_stores import empty_redis
from tests.support.media.server import MediaSite, media_site
from tests.support.media.watcher import Watcher
from tests.support.processes import RunProcess, processes
from tests.support.sync_fixtures import Cinema, cinema, start_node
from tests.support.virtual_hosts import make_vhost, remove_vhost

__all__ = ["browser", "cinema"]

TABLE: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how each kind of film played."""
    if TABLE:
        terminalreporter.section("films, in step within ms (median, most), late joiner's film moves after s")
        terminalreporter.write_line("\n".join(TABLE))


class NewWatcher(Protocol):
    async def __call__(self, name: str = "Anna") -> Watcher: ...


@pytest.fixture(scope="package")
def run_for_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunProcess]:
    with processes(tmp_path_factory.mktemp("processes")) as run:
        yield run


@pytest.fixture(scope="package")
def package_amqp_url(rabbitmq: RabbitMQ | GivenStore) -> Iterator[str]:
    url = make_vhost(rabbitmq)
    yield url
    remove_vhost(rabbitmq, url)


@pytest.fixture(scope="package")
async def site(
    cinema: Cinema, run_for_package: RunProcess, redis_server: Redis | GivenStore, package_amqp_url: str
) -> AsyncIterator[MediaSite]:
    """The cinema; each test opens rooms of its own."""
    redis_url = empty_redis(redis_server)
    async with media_site(
        cinema,
        lambda origin: start_node(run_for_package, cinema, redis_url, package_amqp_url, ALLOWED_ORIGINS=origin),
    ) as serving:
        yield serving


@pytest.fixture
async def new_watcher(browser: Browser, site: MediaSite) -> AsyncIterator[NewWatcher]:
    """Return what opens a browser window for a viewer; if the test fails, what the consoles said is shown."""
    async with AsyncExitStack() as windows:

        async def make(name: str = "Anna") -> Watcher:
            context = await browser.new_context()
            windows.push_async_callback(context.close)
            watcher = Watcher(context, await context.new_page(), site, name)
            windows.callback(lambda: print(f"--- {name}'s console", *watcher.said, sep="\n"))
            return watcher

        yield make
