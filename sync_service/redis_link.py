"""One connection to Redis that pipelines by itself: what one loop turn asks goes out in one write.

Answers and pub/sub messages come over the same connection (RESP3), in the order in which Redis made them: a step that
was published and the answer to it cost one wake-up, and one probe watches both.

Why not a client library: docs/decisions/0002-a-redis-connection-of-our-own.md. hiredis packs and parses. Nothing is
ever sent twice, because a commit whose answer was lost may have happened.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import hiredis
import structlog

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 2.0
RECONNECT_FIRST_S: Final = 0.05
RECONNECT_MOST_S: Final = 1.0
# What may wait for an answer at once; beyond it callers are told that the store is away. A commit is about 1 KiB.
PENDING_MOST: Final = 20_000

_NOTHING: Final = object()

OnReply = Callable[[Any], None]
OnPush = Callable[[list[Any]], None]


class StoreAway(Exception):
    """Redis could not be asked: nothing was sent."""


class OutcomeUnknown(Exception):
    """Redis was asked and did not answer: it may have happened."""


class RedisError(Exception):
    """Redis answered with an error."""


class RedisLink:
    """A self-mending connection; ``name`` is what CLIENT LIST shows.

    ``on_up`` and ``on_down`` run after each connect and loss, ``on_push`` gets RESP3 pushes (pub/sub).
    """

    def __init__(self, url: str, name: str, *, scripts: Sequence[bytes] = ()) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 6379
        self._tls = parts.scheme == "rediss"
        self.database = parts.path.strip("/") or "0"
        self._user = unquote(parts.username or "default")
        self._password = unquote(parts.password or "")
        self._name = name
        self._scripts = scripts
        self.on_push: OnPush = lambda _push: None
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []
        self._loop = asyncio.get_running_loop()
        self._connection: _Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

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

    async def check(self) -> None:
        """Raise with the reason while Redis does not answer (for readiness)."""
        if self._connection is None:
            raise ConnectionError("no connection to Redis (REDIS_URL)")
        await self.call("PING")

    async def wait_up(self) -> None:
        """Wait until there is a connection."""
        await self._up.wait()

    def send(self, on_reply: OnReply, *words: bytes | str | int) -> None:
        """Ask; ``on_reply`` gets the answer, or a RedisError or OutcomeUnknown. Raises StoreAway if nobody is there."""
        connection = self._connection
        # A connection is lost some loop turns before it is forgotten here; what was asked of it then would never end.
        if connection is None or connection.lost.done() or len(connection.waiting) >= PENDING_MOST:
            raise StoreAway("Redis is away (REDIS_URL)")
        connection.send(on_reply, words)

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

    def post(self, *words: bytes | str | int) -> None:
        """Send what is answered by a push alone (SSUBSCRIBE); silently nothing while there is no connection."""
        if self._connection is not None:
            self._connection.send(None, words)

    def flush(self) -> None:
        """Send now what this turn has asked so far."""
        if self._connection is not None:
            self._connection.flush()

    async def _run(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while True:
            try:
                async with asyncio.timeout(DEADLINE_S):
                    connection = await self._connect()
            except (OSError, TimeoutError, RedisError, OutcomeUnknown) as error:
                log.warning("Redis is away, trying again", reason=str(error) or repr(error))
            else:
                pause_s = RECONNECT_FIRST_S
                await self._hold(connection)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads nodes, guards nothing
            pause_s = min(pause_s * 2, RECONNECT_MOST_S)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(self.on_push), self._host, self._port, ssl=True if self._tls else None
        )
        login = ["AUTH", self._user, self._password] if self._password else []
        try:
            await connection.ask("HELLO", "3", *login, "SETNAME", self._name)
            await connection.ask("SELECT", self.database)
            await connection.ask("PING")  # answers LOADING while the append-only file is read
            for script in self._scripts:
                await connection.ask("SCRIPT", "LOAD", script)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _hold(self, connection: _Connection) -> None:
        """Serve one connection from its opening to its loss, watching that answers keep coming."""
        self._connection = connection
        self._up.set()
        log.info("connected to Redis", address=f"{self._host}:{self._port}")
        try:
            for callback in self.on_up:
                callback()
            while not connection.lost.done():
                await asyncio.wait([connection.lost], timeout=DEADLINE_S / 8)
                if connection.overdue():
                    log.warning("Redis does not answer, connecting anew")
                    connection.abort()
        finally:
            self._connection = None
            self._up.clear()
            connection.abort()
            for callback in self.on_down:
                callback()
        log.warning("Redis connection lost")


class _Connection(asyncio.Protocol):
    """The wire: requests go out in order and answers come back in that order."""

    def __init__(self, on_push: OnPush) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._on_push = on_push
        self._out: list[bytes] = []
        self.waiting: deque[OnReply] = deque()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._answered_s = self._loop.time()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        waiting, self.waiting = self.waiting, deque()
        for on_reply in waiting:
            on_reply(OutcomeUnknown("the connection to Redis was lost before it answered"))

    def data_received(self, data: bytes) -> None:
        self._answered_s = self._loop.time()
        reader = self._reader
        reader.feed(data)
        try:
            while (reply := reader.gets()) is not _NOTHING:
                try:
                    if isinstance(reply, hiredis.PushNotification):
                        self._on_push(reply)
                    elif isinstance(reply, hiredis.ReplyError):
                        self.waiting.popleft()(RedisError(str(reply)))
                    else:
                        self.waiting.popleft()(reply)
                except Exception:
                    # One answer that cannot be handled must not cost those behind it theirs.
                    log.exception("an answer of Redis could not be handled")
        except hiredis.ProtocolError:
            log.exception("Redis sent what is no RESP, connecting anew")
            self.abort()

    def send(self, on_reply: OnReply | None, words: tuple[bytes | str | int, ...]) -> None:
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub knows 1-tuples only
        if on_reply is not None:
            if not self.waiting:
                self._answered_s = self._loop.time()
            self.waiting.append(on_reply)

    def flush(self) -> None:
        if self._out and not self.lost.done():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    async def ask(self, *words: bytes | str | int) -> Any:
        answer: asyncio.Future[Any] = self._loop.create_future()
        self.send(lambda reply: None if answer.done() else answer.set_result(reply), words)
        reply = await answer
        if isinstance(reply, Exception):
            raise reply
        return reply

    def overdue(self) -> bool:
        return bool(self.waiting) and self._loop.time() - self._answered_s > DEADLINE_S

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
