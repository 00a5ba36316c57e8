"""Which of the two languages a page is in, and the texts, plurals and dates of that language."""

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
    """One language's texts: ``gettext`` and ``ngettext`` take English and give this language."""

    code: str
    translations: Translations

    def gettext(self, text: str) -> str:
        """Give the text in this language; the English one where there is no other."""
        return self.translations.gettext(text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Give the text for a number of things, by this language's plural rule."""
        return self.translations.ngettext(one, many, number)

    def moment(self, when: datetime) -> str:
        """Give a moment as people write it, in UTC; the page's script replaces it by the viewer's own time."""
        return f"{format_datetime(when, 'd MMMM y, HH:mm', tzinfo=None, locale=self.code)} UTC"


@cache
def language(code: str) -> Language:
    """Give a language by its code, read from its catalogue once.

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
    """Choose a page's language: asked for in the address, chosen earlier, the account's, the browser's, Russian."""
    for wanted in (query.get("lang"), cookies.get(COOKIE), viewer_locale):
        if wanted in LANGUAGES:
            return wanted
    return _of_browser(accept)


def _of_browser(accept: str) -> str:
    """Read Accept-Language (RFC 9110, 12.5.4): the best of ours by weight, earlier first among equals."""
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
    """Keep a language chosen in the address (``?lang=en``) for the next pages."""
    chosen = request.query.get("lang")
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, chosen, max_age=COOKIE_LIVES_S, samesite="Lax", secure=request.secure)
