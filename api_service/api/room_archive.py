"""What happened in rooms: for those who were there, and for the cinema's programs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, get_args

from aiohttp import hdrs, web
from marshmallow import Schema, fields, validate

from api_service.api.endpoints import Endpoint, reply
from api_service.api.parsing import read_query
from api_service.api.schemas.people import PersonSchema
from api_service.api.schemas.requests import PageQuerySchema, items_of
from api_service.app_keys import DATABASE
from api_service.database import Database
from api_service.identity import Scope, current_user, optional_program
from api_service.language import choose
from api_service.problems import BANNED, INVALID_CURSOR, NOT_THERE, ROOM_NOT_FOUND
from api_service.usecases import recap, room_archive
from api_service.usecases.people import User
from shared.events.journal import ASIDE_REASONS, PLAYBACK_CHANGES, PLAYBACK_STATUSES

SCOPE: Final[Scope] = "admin"
_FORBIDDEN: Final = """\
- `insufficient_scope`: A program's token needs the scope that `WWW-Authenticate` names.
- `account_blocked`: The cinema has blocked the account."""


def _film() -> fields.Integer:
    described = {"description": "Which film of the room it was: the place in the recap's `films`, from 0."}
    return fields.Integer(required=True, metadata=described)


class FilmShownSchema(Schema):
    film_id = fields.UUID(required=True)
    title = fields.String(required=True, metadata={"description": "Empty where the film was deleted since."})
    since = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When it was chosen; null of the first one."}
    )


class PresenceSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    visits = fields.Integer(required=True)
    present_ms = fields.Integer(required=True, metadata={"description": "All their visits together."})
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    messages = fields.Integer(required=True, metadata={"description": "Those that were not deleted."})


class PauseSchema(Schema):
    film = _film()
    at = fields.AwareDateTime(required=True)
    position_ms = fields.Integer(required=True, metadata={"description": "Where the film stood."})
    lasted_ms = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null if the film was not played again."}
    )
    by = fields.Nested(
        PersonSchema, required=True, allow_none=True, metadata={"description": "Null where the room paused by itself."}
    )


class AsideSchema(Schema):
    film = _film()
    at = fields.AwareDateTime(required=True)
    position_ms = fields.Integer(required=True, metadata={"description": "Where the film was then."})
    lasted_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Until they came back or left; null if neither was told."},
    )
    reason = fields.String(
        required=True, validate=validate.OneOf(ASIDE_REASONS), metadata={"description": "Why they stepped aside."}
    )
    person = fields.Nested(PersonSchema, required=True)


class LivelyMinuteSchema(Schema):
    film = _film()
    position_ms = fields.Integer(required=True, metadata={"description": "Where in the film the minute begins."})
    messages = fields.Integer(required=True)
    reactions = fields.Integer(required=True, metadata={"description": "To the film, not to messages."})


class RecapSchema(Schema):
    films = fields.List(fields.Nested(FilmShownSchema), required=True, metadata={"description": "In their order."})
    people_count = fields.Integer(required=True)
    people = fields.List(
        fields.Nested(PresenceSchema),
        required=True,
        metadata={"description": f"Those who were there longest, at most {recap.PEOPLE_MOST:,}."},
    )
    pauses_count = fields.Integer(required=True)
    pauses = fields.List(
        fields.Nested(PauseSchema),
        required=True,
        metadata={"description": f"The earliest first, at most {recap.PAUSES_MOST:,}."},
    )
    asides_count = fields.Integer(required=True)
    asides = fields.List(
        fields.Nested(AsideSchema),
        required=True,
        metadata={"description": f"Who left the room's timeline, the earliest first, at most {recap.ASIDES_MOST:,}."},
    )
    messages_count = fields.Integer(required=True)
    liveliest = fields.List(
        fields.Nested(LivelyMinuteSchema),
        required=True,
        metadata={"description": "The five minutes of the films with most messages and reactions."},
    )


class ArchivedMessageSchema(Schema):
    id = fields.String(required=True)
    film = _film()
    author = fields.Nested(PersonSchema, required=True)
    text = fields.String(required=True, allow_none=True, metadata={"description": "Null of a deleted message."})
    position_ms = fields.Integer(required=True, metadata={"description": "Where the film was."})
    sent_at = fields.AwareDateTime(required=True)
    reply_to = fields.String(required=True, allow_none=True)
    deleted = fields.Boolean(required=True)
    edited_at = fields.AwareDateTime(required=True, allow_none=True)


class VisitSchema(Schema):
    id = fields.String(required=True)
    person = fields.Nested(PersonSchema, required=True)
    started_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    end_reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "left, lost, kicked, banned, revoked or closed; null while the visit lasts."},
    )


class PlaybackEventSchema(Schema):
    film = _film()
    event = fields.String(required=True, validate=validate.OneOf(PLAYBACK_CHANGES))
    status = fields.String(required=True, validate=validate.OneOf(PLAYBACK_STATUSES))
    position_ms = fields.Integer(required=True, metadata={"description": "Where the film was at the moment `at`."})
    rate = fields.Float(required=True)
    at = fields.AwareDateTime(required=True)
    by = fields.Nested(
        PersonSchema, required=True, allow_none=True, metadata={"description": "Null where the room did it by itself."}
    )
    happened_at = fields.AwareDateTime(required=True)


class MessagesQuerySchema(PageQuerySchema):
    order = fields.String(
        load_default="film",
        validate=validate.OneOf(get_args(room_archive.MessageOrder)),
        metadata={"description": "By where the films were, or by the moment of sending."},
    )


@dataclass(frozen=True)
class ArchiveCall:
    """One call: by a person, or by a program, which is no ``reader``."""

    request: web.Request
    reader: User | None
    query: Mapping[str, Any]

    @property
    def place(self) -> tuple[Database, Any, str, str]:
        """What each use case takes first: the database, the reader's id, their language, the room's code."""
        request, reader = self.request, self.reader
        locale = None if reader is None else reader.locale
        language = choose({}, request.cookies, locale, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        return request.app[DATABASE], reader and reader.id, language, request.match_info["code"]


ArchiveHandler = Callable[[ArchiveCall], Awaitable[web.Response]]


@dataclass(frozen=True)
class ArchiveEndpoint(Endpoint):
    """One path, for people who were in the room and for programs with the scope `admin`."""

    handler: Any

    async def answer(self, request: web.Request) -> web.Response:
        """Return the handler's answer; raises the problems of the request's credentials and of parsing."""
        reader = None if await optional_program(request, SCOPE) is not None else await current_user(request)
        query = await read_query(request, self.query) if self.query else {}
        answer: web.Response = await self.handler(ArchiveCall(request, reader, query))
        return answer

    @property
    def forbidden(self) -> str:
        return _FORBIDDEN

    def describe(self, operation: dict[str, Any]) -> None:
        """Add to the operation's description who may call it."""
        operation["security"] = [{"session": []}, {"bearer": []}, {"program": [SCOPE]}]


endpoints: Final[list[ArchiveEndpoint]] = []


def _endpoint(
    what: str, gives: type[Schema], query: type[Schema] | None = None
) -> Callable[[ArchiveHandler], ArchiveHandler]:
    def register(handler: ArchiveHandler) -> ArchiveHandler:
        endpoints.append(
            ArchiveEndpoint(
                method="GET",
                path=f"/rooms/{{code}}/{what}",
                handler=handler,
                tag="archive",
                query=query() if query else None,
                body=None,
                takes_key=False,
                status=HTTPStatus.OK,
                gives=gives(),
                problems=(ROOM_NOT_FOUND, BANNED, NOT_THERE, *((INVALID_CURSOR,) if query else ())),
            )
        )
        return handler

    return register


@_endpoint("recap", RecapSchema)
async def read_recap(call: ArchiveCall) -> web.Response:
    """Read what came of an evening: who was there and how long, the pauses, who stepped aside, the lively minutes.

    For the room's owner and those who were in it; for programs with the scope `admin`, of any room.
    """
    return reply(await recap.recap(*call.place))


@_endpoint("messages", items_of(ArchivedMessageSchema, "Messages", paged=True), MessagesQuerySchema)
async def list_messages(call: ArchiveCall) -> web.Response:
    """List a room's chat, in the order of the film or of sending. A deleted message keeps its place without its text.

    For the room's owner and those who were in it; for programs with the scope `admin`, of any room.
    """
    return reply(await room_archive.messages(*call.place, **call.query))


@_endpoint("visits", items_of(VisitSchema, "Visits", paged=True), PageQuerySchema)
async def list_visits(call: ArchiveCall) -> web.Response:
    """List who was in a room from when to when, the earliest first.

    For the room's owner and those who were in it; for programs with the scope `admin`, of any room.
    """
    return reply(await room_archive.visits_of(*call.place, **call.query))


@_endpoint("playback", items_of(PlaybackEventSchema, "PlaybackEvents", paged=True), PageQuerySchema)
async def list_playback(call: ArchiveCall) -> web.Response:
    """List what happened to a room's film, the earliest first.

    For the room's owner and those who were in it; for programs with the scope `admin`, of any room.
    """
    return reply(await room_archive.playback(*call.place, **call.query))
