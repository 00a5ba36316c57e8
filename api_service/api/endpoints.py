"""What an endpoint takes, gives and refuses, said once: routing, parsing and the OpenAPI document follow from it."""

import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import orjson
from aiohttp import hdrs, web
from marshmallow import Schema

from api_service.api.parsing import read_body, read_idempotency_key, read_query
from api_service.app_keys import DATABASE, SITE
from api_service.database import Database
from api_service.identity import current_user, current_user_or_guest
from api_service.language import choose
from api_service.problems import ROOM_CHANGED, Kind
from api_service.site import Site
from api_service.usecases.people import User
from api_service.usecases.rooms import Room

PREFIX: Final = "/api/v1"
Handler = Callable[["Call"], Awaitable[web.Response]]


@dataclass(frozen=True)
class Call:
    """One call of an endpoint: the viewer and what they sent."""

    request: web.Request
    viewer: User
    query: Mapping[str, Any]
    body: Any
    key: str | None

    def check_etag(self, room: Room) -> None:
        """Raise the problem `room_changed` unless the room is as `If-Match` says (RFC 9110, section 13.1.1)."""
        wanted = self.request.if_match
        if wanted is not None and not any(tag.value in ("*", _version_of(room)) for tag in wanted if not tag.is_weak):
            raise ROOM_CHANGED.problem()

    @property
    def db(self) -> Database:
        return self.request.app[DATABASE]

    @property
    def site(self) -> Site:
        return self.request.app[SITE]

    @cached_property
    def locale(self) -> str:
        """The language of the answer, chosen as for pages."""
        request = self.request
        accept = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
        return choose(request.query, request.cookies, self.viewer.locale, accept)

    @property
    def code(self) -> str:
        """The room's code in the path."""
        return self.request.match_info["code"]

    def id(self, name: str, missing: Kind) -> UUID:
        """Return the id in the path; raises the problem ``missing`` for one that is no UUID."""
        try:
            return UUID(self.request.match_info[name])
        except ValueError:
            raise missing.problem() from None


_FOR_PEOPLE: Final = """\
- `person_required`: The token stands for a program; use one issued for a person.
- `account_blocked`: The cinema has blocked the account."""


@dataclass(frozen=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    handler: Handler
    tag: str
    query: Schema | None
    body: Schema | None
    takes_key: bool
    status: HTTPStatus
    gives: Schema | None
    problems: tuple[Kind, ...]
    guests_too: bool = False  # those of the room that the path or the query names

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def asks_who(self) -> bool:
        """Whether the endpoint is for those only who are known."""
        return True

    @property
    def forbidden(self) -> str:
        """For whom the endpoint is not, whatever is asked of it: the description of its 403."""
        return _FOR_PEOPLE

    def describe(self, operation: dict[str, Any]) -> None:
        """Add to the operation's description what this kind of endpoint has beside."""
        if self.guests_too:
            operation["security"] = [{"session": []}, {"bearer": []}, {"guest": []}]

    def refusals(self) -> Iterator[Kind]:
        """Yield the problems of this kind of endpoint beside its own."""
        yield from ()

    async def answer(self, request: web.Request) -> web.Response:
        """Return the handler's answer to the request; raises the problems of `current_user` and of parsing."""
        room = request.match_info.get("code") or request.query.get("room", "")
        call = Call(
            request=request,
            viewer=await (current_user_or_guest(request, room) if self.guests_too else current_user(request)),
            query=await read_query(request, self.query) if self.query else {},
            body=await read_body(request, self.body) if self.body else None,
            key=read_idempotency_key(request) if self.takes_key else None,
        )
        return await self.handler(call)


class Endpoints:
    """The endpoints of one resource."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._found: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._found)

    def add(
        self,
        method: str,
        path: str,
        *,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        takes_key: bool = False,
        status: HTTPStatus = HTTPStatus.OK,
        gives: type[Schema] | None = None,
        problems: tuple[Kind, ...] = (),
        guests_too: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that adds the handler; its docstring is the endpoint's summary and description."""

        def register(handler: Handler) -> Handler:
            self._found.append(
                Endpoint(
                    method=method,
                    path=path,
                    handler=handler,
                    tag=self._tag,
                    query=query() if query else None,
                    body=body() if body else None,
                    takes_key=takes_key,
                    status=status,
                    gives=gives() if gives else None,
                    problems=problems,
                    guests_too=guests_too,
                )
            )
            return handler

        return register


def reply(value: Any, status: HTTPStatus = HTTPStatus.OK, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON response; dataclasses, UUIDs and datetimes (RFC 3339, UTC) become JSON."""
    return web.Response(
        body=orjson.dumps(value, option=orjson.OPT_UTC_Z),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def etag(room: Room) -> dict[str, str]:
    """Return the ETag header of a room: it changes with all that PATCH can change."""
    return {hdrs.ETAG: f'"{_version_of(room)}"'}


def _version_of(room: Room) -> str:
    # Control, capacity and settings also change in the live room, which raises no version.
    live = orjson.dumps([room.control, room.capacity, room.settings], option=orjson.OPT_SORT_KEYS)
    return f"{room.version}-{zlib.crc32(live):08x}"


def done() -> web.Response:
    """Return an empty response: 204."""
    return web.Response(status=HTTPStatus.NO_CONTENT)
