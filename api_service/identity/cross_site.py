"""No other site may act in a signed-in person's name (cross-site request forgery)."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from api_service.identity.bearer import bearer_token
from api_service.identity.session import COOKIE
from shared.service import Problem

SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS, hdrs.METH_TRACE})


def cross_site_guard(public_origin: str) -> Middleware:
    """Refuse a request that would change something by our cookie unless the browser vouches that our own page sent it.

    A bearer token needs no such proof: no browser adds it by itself, and with one the cookie is not looked at.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        by_cookie = COOKIE in request.cookies and bearer_token(request) is None
        if by_cookie and request.method not in SAFE_METHODS and not _from_own_page(request, public_origin):
            raise Problem(
                403,
                "cross_site_request",
                f"A request signed in by cookie must come from {public_origin} itself (Origin or Sec-Fetch-Site); "
                "programs use a bearer token.",
            )
        return await handler(request)

    return guard


def _from_own_page(request: web.Request, public_origin: str) -> bool:
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    return request.headers.get(hdrs.ORIGIN) == public_origin
