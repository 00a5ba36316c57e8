"""Programs on the API: a bearer token of the provider stands for the person it was issued for."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import hdrs, web

from api_service.identity.accounts import Accounts, Profile, User, profile_of
from api_service.identity.provider import Provider, Refused
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import InvalidToken, verify_access_token
from shared.service import Problem

REALM: Final = 'Bearer realm="movie-together"'


def bearer_token(request: web.Request) -> str | None:
    """Give the request's bearer token (RFC 6750, section 2.1), or None if it has none."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class Bearer:
    """Maps access tokens to accounts; a person seen first by token is mirrored then, their profile asked for once."""

    def __init__(self, settings: IdentitySettings, provider: Provider, accounts: Accounts) -> None:
        self._settings = settings
        self._provider = provider
        self._accounts = accounts

    async def user(self, token: str) -> User:
        """Give the account that ``token`` stands for; raises Problem 401 or 403, ProviderUnavailable."""
        try:
            claims = await verify_access_token(
                self._provider, token, issuer=self._settings.issuer, audience=self._settings.audience
            )
            # RFC 9068, section 5: a token that a program got for itself has the program as its subject.
            if claims["sub"] == claims["client_id"]:
                raise Problem(403, "person_required", "This token stands for a program; use one issued for a person.")
            known = await self._accounts.by_subject(self._settings.issuer, claims["sub"])
            return known or await self._accounts.upsert(await self._profile(token, claims))
        except (InvalidToken, Refused) as error:
            raise Problem(
                401,
                "invalid_token",
                f"The access token is not accepted: {error}. Get a new one from {self._settings.issuer}.",
                headers={hdrs.WWW_AUTHENTICATE: f'{REALM}, error="invalid_token"'},
            ) from error

    async def _profile(self, token: str, claims: Mapping[str, Any]) -> Profile:
        if "name" not in claims:
            more = await self._provider.userinfo(token)
            if not hmac.compare_digest(str(more.get("sub", "")).encode(), claims["sub"].encode()):
                raise InvalidToken("userinfo speaks of another person")
            claims = {**more, **claims}
        return profile_of(self._settings.issuer, claims)
