"""Every process of the local run beside the stores: its command, its settings, its sign of readiness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import ports
from deploy.local.keys import Keys
from deploy.local.ports import FixedPort

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo"

CLIENT_ID = "movie-together"
PROGRAM_ID = "cinema"  # the demo's program of the cinema, with the scopes feed and admin
AUDIENCE = "urn:movie-together:api"


@dataclass(frozen=True)
class StoreUrls:
    """Where the stores are."""

    database: str
    redis: str
    amqp: str


@dataclass(frozen=True)
class Service:
    """A process of ours or of a neighbour; `env` are its settings beside the environment of the run."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    ready_url: str
    ports: Sequence[FixedPort]


@dataclass(frozen=True)
class Addresses:
    """Where people reach the parts of a local run; None for a neighbour that the environment replaces.

    OIDC_ISSUER names another identity provider, SMTP_URL another mail server: then ours is not started.
    """

    site: str
    sync: str
    identity: str | None
    inbox: str | None
    origins: str  # the site's own, and those of ALLOWED_ORIGINS


def addresses(environ: Mapping[str, str]) -> Addresses:
    """Return the addresses of a local run. Raises BadPort."""
    sync_port, identity_port = ports.SYNC.number(environ), ports.IDENTITY.number(environ)
    site = environ.get("PUBLIC_URL") or f"http://localhost:{ports.SITE.number(environ)}"
    given = [part.strip() for part in environ.get("ALLOWED_ORIGINS", "").split(",") if part.strip()]
    return Addresses(
        site=site,
        sync=environ.get("SYNC_PUBLIC_URL") or f"ws://localhost:{sync_port}",
        identity=None if environ.get("OIDC_ISSUER") else f"http://localhost:{identity_port}",
        inbox=None if environ.get("SMTP_URL") else f"http://localhost:{ports.INBOX.number(environ)}",
        origins=",".join(dict.fromkeys([_origin(site), *given])),
    )


def needed_ports(environ: Mapping[str, str]) -> list[FixedPort]:
    """Return the ports that have to be free. Raises BadPort."""
    where = addresses(environ)
    needed = [ports.SITE, ports.SYNC, ports.NOTIFIER]
    needed += [ports.IDENTITY] if where.identity else []
    needed += [ports.INBOX, ports.SMTP] if where.inbox else []
    return needed


def site_settings(environ: Mapping[str, str], keys: Keys, stores: StoreUrls) -> dict[str, str]:
    """Return the settings of api_service; its seed reads some of them too."""
    where = addresses(environ)
    return {
        "DATABASE_URL": stores.database,
        "AMQP_URL": stores.amqp,
        "API_PORT": str(ports.SITE.number(environ)),
        "PUBLIC_URL": where.site,
        "SYNC_PUBLIC_URL": where.sync,
        "OIDC_ISSUER": where.identity or environ["OIDC_ISSUER"],
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": keys.client_secret,
        "OIDC_AUDIENCE": audience(environ),
        "SESSION_KEY": keys.session_key,
        "TICKET_SIGNING_KEY": keys.ticket_signing_key,
        "ALLOWED_ORIGINS": where.origins,
        "DEMO_DIR": str(DEMO),
        "ASSETS_DIR": str(ROOT / "build" / "assets"),
        "LOG_FORMAT": "console",
    }


def services(environ: Mapping[str, str], local: Path, keys: Keys, stores: StoreUrls) -> list[Service]:
    """Return the services in the order in which they start; their data goes to `local`. Raises BadPort."""
    where = addresses(environ)
    return [
        *([_inbox(environ, local)] if where.inbox else []),
        _notifier(environ, local, stores),
        *([_identity(environ, local, keys, where.identity, where.site)] if where.identity else []),
        _sync(environ, keys, stores, where.origins),
        _site(environ, keys, stores),
    ]


def _inbox(environ: Mapping[str, str], local: Path) -> Service:
    http, smtp = ports.INBOX.number(environ), ports.SMTP.number(environ)
    env = {
        "INBOX_DIR": str(local / "inbox"),
        "INBOX_HTTP_PORT": str(http),
        "INBOX_SMTP_PORT": str(smtp),
        "LOG_FORMAT": "console",
    }
    return Service("inbox", ["python", "-m", "deploy.neighbours.inbox"], env, _ready(http), [ports.INBOX, ports.SMTP])


def _notifier(environ: Mapping[str, str], local: Path, stores: StoreUrls) -> Service:
    port = ports.NOTIFIER.number(environ)
    env = {
        "AMQP_URL": stores.amqp,
        "SMTP_URL": f"smtp://127.0.0.1:{ports.SMTP.number(environ)}",
        "MAIL_FROM": "invitations@example.com",
        "NOTIFIER_STATE": str(local / "notifier" / "sent.sqlite3"),
        "NOTIFIER_PORT": str(port),
        "LOG_FORMAT": "console",
    }
    return Service("notifier", ["python", "-m", "deploy.neighbours.notifier"], env, _ready(port), [ports.NOTIFIER])


def _identity(environ: Mapping[str, str], local: Path, keys: Keys, issuer: str, site: str) -> Service:
    port = ports.IDENTITY.number(environ)
    env = {
        "IDENTITY_ISSUER": issuer,
        "IDENTITY_PORT": str(port),
        "IDENTITY_DATA": str(local / "identity"),
        "IDENTITY_VIEWERS": str(DEMO / "viewers.json"),
        "IDENTITY_AUDIENCE": audience(environ),
        "IDENTITY_CLIENT_ID": CLIENT_ID,
        "IDENTITY_CLIENT_SECRET": keys.client_secret,
        "IDENTITY_REDIRECT_URIS": f"{site}/auth/callback",
        "IDENTITY_LOGOUT_URIS": f"{site}/",
        "IDENTITY_SERVICE_CLIENT_ID": PROGRAM_ID,
        "IDENTITY_SERVICE_CLIENT_SECRET": keys.program_secret,
        "IDENTITY_BACKCHANNEL_LOGOUT_URI": f"http://127.0.0.1:{ports.SITE.number(environ)}/auth/back-channel-logout",
    }
    return Service("identity", ["node", "deploy/neighbours/identity/server.mjs"], env, _ready(port), [ports.IDENTITY])


def _sync(environ: Mapping[str, str], keys: Keys, stores: StoreUrls, origins: str) -> Service:
    port = ports.SYNC.number(environ)
    env = {
        "REDIS_URL": stores.redis,
        "AMQP_URL": stores.amqp,
        "SYNC_PORT": str(port),
        "TICKET_VERIFY_KEYS": keys.ticket_verify_keys,
        "RESUME_KEYS": keys.resume_keys,
        "ALLOWED_ORIGINS": origins,
        "LOG_FORMAT": "console",
    }
    return Service("sync_service", ["python", "-m", "sync_service"], env, _ready(port), [ports.SYNC])


def _site(environ: Mapping[str, str], keys: Keys, stores: StoreUrls) -> Service:
    env = site_settings(environ, keys, stores)
    return Service("api_service", ["python", "-m", "api_service"], env, _ready(int(env["API_PORT"])), [ports.SITE])


def _origin(address: str) -> str:
    return "/".join(address.split("/", 3)[:3])


def _ready(port: int) -> str:
    return f"http://127.0.0.1:{port}/readyz"


def audience(environ: Mapping[str, str]) -> str:
    """Return the audience that access tokens for the API carry."""
    return environ.get("OIDC_AUDIENCE") or AUDIENCE
