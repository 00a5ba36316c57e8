"""One connection to Redis that pipelines by itself: what one loop turn asks goes out in one write.

Answers and pub/sub messages come over the same connection (RESP3), in the order in which Redis made them: a step that
was published and the answer to it cost one wake-up, and one probe watches both.

Why not a client library: docs/decisions/0002-a-redis-connection-of-our-own.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from sync_service.redis_client.address import Address, StoreAddress
from sync_service.redis_client.wire import (
    DEADLINE_S,
    Announced,
    OnPush,
    OnRefused,
    OnReply,
    OnUnheard,
    OutcomeUnknown,
    RedisError,
    StoreAway,
    Wire,
    open_wire,
)

__all__ = ["OutcomeUnknown", "RedisError", "RedisLink", "StoreAway"]

log = structlog.get_logger(__name__)

RECONNECT_FIRST_S: Final = 0.05
RECONNECT_MOST_S: Final = 1.0
# What may wait for an answer at once; beyond it callers are told that the store is away. A commit is about 1 KiB.
PENDING_MOST: Final = 20_000

Where = Callable[[], Awaitable[Address]]


class RedisLink:
    """A self-mending connection; ``name`` is what CLIENT LIST shows.

    ``where`` is asked before each connect (default: the first host). ``on_up`` and ``on_down`` run after each connect
    and loss, ``on_push`` gets what is published, ``on_unheard`` a channel that is heard here no longer, ``on_refused``
    the word of an error that says that nothing was done. With ``masters_only`` a server that is no master is not
    connected to. ``address`` is the server's last one.
    """

    def __init__(
        self,
        store: StoreAddress,
        name: str,
        *,
        scripts: Sequence[bytes] = (),
        where: Where | None = None,
        masters_only: bool = False,
    ) -> None:
        self.address = store.hosts[0]
        self.database = store.database
        self._store = store
        self._name = name
        self._scripts = scripts
        self._where = where
        self._masters_only = masters_only
        self.on_push: OnPush = lambda _push: None
        self.on_unheard: OnUnheard = lambda _channel: None
        self.on_refused: OnRefused = lambda _word: None
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []
        self._loop = asyncio.get_running_loop()
        self._connection: Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._connection is not None and not self._connection.lost.done()

    @property
    def pending(self) -> int:
        """Calls without an answer yet."""
        return 0 if self._connection is None else len(self._connection.waiting)

    async def start(self) -> None:
        """Begin to connect in the background and return at once."""
        self._task = asyncio.create_task(self._run(), name="redis")

    async def close(self) -> None:
        """End the connection; calls under way fail with OutcomeUnknown."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def reconnect(self) -> None:
        """Leave this server, if connected, and ask at once where to connect now."""
        self._hurry.set()
        if self._connection is not None:
            self._connection.abort()

    async def check(self) -> None:
        """Raise with the reason while Redis does not answer (for readiness)."""
        if self._connection is None:
            raise ConnectionError("no connection to Redis (REDIS_URL)")
        await self.call("PING")

    async def wait_up(self) -> None:
        """Wait until there is a connection."""
        await self._up.wait()

    def send(self, on_reply: OnReply, *words: bytes | str | int) -> None:
        """Ask; ``on_reply`` gets the answer, or a RedisError, OutcomeUnknown or StoreAway. Raises StoreAway if nobody
        is there.
        """
        self._there().send(on_reply, words)

    def put(self, on_reply: OnReply, count: int, *words: bytes) -> None:
        """Ask the same by ``count`` words that redis_wire.packed has packed, once ``flush`` is called."""
        self._there().put(on_reply, b"".join((b"*%d\r\n" % count, *words)))

    async def call(self, *words: bytes | str | int) -> Any:
        """Ask and wait for the answer; raises StoreAway, OutcomeUnknown or RedisError."""
        answer: asyncio.Future[Any] = self._loop.create_future()

        def on_reply(reply: Any) -> None:
            if answer.done():
                return
            if isinstance(reply, Exception):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)

        self.send(on_reply, *words)
        return await answer

    async def call_each(self, calls: Sequence[tuple[bytes | str | int, ...]]) -> list[Any]:
        """Ask several things at once and wait for all answers, in their order; raises the first error, as ``call``."""
        answers: list[Any] = []
        all_there: asyncio.Future[None] = self._loop.create_future()

        def on_reply(reply: Any) -> None:
            answers.append(reply)
            if len(answers) == len(calls) and not all_there.done():
                all_there.set_result(None)

        for words in calls:
            self.send(on_reply, *words)
        if calls:
            await all_there
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def subscribe(self, channel: bytes, on_reply: OnReply) -> None:
        """Hear a sharded channel; ``on_reply`` gets None once it is heard, or why not. Raises StoreAway."""
        self._there().send(Announced(b"ssubscribe", channel, on_reply), ("SSUBSCRIBE", channel))

    def unsubscribe(self, channel: bytes) -> None:
        """Hear it no longer; silently nothing while there is no connection."""
        if self.up:
            words = ("SUNSUBSCRIBE", channel)
            self._there().send(Announced(b"sunsubscribe", channel, lambda _reply: None), words)

    def flush(self) -> None:
        """Send now what this turn has asked so far."""
        if self._connection is not None:
            self._connection.flush()

    def _there(self) -> Wire:
        connection = self._connection
        # A connection is lost some loop turns before it is forgotten here; what was asked of it then would never end.
        if connection is None or connection.lost.done() or len(connection.waiting) >= PENDING_MOST:
            raise StoreAway("Redis is away (REDIS_URL)")
        return connection

    async def _run(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while True:
            self._hurry.clear()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    if self._where is not None:
                        self.address = await self._where()
                    connection = await self._connect(self.address)
            except (OSError, TimeoutError, RedisError, OutcomeUnknown, StoreAway) as error:
                log.warning("Redis is away, trying again", reason=str(error) or repr(error))
            else:
                await self._hold(connection)
                if not connection.deposed:
                    pause_s = RECONNECT_FIRST_S
            with contextlib.suppress(TimeoutError):
                # Random, so that the nodes do not come all at once.
                async with asyncio.timeout(pause_s * random.uniform(0.5, 1.0)):  # noqa: S311 - guards nothing
                    await self._hurry.wait()
            pause_s = min(pause_s * 2, RECONNECT_MOST_S)

    async def _connect(self, address: Address) -> Wire:
        connection = await open_wire(self._store, address, self.on_push, self.on_unheard, self.on_refused)
        login = ["AUTH", self._store.user, self._store.password] if self._store.password else []
        try:
            await connection.ask("HELLO", "3", *login, "SETNAME", self._name)
            if self.database:
                await connection.ask("SELECT", self.database)
            await connection.ask("PING")  # answers LOADING while the append-only file is read
            if self._masters_only:
                await _require_master(connection, address)
            for script in self._scripts:
                await connection.ask("SCRIPT", "LOAD", script)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _hold(self, connection: Wire) -> None:
        """Serve one connection from its opening to its loss, watching that answers keep coming."""
        where = f"{self.address[0]}:{self.address[1]}"
        self._connection = connection
        self._up.set()
        log.info("connected to Redis", address=where)
        try:
            for callback in self.on_up:
                callback()
            while not connection.lost.done():
                await asyncio.wait([connection.lost], timeout=DEADLINE_S / 8)
                if connection.overdue():
                    log.warning("Redis does not answer, connecting anew", address=where)
                    connection.abort()
        finally:
            self._connection = None
            self._up.clear()
            connection.abort()
            for callback in self.on_down:
                callback()
        log.warning("Redis connection lost", address=where)


async def _require_master(connection: Wire, address: Address) -> None:
    role = (await connection.ask("ROLE"))[0].decode()
    if role != "master":
        raise StoreAway(f"{address[0]}:{address[1]} is no master but a {role}")
