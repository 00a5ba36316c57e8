"""What speaks to the services in tests: clients with verbs, which hide the wire."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import aiohttp

from tests.support.room_contract import check
from tests.support.room_replica import Message, RoomReplica

PATIENCE_S: Final = 60.0  # the machine may be busy with other things
_ANSWERS: Final = ("ack", "history", "error")


class Disconnected(Exception):
    """The server ended the connection with ``code``."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class RoomClient(RoomReplica):
    """A member of a room over WebSocket: follows the room's events as a real client does, and keeps all of them.

    What it keeps of the room stands in RoomReplica, and survives a disconnect. Every message either way is held against
    docs/asyncapi.json.
    """

    def __init__(self, url: str, *, origin: str | None = None) -> None:
        super().__init__()
        self.url = url
        self._origin = origin
        self._session: aiohttp.ClientSession | None = None
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._changed = asyncio.Event()
        self.close_code: int | None = None
        self._failure: Exception | None = None

    # --- coming and going ---

    async def open(self) -> Self:
        """Open the socket and say nothing yet."""
        headers = {} if self._origin is None else {"Origin": self._origin}
        self.close_code = None
        self._session = aiohttp.ClientSession()
        try:
            self._ws = await self._session.ws_connect(self.url, headers=headers, compress=0, max_msg_size=0)
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read(self._ws))
        return self

    async def hello(self, ticket: str) -> Self:
        """Enter with a join ticket; raises Disconnected if the server refuses."""
        return await self._enter({"ticket": ticket})

    async def reconnect(self, *, url: str | None = None) -> Self:
        """Come back by the resume token, to another node if ``url`` is given, and catch up."""
        await self.drop()
        if url is not None:
            self.url = url
        return await self.resume()

    async def resume(self) -> Self:
        """Enter by the resume token."""
        epoch, seq, hash_ = self.point
        point = {"epoch": epoch, "seq": seq, "hash": hash_} if hash_ else {}
        return await self._enter({"resume": self.resume_token, **point})

    async def _enter(self, key: Mapping[str, Any]) -> Self:
        if self._ws is None:
            await self.open()
        self.welcome = {}
        await self.send({"type": "hello", "protocol": 1, **key})
        await self.until(lambda: bool(self.welcome))
        return self

    async def leave(self) -> None:
        """Say that one leaves, and wait for the server to close."""
        await self.send({"type": "leave"})
        await self.closed()

    async def drop(self) -> None:
        """Let the connection go without a word, as a lost network does."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._ws is not None:
            # aiohttp has no public way to cut a connection; a polite close would say goodbye first.
            response, self._ws = self._ws._response, None
            if response.connection is not None and response.connection.transport is not None:
                response.connection.transport.abort()
            response.close()
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._raise_failure()

    def _raise_failure(self) -> None:
        """Raise what the server's messages did wrong."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    async def close(self) -> None:
        """Hang up politely, as a page that is closed does: the server sees it at once, the grace begins."""
        if self._ws is not None:
            await self._ws.close()
        await self.drop()

    def stop_reading(self, fits: int = 4_096) -> None:
        """Read nothing more, as a client that cannot keep up; little (in bytes) fits into its buffers.

        It never reads quickly again where next to nothing fits.
        """
        self._transport().get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, fits)
        self._transport().pause_reading()

    def read_again(self) -> None:
        """Read what lies there."""
        self._transport().resume_reading()

    def _transport(self) -> asyncio.Transport:
        # aiohttp has no public way to its transport.
        assert self._ws is not None, "not connected"
        connection = self._ws._response.connection
        assert connection is not None, "not connected"
        assert isinstance(connection.transport, asyncio.Transport)
        return connection.transport

    async def closed(self, timeout_s: float = PATIENCE_S) -> int | None:
        """Wait until the server has closed; return the close code."""
        await self.until(lambda: self.close_code is not None, timeout_s=timeout_s, even_if_closed=True)
        return self.close_code

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()

    # --- orders ---

    async def send(self, message: Message) -> None:
        """Send a message as docs/asyncapi.json describes it; any other one is refused here."""
        assert self._ws is not None, "not connected"
        text = json.dumps(message, ensure_ascii=False)
        check("sent", text)
        try:
            await self._ws.send_str(text)
        except ConnectionError:
            raise Disconnected(self.close_code) from None

    async def send_raw(self, text: str) -> None:
        """Send whatever it is."""
        assert self._ws is not None, "not connected"
        await self._ws.send_str(text)

    async def command(self, type_: str, *, id_: str | None = None, **fields: Any) -> Message:
        """Return an order and wait for its answer (``ack``, ``history`` or ``error``), which is given back."""
        id_ = f"c{next(self._ids)}" if id_ is None else id_
        await self.send({"type": type_, "id": id_, **fields})
        return await self.expect(lambda message: message["type"] in _ANSWERS and message.get("id") == id_)

    async def play(self, **extra: Any) -> Message:
        return await self.command("play", **extra)

    async def pause(self, **extra: Any) -> Message:
        return await self.command("pause", **extra)

    async def seek(self, position_ms: float, **extra: Any) -> Message:
        return await self.command("seek", position_ms=position_ms, **extra)

    async def set_rate(self, rate: float, **extra: Any) -> Message:
        return await self.command("set_rate", rate=rate, **extra)

    async def say(self, text: str, **extra: Any) -> Message:
        return await self.command("say", text=text, **extra)

    async def report(self, **fields: Any) -> Message:
        return await self.command("report", **fields)

    async def delete_message(self, message_id: str, **extra: Any) -> Message:
        return await self.command("delete_message", message_id=message_id, **extra)

    async def edit_message(self, message_id: str, text: str, **extra: Any) -> Message:
        return await self.command("edit_message", message_id=message_id, text=text, **extra)

    async def react_to_message(self, message_id: str, emoji: str, **extra: Any) -> Message:
        return await self.command("react_to_message", message_id=message_id, emoji=emoji, **extra)

    async def set_role(self, member_id: str, role: str, **extra: Any) -> Message:
        return await self.command("set_role", member_id=member_id, role=role, **extra)

    async def mute(self, member_id: str, seconds: int, **extra: Any) -> Message:
        return await self.command("mute", member_id=member_id, seconds=seconds, **extra)

    async def kick(self, member_id: str, **extra: Any) -> Message:
        return await self.command("kick", member_id=member_id, **extra)

    async def change_settings(self, **settings: Any) -> Message:
        return await self.command("change_settings", **settings)

    async def history(self, **fields: Any) -> Message:
        """Ask for earlier messages (``before``, ``limit``); return the ``history`` or the ``error``."""
        return await self.command("history", **fields)

    async def react(self, emoji: str) -> None:
        """Let an emoji float over the film; nothing acknowledges it."""
        await self.send({"type": "react", "emoji": emoji})

    async def typing(self) -> None:
        """Let the others see that one is typing; nothing acknowledges it."""
        await self.send({"type": "typing"})

    async def ping(self, rtt_ms: float | None = None) -> Message:
        """Ask for the time, again where the server keeps silent (it does while it is not sure)."""
        for _ in range(10):
            t0 = time.monotonic() * 1000
            await self.send({"type": "ping", "t0": t0, **({} if rtt_ms is None else {"rtt_ms": rtt_ms})})
            with contextlib.suppress(AssertionError):
                return await self._pong(t0)
        raise AssertionError("no ping was answered")

    async def _pong(self, t0: float) -> Message:
        return await self.expect(lambda message: message["type"] == "pong" and message["t0"] == t0, timeout_s=1)

    # --- what comes ---

    async def expect(self, wanted: str | Callable[[Message], bool], timeout_s: float = PATIENCE_S) -> Message:
        """Wait for a message (by type, or by what it says), also one that has come already; each is given once."""
        fits = (lambda message: message["type"] == wanted) if isinstance(wanted, str) else wanted
        found: list[Message] = []

        def look() -> bool:
            for message in self.received:
                if not message.get("_given") and fits(message):
                    message["_given"] = True
                    found.append(message)
                    return True
            return False

        await self.until(look, timeout_s=timeout_s)
        return found[0]

    async def until(
        self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S, *, even_if_closed: bool = False
    ) -> None:
        """Wait until a condition on this client holds; raises Disconnected if it no longer can."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._raise_failure()
                    if self.close_code is not None and not even_if_closed:
                        raise Disconnected(self.close_code)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = [{key: value for key, value in m.items() if key != "members"} for m in self.received[-5:]]
            raise AssertionError(f"did not come about within {timeout_s} s; last received: {last}") from None

    async def reaches(self, seq: int, timeout_s: float = PATIENCE_S) -> None:
        """Wait until this client has every event up to ``seq``."""
        await self.until(lambda: self.point[1] >= seq, timeout_s=timeout_s)

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in ws:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break  # the connection broke
                check("received", frame.data)
                self.take(json.loads(frame.data))
                self._changed.set()
            self.close_code = ws.close_code or 1006
        except Exception as error:  # noqa: BLE001 - raised again where the test waits, at the latest by drop()
            self._failure = error
        self._changed.set()
