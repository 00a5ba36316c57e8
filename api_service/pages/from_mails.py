"""Pages behind the links in mails: answering an invitation, and ending the mails. Nobody has to sign in for them.

A GET changes nothing, for mail programs and their scanners follow links by themselves.
"""

from __future__ import annotations

from typing import Final, cast
from uuid import UUID

from aiohttp import web

from api_service.app_keys import DATABASE, SITE
from api_service.identity import optional_user
from api_service.pages.rendering import page
from api_service.problems import INVALID_FIELDS, INVITATION_NOT_FOUND
from api_service.usecases import answers, muting
from api_service.usecases.answers import Answer

ANSWERS: Final = ("accepted", "declined")
SCOPES: Final = ("all", "inviter", "none")


async def invitation_page(request: web.Request) -> web.Response:
    """Show an invitation and its answer; raises the problems `invitation_not_found` and `invitation_over`."""
    found = await answers.by_link(request.app[DATABASE], request.app[SITE], *_link(request))
    shown = [found.invited.room.film.poster_url]
    viewer = await optional_user(request)
    return page(request, "answer.html", viewer, {"found": found}, addresses=shown, quiet=True)


async def answer_invitation(request: web.Request) -> web.Response:
    """Accept or decline; then show the invitation again."""
    given = (await request.post()).get("answer")
    if given not in ANSWERS:
        raise INVALID_FIELDS.problem(errors=[{"field": "answer", "message": f"Must be one of: {', '.join(ANSWERS)}."}])
    await answers.answer_by_link(request.app[DATABASE], request.app[SITE], *_link(request), cast("Answer", given))
    raise web.HTTPSeeOther(request.path_qs)


async def unsubscribe_page(request: web.Request) -> web.Response:
    """Show which mails an address gets, with the choice to end them."""
    receiver = await muting.receiver(request.app[DATABASE], request.app[SITE], *_link(request))
    return await _mails(request, receiver)


async def unsubscribe(request: web.Request) -> web.Response:
    """End the mails to an address, or take that back; a mail program asks for it with one click (RFC 8058)."""
    db = request.app[DATABASE]
    receiver = await muting.receiver(db, request.app[SITE], *_link(request))
    form = await request.post()
    scope = form.get("scope", "all" if form.get("List-Unsubscribe") == "One-Click" else None)
    if scope not in SCOPES:
        raise INVALID_FIELDS.problem(errors=[{"field": "scope", "message": f"Must be one of: {', '.join(SCOPES)}."}])
    if scope == "inviter":
        await muting.mute(db, receiver.user_id, receiver.inviter.id)
    else:
        await muting.want_mails(db, receiver.email, wanted=scope == "none")
    if scope == "none":
        await muting.unmute(db, receiver.user_id, receiver.inviter.id)
    return await _mails(request, receiver)


async def _mails(request: web.Request, receiver: muting.Receiver) -> web.Response:
    db = request.app[DATABASE]
    ended = await muting.is_unsubscribed(db, receiver.email)
    muted = await muting.is_muted(db, receiver.user_id, receiver.inviter.id)
    context = {"receiver": receiver, "ended": ended, "muted": muted}
    return page(request, "unsubscribe.html", await optional_user(request), context, quiet=True)


def _link(request: web.Request) -> tuple[UUID, str]:
    try:
        return UUID(request.match_info["invitation_id"]), request.match_info["signature"]
    except ValueError:
        raise INVITATION_NOT_FOUND.problem() from None
