"""Accounts, as the cinema's programs manage them: whom it lets in."""

from http import HTTPStatus

from aiohttp import web

from api_service.api.endpoints import done
from api_service.api.feed import IssuerQuerySchema
from api_service.api.programs import ProgramCall, ProgramEndpoints
from api_service.problems import PERSON_NOT_FOUND
from api_service.usecases import sessions

endpoints = ProgramEndpoints("people", "admin")
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
