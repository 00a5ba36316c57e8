"""Settings: every wrong or missing variable is named with its remedy, at once and without its value."""

from pathlib import Path

import pytest

from api_service.settings import Settings, settings
from shared.settings import SettingsError, read

GOOD = {
    "DATABASE_URL": "postgresql://movie:s3cret@localhost:5432/movie_together",
    "AMQP_URL": "amqp://guest:s3cret@localhost:5672/",
    "PUBLIC_URL": "https://cinema.test",
    "SYNC_PUBLIC_URL": "wss://sync.cinema.test/",
    "OIDC_ISSUER": "https://id.cinema.test",
    "OIDC_CLIENT_ID": "movie-together",
    "OIDC_CLIENT_SECRET": "s3cret",
    "SESSION_KEY": "c2Vzc2lvbi1rZXktb2YtdGhlLXRlc3RzLTMyLWJ5dGU=",
    "TICKET_SIGNING_KEY": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
}
KNOWN = {*GOOD, "API_HOST", "API_PORT", "PARTITIONS", "ASSETS_DIR", "DEMO_DIR", "LOG_LEVEL", "LOG_FORMAT"} | {
    "ALLOWED_ORIGINS",
    "FRAME_ANCESTORS",
    "ROOM_URL_TEMPLATE",
}


def found(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name in KNOWN | {"OIDC_BACKCHANNEL_URL", "OIDC_AUDIENCE"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return read(settings)


def test_defaults_suit_a_single_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = found(monkeypatch)

    assert (made.host, made.port, made.site.partitions) == ("127.0.0.1", 8080, 64)
    assert (made.assets_dir, made.demo_dir) == (Path("build/assets"), None)
    assert (made.log_level, made.log_format) == ("info", "json")
    assert made.site.room_link("CODE", "film") == "https://cinema.test/rooms/CODE"
    assert made.site.socket_url(17) == "wss://sync.cinema.test/ws/p17"
    assert made.ticket_signing_key == ("k1", bytes(range(32)))


def test_what_is_given_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made = found(monkeypatch, API_PORT="9000", PARTITIONS="8", DEMO_DIR="deploy/demo", LOG_FORMAT="console")

    assert (made.port, made.site.partitions, made.demo_dir) == (9000, 8, Path("deploy/demo"))
    assert made.log_format == "console"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        found(monkeypatch, **{name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://movie:s3cret@localhost/x"),
        ("AMQP_URL", "s3cret"),
        ("PUBLIC_URL", "cinema.test"),
        ("SYNC_PUBLIC_URL", "https://cinema.test"),
        ("TICKET_SIGNING_KEY", "s3cret"),
        ("API_PORT", "http"),
        ("PARTITIONS", "0"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        found(monkeypatch, **{name: value})

    assert "s3cret" not in str(caught.value)


def test_all_complaints_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        found(monkeypatch, DATABASE_URL=None, AMQP_URL=None, API_PORT="0")

    assert {line.partition(":")[0] for line in str(caught.value).splitlines()} == {
        "DATABASE_URL",
        "AMQP_URL",
        "API_PORT",
    }
