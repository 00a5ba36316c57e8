"""Genres in the page's language: the usual ones by their English names, any other as the cinema calls it."""

from __future__ import annotations

from typing import Final

from api_service.language import Language


def _usual(text: str) -> str:
    """Mark a name for the catalogues, which have it by this text."""
    return text


_: Final = _usual
NAMES: Final = frozenset(
    {
        _("action"),
        _("adventure"),
        _("animation"),
        _("comedy"),
        _("crime"),
        _("documentary"),
        _("drama"),
        _("family"),
        _("fantasy"),
        _("history"),
        _("horror"),
        _("musical"),
        _("mystery"),
        _("romance"),
        _("science fiction"),
        _("thriller"),
        _("war"),
        _("western"),
    }
)


def genre_name(genre: str, here: Language) -> str:
    """Return a genre as people read it in this language."""
    return here.gettext(genre.lower()) if genre.lower() in NAMES else genre
