"""One socket, from its upgrade to its end: hello, then commands in and events out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web

from sync_service import inbound, limits, metrics, outbound, protocol, wishes
from sync_service.commands import Command, DeleteMessage, Report
from sync_service.entrance import Entrance, Seat
from sync_service.errors import RETRY_AFTER_MS, Goodbye, goodbye_of
from sync_service.frames import text_frame
from sync_service.hub import Hub
from sync_service.inbound import BadMessage
from sync_service.limits import TokenBucket
from sync_service.live_room import LiveRoom
from sync_service.orders import Done, Order
from sync_service.playback import position_at
from sync_service.presence import Presence
from sync_service.protocol import CloseCode
from sync_service.redis_link import OutcomeUnknown, RedisError, StoreAway
from sync_service.resume import RENEW_S
from sync_service.room import Refusal
from sync_service.rules.playing import rtt_bucket_ms
from sync_service.rules.talking import may_be_heard
from sync_service.skew import SkewTeller
from sync_service.state import Message
from sync_service.wishes import WISHES

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
        self.since_ms = 0
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
        self._frames = TokenBucket(limits.FRAMES, now_s)
        self._pings = TokenBucket(limits.PINGS, now_s)
        self._refusals = 0
        self._was_ready = False
        self._skew = SkewTeller()

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
        room = self.room
        if room is None:
            raise _Ended
        try:
            message = inbound.parse(text)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))
            self._refuse_rate(self._frames.take(self.heard_at_s))
            return
        kind = message["type"]
        wait_ms = self._wait_ms(room, kind)
        if wait_ms:
            self._refuse_rate(wait_ms)
            if kind != "typing":  # which only said something about now
                self.tell(outbound.error("rate_limited", None, message.get("id"), wait_ms))
            return
        self._refusals = 0
        try:
            self._do(room, kind, message)
        except BadMessage as error:
            self.tell(outbound.error(error.code, str(error), error.id))

    def _wait_ms(self, room: LiveRoom, kind: str) -> int:
        """Give in how many ms such a message may come again, 0 if it may come now."""
        now_s = self.heard_at_s
        if kind == "ping":
            return self._pings.take(now_s)
        return self._frames.take(now_s) or room.limits.take(self.member_id, _RATES.get(kind, limits.COMMANDS), now_s)

    def _refuse_rate(self, wait_ms: int) -> None:
        if not wait_ms:
            return
        metrics.rate_limited += 1
        self._refusals += 1
        if self._refusals > limits.REFUSALS_MOST:
            raise Goodbye(CloseCode.TOO_FAST, "too_fast")

    def _do(self, room: LiveRoom, kind: str, message: dict[str, Any]) -> None:
        if kind in WISHES:
            self._command(room, WISHES[kind](message, self.member_id), message["id"])
        elif kind == "ping":
            self._ping(room, message)
        elif kind == "report":
            self._report(room, message)
        elif kind in {"react", "typing"}:
            self._signal(room, kind, message)
        elif kind == "history":
            self._hub.spawn(self._history(room, message))
        elif kind == "say":
            self._say(room, message)
        elif kind == "delete_message":
            self._with_message(room, message, "message_id", partial(self._delete, room, message))
        elif kind == "leave":
            self._leave()
        else:
            self.tell(outbound.error("bad_message", "hello: was said before"))

    def _ping(self, room: LiveRoom, message: dict[str, Any]) -> None:
        t1 = self._entrance.now_ms()
        token = None
        if self.heard_at_s >= self._renew_at_s and self._seat is not None:
            self._renew_at_s = self.heard_at_s + RENEW_S
            self._seat, token = self._entrance.renewed(self._seat)
        rtt_ms = message.get("rtt_ms")
        member = None if rtt_ms is None else room.state.members.get(self.member_id)
        if (
            member is not None
            and rtt_bucket_ms(message["rtt_ms"]) != member.rtt_ms
            and not room.limits.take(self.member_id, limits.COMMANDS, self.heard_at_s)
        ):
            self._command(room, Report(by=self.member_id, rtt_ms=rtt_ms), None)
        # Sent at once, not at the end of the turn: this is what the client's clock is made of.
        self._send(text_frame(outbound.pong(message["t0"], t1, self._entrance.now_ms(), token)))

    def _report(self, room: LiveRoom, message: dict[str, Any]) -> None:
        report = wishes.report(message, self.member_id, was_ready=self._was_ready)
        self._was_ready = self._was_ready or report.ready is True
        self._command(room, report, report.id)
        if "skew_ms" in message:
            metrics.SKEW_MS.observe(abs(message["skew_ms"]))
            if self._skew.worth_telling(message["skew_ms"], self.heard_at_s):
                self._hub.signal(room, outbound.skew(self.member_id, round(message["skew_ms"])))

    def _signal(self, room: LiveRoom, kind: str, message: dict[str, Any]) -> None:
        now_ms = int(self._entrance.now_ms())
        refusal = may_be_heard(room.state, self.member_id, now_ms)
        if refusal is not None:
            self._answered(None, refusal)
        elif kind == "typing":
            self._hub.signal(room, outbound.typing(self.member_id))
        else:
            position_ms = round(position_at(room.state.playback, now_ms, room.state.duration_ms))
            self._hub.signal(room, outbound.reacted(self.member_id, wishes.emoji(message), position_ms))

    async def _history(self, room: LiveRoom, message: dict[str, Any]) -> None:
        try:
            found = await room.store.history(room.keys, message.get("before", ""), message["limit"])
        except _AWAY:
            self._answered(message["id"], Refusal("try_again", "", RETRY_AFTER_MS))
            return
        if found is None:
            self._answered(message["id"], Refusal("message_not_found", "before: is not in the chat"))
            return
        messages, more = found
        self.tell(outbound.history(message["id"], messages, more=more))

    def _say(self, room: LiveRoom, message: dict[str, Any]) -> None:
        say = wishes.say(message, self.member_id)

        def submit(_found: Message | None = None) -> None:
            self._command(room, say, say.id)

        if say.reply_to is None:
            submit()
        else:
            self._with_message(room, message, "reply_to", submit)

    def _delete(self, room: LiveRoom, message: dict[str, Any], found: Message) -> None:
        self._command(room, DeleteMessage(by=self.member_id, id=message["id"], message=found), message["id"])

    def _with_message(
        self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]
    ) -> None:
        """Use the chat message that a field names: at once if the copy has it, else when the store has told."""
        known = next((known for known in reversed(room.state.messages) if known.id == message[field]), None)
        if known is not None:
            use(known)
        else:
            self._hub.spawn(self._find(room, message, field, use))

    async def _find(self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]) -> None:
        try:
            found = await room.store.message(room.keys, message[field])
        except _AWAY:
            self._answered(message["id"], Refusal("try_again", "", RETRY_AFTER_MS))
            return
        if found is None:
            self._answered(message["id"], Refusal("message_not_found", f"{field}: is not in the chat"))
        elif self.room is room:
            use(found)

    def _command(self, room: LiveRoom, command: Command, id_: str | None) -> None:
        room.submit(Order(command, partial(self._answered, id_)))

    def _answered(self, id_: str | None, outcome: Done | Refusal) -> None:
        if isinstance(outcome, Done):
            if id_ is not None:
                self.tell(outbound.ack(id_, outcome.seq))
            return
        retry_ms = outcome.retry_after_ms
        if retry_ms is None and outcome.code in {"try_again", "outcome_unknown", "archive_full"}:
            retry_ms = RETRY_AFTER_MS
        self.tell(outbound.error(outcome.code, outcome.message or None, id_, retry_ms))

    def _leave(self) -> None:
        room, self.room = self.room, None
        if room is not None and room.audience.remove(self):
            self._presence.left(room, self.member_id)
        self.close(CloseCode.NORMAL)

    # --- hello ---

    async def _hello(self, text: str) -> None:
        seat = await self._entrance.enter(inbound.parse(text))
        self._seat = seat
        self.member_id, self.name, self.role = seat.resume.member, seat.resume.name, seat.resume.role
        self.since_ms = seat.resume.since_ms
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
            self.write(text_frame(outbound.error(goodbye.code, goodbye.message, None, retry_ms)))
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


_RATES: Final[Mapping[str, limits.Rate]] = {"say": limits.CHAT, "react": limits.SIGNALS, "typing": limits.SIGNALS}
_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)
