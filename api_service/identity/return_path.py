"""Where a person goes after signing in: only ever a place on this site."""

from __future__ import annotations

import re
from typing import Final

HOME: Final = "/"
LIMIT: Final = 320  # bytes; it travels in `state` and in cookies, and a request's cookies may hold 8 KiB
# One slash, then neither a slash nor a backslash: browsers read `//host` and `/\host` as another host. They also drop
# tabs and line breaks before reading (WHATWG URL, basic URL parser), so nothing at or below the space is let through.
_SAME_SITE: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*", re.ASCII)


def return_path(wanted: str | None) -> str:
    """Give ``wanted`` if it is a path of this site worth returning to, else the home page."""
    if wanted is None or not _SAME_SITE.fullmatch(wanted) or wanted.startswith("/auth/"):
        return HOME
    try:
        size = len(wanted.encode())
    except UnicodeEncodeError:
        return HOME
    return wanted if size <= LIMIT else HOME
