"""One connection to Redis that pipelines by itself: the requests of a loop turn go out in one write.

Answers and pub/sub messages come over the same connection (RESP3), in the order in which Redis made them: a commit's
notification and its answer cost one wake-up, and one probe watches both.

Why not a client library: docs/decisions/0002-a-redis-connection-of-our-own.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog

from sync_service.redis_client.address import Address, StoreAddress
from sync_service.redis_client.wire import (
    DEADLINE_S,
    OnPush,
    OnRefused,
    OnReply,
    OnUnsubscribed,
    OutcomeUnknown,
    RedisError,
    StoreAway,
    StoreError,
    Subscribing,
    Wire,
    open_wire,
)

__all__ = ["OutcomeUnknown", "RedisError", "RedisLink", "StoreAway", "StoreError", "answered"]

log = structlog.get_logger(__name__)

RECONNECT_FIRST_S: Final = 0.05
RECONNECT_MOST_S: Final = 1.0
# Requests without an answer; beyond it requests fail with StoreAway. A commit is about 1 KiB.
PENDING_MOST: Final = 20_000

Locate = Callable[[], Awaitable[Address]]


class RedisLink:
    """A connection that reconnects by itself; CLIENT LIST shows ``name``.

    ``locate`` returns the address before each connect (default: the first host); ``address`` is the last one. With
    ``masters_only`` it connects to no server but a master.

    ``on_up`` and ``on_down`` run after each connect and loss, ``on_push`` with each message that is published,
    ``on_unsubscribed`` with a channel that the server has dropped, ``on_refused`` with the word of an error after which
    nothing was done.
    """

    def __init__(
        self,
        store: StoreAddress,
        name: str,
        *,
        scripts: Sequence[bytes] = (),
        locate: Locate | None = None,
        masters_only: bool = False,
    ) -> None:
        self.address = store.hosts[0]
        self.database = store.database
        self._store = store
        self._name = name
        self._scripts = scripts
        self._locate = locate
        self._masters_only = masters_only
        self.on_push: list[OnPush] = []
        self.on_unsubscribed: list[OnUnsubscribed] = []
        self.on_refused: list[OnRefused] = []
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []
        self._loop = asyncio.get_running_loop()
        self._connection: Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._wake = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        return self._connection is not None and not self._connection.lost.done()

    @property
    def pending(self) -> int:
        """Number of requests without an answer."""
        return 0 if self._connection is None else len(self._connection.waiting)

    async def start(self) -> None:
        """Begin to connect in the background and return at once."""
        self._task = asyncio.create_task(self._run(), name="redis")

    async def close(self) -> None:
        """End the connection; requests without an answer fail with OutcomeUnknown."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def reconnect(self) -> None:
        """Drop the connection, if any, and locate the server again at once."""
        self._wake.set()
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
        """Send a request when the loop turn ends; ``on_reply`` receives the answer or a StoreError.

        Raises StoreAway while there is no connection.
        """
        self._connected().send(on_reply, words)

    def put(self, on_reply: OnReply, count: int, *words: bytes) -> None:
        """Send a request of ``count`` words, packed by wire.packed, with the next ``flush``; otherwise as ``send``."""
        self._connected().put(on_reply, b"".join((b"*%d\r\n" % count, *words)))

    async def call(self, *words: bytes | str | int) -> Any:
        """Return the answer to a request; raises StoreError."""
        return await answered(lambda on_reply: self.send(on_reply, *words))

    async def call_each(self, calls: Sequence[tuple[bytes | str | int, ...]]) -> list[Any]:
        """Return the answers to several requests, in their order; raises the first StoreError among them."""
        answers: list[Any] = []
        complete: asyncio.Future[None] = self._loop.create_future()

        def on_reply(reply: Any) -> None:
            answers.append(reply)
            if len(answers) == len(calls) and not complete.done():
                complete.set_result(None)

        for words in calls:
            self.send(on_reply, *words)
        if calls:
            await complete
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def subscribe(self, channel: bytes, on_reply: OnReply) -> None:
        """Subscribe to a sharded channel; ``on_reply`` receives None once confirmed, else a StoreError.

        Raises StoreAway.
        """
        self._connected().send(Subscribing(b"ssubscribe", channel, on_reply), ("SSUBSCRIBE", channel))

    def unsubscribe(self, channel: bytes) -> None:
        """Unsubscribe from a channel; nothing to do without a connection, which takes its subscriptions along."""
        if self.up:
            words = ("SUNSUBSCRIBE", channel)
            self._connected().send(Subscribing(b"sunsubscribe", channel, lambda _reply: None), words)

    def flush(self) -> None:
        """Send the requests of this turn now."""
        if self._connection is not None:
            self._connection.flush()

    def _connected(self) -> Wire:
        connection = self._connection
        # A connection is lost some loop turns before ``_serve`` notices; a request sent meanwhile would never end.
        if connection is None or connection.lost.done() or len(connection.waiting) >= PENDING_MOST:
            raise StoreAway("Redis is away (REDIS_URL)")
        return connection

    async def _run(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    if self._locate is not None:
                        self.address = await self._locate()
                    connection = await self._connect(self.address)
            except (OSError, TimeoutError, StoreError) as error:
                log.warning("Redis is away, trying again", reason=str(error) or repr(error))
            else:
                await self._serve(connection)
                if not connection.demoted:
                    pause_s = RECONNECT_FIRST_S
            with contextlib.suppress(TimeoutError):
                # Random, so that the nodes do not reconnect all at once.
                async with asyncio.timeout(pause_s * random.uniform(0.5, 1.0)):  # noqa: S311 - guards nothing
                    await self._wake.wait()
            pause_s = min(pause_s * 2, RECONNECT_MOST_S)

    async def _connect(self, address: Address) -> Wire:
        make = partial(Wire, self.on_push, self.on_unsubscribed, self.on_refused)
        connection = await open_wire(self._store, address, make)
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

    async def _serve(self, connection: Wire) -> None:
        """Serve one connection until it is lost; one whose answers are overdue is dropped."""
        address = f"{self.address[0]}:{self.address[1]}"
        self._connection = connection
        self._up.set()
        log.info("connected to Redis", address=address)
        try:
            for callback in self.on_up:
                callback()
            while not connection.lost.done():
                await asyncio.wait([connection.lost], timeout=DEADLINE_S / 8)
                if connection.overdue():
                    log.warning("Redis does not answer, connecting again", address=address)
                    connection.abort()
        finally:
            self._connection = None
            self._up.clear()
            connection.abort()
            for callback in self.on_down:
                callback()
        log.warning("Redis connection lost", address=address)


async def answered(send: Callable[[OnReply], None]) -> Any:
    """Return the answer to the request that ``send`` sends; raises StoreError."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def on_reply(reply: Any) -> None:
        if answer.done():
            return
        if isinstance(reply, Exception):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)

    send(on_reply)
    return await answer


async def _require_master(connection: Wire, address: Address) -> None:
    role = (await connection.ask("ROLE"))[0].decode()
    if role != "master":
        raise StoreAway(f"{address[0]}:{address[1]} is no master but a {role}")
