"""Accounts, as the cinema's programs manage them: whom it lets in, and who is erased."""

from http import HTTPStatus

from aiohttp import web

from api_service.api.endpoints import done
from api_service.api.feed import IssuerQuerySchema
from api_service.api.programs import ProgramCall, ProgramEndpoints
from api_service.app_keys import SITE
from api_service.middlewares import renew_deadline
from api_service.problems import PERSON_NOT_FOUND
from api_service.usecases import erasing, sessions

endpoints = ProgramEndpoints("people", "admin")
erasures = ProgramEndpoints("people", "feed", "admin")
_PATH = "/people/by-subject/{subject}/block"


@endpoints.add("PUT", _PATH, query=IssuerQuerySchema, status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def block_person(call: ProgramCall) -> web.Response:
    """Block a person: all their sessions end at once, with every socket, ticket and token.

    They are refused with `account_blocked` until the block is taken back; repeating it changes nothing.
    """
    await sessions.block(call.db, call.issuer, call.request.match_info["subject"])
    return done()


@endpoints.add("DELETE", _PATH, query=IssuerQuerySchema, status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def unblock_person(call: ProgramCall) -> web.Response:
    """Take a block back: the person may sign in again; repeating it changes nothing."""
    await sessions.unblock(call.db, call.issuer, call.request.match_info["subject"])
    return done()


@erasures.add(
    "DELETE",
    "/feed/people/{subject}",
    query=IssuerQuerySchema,
    status=HTTPStatus.NO_CONTENT,
    problems=(PERSON_NOT_FOUND,),
)
async def erase_person(call: ProgramCall) -> web.Response:
    """Delete a person's account and all that names them, as `DELETE /me` does; repeating it changes nothing.

    A later sign-in, or a row of the feed that names them, makes a new person.
    """
    subject = call.request.match_info["subject"]
    site = call.request.app[SITE]
    await erasing.erase_subject(call.db, site, call.issuer, subject, lambda: renew_deadline(call.request))
    return done()
