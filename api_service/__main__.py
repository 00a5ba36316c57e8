"""Runs api_service: `python -m api_service`, settings from the environment."""

from api_service.app import build
from api_service.settings import settings
from shared.service import serve

if __name__ == "__main__":
    # On the standard event loop: under uvloop aiopg left dead polls after restarts of PostgreSQL.
    serve("api_service", settings, build, port_variable="API_PORT")
