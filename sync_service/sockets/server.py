"""The sockets of this node: upgrades, the watch for silent clients, and draining."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from typing import Final

import structlog
from aiohttp import web

from shared.service import Problem
from shared.tickets import Verifier
from sync_service import metrics
from sync_service.delivery.frames import text_frame
from sync_service.live import limits
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom
from sync_service.live.presence import Presence
from sync_service.protocol import outbound, silence
from sync_service.protocol.codes import CloseCode
from sync_service.sockets.aiohttp_socket import WebSocket
from sync_service.sockets.closing import Goodbye
from sync_service.sockets.connection import FRAME_HARD_BYTES, Connection
from sync_service.sockets.handshake import Handshake
from sync_service.sockets.resume_tokens import ResumeTokens

log = structlog.get_logger(__name__)

KERNEL_BUFFER_BYTES: Final = 64 * 1024
DRAIN_S: Final = 0.3
COME_BACK_MOST_MS: Final = 2_000


class Server:
    """Accepts sockets at ``/ws/p{partition}`` and closes them when rooms close and when the node drains."""

    def __init__(
        self,
        hub: Hub,
        presence: Presence,
        tickets: Verifier,
        tokens: ResumeTokens,
        *,
        origins: frozenset[str],
        partitions: int,
    ) -> None:
        self._hub = hub
        self._presence = presence
        self._tickets = tickets
        self._tokens = tokens
        self._origins = origins
        self._partitions = partitions
        self._open: set[Connection] = set()
        self._by_sid: dict[str, set[Connection]] = {}
        self._by_member: dict[str, set[Connection]] = {}
        self._due: list[list[Connection]] = [[]]  # which connections to look at, by how many looks from now
        self._draining = False
        self._task: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return the route of the sockets."""
        return [web.get(r"/ws/p{partition:\d{1,5}}", self._socket)]

    async def start(self) -> None:
        """Begin to watch for silent clients."""
        self._task = asyncio.create_task(self._watch(), name="sockets")

    async def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def drain(self) -> None:
        """Send ``reconnect`` to everyone, with moments spread over COME_BACK_MOST_MS, and close all sockets."""
        self._draining = True
        for connection in self._open:
            after_ms = random.randint(0, COME_BACK_MOST_MS)  # noqa: S311 - spreads the load, guards nothing
            connection.write(text_frame(outbound.reconnect(after_ms)))
        if self._open:
            await asyncio.sleep(DRAIN_S)
        for connection in tuple(self._open):
            connection.detach()
            connection.close(CloseCode.TRY_AGAIN)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        # Browsers always send it, and only they can be made to connect with another person's cookies or network.
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._origins:
            raise Problem(403, "foreign_origin", f"pages of {origin} may not open a room (ALLOWED_ORIGINS)")
        partition = int(request.match_info["partition"])
        if partition >= self._partitions:
            raise Problem(404, "not_found", f"there are {self._partitions} partitions, from p0 (PARTITIONS)")
        ws = WebSocket(max_msg_size=FRAME_HARD_BYTES)
        await ws.prepare(request)
        transport = request.transport
        if transport is None:
            return ws
        # By default the kernel takes megabytes before our own bound sees any of them.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        handshake = Handshake(partition, self._hub, self._presence, self._tickets, self._tokens)
        connection = Connection(ws, transport, self._hub, self._presence, handshake, self._opened)
        self._open.add(connection)
        self._look_again(connection, silence.ASK_S)
        metrics.sockets += 1
        try:
            if self._draining:
                connection.close(CloseCode.TRY_AGAIN)
            await connection.run()
        finally:
            self._open.discard(connection)
            self._forget(connection)
            metrics.sockets -= 1
        return ws

    def room_closed(self, room: LiveRoom, _reason: str) -> None:
        """Close the sockets of a room that is closed."""
        for connection in tuple(room.audience.sockets):
            if isinstance(connection, Connection):
                connection.close(CloseCode.ROOM_CLOSED)

    def sessions_ended(self, sids: frozenset[str]) -> None:
        """Close the sockets that these sessions of the API have opened."""
        for sid in sids & self._by_sid.keys():
            for connection in tuple(self._by_sid[sid]):
                connection.end_session()

    def _opened(self, connection: Connection) -> None:
        own = self._by_member.setdefault(connection.member_id, set())
        own.add(connection)  # _socket forgets it, whatever comes of it
        if len(own) > limits.SOCKETS_OF_A_PERSON:
            metrics.rate_limited += 1
            raise Goodbye(CloseCode.TOO_FAST, "too_many_connections")
        if connection.sid:
            self._by_sid.setdefault(connection.sid, set()).add(connection)

    def _forget(self, connection: Connection) -> None:
        for known, key in ((self._by_sid, connection.sid), (self._by_member, connection.member_id)):
            own = known.get(key, set())
            own.discard(connection)
            if not own:
                known.pop(key, None)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        looked_s = loop.time()
        while True:
            await asyncio.sleep(silence.LOOK_S)
            before_s, now_s = looked_s, loop.time()
            looked_s = now_s
            stalled_s = now_s - before_s - silence.LOOK_S
            if stalled_s > silence.LOOK_S:
                # It was this node that slept: whatever its clients sent meanwhile is about to be read.
                for connection in self._open:
                    connection.received_s += stalled_s
            for connection in self._due.pop(0) if self._due else ():
                if connection in self._open:
                    self._look_at(connection, now_s)

    def _look_at(self, connection: Connection, now_s: float) -> None:
        silent_s = now_s - connection.received_s
        if silent_s > silence.CUT_S:
            connection.abort()
            return
        quiet_s = max(silent_s, now_s - connection.sent_s)
        if quiet_s > silence.ASK_S:
            connection.ask()
            quiet_s = 0.0
        self._look_again(connection, min(silence.ASK_S - quiet_s, silence.CUT_S - silent_s))

    def _look_again(self, connection: Connection, in_s: float) -> None:
        """Look at a connection so many seconds from now, or up to LOOK_S later."""
        looks = int(in_s / silence.LOOK_S)
        while len(self._due) <= looks:
            self._due.append([])
        self._due[looks].append(connection)
