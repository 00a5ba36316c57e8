"""Captions of films: fed as files by programs, read by players everywhere."""

from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from marshmallow import Schema, fields, validate

from api_service.api.endpoints import reply
from api_service.api.ndjson import read_whole
from api_service.api.programs import ProgramCall, ProgramEndpoints
from api_service.app_keys import DATABASE, SITE
from api_service.problems import UNSUPPORTED_MEDIA_TYPE
from api_service.usecases.feed import captions

endpoints = ProgramEndpoints("feed", "feed")

FILE_BYTES: Final = 1024 * 1024  # ten times the captions of a long film
FILE_TYPES: Final = ("application/octet-stream", "text/plain", "text/vtt", "application/x-subrip")
SAMPLE: Final = "1\n00:00:01,000 --> 00:00:03,500\nБумажные киты плывут над городом.\n"


class CaptionFileSchema(Schema):
    url = fields.String(required=True, metadata={"description": "Put it into the film's row: `captions[].url`."})
    format = fields.String(required=True, validate=validate.OneOf(["srt", "vtt"]), metadata={"description": "As read."})
    encoding = fields.String(required=True, metadata={"description": "As read, such as `cp1251`."})
    cues = fields.Integer(required=True, metadata={"description": "How many captions there are."})


@endpoints.add(
    "POST",
    "/feed/captions",
    status=HTTPStatus.CREATED,
    files=FILE_TYPES,
    gives=CaptionFileSchema,
    examples={"request": SAMPLE},
)
async def feed_captions(call: ProgramCall) -> web.Response:
    """Bring in the captions of a film in one language, as a file: SubRip (SRT) or WebVTT, 1 MiB at most.

    Whatever its encoding, it becomes WebVTT in UTF-8 at the address of the answer, which a film's row then names; the
    same captions have the same address. The encoding is found out, unless `charset` in `Content-Type` names it.
    Captions that no film names are deleted after a week.
    """
    request = call.request
    if request.content_type not in FILE_TYPES:
        raise UNSUPPORTED_MEDIA_TYPE.problem(f"Send the file as it is, as {', '.join(FILE_TYPES)}.")
    data = await read_whole(request, FILE_BYTES)
    return reply(await captions.take(call.db, request.app[SITE], data, request.charset), HTTPStatus.CREATED)


async def read_captions(request: web.Request) -> web.Response:
    """Return captions to whoever has their address, to be kept for good; raises the problem `captions_not_found`."""
    return web.Response(
        text=await captions.read(request.app[DATABASE], request.match_info["id"]),
        content_type="text/vtt",
        charset="utf-8",
        headers={hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"},
    )


# A file like a film's others, and nothing that one has to sign in for.
routes: Final = (web.get("/captions/{id:[0-9a-f]{32}}.vtt", read_captions),)
