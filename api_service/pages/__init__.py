"""The pages, in Russian and English: films, friends, rooms, the room itself, and what is said when something fails.

They ask the same use cases as the JSON API. No statements and no rules here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from api_service.pages.api_docs import read_api, read_problem
from api_service.pages.failures import page_failures
from api_service.pages.rendering import setup_templates
from api_service.pages.views import film_page, films_page, friends_page, room_page, rooms_page
from shared.service import problem_middleware

STATIC: Final = Path(__file__).parent.parent / "static"


def setup_pages(app: web.Application) -> None:
    """Add the pages, their files and their way of telling failures to ``app``.

    Failures are told right inside ``problem_middleware``, whatever middleware they come from: a person reads a page, a
    program a problem document.
    """
    app.middlewares.insert(list(app.middlewares).index(problem_middleware) + 1, page_failures)
    setup_templates(app)
    app.router.add_static("/static/", STATIC)
    app.add_routes(
        [
            web.get("/", films_page),
            web.get("/films/{film_id}", film_page),
            web.get("/friends", friends_page),
            web.get("/rooms", rooms_page),
            web.get("/rooms/{code}", room_page),
            web.get("/api/docs", read_api),
            web.get("/problems/{code}", read_problem),
        ]
    )
