"""One socket, from its upgrade to its end: hello, then commands in and events out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web
from uuid_utils import uuid7

from sync_service import limits, metrics, protocol
from sync_service.commands import Command, Pause, Play, Report, Say, Seek, SetRate
from sync_service.entrance import Entrance, Seat
from sync_service.errors import RETRY_AFTER_MS, Goodbye, goodbye_of
from sync_service.frames import text_frame
from sync_service.hub import Hub
from sync_service.limits import TokenBucket
from sync_service.live_room import LiveRoom
from sync_service.orders import Done, Order
from sync_service.presence import Presence
from sync_service.protocol import BadMessage, CloseCode
from sync_service.resume import RENEW_S
from sync_service.room import Refusal, rtt_bucket_ms
from sync_service.texts import cleaned, longer_than

log = structlog.get_logger(__name__)

# What may lie unsent in a socket. A client that reads takes a megabyte in well under a second; one that does not is
# sent away with a code by which it may resume, and loses nothing.
OUTGOING_MOST: Final = 256 * 1024
ABORT_AFTER_S: Final = 1.0
ENTER_DEADLINE_S: Final = 4.0
FRAME_HARD_BYTES: Final = 4 * protocol.FRAME_BYTES


class Connection:
    """See the module. Everything it needs of the process is handed to it."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        hub: Hub,
        presence: Presence,
        entrance: Entrance,
    ) -> None:
        self.member_id = ""
        self.name = ""
        self.role = ""
        self.room: LiveRoom | None = None
        self._ws = ws
        self._transport = transport
        self._hub = hub
        self._presence = presence
        self._entrance = entrance
        self._loop = asyncio.get_running_loop()
        self._seat: Seat | None = None
        self._renew_at_s = 0.0
        self._closing = False
        self._kept: list[bytes] = []
        now_s = self._loop.time()
        self.heard_at_s = now_s
        self._commands = TokenBucket(limits.COMMANDS, now_s)
        self._chat = TokenBucket(limits.CHAT, now_s)
        self._pings = TokenBucket(limits.PINGS, now_s)
        self._refusals = 0

    async def run(self) -> None:
        """Serve the socket until it ends."""
        try:
            try:
                async with asyncio.timeout(protocol.HELLO_DEADLINE_S):
                    message = await self._next()
            except TimeoutError:
                raise Goodbye(CloseCode.HELLO_TIMEOUT) from None
            await self._hello(message)
            while True:
                self._take(await self._next())
        except _Ended:
            pass
        except Exception as error:
            goodbye = goodbye_of(error)
            if goodbye.close is CloseCode.INTERNAL:
                log.exception("a connection failed", member=self.member_id)
            self.detach()
            await self._end(goodbye)
        finally:
            self.detach()

    # --- in ---

    async def _next(self) -> str:
        message = await self._ws.receive()
        self.heard_at_s = self._loop.time()
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            # Characters are at most four bytes: only what is near the bound has to be measured.
            if len(text) * 4 > protocol.FRAME_BYTES and len(text.encode()) > protocol.FRAME_BYTES:
                raise Goodbye(CloseCode.TOO_BIG, "too_big")
            return text
        if message.type is WSMsgType.BINARY:
            raise Goodbye(CloseCode.BAD_MESSAGE, "bad_message", "frames must be text")
        raise _Ended

    def _take(self, text: str) -> None:
        """Handle one message of a member; errors of a message leave the connection as it is."""
        try:
            message = protocol.parse(text)
            kind = message["type"]
            bucket = self._pings if kind == "ping" else self._chat if kind == "say" else self._commands
            wait_ms = bucket.take(self.heard_at_s)
            if wait_ms:
                self._refuse_rate(message, wait_ms)
                return
            self._refusals = 0
            if kind == "ping":
                self._ping(message)
            elif kind == "leave":
                self._leave()
            elif kind in _COMMANDS:
                self._command(_COMMANDS[kind](message, self.member_id), message.get("id"))
                if kind == "report" and "skew_ms" in message:
                    metrics.SKEW_MS.observe(abs(message["skew_ms"]))
            else:
                self.tell(protocol.error("bad_message", "hello: was said before"))
        except BadMessage as error:
            self._refuse_rate({"id": error.id}, self._commands.take(self.heard_at_s), error)

    def _refuse_rate(self, message: Mapping[str, Any], wait_ms: int, error: BadMessage | None = None) -> None:
        if error is not None:
            self.tell(protocol.error(error.code, str(error), error.id))
        if not wait_ms:
            return
        metrics.rate_limited += 1
        self._refusals += 1
        if self._refusals > limits.REFUSALS_MOST:
            raise Goodbye(CloseCode.TOO_FAST, "too_fast")
        if error is None:
            self.tell(protocol.error("rate_limited", None, message.get("id"), wait_ms))

    def _ping(self, message: dict[str, Any]) -> None:
        t1 = self._hub.clock.now_ms()
        token = None
        if self.heard_at_s >= self._renew_at_s and self._seat is not None:
            self._renew_at_s = self.heard_at_s + RENEW_S
            token = self._entrance.renewed(self._seat)
        rtt_ms = message.get("rtt_ms")
        room = self.room
        if rtt_ms is not None and room is not None:
            member = room.state.members.get(self.member_id)
            if (
                member is not None
                and rtt_bucket_ms(rtt_ms) != member.rtt_ms
                and not self._commands.take(self.heard_at_s)
            ):
                self._command(Report(by=self.member_id, rtt_ms=rtt_ms), None)
        # Sent at once, not at the end of the turn: this is what the client's clock is made of.
        self._send(text_frame(protocol.pong(message["t0"], t1, self._hub.clock.now_ms(), token)))

    def _command(self, command: Command, id_: str | None) -> None:
        room = self.room
        if room is None:
            raise _Ended
        room.submit(Order(command, partial(self._answered, id_)))

    def _answered(self, id_: str | None, outcome: Done | Refusal) -> None:
        if isinstance(outcome, Done):
            if id_ is not None:
                self.tell(protocol.ack(id_, outcome.seq))
            return
        retry_ms = RETRY_AFTER_MS if outcome.code in {"try_again", "outcome_unknown", "archive_full"} else None
        self.tell(protocol.error(outcome.code, outcome.message or None, id_, retry_ms))

    def _leave(self) -> None:
        room, self.room = self.room, None
        if room is not None and room.audience.remove(self):
            self._presence.left(room, self.member_id)
        self.close(CloseCode.NORMAL)

    # --- hello ---

    async def _hello(self, text: str) -> None:
        seat = await self._entrance.enter(protocol.parse(text))
        self._seat = seat
        self.member_id, self.name, self.role = seat.resume.member, seat.resume.name, seat.resume.role
        # From here to the end nothing waits: what the welcome says is exactly what came before the next event.
        self.room = seat.room
        self._renew_at_s = self._loop.time() + RENEW_S
        first = self._entrance.welcome(seat)
        seat.room.audience.add(self)
        self.write(first)

    # --- out ---

    def tell(self, message: bytes) -> None:
        """Send a message to this socket alone, after the events of this turn."""
        self._hub.tell(self, text_frame(message))

    def keep(self, frame: bytes) -> None:
        """Keep a frame of this socket's own, to go out behind the room's events in the same write."""
        self._kept.append(frame)

    def flush(self) -> None:
        """Write what is still kept."""
        if self._kept:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Hand whole frames to the transport, and what was kept behind them; who does not read is sent away."""
        if self._kept:
            data = b"".join((data, *self._kept))
            self._kept.clear()
        self._send(data)

    def _send(self, data: bytes) -> None:
        transport = self._transport
        # uvloop raises where asyncio drops what is written to a transport that has just been lost.
        if self._closing or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > OUTGOING_MOST:
            self.close(CloseCode.SLOW_CONSUMER)

    def close(self, code: CloseCode) -> None:
        """End the connection soon; those who do not answer the close are cut off."""
        if not self._closing:
            self._closing = True
            self._hub.spawn(self._close(code))

    async def _end(self, goodbye: Goodbye) -> None:
        if goodbye.code is not None and not self._closing:
            retry_ms = RETRY_AFTER_MS if goodbye.close is CloseCode.TRY_AGAIN else None
            self.write(text_frame(protocol.error(goodbye.code, goodbye.message, None, retry_ms)))
        if not self._closing:
            self._closing = True
            await self._close(goodbye.close)

    async def _close(self, code: CloseCode) -> None:
        metrics.closes[int(code)] += 1
        try:
            async with asyncio.timeout(ABORT_AFTER_S):
                await self._ws.close(code=int(code), message=code.name.lower().encode())
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self._transport.abort()

    def abort(self) -> None:
        """Cut off a client that does not answer."""
        self._transport.abort()

    def detach(self) -> None:
        """Take the socket out of its room; the member has their grace from now on."""
        room, self.room = self.room, None
        if room is not None and room.audience.remove(self):
            self._presence.lost(room, self.member_id)


class _Ended(Exception):
    """The client has gone."""


_COMMANDS: Final[Mapping[str, Callable[[dict[str, Any], str], Command]]] = {
    "play": lambda message, by: Play(by=by, id=message["id"]),
    "pause": lambda message, by: Pause(by=by, id=message["id"]),
    "seek": lambda message, by: Seek(by=by, id=message["id"], position_ms=message["position_ms"]),
    "set_rate": lambda message, by: SetRate(by=by, id=message["id"], rate=message["rate"]),
    "say": lambda message, by: Say(
        by=by, id=message["id"], message_id=str(uuid7()), text=_text(message["text"], message["id"])
    ),
    "report": lambda message, by: Report(by=by, id=message.get("id"), ready=message.get("ready")),
}


def _text(raw: str, id_: str) -> str:
    text = cleaned(raw)
    if not text:
        raise BadMessage("text_empty", protocol.ERRORS["text_empty"], id_)
    if longer_than(text, protocol.TEXT_GRAPHEMES):
        raise BadMessage("text_too_long", f"at most {protocol.TEXT_GRAPHEMES} characters", id_)
    return text
