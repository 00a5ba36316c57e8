"""Invitations as the invited person sees them: their answers, and which mails they want."""

from http import HTTPStatus

from aiohttp import web

from api_service.api.endpoints import Call, Endpoints, done, reply
from api_service.api.schemas.people import MailsChangeSchema, MailsSchema
from api_service.api.schemas.requests import PageQuerySchema, items_of
from api_service.api.schemas.room_orders import AnswerSchema
from api_service.api.schemas.rooms import InvitedSchema
from api_service.problems import INVALID_CURSOR, INVITATION_NOT_FOUND, INVITATION_OVER, PERSON_NOT_FOUND
from api_service.usecases import answers, muting

endpoints = Endpoints("invitations")

MyInvitationsSchema = items_of(InvitedSchema, "MyInvitations", paged=True)


@endpoints.add(
    "GET",
    "/me/invitations",
    query=PageQuerySchema,
    gives=MyInvitationsSchema,
    problems=(INVALID_CURSOR,),
)
async def list_my_invitations(call: Call) -> web.Response:
    """List one's invitations to open rooms, newest first."""
    return reply(await answers.of_viewer(call.db, call.site, call.viewer.id, call.locale, **call.query))


@endpoints.add(
    "PUT",
    "/me/invitations/{invitation_id}",
    body=AnswerSchema,
    gives=InvitedSchema,
    problems=(INVITATION_NOT_FOUND, INVITATION_OVER),
)
async def answer_invitation(call: Call) -> web.Response:
    """Accept or decline an invitation; the last answer counts. Whoever declines is not reminded."""
    invitation_id = call.id("invitation_id", INVITATION_NOT_FOUND)
    given = call.body["answer"]
    return reply(await answers.answer(call.db, call.site, call.viewer.id, call.locale, invitation_id, given))


@endpoints.add("GET", "/me/mails", gives=MailsSchema)
async def read_mails(call: Call) -> web.Response:
    """Read whether invitations are mailed to one, and whose are not."""
    return reply(await muting.mails_of(call.db, call.viewer))


@endpoints.add("PUT", "/me/mails", body=MailsChangeSchema, gives=MailsSchema)
async def choose_mails(call: Call) -> web.Response:
    """Have invitations mailed to one, or none at all; invitations are made all the same."""
    await muting.want_mails(call.db, call.viewer.email, wanted=call.body["wanted"])
    return reply(await muting.mails_of(call.db, call.viewer))


@endpoints.add("PUT", "/me/muted/{user_id}", status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def mute_inviter(call: Call) -> web.Response:
    """Get no mails about a person's invitations, of which they are not told; repeating it changes nothing."""
    await muting.mute(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add("DELETE", "/me/muted/{user_id}", status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def unmute_inviter(call: Call) -> web.Response:
    """Get mails about a person's invitations again; repeating it changes nothing."""
    await muting.unmute(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND))
    return done()
