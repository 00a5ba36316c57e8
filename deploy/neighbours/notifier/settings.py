"""The notifier's settings, from the environment."""

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from environs import Env, ValidationError

from deploy.neighbours.notifier.wire import ascii_address
from deploy.neighbours.process import LOG_FORMATS, LOG_LEVELS, LogFormat, not_empty, one_of, port_number, seal

REMEDIES = {
    "AMQP_URL": "set it to the broker, e.g. amqp://guest:guest@localhost:5672/",
    "SMTP_URL": "set it to the mail server: smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465",
    "MAIL_FROM": "set it to the sender, e.g. invitations@example.com",
    "NOTIFIER_STATE": "set it to the file that remembers sent mails, e.g. /var/lib/notifier/state.sqlite3",
    "NOTIFIER_PORT": "set it to a free port, e.g. 8084",
    "MAIL_TIME_ZONE": "set it to a name of the time zone database, e.g. Europe/Moscow",
    "NOTIFIER_RETRY_DELAYS_S": "set it to rising whole seconds, e.g. 2,10,60,300",
    "NOTIFIER_GIVE_UP_S": "set it to the seconds after which an undeliverable mail is set aside, e.g. 86400",
}


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over. `starttls` None means: when the server offers it."""

    host: str
    port: int
    implicit_tls: bool
    starttls: bool | None
    username: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True)
class Settings:
    amqp_url: str = field(repr=False)
    smtp: SmtpServer
    mail_from: Address
    time_zone: ZoneInfo
    state: Path
    host: str
    port: int
    retry_delays_s: tuple[int, ...]
    give_up_s: int
    log_level: str
    log_format: LogFormat


def read_settings() -> Settings:
    """Read and check every setting; raises `SettingsError` naming all that are wrong."""
    env = Env(eager=False)
    env.add_parser("smtp_server", _smtp_server)
    env.add_parser("sender", _sender)
    env.add_parser("time_zone", _time_zone)
    amqp_url = env.str("AMQP_URL", validate=[not_empty, _amqp_url])
    smtp = env.smtp_server("SMTP_URL")
    mail_from = env.sender("MAIL_FROM")
    state = env.str("NOTIFIER_STATE", validate=not_empty)
    time_zone = env.time_zone("MAIL_TIME_ZONE", default="Europe/Moscow")
    host = env.str("NOTIFIER_HOST", default="127.0.0.1")
    port = env.int("NOTIFIER_PORT", default=8084, validate=port_number)
    delays = env.list("NOTIFIER_RETRY_DELAYS_S", default=[2, 10, 60, 300], subcast=int, validate=_rising)
    give_up_s = env.int("NOTIFIER_GIVE_UP_S", default=24 * 3600)
    log_level = env.str("LOG_LEVEL", default="info", validate=one_of(*LOG_LEVELS))
    log_format = env.str("LOG_FORMAT", default="json", validate=one_of(*LOG_FORMATS))
    seal(env, REMEDIES)
    return Settings(
        amqp_url=amqp_url,
        smtp=smtp,
        mail_from=mail_from,
        time_zone=time_zone,
        state=Path(state),
        host=host,
        port=port,
        retry_delays_s=tuple(delays),
        give_up_s=give_up_s,
        log_level=log_level,
        log_format="json" if log_format == "json" else "console",
    )


def _amqp_url(value: object) -> None:
    parts = urlsplit(str(value))
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise ValidationError("is not an address amqp://… or amqps://…")


def _smtp_server(value: str) -> SmtpServer:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValidationError(f"is not an address ({error})") from error
    default_ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
    if parts.scheme not in default_ports or not parts.hostname:
        raise ValidationError("is not an address smtp://…, smtp+starttls://… or smtps://…")
    return SmtpServer(
        host=parts.hostname,
        port=port or default_ports[parts.scheme],
        implicit_tls=parts.scheme == "smtps",
        starttls={"smtp": None, "smtp+starttls": True, "smtps": False}[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _sender(value: str) -> Address:
    name, address = parseaddr(value)
    try:
        return ascii_address(name, address)
    except ValueError as error:
        raise ValidationError("is not an e-mail address") from error


def _time_zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValidationError(f"{value!r} is not a known time zone") from error


def _rising(delays: object) -> None:
    if not isinstance(delays, list) or not delays or delays != sorted(delays) or delays[0] < 1:
        raise ValidationError("are not rising whole seconds from 1")
