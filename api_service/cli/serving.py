"""`serve`: the service itself."""

import argparse

from api_service.app import build
from api_service.settings import settings
from shared.service import serve


def serve_api(_options: argparse.Namespace) -> None:
    """Serve the site and the API until SIGTERM."""
    # On the standard event loop: under uvloop aiopg left dead polls after restarts of PostgreSQL.
    serve("api_service", settings, build, port_variable="API_PORT")
