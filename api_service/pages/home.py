"""The home page: what goes on, then whom one could watch with, then the films; and answers to invitations."""

from __future__ import annotations

import asyncio
import time
from typing import Final, cast, get_args
from uuid import UUID

from aiohttp import web
from yarl import URL

from api_service.app_keys import DATABASE, SITE
from api_service.identity import optional_user, page_user
from api_service.pages.forms import done
from api_service.pages.from_mails import ANSWERS
from api_service.pages.rendering import page_language, personal_page
from api_service.pages.room_cards import for_cards
from api_service.problems import INVALID_FIELDS, INVITATION_NOT_FOUND
from api_service.recent import Recent
from api_service.usecases import answers, films, matches, whats_on
from api_service.usecases.answers import Answer
from api_service.usecases.films import Order
from api_service.usecases.paging import Page
from api_service.usecases.whats_on import WhatsOn

FILMS_SHOWN: Final = 24
MATCHES_SHOWN: Final = 6
ROOMS_OF_A_GROUP: Final = 4
QUERY_CHARACTERS: Final = 200

GENRES: Final = web.AppKey("GENRES", Recent[list[str]])
GENRES_KEPT_S: Final = 60.0


async def home_page(request: web.Request) -> web.Response:
    """Show what goes on for the viewer, what friends want and the catalogue; to others what this site is."""
    viewer = await optional_user(request)
    locale = page_language(request, viewer).code
    db, cursor = request.app[DATABASE], request.query.get("cursor")
    asked = {name: request.query.get(name, "").strip()[:QUERY_CHARACTERS] for name in ("q", "genre", "order", "show")}
    order: Order = cast("Order", asked["order"]) if asked["order"] in get_args(Order) else "catalogue"
    wanted = viewer is not None and asked["show"] == "wanted"
    searching = bool(asked["q"] or asked["genre"] or cursor) or wanted

    async def on() -> WhatsOn:
        if viewer is None or searching:
            return WhatsOn()
        return await whats_on.whats_on(db, request.app[SITE], viewer.id, locale)

    async def ranked() -> list[matches.Match]:
        if viewer is None or searching:
            return []
        return (await matches.ranked(db, viewer.id, locale, limit=MATCHES_SHOWN)).items

    async def catalogue() -> Page[films.Film]:
        if viewer is not None and wanted:
            return await films.wanted(db, viewer.id, locale, limit=FILMS_SHOWN, cursor=cursor)
        return await films.catalogue(
            db,
            viewer.id if viewer else None,
            locale,
            query=asked["q"],
            genre=asked["genre"],
            order=order,
            limit=FILMS_SHOWN,
            cursor=cursor,
        )

    found, best, goes_on, genres = await asyncio.gather(catalogue(), ranked(), on(), _genres(request))
    following = {**asked, "cursor": found.next_cursor or ""}
    context = {
        "films": found,
        "matches": best,
        "on": goes_on,
        "genres": genres,
        "query": asked["q"],
        "genre": asked["genre"],
        "order": order,
        "shown": "wanted" if wanted else "all",
        "searching": searching,
        "next_url": str(URL("/").with_query({name: value for name, value in following.items() if value})),
        "ROOMS_OF_A_GROUP": ROOMS_OF_A_GROUP,
        **for_cards(),
    }
    shown = (*found.items, *(match.film for match in best), *(room.film for room in goes_on.rooms()))
    return await personal_page(request, "home.html", viewer, context, addresses=[film.poster_url for film in shown])


async def _genres(request: web.Request) -> list[str]:
    """Return the catalogue's genres as they were a short while ago: to find them means to read all of it."""
    kept = request.app[GENRES]
    found = kept.get("")
    if found is None:
        found = await films.genres(request.app[DATABASE])
        kept.put("", found, time.monotonic() + GENRES_KEPT_S)
    return found


async def answer_own_invitation(request: web.Request) -> web.Response:
    """Accept or decline an invitation and go back; raises `invitation_not_found`, `invitation_over`."""
    viewer = await page_user(request)
    try:
        invitation_id = UUID(request.match_info["invitation_id"])
    except ValueError:
        raise INVITATION_NOT_FOUND.problem() from None
    form = await request.post()
    given = form.get("answer")
    if given not in ANSWERS:
        raise INVALID_FIELDS.problem(errors=[{"field": "answer", "message": f"Must be one of: {', '.join(ANSWERS)}."}])
    locale = page_language(request, viewer).code
    db, site = request.app[DATABASE], request.app[SITE]
    await answers.answer(db, site, viewer.id, locale, invitation_id, cast("Answer", given))
    raise done(form)
