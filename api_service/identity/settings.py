"""What signing in needs to be told by the environment."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from yarl import URL

from shared.settings import Environment, SettingsError

SESSION_KEY_BYTES = 32


@dataclass(frozen=True)
class IdentitySettings:
    """Where the provider is and who we are to it; ``backchannel_url`` is how this process reaches the issuer itself."""

    public_url: str
    issuer: str
    backchannel_url: str
    client_id: str
    client_secret: str
    audience: str
    session_key: str

    @property
    def public_origin(self) -> str:
        return str(URL(self.public_url).origin())

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS, so that cookies may insist on it."""
        return self.public_url.startswith("https://")


def identity_settings(environment: Environment) -> IdentitySettings:
    """Read the variables of signing in; complaints are collected by ``environment``."""
    issuer = environment.text("OIDC_ISSUER", example="http://localhost:8082")
    return IdentitySettings(
        public_url=environment.address("PUBLIC_URL", "http", "https", example="http://localhost:8080"),
        issuer=issuer,
        backchannel_url=environment.address(
            "OIDC_BACKCHANNEL_URL",
            "http",
            "https",
            default=issuer or "http://localhost:8082",
            example="http://identity:8082",
        ),
        client_id=environment.text("OIDC_CLIENT_ID", example="movie-together"),
        client_secret=environment.text("OIDC_CLIENT_SECRET", example="the-secret-shared-with-the-provider"),
        audience=environment.text("OIDC_AUDIENCE", default="urn:movie-together:api", example="urn:movie-together:api"),
        session_key=environment.text("SESSION_KEY", example="$(openssl rand -base64 32 | tr '+/' '-_')"),
    )


def session_secret(settings: IdentitySettings) -> bytes:
    """Give the 32 bytes of SESSION_KEY; raises SettingsError with the remedy, never with the value."""
    try:
        secret = base64.b64decode(settings.session_key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != SESSION_KEY_BYTES:
        raise SettingsError(
            "SESSION_KEY: must be urlsafe base64 of 32 bytes. Set it, e.g. "
            "SESSION_KEY=$(openssl rand -base64 32 | tr '+/' '-_')"
        )
    return secret


def check_addresses(settings: IdentitySettings) -> None:
    """Raise SettingsError unless the issuer is an address (OIDC Core 1.0, section 2) and PUBLIC_URL an origin."""
    issuer = _url(settings.issuer)
    if issuer is None or issuer.query_string or issuer.fragment:
        raise SettingsError(
            "OIDC_ISSUER: must be an http(s) address without query, e.g. OIDC_ISSUER=http://localhost:8082"
        )
    public = _url(settings.public_url)
    if public is None or public.path != "/" or public.query_string or public.fragment:
        raise SettingsError("PUBLIC_URL: must be an origin without a path, e.g. PUBLIC_URL=http://localhost:8080")


def _url(text: str) -> URL | None:
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.scheme in {"http", "https"} and url.host else None
