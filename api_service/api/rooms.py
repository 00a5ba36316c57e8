"""Rooms: opened, changed, closed, and handed over."""

from http import HTTPStatus

from aiohttp import hdrs, web

from api_service.api.endpoints import PREFIX, Call, Endpoints, done, etag, reply
from api_service.api.schemas.requests import items_of
from api_service.api.schemas.room_orders import (
    FilmChangeSchema,
    RoomChangeSchema,
    RoomRequestSchema,
    RoomsQuerySchema,
    TransferSchema,
)
from api_service.api.schemas.rooms import RoomSchema
from api_service.app_keys import ENTITLEMENT
from api_service.problems import (
    CANNOT_TRANSFER,
    EMAIL_INVITATIONS_OFF,
    ENTITLEMENT_UNAVAILABLE,
    FILM_NOT_FOUND,
    FILM_UNAVAILABLE,
    GUEST_BANNED,
    IDEMPOTENCY_KEY_REUSED,
    INVALID_CURSOR,
    LIMIT_REACHED,
    NOT_ENTITLED,
    NOT_FRIENDS,
    NOT_ROOM_OWNER,
    OTHERS_NOT_ENTITLED,
    ROOM_BEGUN,
    ROOM_CHANGED,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
)
from api_service.usecases import film_change, my_rooms, ownership, rooms

endpoints = Endpoints("rooms")

RoomsSchema = items_of(RoomSchema, "Rooms", paged=True)


@endpoints.add(
    "POST",
    "/rooms",
    body=RoomRequestSchema,
    takes_key=True,
    status=HTTPStatus.CREATED,
    gives=RoomSchema,
    problems=(
        FILM_NOT_FOUND,
        FILM_UNAVAILABLE,
        NOT_FRIENDS,
        EMAIL_INVITATIONS_OFF,
        IDEMPOTENCY_KEY_REUSED,
        LIMIT_REACHED,
    ),
)
async def open_room(call: Call) -> web.Response:
    """Open a room for a film and invite friends to it.

    With an `Idempotency-Key`, repeating the order gives the same room; its invitations go out once.
    """
    room = await rooms.open_room(call.db, call.site, call.viewer, call.body, call.locale, key=call.key)
    return reply(room, HTTPStatus.CREATED, headers={hdrs.LOCATION: f"{PREFIX}/rooms/{room.code}", **etag(room)})


@endpoints.add("GET", "/rooms", query=RoomsQuerySchema, gives=RoomsSchema, problems=(INVALID_CURSOR,))
async def list_rooms(call: Call) -> web.Response:
    """List the rooms that one owns, entered or is invited to, newest first."""
    return reply(await my_rooms.mine(call.db, call.site, call.viewer.id, call.locale, **call.query))


@endpoints.add("GET", "/rooms/{code}", gives=RoomSchema, problems=(ROOM_NOT_FOUND,))
async def read_room(call: Call) -> web.Response:
    """Read a room that one may know of: by its link, or by an invitation."""
    room = await rooms.room(call.db, call.site, call.viewer.id, call.locale, call.code)
    return reply(room, headers=etag(room))


@endpoints.add(
    "PATCH",
    "/rooms/{code}",
    body=RoomChangeSchema,
    gives=RoomSchema,
    problems=(
        ROOM_NOT_FOUND,
        FILM_NOT_FOUND,
        NOT_ROOM_OWNER,
        ROOM_CLOSED,
        ROOM_BEGUN,
        FILM_UNAVAILABLE,
        NOT_FRIENDS,
        GUEST_BANNED,
        ROOM_CHANGED,
        LIMIT_REACHED,
    ),
)
async def change_room(call: Call) -> web.Response:
    """Change one's room, also while people are in it; repeating it changes nothing.

    Control, capacity and settings may be changed in the room itself at the same time: the last change wins, each value
    by itself. With the `ETag` of an earlier answer in `If-Match`, nothing is changed if the room was changed since.
    Those who are in the room stay when `access` or `capacity` would no longer let them in. Those invited are mailed
    about another `starts_at` or film. `moderators` adds some; who has been in the room already keeps the role that they
    have there.
    """
    room = await rooms.change_room(call.db, call.site, call.viewer, call.locale, call.code, call.body, call.check_etag)
    return reply(room, headers=etag(room))


@endpoints.add(
    "DELETE",
    "/rooms/{code}",
    status=HTTPStatus.NO_CONTENT,
    problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER, ROOM_CHANGED),
)
async def close_room(call: Call) -> web.Response:
    """Close one's room for everyone; repeating it changes nothing.

    Those invited to a screening that has not begun are mailed that it does not take place.
    """
    await rooms.close(call.db, call.site, call.viewer.id, call.locale, call.code, call.check_etag)
    return done()


@endpoints.add(
    "POST",
    "/rooms/{code}/reopen",
    takes_key=True,
    gives=RoomSchema,
    problems=(
        ROOM_NOT_FOUND,
        FILM_NOT_FOUND,
        NOT_ROOM_OWNER,
        FILM_UNAVAILABLE,
        ROOM_CLOSED,
        ROOM_CHANGED,
        IDEMPOTENCY_KEY_REUSED,
        LIMIT_REACHED,
    ),
)
async def reopen_room(call: Call) -> web.Response:
    """Open one's room again within a day of its closing; repeating it changes nothing.

    People, chat and film are as they were, the film paused. Those invited to a screening that is still to come are
    mailed that it takes place after all. With an `Idempotency-Key`, a repetition that comes late does not open it anew.
    """
    room = await ownership.reopen(
        call.db, call.site, call.viewer, call.locale, call.code, call.check_etag, key=call.key
    )
    return reply(room, headers=etag(room))


@endpoints.add(
    "POST",
    "/rooms/{code}/film",
    body=FilmChangeSchema,
    gives=RoomSchema,
    problems=(
        ROOM_NOT_FOUND,
        FILM_NOT_FOUND,
        NOT_ROOM_OWNER,
        NOT_ENTITLED,
        OTHERS_NOT_ENTITLED,
        ROOM_CLOSED,
        FILM_UNAVAILABLE,
        ROOM_CHANGED,
        ENTITLEMENT_UNAVAILABLE,
    ),
)
async def change_film(call: Call) -> web.Response:
    """Have one's room go on with another film; its people, chat and link stay. Repeating it changes nothing.

    The cinema is asked about everybody who is in the room now, and those who come later as they come.
    """
    hook = call.request.app.get(ENTITLEMENT)
    film_id, start = call.body["film_id"], call.body["start"]
    room = await film_change.change_film(
        call.db, call.site, call.viewer, call.locale, call.code, film_id, start, hook, call.check_etag
    )
    return reply(room, headers=etag(room))


@endpoints.add(
    "POST",
    "/rooms/{code}/transfer",
    body=TransferSchema,
    gives=RoomSchema,
    problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER, CANNOT_TRANSFER, ROOM_CLOSED, ROOM_CHANGED),
)
async def transfer_room(call: Call) -> web.Response:
    """Hand one's room over to a friend, or to somebody who is invited or has been in it; one stays as a moderator."""
    heir_id = call.body["user_id"]
    room = await ownership.transfer(call.db, call.site, call.viewer, call.locale, call.code, heir_id, call.check_etag)
    return reply(room, headers=etag(room))
