"""The relying party: OpenID Connect's authorization code flow with PKCE, from the first redirect to a profile."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from yarl import URL

from api_service.identity.accounts import Profile, profile_of
from api_service.identity.pending import Pending
from api_service.identity.provider import Provider, ProviderUnavailable, Refused
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import InvalidToken, verify_id_token

log = structlog.get_logger(__name__)

SCOPE: Final = "openid profile email"
CALLBACK: Final = "/auth/callback"


class Denied(Exception):
    """The person chose not to sign in, or may not."""


class Expired(Exception):
    """The provider's answer is too old, or was used already: start again."""


class Failed(Exception):
    """The provider's answer is not one that OpenID Connect allows; the message says why, for the log."""


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, and the ID token with which they can sign out at the provider."""

    profile: Profile
    id_token: str


class RelyingParty:
    """Signs people in at the provider. The site needs no API token of theirs, so it asks for none."""

    def __init__(self, settings: IdentitySettings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider
        self._redirect_uri = settings.public_origin + CALLBACK

    async def authorization_url(self, pending: Pending, language: str | None) -> str:
        """Give the address at the provider where this sign-in goes on; raises ProviderUnavailable."""
        metadata = await self._provider.metadata()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
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
        """Turn the provider's answer (the callback's query) to this sign-in into a profile.

        Raises Denied, Expired, Failed, ProviderUnavailable.
        """
        metadata = await self._provider.metadata()
        # RFC 9207: an answer names who gives it, so that one provider's code is not taken to another.
        if ("iss" in answer or metadata.names_itself_in_answers) and answer.get("iss") != self._settings.issuer:
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
                self._provider,
                id_token,
                issuer=self._settings.issuer,
                client_id=self._settings.client_id,
                nonce=pending.nonce,
            )
        except InvalidToken as error:
            raise Failed(str(error)) from error
        return SignedIn(profile_of(self._settings.issuer, await self._with_userinfo(claims, tokens)), id_token)

    async def sign_out_url(self, id_token: str | None, language: str | None) -> str:
        """Give the address that ends the session at the provider too (OpenID Connect RP-Initiated Logout 1.0).

        The home page where the provider has none or cannot be asked: signing out here must not depend on it.
        """
        home = self._settings.public_origin + "/"
        try:
            endpoint = (await self._provider.metadata()).end_session_endpoint
        except ProviderUnavailable:
            endpoint = None
        if endpoint is None:
            return home
        query = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": home,
            **({"id_token_hint": id_token} if id_token else {}),
            **({"ui_locales": language} if language else {}),
        }
        return str(URL(endpoint).update_query(query))

    async def _redeem(self, code: str, pending: Pending) -> Mapping[str, Any]:
        try:
            return await self._provider.redeem(code, pending.verifier, self._redirect_uri)
        except Refused as error:
            if error.error == "invalid_grant":
                raise Expired(str(error)) from error
            raise Failed(f"the token endpoint refused (OIDC_CLIENT_ID, OIDC_CLIENT_SECRET?): {error}") from error

    async def _with_userinfo(self, claims: Mapping[str, Any], tokens: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add what only the userinfo endpoint tells (OIDC Core 1.0, section 5.4); it must speak of the same person."""
        access_token = tokens.get("access_token")
        if {"name", "email"} <= claims.keys() or not isinstance(access_token, str):
            return claims
        try:
            more = await self._provider.userinfo(access_token)
        except Refused as error:
            log.warning("userinfo refused", error=str(error))
            return claims
        # OIDC Core 1.0, section 5.3.2: otherwise the answer may be somebody else's.
        if not hmac.compare_digest(str(more.get("sub", "")).encode(), str(claims["sub"]).encode()):
            raise Failed("userinfo speaks of another person than the ID token")
        return {**more, **claims}


def _raise_for(error: str, description: str) -> None:
    """Raise what an error answer means (RFC 6749, section 4.1.2.1)."""
    if error == "access_denied":
        raise Denied(description)
    if error in {"temporarily_unavailable", "server_error"}:
        raise ProviderUnavailable(f"the provider answered {error}")
    raise Failed(f"the provider answered {error}: {description}")
