"""The language of a page, and that language's texts, plurals and dates."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final = ("ru", "en")
DEFAULT: Final = "ru"
COOKIE: Final = "lang"
COOKIE_LIVES_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Language:
    """One language's texts: ``gettext`` and ``ngettext`` translate from English."""

    code: str
    translations: Translations

    def gettext(self, text: str) -> str:
        """Return the translation, or the text itself if there is none."""
        return self.translations.gettext(text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the translation for a number, by this language's plural rule."""
        return self.translations.ngettext(one, many, number)

    def moment(self, when: datetime) -> str:
        """Return a datetime as people write it, in UTC; the page's script replaces it with the viewer's local time."""
        return f"{format_datetime(when, 'd MMMM y, HH:mm', tzinfo=None, locale=self.code)} UTC"


@cache
def language(code: str) -> Language:
    """Return the language with this code, its catalogue read once.

    Catalogues are compiled in memory: a few milliseconds at start, and no build step that could be stale or forgotten.
    """
    catalogue_path = LOCALES / code / "LC_MESSAGES" / "messages.po"
    with catalogue_path.open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, Translations(compiled))


def choose(query: Mapping[str, str], cookies: Mapping[str, str], viewer_locale: str | None, accept: str) -> str:
    """Return a page's language: of the address, the cookie, the account, the browser; else Russian."""
    for wanted in (query.get("lang"), cookies.get(COOKIE), viewer_locale):
        if wanted in LANGUAGES:
            return wanted
    return _of_browser(accept)


def _of_browser(accept: str) -> str:
    """Return our best language in Accept-Language (RFC 9110, 12.5.4): by weight, the earlier among equals."""
    best, best_weight = DEFAULT, 0.0
    for part in accept.split(","):
        tag, _, parameters = part.strip().partition(";")
        code = tag.strip().lower().partition("-")[0]
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters.strip() else 1.0
        except ValueError:
            continue
        if code in LANGUAGES and weight > best_weight:
            best, best_weight = code, weight
    return best


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Set the cookie for a language chosen in the address (``?lang=en``)."""
    chosen = request.query.get("lang")
    if chosen in LANGUAGES:
        keep(request, response, chosen)


def keep(request: web.Request, response: web.StreamResponse, chosen: str) -> None:
    """Set the cookie for a language."""
    response.set_cookie(COOKIE, chosen, max_age=COOKIE_LIVES_S, samesite="Lax", secure=request.secure)
