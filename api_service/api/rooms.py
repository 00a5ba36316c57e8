"""Rooms, their invitations, and the ticket into one."""

from http import HTTPStatus

from aiohttp import hdrs, web
from marshmallow import fields

from api_service.api.endpoints import PREFIX, Call, Endpoints, done, etag, reply
from api_service.api.schemas.people import PeoplePageQuerySchema
from api_service.api.schemas.requests import items_of
from api_service.api.schemas.room_orders import (
    FilmChangeSchema,
    GuestsOrderSchema,
    RoomChangeSchema,
    RoomRequestSchema,
    RoomsQuerySchema,
    TransferSchema,
)
from api_service.api.schemas.rooms import BanSchema, InvitationSchema, JoiningSchema, LeftOutSchema, RoomSchema
from api_service.app_keys import ENTITLEMENT, MINTER
from api_service.identity import current_session
from api_service.problems import (
    BANNED,
    CANNOT_BAN,
    CANNOT_TRANSFER,
    EMAIL_INVITATIONS_OFF,
    ENTITLEMENT_UNAVAILABLE,
    FILM_NOT_FOUND,
    FILM_UNAVAILABLE,
    GUEST_BANNED,
    IDEMPOTENCY_KEY_REUSED,
    INVALID_CURSOR,
    INVITATION_NOT_FOUND,
    INVITATION_OVER,
    LIMIT_REACHED,
    NOT_ENTITLED,
    NOT_FRIENDS,
    NOT_ROOM_MODERATOR,
    NOT_ROOM_OWNER,
    OTHERS_NOT_ENTITLED,
    PERSON_NOT_FOUND,
    ROOM_BEGUN,
    ROOM_CHANGED,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
)
from api_service.usecases import bans, film_change, invitation_list, invitations, joining, my_rooms, ownership, rooms
from api_service.usecases.people import Guest

endpoints = Endpoints("rooms")

RoomsSchema = items_of(RoomSchema, "Rooms", paged=True)
BansSchema = items_of(BanSchema, "Bans")
InvitationsSchema = items_of(InvitationSchema, "Invitations", paged=True)
_left_out = fields.List(fields.Nested(LeftOutSchema), required=True)
InvitationsMadeSchema = InvitationsSchema.from_dict({"left_out": _left_out}, name="InvitationsMade")


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


@endpoints.add(
    "GET",
    "/rooms/{code}/invitations",
    query=PeoplePageQuerySchema,
    gives=InvitationsSchema,
    problems=(ROOM_NOT_FOUND, NOT_ROOM_OWNER, INVALID_CURSOR),
)
async def list_invitations(call: Call) -> web.Response:
    """List the invitations to one's room, revoked ones too."""
    return reply(await invitation_list.listed(call.db, call.viewer.id, call.code, **call.query))


@endpoints.add(
    "POST",
    "/rooms/{code}/invitations",
    body=GuestsOrderSchema,
    takes_key=True,
    status=HTTPStatus.CREATED,
    gives=InvitationsMadeSchema,
    problems=(
        ROOM_NOT_FOUND,
        NOT_ROOM_OWNER,
        NOT_FRIENDS,
        GUEST_BANNED,
        EMAIL_INVITATIONS_OFF,
        ROOM_CLOSED,
        IDEMPOTENCY_KEY_REUSED,
        LIMIT_REACHED,
    ),
)
async def invite_friends(call: Call) -> web.Response:
    """Invite more friends to one's room; who is invited already is not invited again, so repeating it is safe.

    `matches` invites up to 1,000 at once; `left_out` says how many were not invited, and why.
    """
    shown, left_out = await invitations.invite(call.db, call.site, call.viewer, call.code, call.body, key=call.key)
    body = {"items": shown.items, "next_cursor": shown.next_cursor, "left_out": left_out}
    return reply(body, HTTPStatus.CREATED)


@endpoints.add(
    "DELETE",
    "/rooms/{code}/invitations/{invitation_id}",
    status=HTTPStatus.NO_CONTENT,
    problems=(ROOM_NOT_FOUND, INVITATION_NOT_FOUND, NOT_ROOM_OWNER),
)
async def revoke_invitation(call: Call) -> web.Response:
    """Take an invitation back; repeating it changes nothing.

    Whoever is in a room for invited people is shown out, and their tickets are void.
    """
    invitation_id = call.id("invitation_id", INVITATION_NOT_FOUND)
    await invitations.revoke(call.db, call.site, call.viewer, call.code, invitation_id)
    return done()


@endpoints.add(
    "POST",
    "/rooms/{code}/invitations/{invitation_id}/resend",
    takes_key=True,
    status=HTTPStatus.NO_CONTENT,
    problems=(
        ROOM_NOT_FOUND,
        INVITATION_NOT_FOUND,
        NOT_ROOM_OWNER,
        INVITATION_OVER,
        ROOM_CLOSED,
        IDEMPOTENCY_KEY_REUSED,
        LIMIT_REACHED,
    ),
)
async def resend_invitation(call: Call) -> web.Response:
    """Mail an invitation once more, some minutes after its last mail at the earliest."""
    invitation_id = call.id("invitation_id", INVITATION_NOT_FOUND)
    await invitations.resend(call.db, call.site, call.viewer, call.code, invitation_id, key=call.key)
    return done()


@endpoints.add("GET", "/rooms/{code}/bans", gives=BansSchema, problems=(ROOM_NOT_FOUND, BANNED, NOT_ROOM_MODERATOR))
async def list_bans(call: Call) -> web.Response:
    """List who is banned from a room that one owns or moderates."""
    return reply({"items": await bans.listed(call.db, call.viewer.id, call.code)})


@endpoints.add(
    "PUT",
    "/rooms/{code}/bans/{user_id}",
    status=HTTPStatus.NO_CONTENT,
    problems=(ROOM_NOT_FOUND, PERSON_NOT_FOUND, BANNED, NOT_ROOM_MODERATOR, CANNOT_BAN, ROOM_CLOSED),
)
async def ban_person(call: Call) -> web.Response:
    """Ban a person from a room that one owns or moderates, until the ban is lifted; repeating it changes nothing.

    Whoever is in the room is shown out. Only the owner bans a moderator.
    """
    await bans.ban(call.db, call.viewer, call.code, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add(
    "DELETE",
    "/rooms/{code}/bans/{user_id}",
    status=HTTPStatus.NO_CONTENT,
    problems=(ROOM_NOT_FOUND, PERSON_NOT_FOUND, BANNED, NOT_ROOM_MODERATOR, ROOM_CLOSED),
)
async def lift_ban(call: Call) -> web.Response:
    """Let a banned person in again; repeating it changes nothing."""
    await bans.lift(call.db, call.viewer, call.code, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add(
    "POST",
    "/rooms/{code}/join",
    gives=JoiningSchema,
    problems=(ROOM_NOT_FOUND, BANNED, NOT_ENTITLED, ROOM_CLOSED, ENTITLEMENT_UNAVAILABLE),
    guests_too=True,
)
async def join_room(call: Call) -> web.Response:
    """Get a ticket for a room's socket: it opens it once, within its lifetime.

    Where the cinema has a hook for that, it decides first whether one may watch the film; the problem's `detail` is its
    reason, in one's own language. A guest is known by the cookie of `POST /rooms/{code}/guests`.
    """
    app = call.request.app
    session_id = None if isinstance(call.viewer, Guest) else await current_session(call.request)
    joined = await joining.join(
        call.db, call.site, app[MINTER], call.viewer, call.locale, call.code, session_id, app.get(ENTITLEMENT)
    )
    return reply(joined)
