"""The pages, in Russian and English: films, friends, rooms, the room itself, the API's description, and failures.

They ask the same use cases as the JSON API; neither imports the other.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from aiohttp import web

from api_service.pages.account import ADDRESS, account_page, change_account
from api_service.pages.api_docs import read_api, read_problem
from api_service.pages.app_files import app_manifest, favicon, offline_page, robots, service_worker
from api_service.pages.failures import page_failures
from api_service.pages.friends import answer_friend, ask_by_email, friends_page
from api_service.pages.from_mails import answer_invitation, invitation_page, unsubscribe, unsubscribe_page
from api_service.pages.home import GENRES, answer_own_invitation, home_page
from api_service.pages.link_previews import OEMBED, enter_as_guest, oembed, room_preview
from api_service.pages.page_files import MANIFEST, load_manifest
from api_service.pages.previews import PREVIEWS, Previews, drawn_previews
from api_service.pages.qr import room_qr
from api_service.pages.rendering import setup_templates
from api_service.pages.share_target import ADDRESS as SHARE
from api_service.pages.share_target import share_target
from api_service.pages.views import film_page, room_calendar, room_page, rooms_page
from api_service.recent import Recent

__all__ = ["drawn_previews", "page_failures", "setup_pages"]

STATIC: Final = Path(__file__).parent.parent / "static"


def setup_pages(app: web.Application, assets_dir: Path, *, bundled: bool, previews: Previews | None = None) -> None:
    """Add the pages and their files to ``app``; it needs `page_failures` right inside ``problem_middleware``."""
    if previews is not None:
        app[PREVIEWS] = previews
    app[MANIFEST] = load_manifest(assets_dir) if bundled else {}
    setup_templates(app)
    app[GENRES] = Recent(time.monotonic)
    app.router.add_static("/static/", STATIC)
    app.add_routes(
        [
            web.get("/", home_page),
            web.get("/films/{film_id}", film_page),
            web.get("/friends", friends_page),
            web.post("/friends", ask_by_email),
            web.post("/friends/{user_id}", answer_friend),
            web.get(ADDRESS, account_page),
            web.post(ADDRESS, change_account),
            web.get("/rooms", rooms_page),
            web.get("/rooms/{code}", room_page),
            web.get("/rooms/{code}/", room_page),
            web.post("/rooms/{code}/guests", enter_as_guest),
            web.get("/rooms/{code}/calendar", room_calendar),
            web.get("/rooms/{code}/qr", room_qr),
            web.get("/rooms/{code}/preview.png", room_preview),
            web.get(OEMBED, oembed),
            web.post("/invitations/{invitation_id}", answer_own_invitation),
            web.get("/invitations/{invitation_id}/{signature}", invitation_page),
            web.post("/invitations/{invitation_id}/{signature}", answer_invitation),
            web.get("/unsubscribe/{invitation_id}/{signature}", unsubscribe_page),
            web.post("/unsubscribe/{invitation_id}/{signature}", unsubscribe),
            web.get("/api/docs", read_api),
            web.get("/problems/{code}", read_problem),
            web.get(f"/{SHARE}", share_target),
            web.get("/manifest.webmanifest", app_manifest),
            web.get("/service-worker.js", service_worker),
            web.get("/offline", offline_page),
            web.get("/robots.txt", robots),
            web.get("/favicon.ico", favicon),
        ]
    )
