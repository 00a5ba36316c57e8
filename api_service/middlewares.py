"""Middlewares: the deadline of requests and the database's faults; and the security headers of every answer."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from api_service.database import ConstraintViolated, DatabaseUnavailable, InvalidValue
from api_service.problems import DATABASE_UNAVAILABLE, DEADLINE_EXCEEDED, INVALID_FIELDS
from api_service.site import Site

log = structlog.get_logger(__name__)

REQUEST_DEADLINE_S: Final = 15.0

# Whoever makes progress with a long body reschedules their own.
DEADLINE: Final = web.RequestKey("DEADLINE", asyncio.Timeout)
FRAMED: Final = "/rooms/"  # what the sites of FRAME_ANCESTORS may show in a frame

_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")
_HSTS: Final = "max-age=31536000"
_GONE: Final = "What this refers to was deleted at the same moment; nothing was changed. Try again."


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
    """Headers of every answer; the content policy allows what the player needs and nothing else."""

    def __init__(self, site: Site, issuer: str, frame_ancestors: Iterable[str] = ()) -> None:
        self._path = site.path
        self._frame_ancestors = " ".join(frame_ancestors)
        self._socket_origin = str(URL(site.sync_public_url).origin())
        # Signing out posts a form that is redirected to the provider, which form-action would stop.
        self._issuer_origin = str(URL(issuer).origin())
        self._always = {
            "X-Content-Type-Options": "nosniff",
            # Whoever has a room's address can enter it: it must not reach other sites.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        }
        if site.public_url.startswith("https://"):
            self._always["Strict-Transport-Security"] = _HSTS
        self.content_policy = ""
        self.allow(())

    def allow(self, film_origins: Iterable[str]) -> None:
        """Allow films and posters from these origins too."""
        films = " ".join(sorted(origin for origin in film_origins if _ORIGIN.fullmatch(origin)))
        self.content_policy = "; ".join(
            (
                "default-src 'self'",
                "script-src 'self'",
                # media-chrome styles its elements with <style> in their shadow trees.
                "style-src 'self' 'unsafe-inline'",
                f"img-src 'self' data: {films}".rstrip(),
                f"media-src 'self' blob: {films}".rstrip(),
                # hls.js fetches a film's parts by script and unpacks them in a worker.
                f"connect-src 'self' {self._socket_origin} {films}".rstrip(),
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'none'",
                f"form-action 'self' {self._issuer_origin}",
                "frame-ancestors 'self'",
            )
        )

    async def put(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the headers on an answer (signal `on_response_prepare`)."""
        location = response.headers.get(hdrs.LOCATION, "")
        if self._path and location.startswith("/") and not location.startswith("//"):
            response.headers[hdrs.LOCATION] = self._path + location
        for name, value in self._always.items():
            response.headers.setdefault(name, value)
        if response.content_type in {"text/html", "image/svg+xml"}:
            policy = self.content_policy
            if self._frame_ancestors and request.path.startswith(FRAMED):
                policy = f"{policy} {self._frame_ancestors}"  # frame-ancestors is the last directive
            response.headers.setdefault("Content-Security-Policy", policy)
        response.headers[hdrs.SERVER] = "movie-together"  # not which versions of what
        if (
            response.content_type in {"application/json", "application/problem+json"}
            and hdrs.CACHE_CONTROL not in response.headers
        ):
            # Every answer belongs to one viewer.
            response.headers[hdrs.CACHE_CONTROL] = "private, no-store"
