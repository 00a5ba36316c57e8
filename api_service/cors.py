"""Other sites' pages (CORS): those of ALLOWED_ORIGINS may use the API by bearer token, the widget and the media.

They never act by our cookies: no answer allows credentials, and the cross-site guard refuses changes.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from api_service.app_keys import ALLOWED_ORIGINS
from shared.service import Problem

OPEN_TO_OTHERS: Final = ("/api/v1/", "/captions/", "/widget/", "/static/widget/", "/static/vendor/", "/demo/media/")
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_HEADERS: Final = "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
_EXPOSED: Final = "Content-Range, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"
_PREFLIGHT_S: Final = 3600


@web.middleware
async def cross_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let pages of the allowed origins read answers, and answer their preflights (Fetch standard, section 3.2).

    Raises nothing: a preflight from elsewhere is answered with the problem 403 ``foreign_origin``.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not request.path.startswith(OPEN_TO_OTHERS):
        return await handler(request)
    allowed = origin in request.app[ALLOWED_ORIGINS]
    if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        response: web.StreamResponse = _preflight() if allowed else _foreign(origin).response(request.path)
    else:
        response = await handler(request)
    if allowed:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
    return response


async def vary_by_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Say that the answer depends on the origin, also to who sent none: a cache keeps one answer for both.

    Signal `on_response_prepare`; a file sets the header only then.
    """
    if request.path.startswith(OPEN_TO_OTHERS):
        said = response.headers.get(hdrs.VARY)
        response.headers[hdrs.VARY] = f"{said}, {hdrs.ORIGIN}" if said else hdrs.ORIGIN


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _HEADERS,
            hdrs.ACCESS_CONTROL_MAX_AGE: str(_PREFLIGHT_S),
        },
    )


def _foreign(origin: str) -> Problem:
    return Problem(403, "foreign_origin", f"Pages of {origin} may not use this site (ALLOWED_ORIGINS).")
