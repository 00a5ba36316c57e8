"""Rooms, their invitations, and the ticket into one."""

from http import HTTPStatus

from aiohttp import hdrs, web

from api_service import invitations, joining, rooms
from api_service.http import schemas
from api_service.http.endpoints import PREFIX, Call, Endpoints, done, reply
from api_service.keys import MINTER
from api_service.problems import (
    FILM_NOT_FOUND,
    IDEMPOTENCY_KEY_REUSED,
    INVALID_CURSOR,
    INVITATION_NOT_FOUND,
    NOT_FRIENDS,
    NOT_ROOM_OWNER,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
)

endpoints = Endpoints("rooms")

Rooms = schemas.items_of(schemas.Room, "Rooms", paged=True)
Invitations = schemas.items_of(schemas.Invitation, "Invitations")


@endpoints.add(
    "POST",
    "/rooms",
    body=schemas.RoomRequest,
    takes_key=True,
    status=HTTPStatus.CREATED,
    gives=schemas.Room,
    problems=(FILM_NOT_FOUND, NOT_FRIENDS, IDEMPOTENCY_KEY_REUSED),
)
async def open_room(call: Call) -> web.Response:
    """Open a room for a film and invite friends to it.

    With an `Idempotency-Key`, repeating the order gives the same room; its invitations go out once.
    """
    room = await rooms.open_room(call.db, call.site, call.viewer, call.body, call.locale, key=call.key)
    return reply(room, HTTPStatus.CREATED, headers={hdrs.LOCATION: f"{PREFIX}/rooms/{room.code}"})


@endpoints.add("GET", "/rooms", query=schemas.PageQuery, gives=Rooms, problems=(INVALID_CURSOR,))
async def list_rooms(call: Call) -> web.Response:
    """List the rooms that one owns, entered or is invited to, newest first."""
    return reply(await rooms.mine(call.db, call.site, call.viewer.id, call.locale, **call.query))


@endpoints.add("GET", "/rooms/{code}", gives=schemas.Room, problems=(ROOM_NOT_FOUND,))
async def read_room(call: Call) -> web.Response:
    """Read a room that one may know of: by its link, or by an invitation."""
    return reply(await rooms.room(call.db, call.site, call.viewer.id, call.locale, call.code))


@endpoints.add("DELETE", "/rooms/{code}", status=HTTPStatus.NO_CONTENT, problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER))
async def close_room(call: Call) -> web.Response:
    """Close one's room for everyone; repeating it changes nothing."""
    await rooms.close(call.db, call.viewer.id, call.code)
    return done()


@endpoints.add("GET", "/rooms/{code}/invitations", gives=Invitations, problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER))
async def list_invitations(call: Call) -> web.Response:
    """List the invitations to one's room, revoked ones too."""
    row = await rooms.owned_room(call.db, call.viewer.id, call.code)
    return reply({"items": await invitations.listed(call.db, row.id)})


@endpoints.add(
    "POST",
    "/rooms/{code}/invitations",
    body=schemas.GuestsOrder,
    takes_key=True,
    status=HTTPStatus.CREATED,
    gives=Invitations,
    problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER, NOT_FRIENDS, ROOM_CLOSED),
)
async def invite_friends(call: Call) -> web.Response:
    """Invite more friends to one's room; who is invited already is not invited again, so repeating it is safe."""
    shown = await rooms.invite(call.db, call.site, call.viewer, call.code, call.body)
    return reply({"items": shown}, HTTPStatus.CREATED)


@endpoints.add(
    "DELETE",
    "/rooms/{code}/invitations/{invitation_id}",
    status=HTTPStatus.NO_CONTENT,
    problems=(ROOM_NOT_FOUND, INVITATION_NOT_FOUND, NOT_ROOM_OWNER),
)
async def revoke_invitation(call: Call) -> web.Response:
    """Take an invitation back; repeating it changes nothing."""
    row = await rooms.owned_room(call.db, call.viewer.id, call.code)
    await invitations.revoke(call.db, row, call.viewer, call.id("invitation_id", INVITATION_NOT_FOUND))
    return done()


@endpoints.add("POST", "/rooms/{code}/join", gives=schemas.Joining, problems=(ROOM_NOT_FOUND, ROOM_CLOSED))
async def join_room(call: Call) -> web.Response:
    """Get a ticket for a room's socket: it opens it once, within its lifetime."""
    minter = call.request.app[MINTER]
    return reply(await joining.join(call.db, call.site, minter, call.viewer, call.locale, call.code))
