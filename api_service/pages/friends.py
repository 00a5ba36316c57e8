"""The page of friends: open requests, answered where they stand, and everybody who has accepted."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiohttp import web

from api_service.app_keys import DATABASE, SITE
from api_service.database import Database
from api_service.identity import page_user
from api_service.pages.forms import done
from api_service.pages.rendering import personal_page
from api_service.problems import INVALID_FIELDS, PERSON_NOT_FOUND
from api_service.usecases import blocking, friends, limits, people

FRIENDS_SHOWN: Final = 100
# What a form may do; all but the first end whatever there is between the two.
DEEDS: Final = ("accept", "decline", "withdraw", "remove", "block")


async def friends_page(request: web.Request) -> web.Response:
    """Show friends and open requests."""
    viewer = await page_user(request)
    db, cursor = request.app[DATABASE], request.query.get("cursor")
    context = {
        "incoming": [] if cursor else await _all_friends(db, viewer.id, "incoming"),
        "accepted": await friends.friends(db, viewer.id, status="accepted", limit=FRIENDS_SHOWN, cursor=cursor),
        "outgoing": [] if cursor else await _all_friends(db, viewer.id, "outgoing"),
    }
    return await personal_page(request, "friends.html", viewer, context)


async def ask_by_email(request: web.Request) -> web.Response:
    """Ask whoever signs in with an address to be friends; raises `person_not_found` and `limit_reached`."""
    viewer = await page_user(request)
    db, form = request.app[DATABASE], await request.post()
    await limits.searched(db, request.app[SITE].policy, viewer.id)
    found = await people.people_by_email(db, viewer.id, str(form.get("email", "")))
    if not found:
        raise PERSON_NOT_FOUND.problem()
    await friends.ask(db, viewer.id, found[0].id)
    raise done(form)


async def answer_friend(request: web.Request) -> web.Response:
    """Accept or decline a request, take one back, end a friendship, or block; raises `person_not_found`."""
    viewer = await page_user(request)
    try:
        other = UUID(request.match_info["user_id"])
    except ValueError:
        raise PERSON_NOT_FOUND.problem() from None
    db, form = request.app[DATABASE], await request.post()
    deed = form.get("do")
    if deed not in DEEDS:
        raise INVALID_FIELDS.problem(errors=[{"field": "do", "message": f"Must be one of: {', '.join(DEEDS)}."}])
    if deed == "accept":
        await friends.ask(db, viewer.id, other)
    elif deed == "block":
        await blocking.block(db, viewer.id, other)
    else:
        await friends.end(db, viewer.id, other)
    raise done(form)


async def _all_friends(db: Database, me: UUID, status: friends.Status) -> list[friends.Friend]:
    """Return every request of a kind, whose answer is what the page is for."""
    found = await friends.friends(db, me, status=status, limit=1_000)
    shown = found.items
    while found.next_cursor is not None:
        found = await friends.friends(db, me, status=status, limit=1_000, cursor=found.next_cursor)
        shown += found.items
    return shown
