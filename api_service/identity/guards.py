"""Who is asking: the person behind a bearer token or a session cookie, and what happens where there is none.

Also the guard against other sites that act by somebody's cookie (cross-site request forgery).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from api_service.identity.cookies import SESSION_COOKIE, SESSIONS
from api_service.identity.oidc import return_path
from api_service.identity.provider import Provider, ProviderUnavailable, Refused
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import InvalidToken, profile_of, verify_access_token
from api_service.usecases.people import Accounts, Profile, User
from shared.service import Problem

SIGN_IN: Final = "/auth/sign-in"
REALM: Final = 'Bearer realm="movie-together"'
SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS, hdrs.METH_TRACE})

_USER: Final = web.RequestKey("_USER", object)


class Bearer:
    """Accounts by access token; a person first seen by a token is mirrored then, their profile fetched once."""

    def __init__(self, settings: IdentitySettings, provider: Provider, accounts: Accounts) -> None:
        self._settings = settings
        self._provider = provider
        self._accounts = accounts

    async def user(self, token: str) -> User:
        """Return the account of the person ``token`` was issued for; raises Problem 401 or 403, ProviderUnavailable."""
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


ACCOUNTS: Final = web.AppKey("ACCOUNTS", Accounts)
BEARER: Final = web.AppKey("BEARER", Bearer)
PUBLIC_ORIGIN: Final = web.AppKey("PUBLIC_ORIGIN", str)


async def optional_user(request: web.Request) -> User | None:
    """Return the account behind the request's bearer token or session cookie, or None if it has neither.

    Raises Problem: 401 ``invalid_token``, 403 ``person_required``, 503 ``identity_unavailable`` for a bearer token.
    """
    if _USER not in request:
        request[_USER] = await _find(request)
    found: User | None = request[_USER]  # type: ignore[assignment]
    return found


async def current_user(request: web.Request) -> User:
    """Return the account behind an API request; raises Problem 401 ``sign_in_required`` and those of optional_user."""
    user = await optional_user(request)
    if user is None:
        raise Problem(
            401,
            "sign_in_required",
            f"Sign in at {SIGN_IN}, or send an access token as `Authorization: Bearer`.",
            headers={hdrs.WWW_AUTHENTICATE: REALM},
        )
    return user


async def page_user(request: web.Request) -> User:
    """Return the account behind a page request; raises a redirect to signing in, and back to the page, without one."""
    user = await optional_user(request)
    if user is None:
        here = request.path_qs if request.method in {hdrs.METH_GET, hdrs.METH_HEAD} else None
        raise web.HTTPSeeOther(sign_in_url(return_path(here)))
    return user


@web.middleware
async def cross_site_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse an unsafe request with our cookie unless the browser confirms that our own page sent it.

    A bearer token needs no such proof: no browser adds it by itself, and with one the cookie is ignored.
    """
    by_cookie = SESSION_COOKIE in request.cookies and bearer_token(request) is None
    if by_cookie and request.method not in SAFE_METHODS and not _from_own_page(request):
        raise Problem(
            403,
            "cross_site_request",
            f"A request signed in by cookie must come from {request.app[PUBLIC_ORIGIN]} itself (Origin or "
            "Sec-Fetch-Site); programs use a bearer token.",
        )
    return await handler(request)


def bearer_token(request: web.Request) -> str | None:
    """Return the request's bearer token (RFC 6750, section 2.1), or None if it has none."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def sign_in_url(next_path: str) -> str:
    """Return the path that signs in and then leads to ``next_path``."""
    return f"{SIGN_IN}?{urlencode({'next': next_path})}"


def unavailable(error: ProviderUnavailable) -> Problem:
    """Return the problem for a provider that does not answer: trying again helps, sessions stay valid."""
    problem = Problem(
        503,
        "identity_unavailable",
        "The sign-in service does not answer just now. Try again in a few seconds; who is signed in stays signed in.",
        headers={hdrs.RETRY_AFTER: "5"},
    )
    problem.__cause__ = error
    return problem


async def _find(request: web.Request) -> User | None:
    token = bearer_token(request)
    if token is not None:
        try:
            return await request.app[BEARER].user(token)
        except ProviderUnavailable as error:
            raise unavailable(error) from error
    user_id = await request.app[SESSIONS].user_id(request)
    return None if user_id is None else await request.app[ACCOUNTS].by_id(user_id)


def _from_own_page(request: web.Request) -> bool:
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    return request.headers.get(hdrs.ORIGIN) == request.app[PUBLIC_ORIGIN]
