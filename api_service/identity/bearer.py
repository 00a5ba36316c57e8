"""People and programs by their access tokens, and the accounts of people, which follow what newer tokens say."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from aiohttp import hdrs

from api_service.database import Database
from api_service.identity.access_tokens import AccessTokens
from api_service.identity.programs import Program, client_of, program_of
from api_service.identity.provider import Provider, ProviderUnavailable, Refused
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import NAME_CLAIMS, InvalidToken, moment_of, profile_of
from api_service.problems import ACCOUNT_BLOCKED
from api_service.recent import Recent
from api_service.usecases import mail_guests, people, sessions
from api_service.usecases.people import Account, User
from shared.service import Problem

log = structlog.get_logger(__name__)

REALM: Final = 'Bearer realm="movie-together"'
# Without these a person has no name for others, or gets no letters.
NEEDED: Final = frozenset({"name", "email"})
ASK_AGAIN_S: Final = 60.0  # after a userinfo endpoint that did not answer
# Errors of the userinfo endpoint that say nothing against the token itself (RFC 6750, section 3.1).
_HARMLESS: Final = frozenset({"insufficient_scope", "no_userinfo_endpoint"})


class Bearer:
    """Whom an access token speaks of. What it says of a person is looked at once in each process, not at each use."""

    def __init__(self, settings: IdentitySettings, provider: Provider, db: Database) -> None:
        self._settings = settings
        self._provider = provider
        self._db = db
        self._tokens = AccessTokens(settings, provider)
        self._followed: Recent[bool] = Recent(time.time)

    async def person(self, token: str) -> tuple[User, str]:
        """Return the account of the person ``token`` was issued for and the provider's session, "" if it names none.

        Raises Problem 401 or 403, ProviderUnavailable.
        """
        try:
            claims = await self._tokens.claims(token)
            if client_of(claims) is not None:
                raise Problem(403, "person_required", "This token stands for a program; use one issued for a person.")
            known = await people.account(self._db, self._settings.issuer, claims["sub"])
            provider_sid = claims["sid"] if isinstance(claims.get("sid"), str) else ""
            await self._check_standing(known, claims, provider_sid)
            return await self._follow(token, claims, known), provider_sid
        except people.AccountErased:
            raise self._invalid(InvalidToken("the account was deleted since it was issued")) from None
        except (InvalidToken, Refused) as error:
            raise self._invalid(error) from error

    async def program(self, token: str) -> Program | None:
        """Return the program that ``token`` stands for or None; raises Problem 401, ProviderUnavailable."""
        try:
            return program_of(await self._tokens.claims(token), self._settings)
        except InvalidToken as error:
            raise self._invalid(error) from error

    async def _check_standing(self, known: Account | None, claims: Mapping[str, Any], provider_sid: str) -> None:
        """Raise InvalidToken if the session behind the token is over, and the problem `account_blocked`."""
        if known is not None and known.blocked:
            raise ACCOUNT_BLOCKED.problem()
        if known is not None and known.signed_out_at is not None:
            issued_at = moment_of(claims.get("iat"))
            if issued_at is None or issued_at <= known.signed_out_at:
                raise InvalidToken("the person has signed out since it was issued")
        if provider_sid and await sessions.is_logged_out(self._db, provider_sid):
            raise InvalidToken("the session that it was issued in is over")

    async def _follow(self, token: str, claims: Mapping[str, Any], known: Account | None) -> User:
        if known is not None and self._followed.get(token):
            return known.user
        expires_s = claims.get("exp")
        until_s = float(expires_s) if isinstance(expires_s, int | float) else time.time() + ASK_AGAIN_S
        if not claims.keys() >= NEEDED:
            may_lack = known is not None or any(claims.get(name) for name in NAME_CLAIMS)
            try:
                claims = await self._with_userinfo(token, claims)
            except ProviderUnavailable as error:
                if not may_lack:
                    raise
                log.warning("userinfo unavailable", error=str(error))
                until_s = time.time() + ASK_AGAIN_S
            except Refused as error:
                if not may_lack and error.error not in _HARMLESS:
                    raise
        profile = profile_of(self._settings.issuer, claims)
        self._followed.put(token, True, until_s)
        user = await people.follow(self._db, profile) if known is None or known.lacks(profile) else known.user
        await mail_guests.claim(self._db, user.id, profile.email)
        return user

    async def _with_userinfo(self, token: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        more = await self._provider.userinfo(token)
        if not hmac.compare_digest(str(more.get("sub", "")).encode(), claims["sub"].encode()):
            raise InvalidToken("userinfo speaks of another person")
        return {**more, **claims}

    def _invalid(self, error: Exception) -> Problem:
        return Problem(
            401,
            "invalid_token",
            f"The access token is not accepted: {error}. Get a new one from {self._settings.issuer}.",
            headers={hdrs.WWW_AUTHENTICATE: f'{REALM}, error="invalid_token"'},
        )
