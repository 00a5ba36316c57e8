"""Who may come into a room: those invited, nobody who is banned; and the ticket into it."""

from http import HTTPStatus

from aiohttp import web
from marshmallow import fields

from api_service.api.endpoints import Call, Endpoints, done, reply
from api_service.api.schemas.people import PeoplePageQuerySchema
from api_service.api.schemas.requests import items_of
from api_service.api.schemas.room_orders import GuestsOrderSchema
from api_service.api.schemas.rooms import BanSchema, InvitationSchema, JoiningSchema, LeftOutSchema
from api_service.app_keys import ENTITLEMENT, MINTER
from api_service.identity import current_session
from api_service.problems import (
    BANNED,
    CANNOT_BAN,
    EMAIL_INVITATIONS_OFF,
    ENTITLEMENT_UNAVAILABLE,
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
    PERSON_NOT_FOUND,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
)
from api_service.usecases import bans, invitation_list, invitations, joining
from api_service.usecases.people import Guest

endpoints = Endpoints("rooms")

BansSchema = items_of(BanSchema, "Bans")
InvitationsSchema = items_of(InvitationSchema, "Invitations", paged=True)
_left_out = fields.List(fields.Nested(LeftOutSchema), required=True)
InvitationsMadeSchema = InvitationsSchema.from_dict({"left_out": _left_out}, name="InvitationsMade")


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
