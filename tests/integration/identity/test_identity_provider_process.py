"""The local identity provider as a process: how it starts, refuses to start, and stops."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.program import plain_environment
from tests.support.identity_fixtures import CLIENT_ID, SERVER, Browser, IdentityProvider

NewBrowser = Callable[..., Browser]


def refusal(environment: dict[str, str]) -> str:
    """Return what the provider says when it does not start; it must say so in one line and not hang."""
    env = plain_environment(**environment)
    done = subprocess.run(["node", SERVER], env=env, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "IDENTITY_ISSUER",
        "IDENTITY_DATA",
        "IDENTITY_VIEWERS",
        "IDENTITY_AUDIENCE",
        "IDENTITY_CLIENT_ID",
        "IDENTITY_CLIENT_SECRET",
        "IDENTITY_REDIRECT_URIS",
        "IDENTITY_LOGOUT_URIS",
    ],
)
def test_a_missing_setting_is_named_with_its_remedy(own_provider: IdentityProvider, name: str) -> None:
    environment = own_provider.environment()
    del environment[name]

    assert f"{name} is not set: give" in refusal(environment) or f"{name} is not set: list" in refusal(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_ISSUER", "http://localhost:8082/path"),
        ("IDENTITY_ISSUER", "localhost:8082"),
        ("IDENTITY_PORT", "eighty"),
        ("IDENTITY_VIEWERS", "/nowhere/viewers.json"),
        ("IDENTITY_DATA", "/dev/null/identity"),
        ("IDENTITY_REDIRECT_URIS", "not an address"),
        ("IDENTITY_REDIRECT_URIS", "http://localhost:8080/auth/callback#fragment"),
        ("IDENTITY_LOGOUT_URIS", "javascript:alert(1)"),
    ],
)
def test_a_wrong_setting_is_named(own_provider: IdentityProvider, name: str, value: str) -> None:
    assert name in refusal({**own_provider.environment(), name: value})


@pytest.mark.parametrize("viewers", ["{}", "[]", '[{"sub": "anna"}]', "nonsense"])
def test_a_list_of_viewers_that_is_none_is_named(own_provider: IdentityProvider, viewers: str) -> None:
    environment = own_provider.environment()
    Path(environment["IDENTITY_VIEWERS"]).write_text(viewers, encoding="utf-8")

    assert "IDENTITY_VIEWERS" in refusal(environment)


def test_a_taken_port_is_named_with_its_remedy(own_provider: IdentityProvider) -> None:
    own_provider.start()

    assert f"port {own_provider.port} is taken" in refusal(own_provider.environment())


def test_it_stops_in_order_when_asked(own_provider: IdentityProvider) -> None:
    own_provider.start()
    assert own_provider.program is not None
    process = own_provider.program.process
    assert process is not None

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_keys_are_made_once_and_kept_from_others(own_provider: IdentityProvider) -> None:
    own_provider.start()
    keys = own_provider.data / "keys.json"
    made = keys.read_text(encoding="utf-8")
    own_provider.stop()
    own_provider.start()

    assert keys.read_text(encoding="utf-8") == made
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


async def test_only_public_halves_of_keys_are_published(
    shared_provider: IdentityProvider, new_browser: NewBrowser
) -> None:
    answer = await new_browser(shared_provider.issuer).open("/jwks")

    [key] = json.loads(await answer.text())["keys"]
    assert (key["kty"], "d" in key) == ("EC", False)


async def test_every_address_it_gives_is_the_issuers(
    shared_provider: IdentityProvider, new_browser: NewBrowser
) -> None:
    behind = new_browser(f"http://localhost:{shared_provider.port}")
    answer = await behind.open(
        "/.well-known/openid-configuration", headers={"Host": "identity:8082", "X-Forwarded-Host": "evil.example"}
    )

    found = json.loads(await answer.text())
    addresses = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert found["issuer"] == shared_provider.issuer
    assert all(address.startswith(shared_provider.issuer + "/") for address in addresses)
    assert len(addresses) >= 5


async def test_a_wrong_return_address_is_shown_and_not_followed(
    shared_provider: IdentityProvider, new_browser: NewBrowser
) -> None:
    browser = new_browser(shared_provider.issuer, "en")
    page = await browser.open(
        f"/authorize?client_id={CLIENT_ID}&response_type=code&scope=openid&redirect_uri=https://evil.example/"
    )

    assert (page.status, page.history) == (400, ())
    assert "The sign-in did not work" in await page.text()
    assert f'href="{shared_provider.site}/"' in await page.text()


async def test_a_page_that_is_out_of_date_says_so(shared_provider: IdentityProvider, new_browser: NewBrowser) -> None:
    page = await new_browser(shared_provider.issuer).open("/sign-in/long-gone")

    assert page.status == 400
    assert "устарела или уже использована" in await page.text()


async def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    page = await browser.open("/auth/sign-in")

    assert (await browser.submit(page, viewer="x" * 10_000)).status == 400


async def test_pages_let_nothing_foreign_in(shared_provider: IdentityProvider, new_browser: NewBrowser) -> None:
    page = await new_browser(shared_provider.issuer).open("/")

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action {shared_provider.issuer} {shared_provider.site}" in policy
