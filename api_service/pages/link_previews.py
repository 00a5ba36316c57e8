"""A room's link to whoever is not signed in: a page with Open Graph for people and messengers, oEmbed for sites."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from yarl import URL

from api_service import identity
from api_service.app_keys import DATABASE, SITE
from api_service.identity import optional_guest, optional_user
from api_service.language import Language
from api_service.pages import copy
from api_service.pages.faces import colour_of, letters_of
from api_service.pages.preview_picture import HEIGHT, WIDTH, Told
from api_service.pages.previews import PREVIEWS
from api_service.pages.rendering import is_future, page, page_language
from api_service.problems import ROOM_NOT_FOUND
from api_service.site import Site
from api_service.usecases import rooms
from api_service.usecases.rooms import Room
from shared.service import Problem

OEMBED: Final = "/oembed"
# For how long others keep the picture, and what to raise when its drawing changes: it is asked for anew then.
PICTURE_FRESH_S: Final = 300
PICTURE_VERSION: Final = 1

# What is asked of a room's page by a guest who has just entered: their cookie is to be there.
ENTERED: Final = "entered"

# The size at which the pages show posters, whose own they do not know.
POSTER_WIDTH: Final = 600
POSTER_HEIGHT: Final = 900


async def behind_link(
    request: web.Request, code: str, *, name: str = "", trouble: str = "", status: int = HTTPStatus.OK
) -> web.Response | None:
    """Return the page for whoever has the link of an open room and is not signed in; None where that tells nothing.

    ``trouble`` is why a guest of this ``name`` could not enter.
    """
    site, here = request.app[SITE], page_language(request, None)
    room = await _open_room(request, code)
    if room is None:
        return None
    context = {
        "room": room,
        "name": name,
        "trouble": trouble,
        "starts_later": is_future(room.starts_at, datetime.now(UTC)),
        "starts_text": here.moment(room.starts_at) if room.starts_at else "",
        "poster_address": _poster(room, site),
        "picture_address": _picture(code, here.code, site) if PREVIEWS in request.app else None,
        "picture_size": (WIDTH, HEIGHT),
        "oembed_address": str(URL(f"{site.public_url}{OEMBED}").with_query(url=f"{site.public_url}/rooms/{code}")),
    }
    return page(request, "room_link.html", None, context, addresses=[room.film.poster_url], status=status, quiet=True)


async def enter_as_guest(request: web.Request) -> web.Response:
    """Let whoever has a room's link in by the name that they gave, and lead to the room; or show why not.

    A browser that keeps no cookie is told so there (``ENTERED``), and not asked for a name again without a word.
    """
    code, form = request.match_info["code"], await request.post()
    given, here = form.get("name"), page_language(request, None)
    name = given if isinstance(given, str) else ""
    if await optional_user(request) is not None or await optional_guest(request, code) is not None:
        raise web.HTTPSeeOther(f"/rooms/{code}")
    try:
        await identity.enter_as_guest(request, code, name, here.code)
    except Problem as problem:
        title, text = copy.of_problem(problem.code, problem.status, here)
        shown = await behind_link(request, code, name=name, trouble=f"{title}. {text}", status=problem.status)
        if shown is None:
            raise
        return shown
    raise web.HTTPSeeOther(f"/rooms/{code}?{ENTERED}=1")


async def oembed(request: web.Request) -> web.Response:
    """Answer ``?url=`` with the link of a room by its description (oEmbed 1.0, type ``link``).

    Raises Problem: 404 ``room_not_found`` for whatever a stranger is not told of, 501 for formats other than JSON.
    """
    if request.query.get("format", "json") != "json":
        raise Problem(HTTPStatus.NOT_IMPLEMENTED, "not_implemented", "The only format is `json`.")
    site, here = request.app[SITE], page_language(request, None)
    before, _, code = request.query.get("url", "").partition("/rooms/")
    room = await _open_room(request, code.split("?")[0].rstrip("/")) if before == site.public_url else None
    if room is None:
        raise ROOM_NOT_FOUND.problem()
    told: dict[str, str | int] = {
        "version": "1.0",
        "type": "link",
        "title": room.title or room.film.title,
        "author_name": room.owner.name,
        "provider_name": here.gettext("Movie Together"),
        "provider_url": site.public_url,
    }
    poster = _poster(room, site)
    if (
        poster
        and _fits(request.query.get("maxwidth"), POSTER_WIDTH)
        and _fits(request.query.get("maxheight"), POSTER_HEIGHT)
    ):
        told |= {"thumbnail_url": poster, "thumbnail_width": POSTER_WIDTH, "thumbnail_height": POSTER_HEIGHT}
    return web.json_response(told, headers={hdrs.CACHE_CONTROL: "public, max-age=300", hdrs.VARY: hdrs.ACCEPT_LANGUAGE})


async def room_preview(request: web.Request) -> web.Response:
    """Return the picture of an open room to which its link is enough, as PNG.

    Raises the problems `room_not_found`, also where the page would tell nothing, and `limit_reached`.
    """
    room = await _open_room(request, request.match_info["code"])
    drawing = request.app.get(PREVIEWS)
    if room is None or drawing is None:
        raise ROOM_NOT_FOUND.problem()
    here = page_language(request, None)
    told = _told(room, here)
    key = hashlib.sha256(repr((PICTURE_VERSION, told, room.film.poster_url)).encode()).hexdigest()
    headers = {
        hdrs.ETAG: f'"{key[:32]}"',
        hdrs.CACHE_CONTROL: f"public, max-age={PICTURE_FRESH_S}",
        hdrs.VARY: f"{hdrs.ACCEPT_LANGUAGE}, Cookie",
    }
    if any(tag.value in ("*", key[:32]) for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    picture = await drawing.picture(key, told, room.film.poster_url)
    return web.Response(body=picture, content_type="image/png", headers=headers)


async def _open_room(request: web.Request, code: str) -> Room | None:
    """Return an open room that whoever has its link may know of, or None."""
    here = page_language(request, None)
    try:
        room = await rooms.room_behind_link(request.app[DATABASE], request.app[SITE], here.code, code)
    except Problem as problem:
        if problem.code != ROOM_NOT_FOUND.code:
            raise
        return None  # there is none, or it is for invited people: both look alike
    return room if room.status == "open" else None


def _poster(room: Room, site: Site) -> str | None:
    poster = room.film.poster_url
    return f"{site.public_url}{poster}" if poster and poster.startswith("/") else poster


def _picture(code: str, language: str, site: Site) -> str:
    return str(URL(f"{site.public_url}/rooms/{code}/preview.png").with_query(lang=language))


def _fits(at_most: str | None, size: int) -> bool:
    return at_most is None or (at_most.isdecimal() and int(at_most) >= size)


def _told(room: Room, here: Language) -> Told:
    starts_at = room.starts_at if is_future(room.starts_at, datetime.now(UTC)) else None
    is_open = here.gettext("The room is open now.")
    when = f"{here.gettext('Starts:')} {here.moment(starts_at)}" if starts_at else is_open
    return Told(
        site=here.gettext("Movie Together"),
        title=room.title or room.film.title,
        when=when,
        invites=here.gettext("%(name)s invites you to watch together") % {"name": room.owner.name},
        letters=letters_of(room.owner.name),
        face=colour_of(str(room.owner.id)),
    )
