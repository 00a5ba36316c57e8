"""A person's own data: all of it in one file, and its erasure."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web

from api_service.api.endpoints import Call, Endpoint, Endpoints, done
from api_service.middlewares import renew_deadline
from api_service.usecases import erasing
from api_service.usecases.export import export

CONTENT_TYPE: Final = "application/zip"
FILE_NAME: Final = "movie-together.zip"


@dataclass(frozen=True)
class _FileEndpoint(Endpoint):
    """An endpoint whose answer is a file."""

    def describe(self, operation: dict[str, Any]) -> None:
        """Add to the operation's description what kind of file it is."""
        content = {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}
        operation["responses"][str(int(self.status))]["content"] = content


async def export_me(call: Call) -> web.StreamResponse:
    """Read all that is stored of oneself: a ZIP of JSON files, sent as it is made.

    docs/personal-data.md says what each file has in it.
    """
    pieces = export(call.db, call.viewer.id)
    # Whatever makes it impossible shows before the first piece, while it can still be told.
    piece = await anext(pieces)
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: CONTENT_TYPE,
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{FILE_NAME}"',
            hdrs.CACHE_CONTROL: "private, no-store",
        }
    )
    await response.prepare(call.request)
    try:
        await response.write(piece)
        async for piece in pieces:
            await response.write(piece)
            renew_deadline(call.request)
        await response.write_eof()
    except BaseException:
        # No second answer can follow in the first one's place: the reader is to see that it broke off.
        if call.request.transport is not None:
            call.request.transport.abort()
        raise
    return response


_endpoints = Endpoints("people")


@_endpoints.add("DELETE", "/me", status=HTTPStatus.NO_CONTENT)
async def erase_me(call: Call) -> web.Response:
    """Delete one's account and all that names one: for good, at once, whatever one owns or is in.

    Open rooms of one's own pass on to a moderator, else to whoever was there longest, else they are closed. What others
    see of the past has a deleted viewer in one's place. Signing in again makes a new account.
    """
    await erasing.erase(call.db, call.site, call.viewer.id, lambda: renew_deadline(call.request))
    return done()


endpoints: Final[tuple[Endpoint, ...]] = (
    _FileEndpoint(
        method="GET",
        path="/me/export",
        handler=export_me,  # type: ignore[arg-type]
        tag="people",
        query=None,
        body=None,
        takes_key=False,
        status=HTTPStatus.OK,
        gives=None,
        problems=(),
    ),
    *_endpoints,
)
