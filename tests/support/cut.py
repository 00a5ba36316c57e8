"""A line to a server that a test can cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Cut:
    """A TCP proxy before a real server. While `silent`, what the client says is lost, acknowledgements too."""

    def __init__(self, url: str, port: int) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 0)
        credentials = target.netloc.rpartition("@")[0]
        self.url = urlunsplit(target._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
        self.silent = False
        self._writers: list[asyncio.StreamWriter] = []

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, target_writer]
        await asyncio.gather(
            self._carry(reader, target_writer, outward=True), self._carry(target_reader, writer, outward=False)
        )

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, outward: bool) -> None:
        try:
            while data := await reader.read(65536):
                if not (outward and self.silent):
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def cut_before(url: str, port: int) -> AsyncIterator[Cut]:
    """Put a `Cut` before the server of `url`; clients use the cut's own `url`."""
    cut = Cut(url, port)
    server = await asyncio.start_server(cut.connected, "127.0.0.1", port)
    try:
        yield cut
    finally:
        server.close()
        cut.close()
