"""One socket, from its upgrade to its end: hello, then commands in and events out."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import WSMsgType

from sync_service import metrics
from sync_service.delivery.frames import pong_frame, text_frame
from sync_service.live import limits
from sync_service.live.hub import Hub
from sync_service.live.limits import TokenBucket
from sync_service.live.live_room import LiveRoom
from sync_service.live.presence import Presence
from sync_service.protocol import inbound, messages, outbound
from sync_service.protocol.codes import CloseCode
from sync_service.protocol.inbound import BadMessage
from sync_service.sockets.aiohttp_socket import WebSocket
from sync_service.sockets.closing import RETRY_AFTER_MS, Goodbye, goodbye_of
from sync_service.sockets.dispatch import ROUTES, Dispatch
from sync_service.sockets.handshake import Entrance

log = structlog.get_logger(__name__)

# What may lie unsent in a socket. A client that reads takes a megabyte in well under a second; one that does not is
# sent away with a code by which it may resume, and loses nothing. What a connection begins with does not count: who has
# missed more than this and has a slow line would be sent away for it each time.
OUTGOING_MOST: Final = 256 * 1024
ABORT_AFTER_S: Final = 1.0
FRAME_HARD_BYTES: Final = 4 * messages.FRAME_BYTES


class Connection:
    """See the module. Everything it needs of the process is handed to it."""

    def __init__(
        self,
        ws: WebSocket,
        transport: asyncio.Transport,
        hub: Hub,
        presence: Presence,
        entrance: Entrance,
    ) -> None:
        self.member_id = ""
        self.name = ""
        self.role = ""
        self.since_ms = 0
        self.room: LiveRoom | None = None
        self._ws = ws
        self._transport = transport
        self._hub = hub
        self._presence = presence
        self._entrance = entrance
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._unsent_most = OUTGOING_MOST
        self.kept: list[bytes] = []
        now_s = self._loop.time()
        self.heard_at_s = now_s
        self._frames = TokenBucket(limits.FRAMES, now_s)
        self._pings = TokenBucket(limits.PINGS, now_s)
        self._refusals = 0
        self._failure: Exception | None = None
        self._dispatch = Dispatch(self, hub, entrance)
        ws.before_close = self._hush

    async def run(self) -> None:
        """Serve the socket until it ends."""
        try:
            try:
                async with asyncio.timeout(messages.HELLO_DEADLINE_S):
                    message = await self._next()
            except TimeoutError:
                raise Goodbye(CloseCode.HELLO_TIMEOUT) from None
            await self._hello(message)
            self._ws.hear(self._heard)
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
        # A page in the background sends nothing for a minute, but its browser answers the door's pings.
        while message.type is WSMsgType.PING or message.type is WSMsgType.PONG:
            self.heard_at_s = self._loop.time()
            if message.type is WSMsgType.PING:
                self._send(pong_frame(message.data))
            message = await self._ws.receive()
        self.heard_at_s = self._loop.time()
        if self._failure is not None:
            raise self._failure
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return _bounded(text)
        if message.type is WSMsgType.BINARY:
            raise Goodbye(CloseCode.BAD_MESSAGE, "bad_message", "frames must be text")
        raise _Ended

    def _heard(self, text: str) -> None:
        """Handle a member's message in the turn in which it came."""
        self.heard_at_s = self._loop.time()
        try:
            self._take(text if len(text) < _CERTAINLY_FITS else _bounded(text))
        except _Ended:
            pass
        except Exception as error:  # noqa: BLE001 - run() tells it
            self._failure = error
            self._ws.receive_again(text)

    def _take(self, text: str) -> None:
        """Handle one message of a member; errors of a message leave the connection as it is."""
        room = self.room
        if room is None:
            raise _Ended
        try:
            message = inbound.parse(text)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))
            self._refuse_rate(self._frames.take(self.heard_at_s))
            return
        route = ROUTES[message["type"]]
        wait_ms = self._wait_ms(room, route.rate)
        if wait_ms:
            self._refuse_rate(wait_ms)
            if route.answers_limit:
                self.tell(outbound.error("rate_limited", None, message.get("id"), wait_ms))
            return
        self._refusals = 0
        try:
            route.handle(self._dispatch, room, message)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))

    def _wait_ms(self, room: LiveRoom, rate: limits.Rate) -> int:
        """Return in how many ms a message of this rate may come, 0 if it may come now."""
        now_s = self.heard_at_s
        if rate is limits.PINGS:
            return self._pings.take(now_s)
        return self._frames.take(now_s) or room.limits.take(self.member_id, rate, now_s)

    def _refuse_rate(self, wait_ms: int) -> None:
        if not wait_ms:
            return
        metrics.rate_limited += 1
        self._refusals += 1
        if self._refusals > limits.REFUSALS_MOST:
            raise Goodbye(CloseCode.TOO_FAST, "too_fast")

    def leave(self) -> None:
        """Take the member out of the room for good and end the connection."""
        room, self.room = self.room, None
        if room is not None and room.audience.remove(self):
            self._presence.left(room, self.member_id)
        self.close(CloseCode.NORMAL)

    # --- hello ---

    async def _hello(self, text: str) -> None:
        seat = await self._entrance.enter(inbound.parse(text))
        self.member_id, self.name, self.role = seat.resume.member, seat.resume.name, seat.resume.role
        self.since_ms = seat.resume.since_ms
        # From here to the end nothing waits: what the welcome says is exactly what came before the next event.
        self.room = seat.room
        self._dispatch.seated(seat)
        first = self._entrance.welcome(seat)
        seat.room.audience.add(self)
        if self._closing:  # meanwhile the node has begun to drain
            seat.room.audience.silence(self)
        self._unsent_most += len(first)
        self.write(first)

    # --- out ---

    def tell(self, message: bytes) -> None:
        """Send a message to this socket alone, after the events of this turn and in the same write."""
        self.kept.append(text_frame(message))
        if self.room is not None:
            self.room.audience.write_apart(self)
        self._hub.told(self)

    def tell_now(self, message: bytes) -> None:
        """Send a message to this socket at once, before what this turn still brings."""
        self._send(text_frame(message))

    def flush(self) -> None:
        """Write what is still kept."""
        if self.kept:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Hand whole frames to the transport, and what was kept behind them; who does not read is sent away."""
        if self.kept:
            data = b"".join((data, *self.kept))
            self.kept = []
        self._send(data)

    def _send(self, data: bytes) -> None:
        transport = self._transport
        # uvloop raises where asyncio drops what is written to a transport that has just been lost.
        if self._closing or transport.is_closing():
            return
        transport.write(data)
        unsent = self.unsent()
        if unsent and self.room is not None:
            self.room.audience.write_apart(self)
        if unsent > self._unsent_most:
            self.close(CloseCode.SLOW_CONSUMER)

    def fileno(self) -> int:
        """Give the connection's descriptor, -1 once it is lost."""
        descriptor: int = -1 if self._transport.is_closing() else self._transport.get_extra_info("socket").fileno()
        return descriptor

    def unsent(self) -> int:
        """Give how many bytes the transport still holds because its client does not read."""
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode) -> None:
        """End the connection soon; those who do not answer the close are cut off."""
        if not self._closing:
            self._hush()
            # run() closes, because nothing waits to receive while it does (WebSocket.receive_again says why).
            self._failure = Goodbye(code)
            self._ws.receive_again("")

    def _hush(self) -> None:
        # Nothing may follow a close frame (RFC 6455, 5.5.1), ours or the one with which aiohttp answers the client's.
        self._closing = True
        if self.room is not None:
            self.room.audience.silence(self)

    async def _end(self, goodbye: Goodbye) -> None:
        if goodbye.code is not None and not self._closing:
            retry_ms = RETRY_AFTER_MS if goodbye.close is CloseCode.TRY_AGAIN else None
            self.write(text_frame(outbound.error(goodbye.code, goodbye.message, None, retry_ms)))
        code = goodbye.close
        metrics.closes[int(code)] += 1
        try:
            async with asyncio.timeout(ABORT_AFTER_S):
                await self._ws.close(code=int(code), message=code.name.lower().encode())
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self._transport.abort()

    def dismiss(self, code: str) -> None:
        """Tell why the member may not stay, and end the connection soon."""
        self.detach()
        self.write(text_frame(outbound.error(code)))
        self.close(CloseCode.FORBIDDEN)

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


_CERTAINLY_FITS: Final = messages.FRAME_BYTES // 4  # a character is at most four bytes


def _bounded(text: str) -> str:
    if len(text.encode()) > messages.FRAME_BYTES:
        raise Goodbye(CloseCode.TOO_BIG, "too_big")
    return text
