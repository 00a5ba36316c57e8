"""A WebSocket whose text messages are taken in the loop turn in which they came.

aiohttp hands messages to whoever awaits ``receive``: each of them wakes a task, one turn later. Everything else stays
aiohttp's: the handshake, the frames, pings, the close. Why its insides are reached into:
docs/decisions/0005-text-messages-at-once.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp._websocket.writer import WebSocketWriter
from aiohttp.http import WebSocketReader, WSMessageTextBytes

QUEUE_BYTES: Final = 64 * 1024  # of messages that wait for ``receive``; aiohttp then reads no more from the socket


class WebSocket(web.WebSocketResponse):
    """An uncompressed WebSocket; ``hear`` takes its text messages out of ``receive``."""

    _reader: _Queue | None
    before_close: Callable[[], None] | None = None  # called before a close frame is written, whoever asked for it

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        if self.before_close is not None:
            self.before_close()
        return await super().close(code=code, message=message, drain=drain)

    def hear(self, on_text: Callable[[str], None]) -> None:
        """Have ``on_text`` called with each text message from now on; it must not raise.

        Those that came before, and all other messages, are received as ever and in their order.
        """
        if self._reader is None:
            raise RuntimeError("prepare() comes first")
        self._reader.on_text = on_text

    def receive_again(self, text: str) -> None:
        """Have this text, which was just heard or is empty to wake who receives, and all after it received.

        Whoever receives can close with a code that arrives: ``close`` beside a waiting ``receive`` ends the transport
        at once, and what the client has sent meanwhile makes the kernel throw the code away (RST).
        """
        if self._reader is not None:
            self._reader.on_text = None
            self._reader.feed_data(WSMessage(WSMsgType.TEXT, text, ""), len(text))

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        # What aiohttp does, with a queue of our own and neither heartbeat nor compression.
        self._ws_protocol = protocol
        self._writer = writer
        self._reader = _Queue(request.protocol, QUEUE_BYTES, loop=asyncio.get_running_loop())
        self._parser = WebSocketReader(self._reader, self._max_msg_size, compress=False, decode_text=True)
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)


class _Queue(WebSocketDataQueue):
    on_text: Callable[[str], None] | None = None

    def feed_data(self, data: WSMessage | WSMessageTextBytes, size: int) -> None:
        on_text = self.on_text
        # A message that waits to be received must not be overtaken.
        if on_text is not None and data[0] is WSMsgType.TEXT and not self._buffer:
            on_text(data[1])
        else:
            super().feed_data(data, size)
