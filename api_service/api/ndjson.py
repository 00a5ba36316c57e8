"""Newline-delimited JSON, read as it comes: however long the body is, one batch of rows is in memory."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from api_service.middlewares import renew_deadline
from api_service.problems import BODY_TOO_LARGE, INVALID_JSON, TOO_MANY_ROWS, UNSUPPORTED_MEDIA_TYPE

CONTENT_TYPE: Final = "application/x-ndjson"
_TAKEN: Final = (CONTENT_TYPE, "application/ndjson", "application/jsonl")
ROWS_MOST: Final = 10_000
ROW_BYTES: Final = 64 * 1024
BATCH_ROWS: Final = 500
BATCH_BYTES: Final = 1024 * 1024
DOCUMENT_BYTES: Final = 4 * 1024 * 1024

# A line's number, counted from 1, and its bytes; None for a line that is too long to be kept.
Line = tuple[int, bytes | None]


async def batches(request: web.Request) -> AsyncIterator[list[Line]]:
    """Yield the body's lines in batches, empty ones left out.

    Each batch gives the request new time. Raises the problems `unsupported_media_type` and `too_many_rows`.
    """
    if request.content_type not in _TAKEN:
        raise UNSUPPORTED_MEDIA_TYPE.problem(f"Send rows as {CONTENT_TYPE}, one JSON object a line.")
    left = ROWS_MOST
    async for batch in in_batches(request.content.iter_any(), progress=lambda: renew_deadline(request)):
        if batch[:left]:
            yield batch[:left]
        left -= len(batch)
        if left < 0:
            raise TOO_MANY_ROWS.problem()


async def in_batches(
    chunks: AsyncIterable[bytes], *, progress: Callable[[], None] = lambda: None
) -> AsyncIterator[list[Line]]:
    """Yield the lines of any source of bytes in batches of BATCH_ROWS or some BATCH_BYTES, empty ones left out.

    Calls ``progress`` after each batch that was full.
    """
    batch: list[Line] = []
    size = 0
    async for number, line in _lines(chunks):
        batch.append((number, line))
        size += len(line or b"")
        if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            progress()
            batch, size = [], 0
    if batch:
        yield batch


async def read_document(request: web.Request) -> Any:
    """Return the body as JSON, which may be larger than other requests'; raises the problems of bodies."""
    if request.content_type != "application/json":
        raise UNSUPPORTED_MEDIA_TYPE.problem()
    body = await read_whole(request, DOCUMENT_BYTES)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise INVALID_JSON.problem(f"{INVALID_JSON.detail} It breaks off here: {error}.") from None


async def read_whole(request: web.Request, most_bytes: int) -> bytes:
    """Return the body, which may be larger than other requests'; raises the problem `body_too_large`."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            raise BODY_TOO_LARGE.problem(f"The body is larger than {most_bytes // 2**20} MiB: send less at once.")
    return bytes(body)


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[Line]:
    number, rest, too_long = 1, bytearray(), False
    async for chunk in chunks:
        *ended, begun = chunk.split(b"\n")
        for part in ended:
            rest += part
            if too_long or len(rest) > ROW_BYTES:
                yield number, None
            elif line := bytes(rest).strip():
                yield number, line
            number, too_long = number + 1, False
            rest.clear()
        rest += begun
        if len(rest) > ROW_BYTES:
            too_long = True
            rest.clear()
    if too_long:
        yield number, None
    elif line := bytes(rest).strip():
        yield number, line
