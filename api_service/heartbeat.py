"""Whether PostgreSQL answers at all: what tells a server that hangs from a statement that is slow.

Waiting longer says nothing by itself: a statement may wait for a lock. So as soon as something has waited for a while,
a connection of our own asks `SELECT 1`. While that is answered, everybody waits on; when it is not, all who wait are
told at once, and those who come later too, until it is.

Time is counted in ticks of the event loop, not read from a clock: a tick that comes late, because our own process got
no CPU, counts once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import structlog

log = structlog.get_logger(__name__)

TICK_S: Final = 0.1
# What has waited so long makes us ask; a question without an answer for so long means that the server hangs. Together
# they leave a request a fifth of a second to be answered within one.
PATIENCE_TICKS: Final = 3
ANSWER_TICKS: Final = 4
# Opening the line takes PostgreSQL a process and a check of the password: on a busy machine that may be long.
CONNECT_TICKS: Final = 20
# The connection may be to a machine that is gone. Not sooner: a stopped server keeps each connection that was tried.
ASK_ANEW_TICKS: Final = 100


class Silent(Exception):
    """PostgreSQL has not answered anybody for most of a second."""


class Line(Protocol):
    """A connection for nothing but asking."""

    async def ask(self) -> None:
        """Return once PostgreSQL has answered; raise what the driver raises."""

    def close(self) -> None: ...


class Heartbeat:
    """Watches over waiting for one PostgreSQL, from ``start`` to ``close``; ``connect`` opens its own line there."""

    def __init__(self, connect: Callable[[], Awaitable[Line]]) -> None:
        self._connect = connect
        self._waiting: dict[asyncio.Timeout, int] = {}  # who waits → for how many ticks
        self._somebody_waits = asyncio.Event()
        self._line: Line | None = None
        self._question: asyncio.Task[None] | None = None
        self._unanswered_ticks = 0
        self._task: asyncio.Task[None] | None = None
        self._silent = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="database heartbeat")

    async def close(self) -> None:
        for task in (self._task, self._question):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._task = None
        self._hang_up()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Raise Silent in the block once PostgreSQL answers nobody, however long the block itself would wait."""
        if self._silent:
            raise Silent
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waiting[scope] = 0
                self._somebody_waits.set()
                yield
        except TimeoutError:
            if scope.expired():
                raise Silent from None
            raise
        finally:
            self._waiting.pop(scope, None)

    async def _run(self) -> None:
        while True:
            if not self._waiting and self._question is None and not self._silent:
                self._somebody_waits.clear()
                await self._somebody_waits.wait()
            await asyncio.sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        for scope in self._waiting:
            self._waiting[scope] += 1
        overdue = any(ticks >= PATIENCE_TICKS for ticks in self._waiting.values())
        if self._question is None:
            # Without a line we ask before there is need, to have one by then.
            if overdue or self._silent or self._line is None:
                self._question = asyncio.create_task(self._ask())
                self._unanswered_ticks = 0
        elif self._question.done():
            self._answered(self._question)
        else:
            self._unanswered_ticks += 1
            enough_ticks = CONNECT_TICKS if self._line is None else ANSWER_TICKS
            if overdue and self._unanswered_ticks >= enough_ticks:
                self._tell_all()
            if self._unanswered_ticks >= ASK_ANEW_TICKS:
                self._question.cancel()
                self._question = None
                self._hang_up()

    async def _ask(self) -> None:
        if self._line is None:
            self._line = await self._connect()
        await self._line.ask()

    def _answered(self, question: asyncio.Task[None]) -> None:
        self._question = None
        # A refusal is an answer as well, which the statements themselves get too.
        if question.cancelled() or question.exception() is not None:
            self._hang_up()
        if self._silent:
            log.info("PostgreSQL answers again")
        self._silent = False

    def _tell_all(self) -> None:
        if not self._silent:
            log.warning("PostgreSQL (DATABASE_URL) answers nobody", waiting=len(self._waiting))
        self._silent = True
        now_s = asyncio.get_running_loop().time()
        while self._waiting:
            scope, _ = self._waiting.popitem()
            scope.reschedule(now_s)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
