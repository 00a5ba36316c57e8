"""Files: npm's packages (/static/vendor/), the pages' bundles (/static/pages/), the widget, the demo's films.

What `make setup` has compressed beforehand (FILE.br, FILE.gz) aiohttp sends to whoever accepts it.
"""

import re
from pathlib import Path
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.web_fileresponse import CONTENT_TYPES

log = structlog.get_logger(__name__)

WIDGET: Final = "/widget/v1/"
VENDOR: Final = "/static/vendor/"
PAGES: Final = "/static/pages/"
DEMO_MEDIA: Final = "/demo/media/"

# With ?v=… the address changes with the content; without it the browser asks again and mostly gets 304.
_VERSIONED: Final = "public, max-age=31536000, immutable"
_REVALIDATED: Final = "public, no-cache"
_MEDIA: Final = "public, max-age=3600"

# The pages' bundles, and what stands behind the widget's stable names, have the hash of their content in their own.
_HASHED: Final = re.compile(
    rf"(?:{WIDGET}[a-z-]+-[0-9a-f]{{16}}\.js|{PAGES}[\w-]+-[0-9A-Z]{{8}}\.(?:js|css|svg))(?:\.map)?"
)

# With nosniff the browser relies on our Content-Type, and a slim image has no /etc/mime.types to derive it from.
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def setup_files(app: web.Application, assets_dir: Path, demo_dir: Path | None) -> None:
    """Serve the folders that exist; a missing one is logged, and the rest of the site works."""
    for extension, content_type in _TYPES.items():
        CONTENT_TYPES.add_type(content_type, extension)
    _serve(app, PAGES, assets_dir / "pages", "ASSETS_DIR", "pages load their scripts and styles one by one")
    _serve(app, VENDOR, assets_dir, "ASSETS_DIR", "players will have no controls and no streams")
    _serve(app, WIDGET, assets_dir / "widget" / "v1", "ASSETS_DIR", "other sites cannot embed the player")
    if demo_dir is not None:
        _serve(app, DEMO_MEDIA, demo_dir / "media", "DEMO_DIR", "demo films will not play")
    app.on_response_prepare.append(_cache)


def _serve(app: web.Application, prefix: str, folder: Path, variable: str, consequence: str) -> None:
    if folder.is_dir():
        app.router.add_static(prefix, folder)
    else:
        log.warning(
            "no such folder, its files are not served", setting=variable, folder=str(folder), consequence=consequence
        )


async def _cache(request: web.Request, response: web.StreamResponse) -> None:
    if response.status not in {200, 206, 304} or hdrs.CACHE_CONTROL in response.headers:
        return
    if request.path.startswith((WIDGET, "/static/")):
        versioned = _HASHED.fullmatch(request.path) or ("v" in request.query and not request.path.startswith(WIDGET))
        response.headers[hdrs.CACHE_CONTROL] = _VERSIONED if versioned else _REVALIDATED
        response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING  # aiohttp says so only where it sends the compressed file
    elif request.path.startswith(DEMO_MEDIA):
        response.headers[hdrs.CACHE_CONTROL] = _MEDIA
