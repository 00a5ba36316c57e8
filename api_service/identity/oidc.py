"""The relying party: OpenID Connect's authorization code flow with PKCE, from the first redirect to a profile."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from yarl import URL

from api_service.identity.provider import Provider, ProviderUnavailable, Refused
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import InvalidToken, profile_of, verify_id_token
from api_service.usecases.people import Profile

log = structlog.get_logger(__name__)

SCOPE: Final = "openid profile email"
CALLBACK: Final = "/auth/callback"
HOME: Final = "/"
# It travels in `state` and in cookies, and a request's cookies may hold 8 KiB.
RETURN_PATH_BYTES: Final = 320

# One slash, then neither a slash nor a backslash: browsers read `//host` and `/\host` as another host. They also drop
# tabs and line breaks before reading (WHATWG URL, basic URL parser), so nothing at or below the space is accepted.
_SAME_SITE: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*", re.ASCII)


def return_path(wanted: str | None) -> str:
    """Return ``wanted`` if it is a path of this site outside /auth/ and not too long; else the home page."""
    if wanted is None or not _SAME_SITE.fullmatch(wanted) or wanted.startswith("/auth/"):
        return HOME
    try:
        size = len(wanted.encode())
    except UnicodeEncodeError:
        return HOME
    return wanted if size <= RETURN_PATH_BYTES else HOME


@dataclass(frozen=True)
class Pending:
    """A sign-in under way: what the provider must send back, and the verifier, sent to it only with the code."""

    state: str
    nonce: str
    verifier: str

    @property
    def next(self) -> str:
        """The path to go to after signing in."""
        return next_of(self.state)

    @property
    def challenge(self) -> str:
        """The S256 code challenge of RFC 7636, section 4.2."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())


def begin(next_path: str) -> Pending:
    """Return a new sign-in that leads to ``next_path``; `state` carries the path, so it survives a lost cookie."""
    return Pending(
        state=f"{secrets.token_urlsafe(24)}.{_base64url(next_path.encode())}",
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
    )


def next_of(state: str) -> str:
    """Return the path that ``state`` carries, checked by `return_path`: anyone can make up a state."""
    _, _, encoded = state.partition(".")
    try:
        return return_path(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except ValueError:
        return HOME


class Denied(Exception):
    """The person refused to sign in, or is not allowed to."""


class Expired(Exception):
    """The provider's answer is too old or was used before: start again."""


class Failed(Exception):
    """The provider's answer breaks OpenID Connect; the message says how, for the log."""


@dataclass(frozen=True)
class SignedIn:
    """The person who signed in, the ID token that signs them out at the provider, and the provider's session."""

    profile: Profile
    id_token: str
    provider_sid: str


class RelyingParty:
    """Signs people in at the provider. The site needs no API token of theirs, so it asks for none."""

    def __init__(self, settings: IdentitySettings, provider: Provider) -> None:
        self.settings = settings
        self.provider = provider
        self._redirect_uri = settings.public_url + CALLBACK

    async def authorization_url(self, pending: Pending, language: str | None) -> str:
        """Return the provider's address to redirect this sign-in to; raises ProviderUnavailable."""
        metadata = await self.provider.metadata()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
            **({"ui_locales": language} if language else {}),
        }
        return str(URL(metadata.authorization_endpoint).update_query(query))

    async def complete(self, pending: Pending, answer: Mapping[str, str]) -> SignedIn:
        """Return who signed in, from the query of the provider's callback.

        Raises Denied, Expired, Failed, ProviderUnavailable.
        """
        metadata = await self.provider.metadata()
        # RFC 9207: the answer names its issuer, so that one provider's code is never redeemed at another.
        if ("iss" in answer or metadata.names_itself_in_answers) and answer.get("iss") != self.settings.issuer:
            raise Failed(f"the answer is not from the issuer but from {answer.get('iss')!r}")
        if "error" in answer:
            _raise_for(answer["error"], answer.get("error_description", ""))
        if not answer.get("code"):
            raise Failed("the answer has no code")
        tokens = await self._redeem(answer["code"], pending)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise Failed("the token endpoint gave no ID token")
        try:
            claims = await verify_id_token(
                self.provider,
                id_token,
                issuer=self.settings.issuer,
                client_id=self.settings.client_id,
                nonce=pending.nonce,
            )
        except InvalidToken as error:
            raise Failed(str(error)) from error
        profile = profile_of(self.settings.issuer, await self._with_userinfo(claims, tokens))
        return SignedIn(profile, id_token, claims["sid"] if isinstance(claims.get("sid"), str) else "")

    async def sign_out_url(self, id_token: str | None, language: str | None) -> str:
        """Return the address that ends the provider's session too (OpenID Connect RP-Initiated Logout 1.0).

        The home page if the provider has no such address or does not answer: signing out must not depend on it.
        """
        home = self.settings.public_url + "/"
        try:
            endpoint = (await self.provider.metadata()).end_session_endpoint
        except ProviderUnavailable:
            endpoint = None
        if endpoint is None:
            return home
        query = {
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": home,
            **({"id_token_hint": id_token} if id_token else {}),
            **({"ui_locales": language} if language else {}),
        }
        return str(URL(endpoint).update_query(query))

    async def _redeem(self, code: str, pending: Pending) -> Mapping[str, Any]:
        try:
            return await self.provider.redeem(code, pending.verifier, self._redirect_uri)
        except Refused as error:
            if error.error == "invalid_grant":
                raise Expired(str(error)) from error
            raise Failed(f"the token endpoint refused (OIDC_CLIENT_ID, OIDC_CLIENT_SECRET?): {error}") from error

    async def _with_userinfo(self, claims: Mapping[str, Any], tokens: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the claims with those of the userinfo endpoint (OIDC Core 1.0, section 5.4) for the same subject."""
        access_token = tokens.get("access_token")
        if {"name", "email"} <= claims.keys() or not isinstance(access_token, str):
            return claims
        try:
            more = await self.provider.userinfo(access_token)
        except Refused as error:
            log.warning("userinfo refused", error=str(error))
            return claims
        # OIDC Core 1.0, section 5.3.2: otherwise the answer may be somebody else's.
        if not hmac.compare_digest(str(more.get("sub", "")).encode(), str(claims["sub"]).encode()):
            raise Failed("userinfo speaks of another person than the ID token")
        return {**more, **claims}


def _raise_for(error: str, description: str) -> None:
    """Raise the exception for an error answer (RFC 6749, section 4.1.2.1)."""
    if error == "access_denied":
        raise Denied(description)
    if error in {"temporarily_unavailable", "server_error"}:
        raise ProviderUnavailable(f"the provider answered {error}")
    raise Failed(f"the provider answered {error}: {description}")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
