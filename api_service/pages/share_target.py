"""What the installed app is shared (W3C Web Share Target): a room's link, a film's, or a title, in whatever text."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from aiohttp import web
from yarl import URL

from api_service.app_keys import DATABASE, SITE
from api_service.identity import optional_user
from api_service.pages.rendering import page_language
from api_service.site import Site
from api_service.usecases import films

ADDRESS: Final = "share"
FIELDS: Final = ("url", "text", "title")  # in the order in which something is looked for in them
SHEET: Final = "#watch-together"  # opened by film.js

_CHARACTERS: Final = 2_000
_TITLE_CHARACTERS: Final = 100
_CODE: Final = r"(?P<code>[A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])"
_FILM: Final = r"(?P<film>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ADDRESS: Final = re.compile(r"https?://\S+")
# Around a title in a text that an app has made of it.
_QUOTES: Final = " \t\n\"'«»“”„‘’:.,;–—-|"


async def share_target(request: web.Request) -> web.Response:
    """Lead to the room or the film that was shared, else to a search for the title; nothing of it is kept."""
    shared = [request.query.get(name, "")[:_CHARACTERS] for name in FIELDS]
    everything = "\n".join(shared)
    site = request.app[SITE]
    if (code := room_in(everything, site)) is not None:
        raise web.HTTPSeeOther(f"/rooms/{code}")
    if (film_id := film_in(everything, site)) is not None:
        raise web.HTTPSeeOther(f"/films/{film_id}{SHEET}")
    _, text, title = shared
    wanted = title_in(title) or title_in(text)
    if not wanted:
        raise web.HTTPSeeOther("/")
    viewer = await optional_user(request)
    locale = page_language(request, viewer).code
    found = await films.catalogue(request.app[DATABASE], viewer.id if viewer else None, locale, query=wanted, limit=2)
    if len(found.items) == 1:
        raise web.HTTPSeeOther(f"/films/{found.items[0].id}{SHEET}")
    raise web.HTTPSeeOther(str(URL("/").with_query(q=wanted)))


def room_in(text: str, site: Site) -> str | None:
    """Return the code of the first room whose link stands in a text: at our own page or at the cinema's."""
    ours = re.escape(f"{site.public_url}/rooms/") + _CODE
    patterns = [ours, *([_pattern(site.room_url_template)] if site.room_url_template else [])]
    return next((found["code"] for pattern in patterns if (found := re.search(pattern, text))), None)


def film_in(text: str, site: Site) -> UUID | None:
    """Return the film whose page's address stands in a text first."""
    found = re.search(re.escape(f"{site.public_url}/films/") + _FILM, text)
    return UUID(found["film"]) if found else None


def title_in(text: str) -> str:
    """Return what may be a film's title in a text: its first line without addresses, and without quotes around it."""
    lines = (_ADDRESS.sub("", line).strip(_QUOTES) for line in text.splitlines())
    return next((line for line in lines if line), "")[:_TITLE_CHARACTERS]


def _pattern(template: str) -> str:
    """Return the pattern of a room's address at the cinema's own page (site.room_url_template)."""
    escaped = re.escape(template).replace(r"\{film\}", r"[^/?&#\s]+")
    first, _, rest = escaped.partition(r"\{code\}")
    # Named once: it may stand there twice.
    return first + _CODE + rest.replace(r"\{code\}", r"[A-Za-z0-9_-]{22}")
