"""One socket from its upgrade to its close: the handshake, then messages in and events out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import WSMsgType

from sync_service import metrics
from sync_service.delivery.frames import ping_frame, pong_frame, text_frame
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom
from sync_service.live.presence import Presence
from sync_service.protocol import inbound, messages, outbound
from sync_service.protocol.codes import CloseCode
from sync_service.protocol.inbound import BadMessage
from sync_service.sockets.aiohttp_socket import WebSocket
from sync_service.sockets.closing import RETRY_AFTER_MS, Goodbye, goodbye_of
from sync_service.sockets.dispatch import ROUTES, Dispatch
from sync_service.sockets.handshake import Handshake
from sync_service.sockets.socket_limits import SocketLimits

log = structlog.get_logger(__name__)

# Unsent bytes of a socket. A client that reads takes a megabyte in well under a second; one that does not is closed
# with a resumable code, and loses nothing. The first frames do not count: a client that missed more than this and has a
# slow line would be closed each time it came back.
OUTGOING_MOST: Final = 256 * 1024
ABORT_AFTER_S: Final = 1.0
FRAME_HARD_BYTES: Final = 4 * messages.FRAME_BYTES


class Connection:
    """See the module. ``received_s`` is the loop's time of the client's last frame, ``sent_s`` of one to it alone.

    ``on_opened`` runs once the connection has its session; it may raise Goodbye.
    """

    def __init__(
        self,
        ws: WebSocket,
        transport: asyncio.Transport,
        hub: Hub,
        presence: Presence,
        handshake: Handshake,
        on_opened: Callable[[Connection], None],
    ) -> None:
        self.member_id = ""
        self.name = ""
        self.role = ""
        self.since_ms = 0
        self.version = 0
        self.sid = ""  # the session of the API that it was opened by
        self.room: LiveRoom | None = None
        self._ws = ws
        self._transport = transport
        self._hub = hub
        self._presence = presence
        self._handshake = handshake
        self._on_opened = on_opened
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._unsent_most = OUTGOING_MOST
        self.pending: list[bytes] = []
        now_s = self._loop.time()
        self.received_s = now_s
        self.sent_s = now_s
        self._asked_s = float("-inf")
        self._lost_s: float | None = None
        self._limits = SocketLimits(now_s)
        self._failure: Exception | None = None
        self._dispatch = Dispatch(self, hub, handshake)
        ws.on_close.append(self._silence)
        ws.on_flood = self._flooded
        if ws.flooded:
            self._flooded()

    async def run(self) -> None:
        """Serve the socket until it ends."""
        try:
            try:
                async with asyncio.timeout(messages.HELLO_DEADLINE_S):
                    message = await self._next()
            except TimeoutError:
                raise Goodbye(CloseCode.HELLO_TIMEOUT) from None
            await self._hello(message)
            self._ws.call_at_once(self._received, self._alive)
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
        # A page in the background sends nothing for a minute, but its browser answers the server's pings.
        while message.type is WSMsgType.PING or message.type is WSMsgType.PONG:
            self.received_s = self._loop.time()
            if message.type is WSMsgType.PING:
                self._send(pong_frame(message.data))
            message = await self._ws.receive()
        self.received_s = self._loop.time()
        if self._failure is not None:
            raise self._failure
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return _bounded(text)
        if message.type is WSMsgType.BINARY:
            raise Goodbye(CloseCode.BAD_MESSAGE, "bad_message", "frames must be text")
        raise _Ended

    def _alive(self) -> None:
        self.received_s = self._loop.time()

    def _received(self, text: str) -> None:
        """Handle a member's message in the loop turn in which it came."""
        self.received_s = self._loop.time()
        try:
            self._take(text if len(text) < _CERTAINLY_FITS else _bounded(text))
        except _Ended:
            pass
        except Exception as error:  # noqa: BLE001 - run() raises it
            self._failure = error
            self._ws.receive_again(text)

    def _take(self, text: str) -> None:
        """Handle one message of a member; a bad message is answered with an error."""
        room = self.room
        if room is None:
            raise _Ended
        try:
            message = inbound.parse(text)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))
            self._limits.take_bad(self.received_s)
            return
        route = ROUTES[message["type"]]
        wait_ms = self._limits.take(room, self.member_id, route.rate, self.received_s)
        if wait_ms:
            if route.answers_limit:
                self.tell(outbound.error("rate_limited", None, message.get("id"), wait_ms))
            return
        try:
            route.handle(self._dispatch, room, message)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))

    def _flooded(self) -> None:
        metrics.rate_limited += 1
        self._failure = Goodbye(CloseCode.TOO_FAST, "too_fast")
        self._ws.receive_again("")

    def leave(self) -> None:
        """Take the member out of the room for good and end the connection."""
        self._take_out()
        self.close(CloseCode.NORMAL)

    def _take_out(self) -> None:
        room, self.room = self.room, None
        if room is not None:
            is_last = room.audience.remove(self)
            self._dispatch.closed(room, leaving=is_last)
            if is_last:
                self._presence.left(room, self.member_id)

    # --- hello ---

    async def _hello(self, text: str) -> None:
        session = await self._handshake.enter(inbound.parse(text))
        self.member_id, self.name, self.role = session.resume.member, session.resume.name, session.resume.role
        self.since_ms = session.resume.since_ms
        self.sid, self.version = session.resume.sid, session.resume.version
        try:
            self._on_opened(self)
        except Goodbye:
            self._presence.lost(session.room, self.member_id)
            raise
        if self.sid in self._hub.partitions[session.room.store.number].ended:  # while the room let them in
            self._presence.left(session.room, self.member_id)
            raise Goodbye(CloseCode.SESSION_ENDED, "session_ended")
        # No await from here to the end: the welcome shows exactly the state before the next event.
        self.room = session.room
        self._dispatch.opened(session)
        first = self._handshake.welcome(session)
        session.room.audience.add(self)
        if self._closing:  # the node has begun to drain meanwhile
            session.room.audience.silence(self)
        self._unsent_most += len(first)
        self.write(first)

    # --- out ---

    def tell(self, message: bytes) -> None:
        """Send a message to this socket alone, after the events of this turn and in the same write."""
        self.pending.append(text_frame(message))
        if self.room is not None:
            self.room.audience.write_apart(self)
        self._hub.turn.flush(self)

    def tell_now(self, message: bytes) -> None:
        """Send a message to this socket at once, before the events of this turn."""
        self._send(text_frame(message))

    def flush(self) -> None:
        """Write the pending frames."""
        if self.pending:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Write whole frames to the transport, then the pending ones; a client that does not read is closed."""
        if self.pending:
            data = b"".join((data, *self.pending))
            self.pending = []
        self._send(data)

    def _send(self, data: bytes) -> None:
        transport = self._transport
        # uvloop raises where asyncio drops bytes for a transport that has just been lost.
        if self._closing or transport.is_closing():
            return
        transport.write(data)
        self.sent_s = self._loop.time()
        unsent = self.unsent()
        if unsent and self.room is not None:
            self.room.audience.write_apart(self)
        if unsent > self._unsent_most:
            self.close(CloseCode.SLOW_CONSUMER)

    def fileno(self) -> int:
        """Return the connection's descriptor, -1 once it is lost."""
        descriptor: int = -1 if self._transport.is_closing() else self._transport.get_extra_info("socket").fileno()
        return descriptor

    def unsent(self) -> int:
        """Return the number of bytes that the transport has not sent, because its client does not read."""
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode) -> None:
        """Close the connection soon; aborted after ABORT_AFTER_S if the client does not answer the close."""
        if not self._closing:
            self._silence()
            # run() closes, because only the receiving task can (see WebSocket.receive_again).
            self._failure = Goodbye(code)
            self._ws.receive_again("")

    def _silence(self) -> None:
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
        """Send the error ``code`` and close the connection soon."""
        self.detach()
        self.write(text_frame(outbound.error(code)))
        self.close(CloseCode.FORBIDDEN)

    def ask(self) -> None:
        """Ask for a sign by a ping, once until one comes; proxies see by it that this node lives."""
        # Equal where the answer came within a millisecond, which is how finely the loop counts.
        if self._asked_s <= self.received_s:
            self._asked_s = self._loop.time()
            self.write(ping_frame())

    def end_session(self) -> None:
        """Take the member out, unless another session of theirs is here, because the API has ended this one."""
        self._take_out()
        self.write(text_frame(outbound.error("session_ended")))
        self.close(CloseCode.SESSION_ENDED)

    def abort(self) -> None:
        """Drop the connection, because its client does not answer: it counts as lost since its last sign."""
        self._lost_s = self.received_s
        self._transport.abort()

    def detach(self) -> None:
        """Take the socket out of its room; the member's grace begins if it was their last."""
        room, self.room = self.room, None
        if room is None:
            return
        is_last = room.audience.remove(self)
        self._dispatch.closed(room, leaving=False)
        if is_last:
            self._presence.lost(room, self.member_id, 0.0 if self._lost_s is None else self._loop.time() - self._lost_s)


class _Ended(Exception):
    """The client has left or closed the connection."""


_CERTAINLY_FITS: Final = messages.FRAME_BYTES // 4  # a character is at most four bytes


def _bounded(text: str) -> str:
    if len(text.encode()) > messages.FRAME_BYTES:
        raise Goodbye(CloseCode.TOO_BIG, "too_big")
    return text
