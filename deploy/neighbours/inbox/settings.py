"""The inbox's settings, from the environment."""

from dataclasses import dataclass
from pathlib import Path

from environs import Env

from deploy.neighbours.process import LOG_FORMATS, LOG_LEVELS, LogFormat, not_empty, one_of, port_number, seal

REMEDIES = {
    "INBOX_DIR": "set it to a folder for the mails, e.g. .local/inbox",
    "INBOX_SMTP_PORT": "set it to a free port, e.g. 8025",
    "INBOX_HTTP_PORT": "set it to a free port, e.g. 8083",
}


@dataclass(frozen=True)
class Settings:
    host: str
    smtp_port: int
    http_port: int
    directory: Path
    log_level: str
    log_format: LogFormat


def read_settings() -> Settings:
    """Read and check every setting; raises `SettingsError` naming all that are wrong."""
    env = Env(eager=False)
    directory = env.str("INBOX_DIR", validate=not_empty)
    host = env.str("INBOX_HOST", default="127.0.0.1", validate=not_empty)
    smtp_port = env.int("INBOX_SMTP_PORT", default=8025, validate=port_number)
    http_port = env.int("INBOX_HTTP_PORT", default=8083, validate=port_number)
    log_level = env.str("LOG_LEVEL", default="info", validate=one_of(*LOG_LEVELS))
    log_format = env.str("LOG_FORMAT", default="json", validate=one_of(*LOG_FORMATS))
    seal(env, REMEDIES)
    return Settings(
        host=host,
        smtp_port=smtp_port,
        http_port=http_port,
        directory=Path(directory),
        log_level=log_level,
        log_format="json" if log_format == "json" else "console",
    )
