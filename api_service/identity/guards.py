"""Who is asking: the person behind a bearer token or a session cookie, and what happens where there is none.

Also the guard against other sites that act by somebody's cookie (cross-site request forgery).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from api_service.app_keys import DATABASE, SITE
from api_service.client_address import client_address, sealed
from api_service.identity.bearer import REALM, Bearer
from api_service.identity.cookies import GUEST_PASSES, GUEST_PREFIX, SESSION_COOKIE, SESSIONS
from api_service.identity.oidc import return_path
from api_service.identity.programs import Program, Scope
from api_service.identity.provider import ProviderUnavailable
from api_service.usecases import room_guests, sessions
from api_service.usecases.people import Guest, User
from shared.service import Problem

SIGN_IN: Final = "/auth/sign-in"
SIGN_OUT: Final = "/auth/sign-out"
SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS, hdrs.METH_TRACE})

_USER: Final = web.RequestKey("_USER", object)
_PROVIDER_SID: Final = web.RequestKey("_PROVIDER_SID", str)


BEARER: Final = web.AppKey("BEARER", Bearer)
PUBLIC_ORIGIN: Final = web.AppKey("PUBLIC_ORIGIN", str)


async def optional_user(request: web.Request) -> User | None:
    """Return the account behind the request's bearer token or session cookie, or None if it has neither.

    Raises Problem for a bearer token: 401 ``invalid_token``, 403 ``person_required`` and ``account_blocked``, 503
    ``identity_unavailable``.
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


async def optional_guest(request: web.Request, code: str) -> Guest | None:
    """Return the guest without an account whom the request's cookie names in the room ``code``, or None."""
    guest_id = request.app[GUEST_PASSES].find(request, code)
    return None if guest_id is None else await room_guests.guest(request.app[DATABASE], guest_id, code)


async def enter_as_guest(request: web.Request, code: str, name: str, locale: str) -> Guest:
    """Return a new guest of a room, for whom the answer sets a cookie; raises what `room_guests.enter` does."""
    site = request.app[SITE]
    address = sealed(client_address(request, site.policy.trusted_proxies), site.link_key)
    guest = await room_guests.enter(request.app[DATABASE], site, code, name, locale, address)
    request.app[GUEST_PASSES].give(request, code, guest.id)
    return guest


async def current_user_or_guest(request: web.Request, code: str) -> User:
    """Return the account behind an API request, or a guest of the room ``code``; raises what current_user raises."""
    user = await optional_user(request) or await optional_guest(request, code)
    return await current_user(request) if user is None else user


async def current_session(request: web.Request) -> UUID:
    """Return the session of the request's `current_user`: the cookie's, or that of their tokens.

    Raises the problems of current_user.
    """
    user = await current_user(request)
    db = request.app[DATABASE]
    if bearer_token(request) is not None:
        return await sessions.of_tokens(db, user.id, request[_PROVIDER_SID])
    sid = await request.app[SESSIONS].sid(request)
    if sid is None:
        raise RuntimeError("whoever is signed in without a token has a session")
    return sid


async def current_program(request: web.Request, *scopes: Scope) -> Program:
    """Return the program behind an API request that may do what any of ``scopes`` allows.

    Raises Problem: 401 ``sign_in_required`` and ``invalid_token``, 403 ``program_required`` for people's tokens and
    sessions and ``insufficient_scope`` for other programs, 503 ``identity_unavailable``.
    """
    if bearer_token(request) is None:
        await current_user(request)
    program = await optional_program(request, *scopes)
    if program is None:
        raise Problem(
            403,
            "program_required",
            f"Only programs may do this: send a client-credentials token with the scope {_named(scopes)}.",
        )
    return program


async def optional_program(request: web.Request, *scopes: Scope) -> Program | None:
    """Return the program behind an API request, or None if a person or nobody asks.

    Raises the problems of current_program but for ``program_required``.
    """
    token = bearer_token(request)
    if token is None:
        return None
    try:
        program = await request.app[BEARER].program(token)
    except ProviderUnavailable as error:
        raise unavailable(error) from error
    if program is not None and not program.scopes.intersection(scopes):
        raise Problem(
            403,
            "insufficient_scope",
            f"This program's token does not grant the scope {_named(scopes)}: ask the auth service for it.",
            # RFC 6750, section 3.1
            headers={hdrs.WWW_AUTHENTICATE: f'{REALM}, error="insufficient_scope", scope="{scopes[0]}"'},
        )
    return program


def _named(scopes: tuple[Scope, ...]) -> str:
    return " or ".join(f"`{scope}`" for scope in scopes)


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

    A bearer token needs no such proof: no browser adds it by itself, and with one the cookie is ignored, except in
    signing out, which ends the cookie's session whatever else comes with it.
    """
    ignores_cookie = bearer_token(request) is not None and request.path != SIGN_OUT
    is_known = any(name == SESSION_COOKIE or name.startswith(GUEST_PREFIX) for name in request.cookies)
    by_cookie = is_known and not ignores_cookie
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
            user, request[_PROVIDER_SID] = await request.app[BEARER].person(token)
            return user
        except ProviderUnavailable as error:
            raise unavailable(error) from error
    sid = await request.app[SESSIONS].sid(request)
    return None if sid is None else await sessions.user_by_session(request.app[DATABASE], sid)


def _from_own_page(request: web.Request) -> bool:
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    return request.headers.get(hdrs.ORIGIN) == request.app[PUBLIC_ORIGIN]
