"""A WebSocket whose text messages are handled in the loop turn in which they came.

aiohttp queues messages for ``receive``, and each one wakes a task one turn later. Everything else stays aiohttp's: the
handshake, the frames, pings, the close. Why its internals are used: docs/decisions/0005-text-messages-at-once.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp._websocket.writer import WebSocketWriter
from aiohttp.http import WebSocketReader, WSMessageTextBytes

from sync_service.sockets.frame_guard import FrameGuard

QUEUE_BYTES: Final = 64 * 1024  # of messages queued for ``receive``; at this bound aiohttp stops reading the socket
CLOSE_DEADLINE_S: Final = 1.0  # for the client's close frame


class WebSocket(web.WebSocketResponse):
    """An uncompressed WebSocket.

    ``on_close`` runs before a close frame is written, whoever closes; ``on_flood`` when a client sends too many frames.
    """

    _reader: _Queue | None

    def __init__(self, *, max_msg_size: int) -> None:
        # Pings and pongs are received like messages, so that the connection sees that its client lives.
        super().__init__(autoping=False, compress=False, max_msg_size=max_msg_size, timeout=CLOSE_DEADLINE_S)
        self.on_close: list[Callable[[], None]] = []
        self.on_flood: Callable[[], None] | None = None
        self.flooded = False

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        for on_close in self.on_close:
            on_close()
        return await super().close(code=code, message=message, drain=drain)

    def call_at_once(self, on_text: Callable[[str], None], on_alive: Callable[[], None]) -> None:
        """Call ``on_text`` with each text message from now on, ``on_alive`` for empty pongs; neither may raise.

        Messages that came before, and all other ones, are received as usual and in their order.
        """
        if self._reader is None:
            raise RuntimeError("prepare() comes first")
        self._reader.on_text = on_text
        self._guard.on_alive = on_alive

    def receive_again(self, text: str) -> None:
        """Queue this text, and all after it, for ``receive``; an empty one wakes a waiting ``receive``.

        Only the receiving task can close so that the code arrives: ``close`` beside a waiting ``receive`` ends the
        transport at once, and bytes that the client sent meanwhile make the kernel answer with RST in place of it.
        """
        if self._reader is not None:
            self._reader.on_text = None
            self._reader.feed_data(WSMessage(WSMsgType.TEXT, text, ""), len(text))

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        # As in aiohttp, with a queue of our own and neither heartbeat nor compression.
        self._ws_protocol = protocol
        self._writer = writer
        self._reader = _Queue(request.protocol, QUEUE_BYTES, loop=asyncio.get_running_loop())
        self._parser = WebSocketReader(self._reader, self._max_msg_size, compress=False, decode_text=True)
        self._guard = FrameGuard(self._parser, self._reader, request.protocol, self._flooded)
        request.protocol.set_parser(cast("WebSocketReader", self._guard))
        request.protocol.keep_alive(False)

    def _flooded(self) -> None:
        self.flooded = True
        if self.on_flood is not None:
            self.on_flood()


class _Queue(WebSocketDataQueue):
    on_text: Callable[[str], None] | None = None

    def feed_data(self, data: WSMessage | WSMessageTextBytes, size: int) -> None:
        on_text = self.on_text
        # A message that is queued must not be overtaken.
        if on_text is not None and data[0] is WSMsgType.TEXT and not self._buffer:
            on_text(data[1])
        else:
            super().feed_data(data, size)
