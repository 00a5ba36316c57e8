"""The settings of api_service."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from api_service.cinema_hook import HookSettings
from api_service.entitlement import WHEN_SILENT, EntitlementSettings, WhenSilent
from api_service.identity import IdentitySettings, identity_settings
from api_service.policy import policy
from api_service.site import Site, room_url_template
from shared.settings import Environment, is_address

FONTS_DIR: Final = Path("/usr/share/fonts/truetype/dejavu")  # where Debian's fonts-dejavu-core puts them
HOOK_KEY_BYTES: Final = 24  # Standard Webhooks, "Signature scheme": 24 to 64 bytes
_HOOK_KEY_PREFIX: Final = "whsec_"
_KEY_EXAMPLE: Final = "whsec_$(openssl rand -base64 32)"


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
    page_scripts: str = "bundled"
    fonts_dir: Path = FONTS_DIR
    allowed_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    film_origins: tuple[str, ...] = ()
    entitlement: EntitlementSettings | None = None
    source_hook: HookSettings | None = None


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
        fonts_dir=Path(environment.text("FONTS_DIR", default=str(FONTS_DIR), example="/usr/share/fonts/dejavu")),
        page_scripts=environment.choice("PAGE_SCRIPTS", ("bundled", "sources"), default="bundled"),
        allowed_origins=environment.origins(default=""),
        frame_ancestors=environment.origins("FRAME_ANCESTORS", default=""),
        film_origins=environment.origins("FILM_ORIGINS", default=""),
        entitlement=_entitlement(environment),
        source_hook=_source_hook(environment),
    )


def _entitlement(environment: Environment) -> EntitlementSettings | None:
    url = environment.parsed(
        "ENTITLEMENT_URL", _hook_url, default="", example="https://cinema.example/together/may-watch"
    )
    when_silent = environment.choice("ENTITLEMENT_WHEN_SILENT", WHEN_SILENT, default="refuse")
    if url == "":
        return None
    key = environment.parsed("ENTITLEMENT_KEY", _hook_key, example=_KEY_EXAMPLE)
    return EntitlementSettings(url, key, cast("WhenSilent", when_silent))


def _source_hook(environment: Environment) -> HookSettings | None:
    url = environment.parsed("SOURCE_URL", _hook_url, default="", example="https://cinema.example/together/source")
    if url == "":
        return None
    return HookSettings(url, environment.parsed("SOURCE_KEY", _hook_key, example=_KEY_EXAMPLE))


def _hook_url(text: str) -> str:
    if text and not is_address(text, ("http", "https")):
        raise ValueError("must be an http(s) address.")
    return text


def _hook_key(text: str) -> bytes:
    """Return the key in a secret as Standard Webhooks writes it."""
    try:
        key = base64.b64decode(text.removeprefix(_HOOK_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < HOOK_KEY_BYTES:
        raise ValueError(f"must be base64 of at least {HOOK_KEY_BYTES} bytes; whsec_ may stand before it.")
    return key
