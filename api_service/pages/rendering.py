"""A page from a template: the viewer's language, who they are, and the texts of the page's scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import hdrs, web
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from api_service import content_policy
from api_service.app_keys import CONTENT_POLICY, DATABASE, SITE
from api_service.identity import sign_in_url
from api_service.language import LANGUAGES, Language, choose, language, remember
from api_service.pages import copy, theme
from api_service.pages.faces import face
from api_service.pages.genres import genre_name
from api_service.pages.page_files import MANIFEST, PageFiles
from api_service.usecases import people
from api_service.usecases.people import User
from api_service.usecases.rooms import Room
from api_service.usecases.whats_on import Awaited, awaited

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
# An address of this site in an attribute: what a person has written cannot look like one, as its quotes are escaped.
_OWN_ADDRESS: Final = re.compile(r'(?<=\s)(?:href|src|action|join-url|data-poster|data-source)="(?=/(?!/))')
# Of a navigation that no other site has caused (Fetch Metadata, 2.3).
_OWN_NAVIGATIONS: Final = frozenset({"none", "same-origin"})
_MOMENT: Final = Markup('<time datetime="{}" data-moment>{}</time>')


def setup_templates(app: web.Application) -> None:
    """Load the templates; a name that is missing in a template's context is an error."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # "\\u0444" is three times as long as "ф"
    for code in LANGUAGES:
        language(code)  # a broken catalogue fails at start, not at a viewer's first page


def page_language(request: web.Request, viewer: User | None) -> Language:
    """Return the page's language for this viewer."""
    accept = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
    return language(choose(request.query, request.cookies, viewer.locale if viewer else None, accept))


def page(
    request: web.Request,
    template: str,
    viewer: User | None,
    context: Mapping[str, Any],
    *,
    addresses: Iterable[str | None] = (),
    status: int = HTTPStatus.OK,
    quiet: bool = False,
    waits: Awaited | None = None,
) -> web.Response:
    """Return the page, which may show what is at ``addresses``, other sites' too.

    ``quiet`` leaves out the link to sign in, for when the viewer is unknown. ``waits`` is what the navigation counts.
    """
    here = page_language(request, viewer)
    site = request.app[SITE]
    files = PageFiles(request.app[MANIFEST], here.code)
    everywhere = {
        "_": here.gettext,
        "ngettext": here.ngettext,
        "lang": here.code,
        "viewer": viewer,
        "quiet": quiet,
        "waits": waits,
        "theme": theme.chosen(request),
        "path": request.path,
        "in_language": lambda code: str(request.rel_url.update_query(lang=code)),
        "sign_in_url": sign_in_url(request.path_qs),
        "face": face,
        "moment": lambda when: _MOMENT.format(when.isoformat(), here.moment(when)),
        "genre_name": lambda genre: genre_name(genre, here),
        "running_time": lambda ms: running_time(ms, here),
        "asset": files.asset,
        "script": files.script,
        "page_data": lambda: {
            "lang": here.code,
            "icons": site.path + files.asset("icons.svg"),
            "texts": files.texts(copy.of_scripts(here)),
        },
    }
    response = aiohttp_jinja2.render_template(template, request, {**everywhere, **context}, status=status)
    if site.path:
        response.text = _OWN_ADDRESS.sub(rf"\g<0>{site.path}", response.text or "")
    # The page depends on who is signed in, and going back must not show an old state.
    response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    response.headers[hdrs.CONTENT_LANGUAGE] = here.code
    response.headers[content_policy.HEADER] = request.app[CONTENT_POLICY].header(request.path, addresses)
    remember(request, response)
    _compress(request, response)
    return response


def _compress(request: web.Request, response: web.Response) -> None:
    """Compress the page, unless another site may try out what is in it by the length of the answer (BREACH).

    A page tells who is signed in beside what its address says. Cookies or an old browser that does not say what has
    led to the page are reason enough to send it as it is.
    """
    response.headers[hdrs.VARY] = f"{hdrs.ACCEPT_ENCODING}, Cookie, Sec-Fetch-Site"
    led_here = request.headers.get("Sec-Fetch-Site")
    takes_gzip = web.ContentCoding.gzip.value in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
    if takes_gzip and (led_here in _OWN_NAVIGATIONS or hdrs.COOKIE not in request.headers):
        response.enable_compression(web.ContentCoding.gzip)


async def personal_page(
    request: web.Request,
    template: str,
    viewer: User | None,
    context: Mapping[str, Any],
    *,
    addresses: Iterable[str | None] = (),
) -> web.Response:
    """Return the page, in whose navigation is counted what waits for the viewer's answer."""
    if viewer is not None:
        await _keep_language(request, viewer)
    waits = None if viewer is None else await awaited(request.app[DATABASE], viewer.id)
    return page(request, template, viewer, context, addresses=addresses, waits=waits)


async def _keep_language(request: web.Request, viewer: User) -> None:
    """Keep in the account a language that was chosen by a link of our own pages: a link from elsewhere chooses none."""
    chosen = request.query.get("lang", "")
    if chosen in LANGUAGES and chosen != viewer.locale and request.headers.get("Sec-Fetch-Site") == "same-origin":
        await people.choose_locale(request.app[DATABASE], viewer.id, chosen)


def running_time(duration_ms: int, here: Language) -> str:
    """Return a film's length in hours and minutes."""
    hours, minutes = divmod(max(1, round(duration_ms / 60_000)), 60)
    if not hours:
        return here.gettext("%(minutes)d min") % {"minutes": minutes}
    if not minutes:
        return here.gettext("%(hours)d h") % {"hours": hours}
    return here.gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


def film_position(room: Room) -> str:
    """Return where a room's film stands, of how much: `41:07 / 1:52:00`, or `41:07` where the length is unknown."""
    if room.now is None:
        return ""
    stands_ms = room.now.position_at(datetime.now(UTC))
    length_ms = room.film.duration_ms if room.now.length_ms is None else room.now.length_ms
    if length_ms is None:  # a broadcast whose end nobody knows
        return film_clock(stands_ms)
    return f"{film_clock(min(stands_ms, length_ms))} / {film_clock(length_ms)}"


def film_clock(position_ms: float) -> str:
    """Return a place in a film as the player writes it: `0:07`, `41:07`, `1:41:07`."""
    minutes, seconds = divmod(int(position_ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def is_future(when: datetime | None, now: datetime) -> bool:
    """Return whether ``when`` is set and later than ``now``."""
    return when is not None and when > now
