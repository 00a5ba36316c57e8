"""What both services do as processes: logging, health, metrics, problem documents, start and stop."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NoReturn, Protocol, TypeVar

import structlog
from aiohttp import web, web_response
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from shared.settings import Environment, SettingsError
from shared.settings import read as read_settings

log = structlog.get_logger(__name__)

EX_CONFIG: Final = 78  # sysexits.h: the configuration is wrong, a restart will not help
CHECK_DEADLINE_S: Final = 2.0
# The headers of a request have to come whole within this time of the connection, or of the answer before; a connection
# that waits for another request ends then too.
HEADERS_DEADLINE_S: Final = 20.0
SERVER_NAME: Final = "movie-together"  # and not which versions of what

REQUESTS = Counter("http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("http_request_seconds", "Seconds from request to answer.", ["method", "route"])


# Without local variables: they contain secrets, such as sign-in codes and tokens.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(level: str, format_: str) -> None:
    """Send every log line, ours and the libraries', to standard error: ``json`` for machines or ``console``."""
    shared_processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if format_ == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared_processors,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([_TRACEBACKS] if format_ == "json" else []),
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # They repeat, at warning level and with tracebacks, what our own lines say once and with the remedy.
    logging.getLogger("aiormq").setLevel("CRITICAL")
    logging.getLogger("aio_pika").setLevel("CRITICAL")
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared_processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def allow_open_files() -> None:
    """Raise the soft bound of open files to the hard one, for this process and those it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _json(value: object, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


class Problem(Exception):
    """An answer that is not a success, sent as a problem document (RFC 9457).

    ``code`` is stable and documented in docs/errors.md; ``detail`` says what the caller can do; ``errors`` is a list of
    {field, message}.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def document(self, instance: str) -> dict[str, Any]:
        """Return the problem document for the request path ``instance``."""
        return {
            "type": f"/problems/{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "instance": instance,
            **({"errors": self.errors} if self.errors else {}),
        }

    def response(self, instance: str) -> web.Response:
        """Return the ``application/problem+json`` response."""
        return web.json_response(
            self.document(instance),
            status=self.status,
            content_type="application/problem+json",
            headers=self.headers,
            dumps=lambda value: json.dumps(value, ensure_ascii=False),
        )


def problem_of(error: Exception) -> Problem:
    """Return the problem for what a handler raised; an unexpected exception becomes a 500 that reveals nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException):
        code = HTTPStatus(error.status).phrase.lower().replace(" ", "_").replace("-", "_")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return Problem(error.status, code, error.text or error.reason, headers=allow)
    return Problem(500, "internal_error", "Something went wrong here; it has been logged. Try again later.")


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn exceptions into problem documents; redirects pass, unexpected exceptions are logged in full."""
    try:
        return await handler(request)
    except (Problem, web.HTTPException) as error:
        if isinstance(error, web.HTTPException) and error.status < HTTPStatus.BAD_REQUEST:
            raise
        return problem_of(error).response(request.path)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log.exception("request failed", method=request.method, path=request.path)
        return problem_of(error).response(request.path)


@web.middleware
async def metrics_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time requests by route pattern, never by path: paths are unbounded."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unmatched"
        REQUESTS.labels(request.method, route, status).inc()
        REQUEST_SECONDS.labels(request.method, route).observe(time.perf_counter() - started)


async def no_sniffing(_request: web.Request, response: web.StreamResponse) -> None:
    """Have browsers believe the Content-Type (signal ``on_response_prepare``)."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")


Check = Callable[[], Awaitable[None]]


class Health:
    """Liveness and readiness.

    ``/healthz`` says that the process answers; ``/readyz`` that it can do its main job, by calling each check (an async
    callable that raises with the reason). The check of a side job belongs in ``notes``: shown, not counted, for a
    service keeps serving while a dependency that is not its own store is down.
    """

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.notes: dict[str, Check] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready), web.get("/metrics", self._metrics)]

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        names = [*self.checks, *self.notes]
        results = await asyncio.gather(*(_outcome(check) for check in (*self.checks.values(), *self.notes.values())))
        found = dict(zip(names, results, strict=True))
        ready = all(found[name] == "ok" for name in self.checks)
        return web.json_response(
            {"status": "ok" if ready else "unavailable", "checks": found}, status=200 if ready else 503
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_DEADLINE_S):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_DEADLINE_S:g} s"
    except Exception as error:  # noqa: BLE001 - whatever a check raises is its result
        return str(error) or type(error).__name__
    return "ok"


def stop_at_start(reason: str, *, status: int = EX_CONFIG) -> NoReturn:
    """End the process before it serves, with the reason on standard error."""
    sys.stderr.write(reason.rstrip() + "\n")
    raise SystemExit(status)


class Part(Protocol):
    """A client, a consumer or a background task that runs from the application's start to its end."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...


def running(part: Part) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return the cleanup context (aiohttp) that starts ``part`` with the application and closes it at its end."""

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await part.start()
        yield
        await part.close()

    return run


class ServiceSettings(Protocol):
    """What `serve` needs of a service's settings."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def log_level(self) -> str: ...
    @property
    def log_format(self) -> str: ...


S = TypeVar("S", bound=ServiceSettings)


def serve(
    name: str,
    read: Callable[[Environment], S],
    build: Callable[[S], Awaitable[web.Application]],
    *,
    port_variable: str,
    loop: asyncio.AbstractEventLoop | None = None,
    shutdown_timeout_s: float = 10.0,
) -> None:
    """Run a service until SIGINT or SIGTERM, then stop it in order.

    Wrong settings and a port that is taken end the process with one clear line each and no traceback; the latter names
    ``port_variable``, the setting to change.
    """
    try:
        settings = read_settings(read)
    except SettingsError as error:
        stop_at_start(f"{name} cannot start, its settings are not right:\n{error}")
    configure_logging(settings.log_level, settings.log_format)
    # Also on the answers that no application sees: to what is no HTTP.
    web_response.SERVER_SOFTWARE = SERVER_NAME  # type: ignore[attr-defined]
    try:
        web.run_app(
            build(settings),
            host=settings.host,
            port=settings.port,
            access_log=None,
            print=None,
            shutdown_timeout=shutdown_timeout_s,
            keepalive_timeout=HEADERS_DEADLINE_S,
            loop=loop,
        )
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
            raise
        stop_at_start(
            f"{name} cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            f"free it or set {port_variable} to another",
            status=1,
        )
