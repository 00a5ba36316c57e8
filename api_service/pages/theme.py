"""Whether pages are dark or light: as the viewer has chosen in this browser, else as their system is."""

from __future__ import annotations

from typing import Final

from aiohttp import web

THEMES: Final = ("auto", "light", "dark")
COOKIE: Final = "theme"
COOKIE_LIVES_S: Final = 365 * 24 * 3600


def chosen(request: web.Request) -> str:
    """Return the theme of this browser, one of THEMES."""
    wanted = request.cookies.get(COOKIE, "")
    return wanted if wanted in THEMES else "auto"


def remember(request: web.Request, response: web.StreamResponse, theme: str) -> None:
    """Have the browser keep a theme."""
    response.set_cookie(COOKIE, theme, max_age=COOKIE_LIVES_S, samesite="Lax", secure=request.secure)
