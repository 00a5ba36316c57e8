"""The settings of api_service."""

from dataclasses import dataclass
from pathlib import Path

from api_service.identity import IdentitySettings, identity_settings
from api_service.policy import policy
from api_service.site import Site, room_url_template
from shared.settings import Environment


@dataclass(frozen=True)
class Settings:
    """See docs/operations.md for what each one means."""

    log_level: str
    log_format: str
    host: str
    port: int
    database_url: str
    amqp_url: str
    site: Site
    identity: IdentitySettings
    ticket_signing_key: tuple[str, bytes]
    assets_dir: Path
    demo_dir: Path | None
    allowed_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()


def settings(environment: Environment) -> Settings:
    """Read the variables; complaints are collected by ``environment``."""
    identity = identity_settings(environment)
    demo_dir = environment.text("DEMO_DIR", default="", example="deploy/demo")
    return Settings(
        log_level=environment.choice("LOG_LEVEL", ("debug", "info", "warning", "error"), default="info"),
        log_format=environment.choice("LOG_FORMAT", ("json", "console"), default="json"),
        host=environment.text("API_HOST", default="127.0.0.1", example="0.0.0.0"),  # noqa: S104 - an example, not the default
        port=environment.port("API_PORT", default=8080),
        database_url=environment.address(
            "DATABASE_URL",
            "postgresql",
            "postgres",
            example="postgresql://user:password@localhost:5432/movie_together",
        ),
        amqp_url=environment.address("AMQP_URL", "amqp", "amqps", example="amqp://guest:guest@localhost:5672/"),
        site=Site(
            public_url=identity.public_url,
            sync_public_url=environment.address("SYNC_PUBLIC_URL", "ws", "wss", example="ws://localhost:8081"),
            partitions=environment.partitions(),
            link_key=identity.session_key,
            policy=policy(environment),
            room_url_template=environment.parsed(
                "ROOM_URL_TEMPLATE",
                room_url_template,
                default="",
                example="https://cinema.example/watch/{film}?together={code}",
            ),
        ),
        identity=identity,
        ticket_signing_key=environment.key(
            "TICKET_SIGNING_KEY", size=32, example="key1:$(openssl rand -base64 32 | tr '+/' '-_')"
        ),
        assets_dir=environment.folder("ASSETS_DIR", default="build/assets"),
        demo_dir=Path(demo_dir) if demo_dir else None,
        allowed_origins=environment.origins(default=""),
        frame_ancestors=environment.origins("FRAME_ANCESTORS", default=""),
    )
