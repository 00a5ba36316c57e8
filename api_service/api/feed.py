"""The feed: films, people, friendships and wishes brought in by the cinema's own programs."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiohttp import web
from marshmallow import Schema, ValidationError, fields, validate

from api_service.api.endpoints import reply
from api_service.api.ndjson import CONTENT_TYPE, Line, batches, read_document
from api_service.api.programs import ProgramCall, ProgramEndpoints, ProgramHandler
from api_service.api.schemas.requests import RequestSchema
from api_service.field_errors import flat_messages
from api_service.middlewares import renew_deadline
from api_service.problems import (
    INVALID_FIELDS,
    PERSON_NOT_FOUND,
    ROW_TOO_LONG,
    RUN_FINISHED,
    RUN_NOT_FOUND,
    RUN_REMOVES_TOO_MUCH,
)
from api_service.usecases import people
from api_service.usecases.feed import lists, rows, runs
from api_service.usecases.feed.rows import FEEDS, Feed, Outcome, Taken
from shared.feed import ONE_LINE

endpoints = ProgramEndpoints("feed", "feed")
lookups = ProgramEndpoints("people", "feed", "admin")

RUN_HEADER: Final = "Feed-Run"
RUN_CHARACTERS: Final = 100
# Printable ASCII without a slash; HTTP takes spaces off at either end.
RUN_ID: Final = r"^[!-.0-~]([ -.0-~]*[!-.0-~])?$"
# Reading rows is the loop's own work: after so many, requests of others are served.
READ_AT_ONCE: Final = 50


class RowProblemSchema(Schema):
    """Why a row was refused."""

    code: Any = fields.String(required=True, metadata={"description": "One of docs/errors.md."})
    field: Any = fields.String(required=True, allow_none=True)
    detail: Any = fields.String(required=True)


class RowResultSchema(Schema):
    """What became of the row in one line of the request."""

    line = fields.Integer(required=True)
    result = fields.String(required=True, validate=validate.OneOf(["created", "changed", "unchanged", "refused"]))
    problem = fields.Nested(RowProblemSchema, required=True, allow_none=True)


class CompleteQuerySchema(RequestSchema):
    complete = fields.Boolean(
        load_default=False,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "This belongs to a complete run, whose id is in `Feed-Run`."},
    )


class FinishQuerySchema(RequestSchema):
    force = fields.Boolean(
        load_default=False,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "Remove even more than a fifth of what was fed."},
    )


class IssuerQuerySchema(RequestSchema):
    issuer = fields.String(
        validate=[validate.Length(1, 255), validate.Regexp(ONE_LINE, error="Must be text on one line.")],
        metadata={"description": "Whose subject it is; unless given, the service's own OIDC_ISSUER."},
    )


class WholeListSchema(RequestSchema):
    """A person's whole list: subjects of friends, or external ids of films."""

    # What PostgreSQL cannot look for.
    items = fields.List(
        fields.String(validate=validate.Regexp(r"^[^\u0000]*$", error="Must not contain a NUL.")),
        required=True,
        validate=validate.Length(max=lists.ITEMS_MOST),
    )
    updated_at = fields.AwareDateTime(
        load_default=lambda: datetime.now(UTC), format="iso", metadata={"description": "Unless given, now."}
    )


class ListRefusalSchema(Schema):
    index = fields.Integer(required=True)
    problem = fields.Nested(RowProblemSchema, required=True)


class ListResultSchema(Schema):
    created = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    refused = fields.List(fields.Nested(ListRefusalSchema), required=True)


class RemovalSchema(Schema):
    fed = fields.Integer(required=True, metadata={"description": "How many stood here before."})
    removed = fields.Integer(required=True)


class RunResultSchema(Schema):
    removed = fields.Dict(keys=fields.String(), values=fields.Nested(RemovalSchema), required=True)


class KnownPersonSchema(Schema):
    id = fields.UUID(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.Email(required=True, allow_none=True)
    locale = fields.String(required=True)
    time_zone = fields.String(required=True, allow_none=True)
    picture_url = fields.String(required=True, allow_none=True)


_RUN: Final = {
    RUN_HEADER: (
        "The id of a complete run, chosen by you; goes with `complete=true`.",
        {"type": "string", "minLength": 1, "maxLength": RUN_CHARACTERS, "pattern": RUN_ID},
    )
}
_WHOLE_LIST: Final = WholeListSchema()
_MOMENT: Final = "2026-05-01T18:30:00Z"
_RESULTS: Final = (
    '{"line":1,"result":"created","problem":null}\n'
    '{"line":2,"result":"refused","problem":{"code":"invalid_fields","field":"updated_at",'
    '"detail":"Missing data for required field."}}\n'
)


def _rows_endpoint(feed: Feed, **example: Any) -> Callable[[ProgramHandler], ProgramHandler]:
    line = orjson.dumps({**example, "updated_at": _MOMENT}).decode()
    examples = {"request": f"{line}\n", "response": _RESULTS}
    return endpoints.add(
        "POST",
        f"/feed/{feed.name}",
        query=CompleteQuerySchema,
        rows=feed.schema,
        row_results=RowResultSchema,
        problems=(RUN_FINISHED,),
        headers=_RUN,
        examples=examples,
    )


@_rows_endpoint(
    FEEDS["films"],
    external_id="tt-4711",
    titles={"en": "Paper Whales", "ru": "Бумажные киты"},
    year=2024,
    duration_ms=5_400_000,
    poster_url="https://img.cinema.example/4711.webp",
    sources=[{"kind": "hls", "url": "https://cdn.cinema.example/4711/master.m3u8"}],
    captions=[{"language": "en", "label": "English", "url": "https://cdn.cinema.example/4711/en.vtt"}],
    watch_url="https://cinema.example/watch/4711",
)
async def feed_films(call: ProgramCall) -> web.Response:
    """Bring films in, a JSON object a line, up to 10,000; the answer has a line for each, in order.

    Repeating it changes nothing. The version with the newest `updated_at` counts; `deleted` takes a film out of the
    catalogue, and leaves it to the rooms that show it.
    """
    return await _take_rows(call, FEEDS["films"])


@_rows_endpoint(FEEDS["people"], subject="u-17", name="Анна Белова", email="anna@example.com", locale="ru")
async def feed_people(call: ProgramCall) -> web.Response:
    """Bring people in, as above. They can match and be invited at once; their first sign-in finds the same account.

    `deleted` ends their friendships and empties their list.
    """
    return await _take_rows(call, FEEDS["people"])


@_rows_endpoint(FEEDS["friendships"], subject="u-17", friend="u-18")
async def feed_friendships(call: ProgramCall) -> web.Response:
    """Bring friendships in, as above; both people must be known."""
    return await _take_rows(call, FEEDS["friendships"])


@_rows_endpoint(FEEDS["wishes"], subject="u-17", film="tt-4711")
async def feed_wishes(call: ProgramCall) -> web.Response:
    """Bring in who wants to watch which film, as above; person and film must be known."""
    return await _take_rows(call, FEEDS["wishes"])


@endpoints.add(
    "PUT",
    "/feed/people/{subject}/friends",
    query=IssuerQuerySchema,
    document=WholeListSchema,
    gives=ListResultSchema,
    problems=(PERSON_NOT_FOUND,),
    examples={"request": {"items": ["u-18", "u-19"]}},
)
async def replace_friends(call: ProgramCall) -> web.Response:
    """Replace a person's whole list of friends by these subjects; who is not in it is no friend any more."""
    wanted = await _whole_list(call)
    subject = call.request.match_info["subject"]
    return reply(await lists.replace_friends(call.db, call.issuer, subject, wanted["items"], wanted["updated_at"]))


@endpoints.add(
    "PUT",
    "/feed/people/{subject}/wishes",
    query=IssuerQuerySchema,
    document=WholeListSchema,
    gives=ListResultSchema,
    problems=(PERSON_NOT_FOUND,),
    examples={"request": {"items": ["tt-4711", "tt-4712"]}},
)
async def replace_wishes(call: ProgramCall) -> web.Response:
    """Replace the whole list of films that a person wants to watch, by the films' external ids."""
    wanted = await _whole_list(call)
    subject = call.request.match_info["subject"]
    return reply(await lists.replace_wishes(call.db, call.issuer, subject, wanted["items"], wanted["updated_at"]))


@endpoints.add(
    "POST",
    "/feed/runs/{run_id}/finish",
    query=FinishQuerySchema,
    gives=RunResultSchema,
    problems=(RUN_NOT_FOUND, RUN_REMOVES_TOO_MUCH),
)
async def finish_run(call: ProgramCall) -> web.Response:
    """End a complete run: what was fed before it and not named by it is removed, in each kind of row that it has fed.

    Would that be more than a fifth of a kind, nothing is removed unless `force=true`. Finishing again changes nothing.
    """
    run_id = call.request.match_info["run_id"]
    removed = await runs.finish(
        call.db, run_id, force=call.query["force"], progress=lambda: renew_deadline(call.request)
    )
    return reply({"removed": removed})


@lookups.add(
    "GET",
    "/people/by-subject/{subject}",
    query=IssuerQuerySchema,
    gives=KnownPersonSchema,
    problems=(PERSON_NOT_FOUND,),
)
async def read_person_by_subject(call: ProgramCall) -> web.Response:
    """Read a person by the `sub` of their tokens, whether they ever signed in here or not."""
    return reply(await people.known_person(call.db, call.issuer, call.request.match_info["subject"]))


async def _take_rows(call: ProgramCall, feed: Feed) -> web.Response:
    run_id = _run_id(call)
    if run_id is not None:
        await runs.begin(call.db, run_id, feed.name)
    # At most 10,000 short lines: so the answer is one, and its status is true.
    results: list[bytes] = []
    async for batch in batches(call.request):
        taken = [await _read(feed, place, line, call.issuer) for place, (_, line) in enumerate(batch)]
        outcomes = await rows.apply(call.db, feed, taken, run_id=run_id)
        results += [_result(line, outcome) for line, outcome in zip(batch, outcomes, strict=True)]
    return web.Response(body=b"".join(results), content_type=CONTENT_TYPE)


async def _read(feed: Feed, place: int, line: bytes | None, issuer: str) -> Taken:
    if place % READ_AT_ONCE == 0:
        await asyncio.sleep(0)
    return Taken(None, rows.refused(ROW_TOO_LONG), None) if line is None else rows.read(feed, line, issuer)


def _result(line: Line, outcome: Outcome) -> bytes:
    told = {"line": line[0], "result": outcome.result, "problem": outcome.problem}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _run_id(call: ProgramCall) -> str | None:
    run_id = call.request.headers.get(RUN_HEADER)
    if not call.query["complete"] and run_id is None:
        return None
    if run_id is None or not call.query["complete"]:
        raise _invalid(RUN_HEADER, f"Goes together with `complete=true`: send {RUN_HEADER} and that, or neither.")
    if not (0 < len(run_id) <= RUN_CHARACTERS and run_id.isascii() and run_id.isprintable() and "/" not in run_id):
        raise _invalid(RUN_HEADER, f"Must be 1 to {RUN_CHARACTERS} printable ASCII characters without a slash.")
    return run_id


async def _whole_list(call: ProgramCall) -> dict[str, Any]:
    try:
        return dict(_WHOLE_LIST.load(await read_document(call.request)))
    except ValidationError as error:
        raise INVALID_FIELDS.problem(errors=list(flat_messages(error.messages_dict))) from None


def _invalid(field: str, message: str) -> Exception:
    return INVALID_FIELDS.problem(errors=[{"field": field, "message": message}])
