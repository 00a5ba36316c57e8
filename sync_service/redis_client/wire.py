"""The wire to one Redis: requests go out in order, answers come back in that order, and pushes between them (RESP3).

hiredis packs and parses. Nothing is ever sent twice, because a commit whose answer was lost may have happened.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import hiredis
import structlog

from sync_service.redis_client.address import Address, StoreAddress

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 2.0

# Errors by which a Redis says that it has done nothing: it is no master (any more), not of these keys, or not now.
NOTHING_DONE: Final = frozenset(
    {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "LOADING", "NOREPLICAS", "MISCONF", "OOM"}
)
# Those by which it says that it leads no more: whoever does so now is found by connecting anew.
_DEPOSED: Final = frozenset({"READONLY", "MASTERDOWN", "LOADING"})

_NOTHING: Final = object()
_PUSH: Final = hiredis.PushNotification
_ERROR: Final = hiredis.ReplyError

OnReply = Callable[[Any], None]
OnPush = Callable[[list[Any]], None]
OnUnheard = Callable[[bytes], None]
OnRefused = Callable[[str], None]


def packed(*words: bytes | str | int) -> bytes:
    """Give words as RESP sends them, without the count in front: what never changes in a request is packed once."""
    whole: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub knows 1-tuples only
    return whole[whole.index(b"\n") + 1 :]


class StoreAway(Exception):
    """Redis could not be asked, or said that it did nothing."""


class OutcomeUnknown(Exception):
    """Redis was asked and did not answer: it may have happened."""


class RedisError(Exception):
    """Redis answered with an error."""


class Announced:
    """What waits for a subscription: it is confirmed by a push, in the place of an answer, and refused by an error."""

    __slots__ = ("channel", "kind", "on_reply")

    def __init__(self, kind: bytes, channel: bytes, on_reply: OnReply) -> None:
        self.kind = kind
        self.channel = channel
        self.on_reply = on_reply

    def __call__(self, reply: Any) -> None:
        self.on_reply(reply)


class Wire(asyncio.Protocol):
    """The wire: requests go out in order and answers come back in that order."""

    def __init__(self, on_push: OnPush, on_unheard: OnUnheard, on_refused: OnRefused) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._on_push = on_push
        self._on_unheard = on_unheard
        self._on_refused = on_refused
        self.deposed = False
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
                            self._on_push(reply)
                        else:
                            self._announced(reply)
                    elif kind is _ERROR:
                        self.waiting.popleft()(self._error(str(reply)))
                    else:
                        self.waiting.popleft()(reply)
                except Exception:
                    # One answer that cannot be handled must not cost those behind it theirs.
                    log.exception("an answer of Redis could not be handled")
        except hiredis.ProtocolError:
            log.exception("Redis sent what is no RESP, connecting anew")
            self.abort()

    def _announced(self, push: list[Any]) -> None:
        first = self.waiting[0] if self.waiting else None
        if isinstance(first, Announced) and [first.kind, first.channel] == push[:2]:
            self.waiting.popleft()(None)
        elif push[0] == b"sunsubscribe":
            # Unasked: the channel's slot has gone to another shard.
            self._on_unheard(push[1])

    def _error(self, text: str) -> Exception:
        word = text.partition(" ")[0]
        if word not in NOTHING_DONE:
            return RedisError(text)
        self._on_refused(word)
        if word in _DEPOSED:
            self.deposed = True
            self.abort()
        return StoreAway(text)

    def send(self, on_reply: OnReply, words: tuple[bytes | str | int, ...]) -> None:
        if not self._out:
            self._loop.call_soon(self.flush)
        self.put(on_reply, hiredis.pack_command(words))  # type: ignore[arg-type]  # as above

    def put(self, on_reply: OnReply, request: bytes) -> None:
        """Have a request go out with the next flush."""
        self._out.append(request)
        if not self.waiting:
            self._answered_s = self._loop.time()
        self.waiting.append(on_reply)

    def flush(self) -> None:
        out = self._out
        if out:
            self._out = []
            if not self.lost.done():
                self._transport.write(out[0] if len(out) == 1 else b"".join(out))

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
        if not self.lost.done():
            self.lost.set_result(None)
        if self._transport is not None:
            self._transport.abort()


async def ask_once(store: StoreAddress, address: Address, *words: bytes | str | int) -> Any:
    """Ask a server one thing over a connection of its own; raises OSError, RedisError, OutcomeUnknown, StoreAway."""
    connection = await open_wire(store, address, lambda _: None, lambda _: None, lambda _: None)
    try:
        if store.password:
            # Sentinels often have no password though the servers behind them do, and then refuse to be told one.
            with contextlib.suppress(RedisError):
                await connection.ask("AUTH", store.user, store.password)
        return await connection.ask(*words)
    finally:
        connection.abort()


async def open_wire(
    store: StoreAddress, address: Address, on_push: OnPush, on_unheard: OnUnheard, on_refused: OnRefused
) -> Wire:
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Wire(on_push, on_unheard, on_refused), *address, ssl=True if store.tls else None
    )
    return connection
