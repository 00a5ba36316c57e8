"""ALLOWED_ORIGINS: exact origins, as browsers send them; anything else stops the start and is told the remedy."""

from __future__ import annotations

import pytest

from shared.settings import Environment, SettingsError, read


def origins(environment: Environment) -> tuple[str, ...]:
    return environment.origins()


def test_exact_origins_are_taken_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://cinema.test, http://localhost:8080,http://[::1]:3000")

    assert read(origins) == ("https://cinema.test", "http://localhost:8080", "http://[::1]:3000")


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("https://cinema.test/", "write https://cinema.test."),
        ("https://Cinema.TEST", "write https://cinema.test."),
        ("HTTPS://cinema.test", "write https://cinema.test."),
        ("https://cinema.test/watch", "write https://cinema.test."),
        ("https://cinema.test?x", "write https://cinema.test."),
        ("https://cinema.test#x", "write https://cinema.test."),
        ("https://cinema.test:443", "write https://cinema.test."),
        ("http://cinema.test:80", "write http://cinema.test."),
        ("https://anna:secret@cinema.test", "write https://cinema.test."),
        ("*", "each site spelled out"),
        ("https://*.cinema.test", "each site spelled out"),
        ("https://*", "each site spelled out"),
        ("null", "each site spelled out"),
        ("cinema.test", "each site spelled out"),
        ("wss://cinema.test", "each site spelled out"),
        ("https://", "each site spelled out"),
        ("https://кино.test", "each site spelled out"),
        ("https://cinema.test:port", "each site spelled out"),
        ("https://cinema test", "each site spelled out"),
    ],
)
def test_anything_else_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch, given: str, remedy: str) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"https://fine.test,{given}")

    with pytest.raises(SettingsError) as told:
        read(origins)

    assert str(told.value).startswith("ALLOWED_ORIGINS: entry 2 ")
    assert remedy in str(told.value)
    assert "e.g. ALLOWED_ORIGINS=https://cinema.example" in str(told.value)
    assert "secret" not in str(told.value)
