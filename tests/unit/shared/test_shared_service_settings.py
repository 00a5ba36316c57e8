"""The settings of both services: whatever is wrong is named at once, each variable by its own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

import api_service.settings
import sync_service.settings
from shared.settings import MOST_PARTITIONS, Environment, SettingsError, read

KEY = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

# Of each variable, a value that is accepted and one that is not; None where any text is accepted.
BOTH: Mapping[str, tuple[str, str | None]] = {
    "AMQP_URL": ("amqp://guest:guest@localhost:5672/", "localhost"),
    "PARTITIONS": ("64", "many"),
    "LOG_LEVEL": ("info", "loud"),
    "LOG_FORMAT": ("json", "yaml"),
    "ALLOWED_ORIGINS": ("http://localhost:8080,https://cinema.test", "https://cinema.test/"),
}
SERVICES: Mapping[str, tuple[Callable[[Environment], Any], Mapping[str, tuple[str, str | None]]]] = {
    "api_service": (
        api_service.settings.settings,
        {
            **BOTH,
            "DATABASE_URL": ("postgresql://localhost/movie_together", "mysql://localhost/x"),
            "API_HOST": ("127.0.0.1", ""),
            "API_PORT": ("8080", "0"),
            "PUBLIC_URL": ("https://cinema.test/films", "https://cinema.test?films"),
            "SYNC_PUBLIC_URL": ("wss://sync.cinema.test", "https://sync.cinema.test"),
            "OIDC_ISSUER": ("https://id.cinema.test", "id.cinema.test"),
            "OIDC_BACKCHANNEL_URL": ("http://identity:8082", "identity:8082"),
            "OIDC_CLIENT_ID": ("movie-together", ""),
            "OIDC_CLIENT_SECRET": ("secret", ""),
            "OIDC_AUDIENCE": ("urn:movie-together:api", ""),
            "SESSION_KEY": ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "c2hvcnQ="),
            "TICKET_SIGNING_KEY": (KEY, "k1:c2hvcnQ"),
            "ASSETS_DIR": ("build/assets", ""),
            "DEMO_DIR": ("deploy/demo", ""),
            "FRAME_ANCESTORS": ("https://cinema.test", "https://*.cinema.test"),
            "ENTITLEMENT_URL": ("https://cinema.test/may-watch?of=us", "cinema.test/may-watch"),
            "ENTITLEMENT_KEY": ("whsec_a2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE=", "whsec_c2hvcnQ="),
            "ENTITLEMENT_WHEN_SILENT": ("allow", "perhaps"),
            "SOURCE_URL": ("https://cinema.test/source", "cinema.test/source"),
            "SOURCE_KEY": ("whsec_a2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE=", "whsec_c2hvcnQ="),
            "FILM_ORIGINS": ("https://cdn.test", "https://cdn.test/films"),
            "ROOM_URL_TEMPLATE": ("https://cinema.test/{film}?together={code}", "https://cinema.test/{film}"),
        },
    ),
    "sync_service": (
        sync_service.settings.settings,
        {
            **BOTH,
            "REDIS_URL": ("redis://localhost:6379", "http://localhost"),
            "SYNC_HOST": ("127.0.0.1", ""),
            "SYNC_PORT": ("8081", "70000"),
            "TICKET_VERIFY_KEYS": (KEY, "k1:c2hvcnQ"),
            "RESUME_KEYS": (KEY, "k1:c2hvcnQ"),
            "NODE_ID": ("node-1", "node 1"),
        },
    ),
}


@pytest.mark.parametrize("service", SERVICES)
def test_good_variables_are_accepted(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    settings, variables = SERVICES[service]
    for name, (good, _) in variables.items():
        monkeypatch.setenv(name, good)

    read(settings)


@pytest.mark.parametrize("service", SERVICES)
def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    settings, variables = SERVICES[service]
    for name, (good, bad) in variables.items():
        monkeypatch.setenv(name, good if bad is None else bad)

    with pytest.raises(SettingsError) as caught:
        read(settings)

    named = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert sorted(named) == sorted(name for name, (_, bad) in variables.items() if bad is not None)


@pytest.mark.parametrize(
    ("service", "name"),
    [
        (service, name)
        for service, (_, found) in SERVICES.items()
        for name, (_, bad) in found.items()
        if bad is not None
    ],
)
def test_a_bad_variable_is_named_alone(monkeypatch: pytest.MonkeyPatch, service: str, name: str) -> None:
    settings, variables = SERVICES[service]
    for other, (good, _) in variables.items():
        monkeypatch.setenv(other, good)
    monkeypatch.setenv(name, str(variables[name][1]))

    with pytest.raises(SettingsError, match=rf"^{name}: .+$"):
        read(settings)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("number", "accepted"), [(1, True), (MOST_PARTITIONS, True), (0, False), (MOST_PARTITIONS + 1, False)]
)
def test_both_services_take_the_same_numbers_of_partitions(
    monkeypatch: pytest.MonkeyPatch, service: str, number: int, accepted: bool
) -> None:
    settings, variables = SERVICES[service]
    for name, (good, _) in variables.items():
        monkeypatch.setenv(name, good)
    monkeypatch.setenv("PARTITIONS", str(number))

    if accepted:
        read(settings)
    else:
        with pytest.raises(SettingsError, match=r"^PARTITIONS: .+$"):
            read(settings)
