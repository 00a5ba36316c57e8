from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.settings import Environment, SettingsError, read


@dataclass(frozen=True)
class Settings:
    database_url: str
    port: int
    signing_key: tuple[str, bytes]
    resume_keys: dict[str, bytes]
    origins: tuple[str, ...]
    level: str


def build(env: Environment) -> Settings:
    return Settings(
        database_url=env.address("DATABASE_URL", "postgresql", example="postgresql://user:password@host/db"),
        port=env.port("API_PORT", default=8080),
        signing_key=env.key("SIGNING_KEY", size=4, example="k1:AAAAAA"),
        resume_keys=env.keys("RESUME_KEYS", size=4, at_least=True, example="k1:AAAAAA"),
        origins=env.names("ALLOWED_ORIGINS", example="http://localhost:8080"),
        level=env.choice("LOG_LEVEL", ("debug", "info"), default="info"),
    )


GOOD = {
    "DATABASE_URL": "postgresql://u:p@localhost:5432/x",
    "SIGNING_KEY": "k1:c2VlZA",
    "RESUME_KEYS": "new:bG9uZ2Vy,old:c2VlZA",
    "ALLOWED_ORIGINS": "http://a, http://b",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_PORT", "LOG_LEVEL", *GOOD):
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_good_variables_become_typed_settings() -> None:
    settings = read(build)

    assert settings.port == 8080
    assert settings.signing_key == ("k1", b"seed")
    assert list(settings.resume_keys.items()) == [("new", b"longer"), ("old", b"seed")]
    assert settings.origins == ("http://a", "http://b")


def test_all_missing_variables_are_named_at_once_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("SIGNING_KEY")

    with pytest.raises(SettingsError) as error:
        read(build)

    assert "DATABASE_URL: Environment variable not set. Set it, e.g. DATABASE_URL=postgresql://" in str(error.value)
    assert "SIGNING_KEY" in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:secret@localhost/x"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", ""),
        ("API_PORT", "http"),
        ("API_PORT", "70000"),
        ("SIGNING_KEY", "c2VlZA"),
        ("SIGNING_KEY", "k1:bG9uZ2Vy"),
        ("SIGNING_KEY", "k1:***"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"^{name}: "):
        read(build)


def test_a_complaint_never_prints_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://u:secret@localhost/x")

    with pytest.raises(SettingsError) as error:
        read(build)

    assert "secret" not in str(error.value)
