"""One TCP connection to a Redis (RESP3): requests go out in order, answers come in that order, pushes in between.

hiredis packs and parses. Nothing is ever sent twice, because a commit whose answer was lost may have been applied.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import hiredis
import structlog

from sync_service.redis_client.address import Address, StoreAddress

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 2.0

# Errors of a Redis that has done nothing: it is no master (any more), does not serve these keys, or cannot write now.
NOTHING_DONE: Final = frozenset(
    {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "LOADING", "NOREPLICAS", "MISCONF", "OOM"}
)
# Those of a server that is no master any more: connecting again asks for the new one.
_DEMOTED: Final = frozenset({"READONLY", "MASTERDOWN", "LOADING"})

_NOTHING: Final = object()
_PUSH: Final = hiredis.PushNotification
_ERROR: Final = hiredis.ReplyError

OnReply = Callable[[Any], None]
OnPush = Callable[[list[Any]], None]
OnUnsubscribed = Callable[[bytes], None]
OnRefused = Callable[[str], None]


def packed(*words: bytes | str | int) -> bytes:
    """Return words in RESP, without the count in front: the constant part of a request is packed once."""
    whole: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub knows 1-tuples only
    return whole[whole.index(b"\n") + 1 :]


class StoreError(Exception):
    """A request to Redis failed; the subclass says what is known of its effect."""


class StoreAway(StoreError):
    """Redis could not be reached, or refused without doing anything: the request had no effect."""


class OutcomeUnknown(StoreError):
    """The request was sent and not answered: it may have been applied."""


class RedisError(StoreError):
    """Redis answered with an error."""


class Subscribing:
    """The place of a (un)subscription among the requests without an answer: a push confirms it, an error refuses it."""

    __slots__ = ("channel", "kind", "on_reply")

    def __init__(self, kind: bytes, channel: bytes, on_reply: OnReply) -> None:
        self.kind = kind
        self.channel = channel
        self.on_reply = on_reply

    def __call__(self, reply: Any) -> None:
        self.on_reply(reply)


class Wire(asyncio.Protocol):
    """See the module. ``lost`` is done once the connection is; ``demoted`` if the server is no master any more."""

    def __init__(
        self,
        on_push: Sequence[OnPush] = (),
        on_unsubscribed: Sequence[OnUnsubscribed] = (),
        on_refused: Sequence[OnRefused] = (),
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._on_push = on_push
        self._on_unsubscribed = on_unsubscribed
        self._on_refused = on_refused
        self.demoted = False
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
                    kind = type(reply)
                    if kind is _PUSH:
                        if reply[0] == b"smessage":
                            for on_push in self._on_push:
                                on_push(reply)
                        else:
                            self._subscription_changed(reply)
                    elif kind is _ERROR:
                        self.waiting.popleft()(self._error(str(reply)))
                    else:
                        self.waiting.popleft()(reply)
                except Exception:
                    # One answer that cannot be handled must not cost those behind it theirs.
                    log.exception("an answer of Redis could not be handled")
        except hiredis.ProtocolError:
            log.exception("Redis sent what is no RESP, connecting again")
            self.abort()

    def _subscription_changed(self, push: list[Any]) -> None:
        first = self.waiting[0] if self.waiting else None
        if isinstance(first, Subscribing) and [first.kind, first.channel] == push[:2]:
            self.waiting.popleft()(None)
        elif push[0] == b"sunsubscribe":
            # Not asked for: the channel's slot has moved to another shard.
            for on_unsubscribed in self._on_unsubscribed:
                on_unsubscribed(push[1])

    def _error(self, text: str) -> Exception:
        word = text.partition(" ")[0]
        if word not in NOTHING_DONE:
            return RedisError(text)
        for on_refused in self._on_refused:
            on_refused(word)
        if word in _DEMOTED:
            self.demoted = True
            self.abort()
        return StoreAway(text)

    def send(self, on_reply: OnReply, words: tuple[bytes | str | int, ...]) -> None:
        """Send a request when the loop turn ends."""
        if not self._out:
            self._loop.call_soon(self.flush)
        self.put(on_reply, hiredis.pack_command(words))  # type: ignore[arg-type]  # as above

    def put(self, on_reply: OnReply, request: bytes) -> None:
        """Add a packed request to the next flush."""
        self._out.append(request)
        if not self.waiting:
            self._answered_s = self._loop.time()
        self.waiting.append(on_reply)

    def flush(self) -> None:
        """Write all pending requests at once."""
        out = self._out
        if out:
            self._out = []
            if not self.lost.done():
                self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    async def ask(self, *words: bytes | str | int) -> Any:
        """Return the answer to a request; raises OutcomeUnknown, StoreAway or RedisError."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self.send(lambda reply: None if answer.done() else answer.set_result(reply), words)
        reply = await answer
        if isinstance(reply, Exception):
            raise reply
        return reply

    def overdue(self) -> bool:
        """Return whether requests wait and nothing has come for DEADLINE_S."""
        return bool(self.waiting) and self._loop.time() - self._answered_s > DEADLINE_S

    def abort(self) -> None:
        """Drop the connection; requests without an answer end as OutcomeUnknown."""
        if not self.lost.done():
            self.lost.set_result(None)
        if self._transport is not None:
            self._transport.abort()


async def ask_once(store: StoreAddress, address: Address, *words: bytes | str | int) -> Any:
    """Return a server's answer to one request over a connection of its own; raises OSError or StoreError."""
    connection = await open_wire(store, address, Wire)
    try:
        if store.password:
            # Sentinels often have no password though the servers behind them do, and then refuse AUTH.
            with contextlib.suppress(RedisError):
                await connection.ask("AUTH", store.user, store.password)
        return await connection.ask(*words)
    finally:
        connection.abort()


async def open_wire(store: StoreAddress, address: Address, make: Callable[[], Wire]) -> Wire:
    """Return an open connection to one of the store's servers, with TLS where its address says so; raises OSError."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(make, *address, ssl=True if store.tls else None)
    return connection
