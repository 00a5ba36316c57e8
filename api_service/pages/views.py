"""The handler of each page: it asks the same use cases as the JSON API."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, get_args
from uuid import UUID

from aiohttp import hdrs, web

from api_service.app_keys import CONTENT_POLICY, DATABASE, FRAME_ANCESTORS, SITE, SOURCES
from api_service.identity import optional_guest, optional_user, page_user
from api_service.pages import copy
from api_service.pages.calendar_entry import calendar_entry
from api_service.pages.link_previews import ENTERED, behind_link
from api_service.pages.rendering import film_clock, is_future, page, page_language, personal_page
from api_service.pages.room_cards import for_cards
from api_service.problems import BANNED, FILM_NOT_FOUND, NOT_THERE, ROOM_NOT_FOUND
from api_service.usecases import (
    blocking,
    films,
    invitation_list,
    muting,
    my_rooms,
    ownership,
    recap,
    room_archive,
    rooms,
    sources,
    whats_on,
)
from api_service.usecases.paging import Page
from api_service.usecases.people import Guest, User
from api_service.usecases.rooms import Room
from api_service.usecases.whats_on import WhatsOn
from shared.service import Problem

ROOMS_SHOWN: Final = 20
MESSAGES_SHOWN: Final = 200
RECAP_PEOPLE_SHOWN: Final = 20

# What texts put right after a link, and programs take for a part of it.
AFTER_A_LINK: Final = ".,;:!?)]}>*…'\"»”’"


async def film_page(request: web.Request) -> web.Response:
    """Show one film, and to a viewer how to open a room for it."""
    viewer = await optional_user(request)
    try:
        film_id = UUID(request.match_info["film_id"])
    except ValueError:
        raise FILM_NOT_FOUND.problem() from None
    locale = page_language(request, viewer).code
    film = await films.film(request.app[DATABASE], viewer.id if viewer else None, locale, film_id)
    return await personal_page(request, "film.html", viewer, {"film": film}, addresses=film.addresses())


async def rooms_page(request: web.Request) -> web.Response:
    """Show the rooms that the viewer owns, entered or is invited to, in groups; with ``?status=`` one long list."""
    viewer = await page_user(request)
    locale = page_language(request, viewer).code
    db, site, cursor = request.app[DATABASE], request.app[SITE], request.query.get("cursor")
    asked = request.query.get("status", "")
    status: my_rooms.RoomsStatus | None = asked if asked in get_args(my_rooms.RoomsStatus) else None  # type: ignore[assignment]
    found = await my_rooms.mine(
        db, site, viewer.id, locale, limit=ROOMS_SHOWN, cursor=cursor, status=status or "closed"
    )
    goes_on = WhatsOn() if status else await whats_on.whats_on(db, site, viewer.id, locale)
    muted = {one.person.id for one in (await muting.mails_of(db, viewer)).muted}
    context = {"rooms": found, "on": goes_on, "status": status or "", "muted": muted, **for_cards()}
    posters = [room.film.poster_url for room in (*found.items, *goes_on.rooms())]
    return await personal_page(request, "rooms.html", viewer, context, addresses=posters)


async def room_calendar(request: web.Request) -> web.Response:
    """Return a planned screening as a calendar file (RFC 5545); raises `room_not_found`, also without a time."""
    viewer = await page_user(request)
    here = page_language(request, viewer)
    room = await rooms.room(request.app[DATABASE], request.app[SITE], viewer.id, here.code, request.match_info["code"])
    if room.starts_at is None or room.banned or room.status == "closed":
        raise ROOM_NOT_FOUND.problem()
    return web.Response(
        text=calendar_entry(room, here, datetime.now(UTC)),
        content_type="text/calendar",
        headers={hdrs.CONTENT_DISPOSITION: 'attachment; filename="movie-together.ics"'},
    )


async def room_page(request: web.Request) -> web.Response:
    """Show the room, also to its guests: player, people, chat; or that it is closed; or, before, who invites to what.

    Raises the problems `room_not_found` and `banned`.
    """
    code = request.match_info["code"].rstrip(AFTER_A_LINK)
    if code != request.match_info["code"] or request.path.endswith("/"):
        raise web.HTTPMovedPermanently(request.rel_url.with_path(f"/rooms/{code}", keep_query=True))
    viewer: User | None = await optional_user(request)
    if viewer is None:
        viewer = await optional_guest(request, code)
    if viewer is not None and ENTERED in request.query:
        raise web.HTTPSeeOther(f"/rooms/{code}")
    if viewer is None and (shown := await behind_link(request, code, trouble=_without_cookies(request))) is not None:
        return shown
    if viewer is None:
        viewer = await page_user(request)
    account = None if isinstance(viewer, Guest) else viewer
    locale = page_language(request, viewer).code
    db, app = request.app[DATABASE], request.app
    room = await rooms.room(db, app[SITE], viewer.id, locale, code)
    if room.status == "closed":
        return await _closed_page(request, viewer, room)
    addresses = room.film.addresses()
    if room.banned:
        raise BANNED.problem()
    try:
        source = await sources.source_of(db, viewer, locale, room.film, room.code, app.get(SOURCES))
        addresses.append(source.url)
    except Problem:  # the page's script asks again, and shows why not
        source = None
    # Who is invited is nothing that anybody with the link should learn.
    expected = [] if account is None else await invitation_list.expected(db, room.id)
    blocked = [] if account is None else await blocking.blocked_by(db, account.id)
    context = {
        "room": room,
        "guest": account is None,
        "source": source,
        "plays_here": source is not None or SOURCES in app,
        "starts_later": is_future(room.starts_at, datetime.now(UTC)),
        "embedders": app[FRAME_ANCESTORS],
        "invites_by_email": app[SITE].policy.invite_by_email,
        "expected": [{"id": str(one.person.id), "name": one.person.name, "answer": one.answer} for one in expected],
        "blocked": [str(one.person.id) for one in blocked],
        "origins": app[CONTENT_POLICY].origins(addresses),
    }
    return await personal_page(request, "room.html", account, context, addresses=addresses)


def _without_cookies(request: web.Request) -> str:
    """Return why a guest who has just given a name is not in the room, or nothing."""
    if ENTERED not in request.query:
        return ""
    return ". ".join(copy.of_problem("guest_no_cookies", HTTPStatus.OK, page_language(request, None)))


async def _closed_page(request: web.Request, viewer: User, room: Room) -> web.Response:
    """Show that a room is closed, and to who was there its recap and what was said; ``viewer`` may be a guest."""
    db, locale, cursor = request.app[DATABASE], page_language(request, viewer).code, request.query.get("cursor")
    try:
        said = await room_archive.messages(
            db, viewer.id, locale, room.code, order="sent", limit=MESSAGES_SHOWN, cursor=cursor
        )
        told = await recap.recap(db, viewer.id, locale, room.code) if cursor is None else None
    except Problem as problem:
        if problem.code not in {NOT_THERE.code, BANNED.code}:
            raise
        said, told = Page([], None), None
    blocked = {one.person.id for one in await blocking.blocked_by(db, viewer.id)}
    recently = room.closed_at is not None and room.closed_at > datetime.now(UTC) - ownership.REOPENED_WITHIN
    may_reopen = recently and room.role == "owner"
    context = {
        "room": room,
        "may_reopen": may_reopen,
        "recap": told,
        "recap_people": RECAP_PEOPLE_SHOWN,
        "said": said,
        "blocked": blocked,
        "film_clock": film_clock,
    }
    addresses = room.film.addresses()
    account = None if isinstance(viewer, Guest) else viewer
    return page(request, "closed.html", account, context, addresses=addresses, status=HTTPStatus.GONE)
