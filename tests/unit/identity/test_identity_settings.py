"""Settings of signing in: what is wrong is named, with the remedy and without the secret."""

from __future__ import annotations

import dataclasses

import pytest
from aiohttp import web

from api_service.identity import IdentitySettings, identity_settings, setup_identity
from api_service.usecases.people import Accounts
from shared import settings
from shared.settings import SettingsError

GOOD = {
    "PUBLIC_URL": "https://cinema.example/",
    "OIDC_ISSUER": "https://id.example/realms/cinema/",
    "OIDC_CLIENT_ID": "movie-together",
    "OIDC_CLIENT_SECRET": "a secret",
    "SESSION_KEY": "c2Vzc2lvbi1rZXktb2YtdGhlLXRlc3RzLTMyLWJ5dGU=",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OIDC_BACKCHANNEL_URL", "OIDC_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_they_are_read_from_the_environment() -> None:
    found = settings.read(identity_settings)

    assert found.issuer == "https://id.example/realms/cinema/", "an issuer is compared letter by letter"
    assert found.backchannel_url == "https://id.example/realms/cinema"
    assert (found.public_origin, found.secure) == ("https://cinema.example", True)
    assert found.audience == "urn:movie-together:api"


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)

    with pytest.raises(SettingsError) as caught:
        settings.read(identity_settings)
    assert all(name in str(caught.value) for name in GOOD)


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("session_key", "short", "SESSION_KEY"),
        ("session_key", "not base64 at all, but of a length!!!!!!!!!!", "SESSION_KEY"),
        ("session_key", "c2Vzc2lvbi1rZXktb2YtdGhlLXRlc3RzLTMyLWJ5dGUtYW5kLW1vcmU=", "SESSION_KEY"),
        ("issuer", "id.example", "OIDC_ISSUER"),
        ("issuer", "ftp://id.example", "OIDC_ISSUER"),
        ("issuer", "https://id.example/?x", "OIDC_ISSUER"),
        ("public_url", "https://cinema.example/films", "PUBLIC_URL"),
    ],
)
def test_what_is_wrong_is_named_without_the_secret(field: str, value: str, variable: str) -> None:
    found: IdentitySettings = dataclasses.replace(settings.read(identity_settings), **{field: value})

    with pytest.raises(SettingsError, match=variable) as caught:
        setup_identity(web.Application(), found, Accounts(None))  # type: ignore[arg-type]  # never asked
    assert field != "session_key" or value not in str(caught.value)
