"""Guests: people without an account, in a room that lets them in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web

from api_service import identity
from api_service.api.endpoints import Endpoint, reply
from api_service.api.parsing import read_body
from api_service.api.schemas.people import GuestOrderSchema, GuestSchema
from api_service.identity import optional_guest
from api_service.language import choose
from api_service.problems import GUESTS_OFF, INVALID_FIELDS, LIMIT_REACHED, ROOM_CLOSED, ROOM_NOT_FOUND


@dataclass(frozen=True, kw_only=True)
class OpenEndpoint(Endpoint):
    """One method of one path, for anybody."""

    handler: Callable[[web.Request, Any], Awaitable[web.Response]]  # type: ignore[assignment]

    @property
    def asks_who(self) -> bool:
        return False

    def describe(self, operation: dict[str, Any]) -> None:
        """Say that nobody has to be known."""
        operation["security"] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await read_body(request, self.body) if self.body else None
        return await self.handler(request, body)


async def enter_as_guest(request: web.Request, body: Any) -> web.Response:
    """Enter a room without an account, by a name, where it lets guests in.

    The answer sets a cookie for this room, valid for a day, by which one joins it and asks for its film's source; with
    that cookie one stays the same guest, whatever the name. A guest watches, and writes if the room's `guests` is
    `chat`.
    """
    code = request.match_info["code"]
    guest = await optional_guest(request, code)
    if guest is None:
        locale = choose(request.query, request.cookies, None, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        guest = await identity.enter_as_guest(request, code, body["name"], locale)
    return reply({"id": guest.id, "name": guest.name}, HTTPStatus.CREATED)


endpoints: Final = (
    OpenEndpoint(
        method="POST",
        path="/rooms/{code}/guests",
        handler=enter_as_guest,
        tag="rooms",
        query=None,
        body=GuestOrderSchema(),
        takes_key=False,
        status=HTTPStatus.CREATED,
        gives=GuestSchema(),
        problems=(ROOM_NOT_FOUND, GUESTS_OFF, ROOM_CLOSED, INVALID_FIELDS, LIMIT_REACHED),
    ),
)
