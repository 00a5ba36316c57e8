"""What makes a neighbour a process: settings with clear errors, a log, an HTTP port, a start and a stop."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Literal, cast

import structlog
from aiohttp import web
from environs import Env, EnvValidationError, ValidationError

LogFormat = Literal["json", "console"]
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("json", "console")


class SettingsError(Exception):
    """Names each variable that is missing or wrong, and what to set it to."""


class CannotListen(Exception):
    """Another program listens where this one should, or the address is not ours; names the setting that moves it."""


def not_empty(value: object) -> None:
    """Refuse what compose files pass on for an unset variable: an empty text."""
    if not str(value).strip():
        raise ValidationError("is empty")


def port_number(value: object) -> None:
    if not isinstance(value, int) or not 1 <= value <= 65535:
        raise ValidationError("is not a port (1 to 65535)")


def one_of(*allowed: str) -> Callable[[object], None]:
    def check(value: object) -> None:
        if value not in allowed:
            raise ValidationError(f"is none of {', '.join(allowed)}")

    return check


def seal(env: Env, remedies: Mapping[str, str]) -> None:
    """End the reading of settings; raise `SettingsError` with a line for each variable that is missing or wrong."""
    try:
        env.seal()
    except EnvValidationError as error:
        problems = cast(Mapping[str, list[str]], error.error_messages)
        lines = [
            f"{name}: {' '.join(map(_as_text, found))}; {remedies.get(name, 'correct or unset it')}"
            for name, found in problems.items()
        ]
        raise SettingsError("\n".join(["These settings of the environment are missing or wrong:", *lines])) from error


def _as_text(problem: str) -> str:
    return {"Environment variable not set.": "is not set"}.get(problem, problem.rstrip("."))


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Send structlog's and the standard library's records alike to standard error, one line each."""
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # aiosmtpd logs each command on the wire; aiormq's faults reach this process as exceptions anyway.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    for noisy in ("aiormq", "aio_pika"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


@contextlib.contextmanager
def naming_the_port(setting: str, host: str, port: int) -> Iterator[None]:
    """Turn the refusal of an address to listen on into an error that names the setting."""
    try:
        yield
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host}:{port} ({error.strerror}):"
            f" stop the program that holds this port, or set {setting} to another one"
        ) from error


@contextlib.asynccontextmanager
async def http_server(app: web.Application, *, host: str, port: int, setting: str) -> AsyncIterator[None]:
    """Serve `app` while the block runs; raises `CannotListen`."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        with naming_the_port(setting, host, port):
            await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def run_until_signal(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main(stopping)` to its end; SIGTERM and SIGINT set `stopping`. A taken port ends it with one line."""

    async def guarded() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await main(stopping)

    try:
        asyncio.run(guarded())
    except CannotListen as error:
        sys.exit(str(error))
