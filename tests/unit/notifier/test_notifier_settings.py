"""Settings of notifier and inbox: what is wrong is named, all at once, with the remedy."""

import os
from pathlib import Path

import pytest

from deploy.neighbours.inbox import settings as inbox
from deploy.neighbours.notifier import settings as notifier
from deploy.neighbours.notifier.settings import SmtpServer
from deploy.neighbours.process import SettingsError

GOOD = {
    "AMQP_URL": "amqp://guest:guest@localhost/",
    "SMTP_URL": "smtp://localhost:8025",
    "MAIL_FROM": "Кино вместе <kino@cinema.example>",
    "NOTIFIER_STATE": "state.sqlite3",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_rest_has_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = notifier.read_settings()
    assert settings.mail_from.display_name == "Кино вместе"
    assert settings.mail_from.addr_spec == "kino@cinema.example"
    assert (settings.host, settings.port, str(settings.time_zone)) == ("127.0.0.1", 8084, "Europe/Moscow")
    assert settings.give_up_s == 86400
    assert settings.state == Path("state.sqlite3")


def test_all_that_is_missing_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        environment.delenv(name)
    with pytest.raises(SettingsError) as refused:
        notifier.read_settings()
    for name in GOOD:
        assert f"{name}: is not set; set it to" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMQP_URL", ""),
        ("AMQP_URL", "http://localhost"),
        ("SMTP_URL", "localhost:25"),
        ("SMTP_URL", "smtp://localhost:port"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", ""),
        ("NOTIFIER_STATE", " "),
        ("NOTIFIER_PORT", "0"),
        ("NOTIFIER_PORT", "many"),
        ("NOTIFIER_RETRY_DELAYS_S", "60,5"),
        ("NOTIFIER_RETRY_DELAYS_S", "0"),
        ("NOTIFIER_RETRY_DELAYS_S", ""),
        ("NOTIFIER_GIVE_UP_S", "a day"),
        ("MAIL_TIME_ZONE", "Mars/Olympus"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_setting_is_named_alone(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        notifier.read_settings()
    (line,) = str(refused.value).splitlines()[1:]
    assert line.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25, False, None, None, None)),
        ("smtp://u:p%40ss@[::1]:2525", SmtpServer("::1", 2525, False, None, "u", "p@ss")),
        ("smtp+starttls://u:p@mail.example", SmtpServer("mail.example", 587, False, True, "u", "p")),
        ("smtps://mail.example", SmtpServer("mail.example", 465, True, False, None, None)),
    ],
)
def test_an_smtp_address_tells_security_and_credentials(
    environment: pytest.MonkeyPatch, url: str, expected: SmtpServer
) -> None:
    environment.setenv("SMTP_URL", url)
    assert notifier.read_settings().smtp == expected


def test_secrets_do_not_show_in_a_printed_setting(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMTP_URL", "smtp://user:topsecret@localhost")
    environment.setenv("AMQP_URL", "amqp://user:topsecret@localhost")
    assert "topsecret" not in repr(notifier.read_settings())


def test_the_inbox_names_its_missing_folder(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="INBOX_DIR: is not set; set it to a folder"):
        inbox.read_settings()
    environment.setenv("INBOX_DIR", "mails")
    assert inbox.read_settings().directory == Path("mails")
    environment.setenv("INBOX_HTTP_PORT", "70000")
    with pytest.raises(SettingsError, match="INBOX_HTTP_PORT: is not a port"):
        inbox.read_settings()
