"""Settings of signing in: what is wrong is named, with the remedy and without the secret."""

from __future__ import annotations

import pytest

from api_service.identity import identity_settings
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


def complaints() -> dict[str, str]:
    """Return what reading the settings complains of, by variable."""
    with pytest.raises(SettingsError) as caught:
        settings.read(identity_settings)
    return dict(line.split(": ", 1) for line in str(caught.value).splitlines())


def test_they_are_read_from_the_environment() -> None:
    found = settings.read(identity_settings)

    assert found.issuer == "https://id.example/realms/cinema/", "an issuer is compared letter by letter"
    assert found.backchannel_url == "https://id.example/realms/cinema"
    assert (found.public_origin, found.secure) == ("https://cinema.example", True)
    assert found.audience == "urn:movie-together:api"
    assert found.session_key == b"session-key-of-the-tests-32-byte"


def test_the_site_may_be_at_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://cinema.example/kino/together/")

    found = settings.read(identity_settings)

    assert (found.public_origin, found.path) == ("https://cinema.example", "/kino/together")
    assert found.public_url == "https://cinema.example/kino/together"


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)

    assert complaints().keys() == GOOD.keys()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SESSION_KEY", "short"),
        ("SESSION_KEY", "not base64 at all, but of a length!!!!!!!!!!"),
        ("SESSION_KEY", "c2Vzc2lvbi1rZXktb2YtdGhlLXRlc3RzLTMyLWJ5dGUtYW5kLW1vcmU="),
        ("OIDC_ISSUER", "id.example"),
        ("OIDC_ISSUER", "ftp://id.example"),
        ("OIDC_ISSUER", "https://id.example/?x"),
        ("OIDC_ISSUER", "https://id.example/?"),
        ("OIDC_ISSUER", "https://id.example/#x"),
        ("OIDC_ISSUER", "http://id.example:0"),
        ("OIDC_ISSUER", "http://"),
        ("OIDC_BACKCHANNEL_URL", "id.example"),
        ("PUBLIC_URL", "https://cinema.example/films/<b>"),
        ("PUBLIC_URL", "https://cinema.example//films"),
        ("PUBLIC_URL", "https://cinema.example?x"),
        ("PUBLIC_URL", "https://cinema.example#x"),
        ("PUBLIC_URL", "cinema.example"),
    ],
)
def test_what_is_wrong_is_named_alone_and_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    found = complaints()

    assert found.keys() == {variable}
    assert f"Set it, e.g. {variable}=" in found[variable] or ", e.g. " in found[variable]
    assert variable != "SESSION_KEY" or value not in found[variable]
