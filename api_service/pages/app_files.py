"""What makes the site an app: manifest, service worker, the page for lack of a connection; and what robots may read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from api_service.app_keys import SITE
from api_service.pages import copy, share_target
from api_service.pages.rendering import page, page_language

STATIC: Final = Path(__file__).parent.parent / "static"
ICONS: Final = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-maskable-512.png", 512, "maskable"))
_SHARED: Final = {name: name for name in share_target.FIELDS}
NIGHT: Final = "#0d0f14"  # as in css/tokens.css

# Not the rooms' pages: who sends a link in a messenger wants it to show what is behind it.
_ROBOTS: Final = """User-agent: *
Disallow: /api/v1/
Disallow: /auth/
Disallow: /friends
Disallow: /invitations/
Disallow: /unsubscribe/
"""


async def app_manifest(request: web.Request) -> web.Response:
    """Return the web app manifest (W3C), in the language of the page that names it."""
    here = page_language(request, None)
    root = f"{request.app[SITE].path}/"
    name = here.gettext("Movie Together")
    places = ((here.gettext("My rooms"), "rooms"), (here.gettext("Friends"), "friends"))
    described: dict[str, Any] = {
        "id": root,
        "start_url": root,
        "scope": root,
        "name": name,
        "short_name": name,
        "description": here.gettext("Movie Together: one film, one moment, everyone at home."),
        "lang": here.code,
        "display": "standalone",
        "background_color": NIGHT,
        "theme_color": NIGHT,
        "categories": ["entertainment", "social"],
        "icons": [
            {"src": f"{root}static/app/{file}", "sizes": f"{px}x{px}", "type": "image/png", "purpose": purpose}
            for file, px, purpose in ICONS
        ],
        # By GET: what is shared is looked for, and nothing changes.
        "share_target": {"action": f"{root}{share_target.ADDRESS}", "method": "GET", "params": _SHARED},
        "shortcuts": [{"name": place, "url": root + path} for place, path in places],
    }
    response = web.json_response(described, content_type="application/manifest+json")
    response.headers[hdrs.CACHE_CONTROL] = "public, max-age=3600"
    response.headers[hdrs.VARY] = "Accept-Language, Cookie"
    return response


async def service_worker(_request: web.Request) -> web.FileResponse:
    """Send the service worker from the root, which it is then in charge of; browsers ask for changes by themselves."""
    return web.FileResponse(STATIC / "js" / "service-worker.js", headers={hdrs.CACHE_CONTROL: "no-cache"})


async def offline_page(request: web.Request) -> web.Response:
    """Show that there is no connection: the service worker keeps this page for then."""
    texts = copy.of_scripts(page_language(request, None))
    context = {"title": texts["offline"], "text": texts["offline.text"]}
    return page(request, "offline.html", None, context, quiet=True)


async def robots(_request: web.Request) -> web.Response:
    """Tell robots where nothing is for them."""
    return web.Response(text=_ROBOTS)


async def favicon(_request: web.Request) -> web.FileResponse:
    """Send the icon to who looks for it where it was before pages named it."""
    return web.FileResponse(STATIC / "app" / "favicon.ico", headers={hdrs.CACHE_CONTROL: "public, max-age=86400"})
