"""`serve`: the service itself."""

import argparse
import gc
from typing import Final

import uvloop
from aiohttp import web

from shared.service import allow_open_files, serve
from sync_service.app import build
from sync_service.settings import Settings, settings

# Connections are many small long-lived objects: with the default thresholds the collector walked all of them for up to
# 230 ms at 10,000 joins. Cycles are rare here, so it runs seldom, and never over the objects of start-up.
_GC_THRESHOLD: Final = 100_000


def serve_sync(_options: argparse.Namespace) -> None:
    """Serve live rooms until SIGTERM."""
    serve("sync_service", settings, _build, port_variable="SYNC_PORT", loop=uvloop.new_event_loop())


async def _build(found: Settings) -> web.Application:
    # A connection takes two descriptors, its own and the fan-out's; the soft limit is usually 1,024.
    allow_open_files()
    app = await build(found)
    app.on_startup.append(_freeze)
    return app


async def _freeze(_app: web.Application) -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 50, 100)
