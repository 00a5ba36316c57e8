"""Who is asking: what handlers call to know the person, and what happens where there is none."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from api_service.identity.accounts import Accounts, User
from api_service.identity.bearer import REALM, Bearer, bearer_token
from api_service.identity.provider import ProviderUnavailable
from api_service.identity.return_path import return_path
from api_service.identity.session import Sessions
from shared.service import Problem

ACCOUNTS: Final = web.AppKey("ACCOUNTS", Accounts)
BEARER: Final = web.AppKey("BEARER", Bearer)
SESSIONS: Final = web.AppKey("SESSIONS", Sessions)
SIGN_IN: Final = "/auth/sign-in"
_USER: Final = web.RequestKey("_USER", object)


def sign_in_url(next_path: str) -> str:
    """Give the path that signs in and then returns to ``next_path``."""
    return f"{SIGN_IN}?{urlencode({'next': next_path})}"


def unavailable(error: ProviderUnavailable) -> Problem:
    """Tell that only signing in is out of order, and that trying again is the remedy."""
    problem = Problem(
        503,
        "identity_unavailable",
        "The sign-in service does not answer just now. Try again in a few seconds; who is signed in stays signed in.",
        headers={hdrs.RETRY_AFTER: "5"},
    )
    problem.__cause__ = error
    return problem


async def optional_user(request: web.Request) -> User | None:
    """Give the account behind the request's bearer token or session cookie, or None if it has neither.

    Raises Problem: 401 ``invalid_token``, 403 ``person_required``, 503 ``identity_unavailable`` for a bearer token.
    """
    if _USER not in request:
        request[_USER] = await _find(request)
    found: User | None = request[_USER]  # type: ignore[assignment]
    return found


async def current_user(request: web.Request) -> User:
    """Give the account behind an API request; raises what optional_user does, and Problem 401 ``sign_in_required``."""
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
    """Give the account behind a page request; whoever is not signed in is sent to sign in and brought back here."""
    user = await optional_user(request)
    if user is None:
        here = request.path_qs if request.method in {hdrs.METH_GET, hdrs.METH_HEAD} else None
        raise web.HTTPSeeOther(sign_in_url(return_path(here)))
    return user


async def _find(request: web.Request) -> User | None:
    token = bearer_token(request)
    if token is not None:
        try:
            return await request.app[BEARER].user(token)
        except ProviderUnavailable as error:
            raise unavailable(error) from error
    user_id = await request.app[SESSIONS].user_id(request)
    return None if user_id is None else await request.app[ACCOUNTS].by_id(user_id)
