"""A room's link as a QR code, for the phone of somebody who sits beside."""

from __future__ import annotations

import io
from typing import Final

import segno
from aiohttp import hdrs, web

from api_service.app_keys import DATABASE, SITE
from api_service.identity import page_user
from api_service.pages.rendering import page_language
from api_service.usecases import rooms

# Modules of white around the code (ISO/IEC 18004, section 9.1), whatever the page's theme.
QUIET_ZONE: Final = 4
KEPT_S: Final = 3_600


async def room_qr(request: web.Request) -> web.Response:
    """Return the code as an SVG image; raises the problem `room_not_found`."""
    viewer = await page_user(request)
    locale = page_language(request, viewer).code
    room = await rooms.room(request.app[DATABASE], request.app[SITE], viewer.id, locale, request.match_info["code"])
    image = io.BytesIO()
    segno.make_qr(room.link).save(image, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", scale=8)
    return web.Response(
        body=image.getvalue(),
        content_type="image/svg+xml",
        headers={hdrs.CACHE_CONTROL: f"private, max-age={KEPT_S}"},
    )
