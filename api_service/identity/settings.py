"""The settings of signing in."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from shared.settings import Environment, is_address

SESSION_KEY_BYTES: Final = 32
INTROSPECTIONS: Final = ("opaque", "always", "never")  # for which access tokens the provider is asked
_SCHEMES: Final = ("http", "https")
# It stands in every page's markup and in cookies.
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_ISSUER_EXAMPLE: Final = "http://localhost:8082"


@dataclass(frozen=True)
class IdentitySettings:
    """Where the provider is and who we are to it; ``backchannel_url`` is the issuer's address for this process."""

    public_url: str
    issuer: str
    backchannel_url: str
    client_id: str
    client_secret: str
    audience: str
    session_key: bytes
    # Where a program's token says what it may do, and how the provider spells our two scopes.
    program_claim: str = "scope"
    feed_scope: str = "feed"
    admin_scope: str = "admin"
    # Clients whose tokens count although they do not name our audience; whom a token speaks of; when we ask about one.
    trusted_clients: frozenset[str] = frozenset()
    subject_claim: str = "sub"
    introspection: str = "opaque"

    @property
    def public_origin(self) -> str:
        return str(URL(self.public_url).origin())

    @property
    def path(self) -> str:
        """The path of the site's address: empty at an origin of its own."""
        return urlsplit(self.public_url).path

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS, so that cookies may be `Secure`."""
        return self.public_url.startswith("https://")


def identity_settings(environment: Environment) -> IdentitySettings:
    """Read the variables of signing in; complaints are collected by ``environment``."""
    issuer = environment.parsed("OIDC_ISSUER", _issuer, example=_ISSUER_EXAMPLE)
    return IdentitySettings(
        public_url=environment.parsed("PUBLIC_URL", _site, example="http://localhost:8080"),
        issuer=issuer,
        backchannel_url=environment.address(
            "OIDC_BACKCHANNEL_URL",
            *_SCHEMES,
            default=issuer or _ISSUER_EXAMPLE,  # a bad issuer has its own complaint
            example="http://identity:8082",
        ),
        client_id=environment.text("OIDC_CLIENT_ID", example="movie-together"),
        client_secret=environment.text("OIDC_CLIENT_SECRET", example="the-secret-shared-with-the-provider"),
        audience=environment.text("OIDC_AUDIENCE", default="urn:movie-together:api", example="urn:movie-together:api"),
        session_key=environment.parsed(
            "SESSION_KEY", _session_key, example="$(openssl rand -base64 32 | tr '+/' '-_')"
        ),
        program_claim=environment.text("PROGRAM_CLAIM", default="scope", example="realm_access.roles"),
        feed_scope=environment.text("FEED_SCOPE", default="feed", example="movie-together.feed"),
        admin_scope=environment.text("ADMIN_SCOPE", default="admin", example="movie-together.admin"),
        trusted_clients=frozenset(
            environment.names("OIDC_TRUSTED_CLIENTS", default="", example="cinema-web,cinema-tv")
        ),
        subject_claim=environment.text("OIDC_SUBJECT_CLAIM", default="sub", example="uid"),
        introspection=environment.choice("OIDC_INTROSPECTION", INTROSPECTIONS, default="opaque"),
    )


def _session_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != SESSION_KEY_BYTES:
        raise ValueError(f"must be urlsafe base64 of {SESSION_KEY_BYTES} bytes.")
    return key


def _issuer(text: str) -> str:
    """Return the issuer as given: it is compared letter by letter (OIDC Core 1.0, section 2)."""
    if not is_address(text, _SCHEMES) or "?" in text or "#" in text:
        raise ValueError("must be an http(s) address without query.")
    return text


def _site(text: str) -> str:
    """Return the site's address without a trailing slash; it may have a path, which the proxy takes off."""
    address = text.rstrip("/")
    path = urlsplit(address).path if is_address(address, _SCHEMES) else "//"
    if not _PATH.fullmatch(path) or "?" in text or "#" in text:
        raise ValueError("must be an http(s) address without query; its path may have letters, digits and -._~ alone.")
    return address
