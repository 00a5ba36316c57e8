"""Ends a process whose event loop has stopped turning, so that whoever supervises it starts another.

Sockets stay open and silent while a loop hangs, and nothing else notices: health checks time out like everything else.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

HUNG_S = 5.0
LOOK_S: Final = 0.25
EXIT_STATUS: Final = 70  # sysexits.h: an internal error


class Watchdog:
    """A thread that watches the running loop, from ``start`` to ``close``.

    It counts its own looks at a loop that does not turn, not the time in between: a process that was stopped, or a
    machine that slept, has not looked meanwhile and gets all of its time again. ``end`` ends the process.
    """

    def __init__(self, end: Callable[[], None] | None = None) -> None:
        self._end = _end if end is None else end
        self._stopped = threading.Event()
        self._turned = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Begin to watch the loop that runs this."""
        watch = threading.Thread(target=self._watch, args=[asyncio.get_running_loop()], name="watchdog", daemon=True)
        self._thread = watch
        watch.start()

    async def close(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        missed = 0
        self._ask(loop)
        while not self._stopped.wait(LOOK_S):
            if self._turned.is_set():
                missed = 0
                self._ask(loop)
                continue
            missed += 1
            if missed * LOOK_S >= HUNG_S:
                self._end()
                return

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned.clear()
        if loop.is_closed():
            self._stopped.set()
        else:
            loop.call_soon_threadsafe(self._turned.set)


def _end() -> None:
    log.critical("the event loop has not turned, ending the process", seconds=HUNG_S)
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
    sys.stderr.flush()
    os._exit(EXIT_STATUS)
