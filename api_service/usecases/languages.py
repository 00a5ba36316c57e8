"""Texts in several languages, of which a viewer reads one."""

from collections.abc import Mapping
from typing import Final

# After the viewer's own: the languages that our own pages speak.
FALLBACKS: Final = ("en", "ru")


def in_language(texts: Mapping[str, str], locale: str) -> str:
    """Return the text in the viewer's language, else English, else Russian, else the first by its language's code.

    A text in a regional form (`pt-BR`) serves for its language (`pt`). Returns "" if there is no text at all.
    """
    codes = sorted(texts)
    for wanted in (locale, *FALLBACKS):
        if wanted in texts:
            return texts[wanted]
        for code in codes:
            if code.partition("-")[0] == wanted:
                return texts[code]
    return texts[codes[0]] if codes else ""
