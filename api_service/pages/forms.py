"""Forms of the pages: each is posted, does its work and leads back, with or without the page's script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from api_service.identity import return_path


def done(form: Mapping[str, Any]) -> web.HTTPSeeOther:
    """Return the redirect to the page that the form's field ``back`` names, for the caller to raise."""
    back = form.get("back")
    return web.HTTPSeeOther(return_path(back if isinstance(back, str) else None))
