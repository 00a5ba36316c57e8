"""Fixtures of signing in: one provider process for all tests, a site and browsers for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.free_ports import free_port
from tests.support.fresh_stores import Databases
from tests.support.identity_adversary import Adversary
from tests.support.identity_fixtures import Browser, IdentityProvider, running_site, settings_for


@pytest.fixture(scope="session")
def shared_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(tmp_path_factory.mktemp("identity"))
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def own_provider(tmp_path: Path) -> Iterator[IdentityProvider]:
    """A provider of this test's own, to stop and change; not started."""
    provider = IdentityProvider(tmp_path / "identity")
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def accounts_url(databases: Databases) -> Iterator[str]:
    """One database for all: accounts are told apart by issuer, and what signing in needs is theirs alone."""
    url = databases.make_migrated()
    yield url
    databases.drop(url)


@pytest.fixture
async def site(shared_provider: IdentityProvider, accounts_url: str) -> AsyncIterator[str]:
    """The address of a site that signs people in at the shared provider."""
    async with running_site(shared_provider.settings(), accounts_url):
        yield shared_provider.site


@pytest.fixture
async def new_browser() -> AsyncIterator[Callable[[str], Browser]]:
    opened: list[Browser] = []

    def make(site: str, language: str = "ru") -> Browser:
        opened.append(Browser(site, language))
        return opened[-1]

    yield make
    for browser in opened:
        await browser.close()


@pytest.fixture
async def browser(site: str, new_browser: Callable[[str], Browser]) -> Browser:
    return new_browser(site)


@pytest.fixture
async def adversary() -> AsyncIterator[Adversary]:
    """An adversary, trusted by the site that the fixture ``victim`` visits."""
    async with Adversary().running() as adversary:
        yield adversary


@pytest.fixture
async def victim(
    adversary: Adversary, accounts_url: str, new_browser: Callable[[str], Browser]
) -> AsyncIterator[Browser]:
    site = f"http://127.0.0.1:{free_port()}"
    async with running_site(settings_for(site, adversary.issuer), accounts_url):
        yield new_browser(site)
