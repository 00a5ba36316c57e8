"""Middlewares: the deadline of requests and the database's faults; and the security headers of every answer."""

import asyncio
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from api_service import content_policy
from api_service.content_policy import ContentPolicy
from api_service.database import ConstraintViolated, DatabaseUnavailable, InvalidValue
from api_service.problems import DATABASE_UNAVAILABLE, DEADLINE_EXCEEDED, INVALID_FIELDS
from api_service.site import Site

log = structlog.get_logger(__name__)

REQUEST_DEADLINE_S: Final = 15.0

# Whoever makes progress with a long body reschedules their own.
DEADLINE: Final = web.RequestKey("DEADLINE", asyncio.Timeout)

_HSTS: Final = "max-age=31536000"
_GONE: Final = "What this refers to was deleted at the same moment; nothing was changed. Try again."


# Whoever gets on within this time goes on, however long the whole takes.
PROGRESS_DEADLINE_S: Final = 30.0


def renew_deadline(request: web.Request) -> None:
    """Put off the deadline of a request that makes progress."""
    if DEADLINE in request:
        request[DEADLINE].reschedule(asyncio.get_running_loop().time() + PROGRESS_DEADLINE_S)


def request_deadline(limit_s: float = REQUEST_DEADLINE_S) -> Middleware:
    """Return the middleware that abandons a request after ``limit_s``; files are sent later, at the client's pace."""

    @web.middleware
    async def deadline(request: web.Request, handler: Handler) -> web.StreamResponse:
        scope = asyncio.timeout(limit_s)
        try:
            async with scope:
                request[DEADLINE] = scope
                return await handler(request)
        except TimeoutError:
            if not scope.expired():
                raise
            log.warning("request given up", method=request.method, path=request.path, limit_s=limit_s)
            raise DEADLINE_EXCEEDED.problem() from None

    return deadline


@web.middleware
async def database_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn the database's exceptions into problems.

    PostgreSQL is away, or somebody was erased at that very moment (both with Retry-After), or it cannot store a value.
    """
    try:
        return await handler(request)
    except DatabaseUnavailable as error:
        log.warning("database unavailable", method=request.method, path=request.path, reason=str(error))
        raise DATABASE_UNAVAILABLE.problem() from error
    except ConstraintViolated as violated:
        if not violated.constraint.startswith("fk_"):
            raise
        log.info("a reference is gone", method=request.method, path=request.path, constraint=violated.constraint)
        raise DATABASE_UNAVAILABLE.problem(_GONE) from violated
    except InvalidValue as error:
        raise INVALID_FIELDS.problem(f"A value cannot be stored: {error}") from error


class SecurityHeaders:
    """Headers of every answer."""

    def __init__(self, site: Site, policy: ContentPolicy) -> None:
        self._path = site.path
        self._policy = policy
        self._always = {
            "X-Content-Type-Options": "nosniff",
            # Whoever has a room's address can enter it: it must not reach other sites.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        }
        if site.public_url.startswith("https://"):
            self._always["Strict-Transport-Security"] = _HSTS

    async def put(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the headers on an answer (signal `on_response_prepare`)."""
        location = response.headers.get(hdrs.LOCATION, "")
        if self._path and location.startswith("/") and not location.startswith("//"):
            response.headers[hdrs.LOCATION] = self._path + location
        for name, value in self._always.items():
            response.headers.setdefault(name, value)
        # A page that shows films has its own (pages/rendering.py).
        if response.content_type in {"text/html", "image/svg+xml"} and content_policy.HEADER not in response.headers:
            response.headers[content_policy.HEADER] = self._policy.header(request.path)
        response.headers[hdrs.SERVER] = "movie-together"  # not which versions of what
        if (
            response.content_type in {"application/json", "application/problem+json"}
            and hdrs.CACHE_CONTROL not in response.headers
        ):
            # Every answer belongs to one viewer.
            response.headers[hdrs.CACHE_CONTROL] = "private, no-store"
