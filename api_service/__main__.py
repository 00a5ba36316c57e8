"""Runs api_service: `python -m api_service`, settings from the environment."""

from aiohttp import web

from api_service.app import build
from api_service.settings import Settings, settings
from shared.service import configure_logging, serve
from shared.settings import read


def main() -> None:
    """Serve until SIGINT or SIGTERM, on the standard event loop: under uvloop aiopg left dead polls after restarts."""
    found: list[Settings] = []

    def address() -> tuple[str, int, str]:
        found.append(read(settings))
        configure_logging(found[0].log_level, found[0].log_format)
        return found[0].host, found[0].port, "API_PORT"

    async def application() -> web.Application:
        return await build(found[0])

    serve("api_service", application, address)


if __name__ == "__main__":
    main()
