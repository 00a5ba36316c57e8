"""Names that look alike: by Unicode's table of confusable characters (TR 39)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex
from confusable_homoglyphs import confusables

_UNSEEN = regex.compile(r"[\p{M}\p{White_Space}\p{Default_Ignorable_Code_Point}]+")


def look_of(name: str) -> str:
    """Return what names that look alike have in common, whatever their script, case, marks and spaces."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(_least_alike(letter) for letter in _UNSEEN.sub("", unicodedata.normalize("NFKD", letters)))


@lru_cache(4_096)
def _least_alike(letter: str) -> str:
    """Return the first of all characters that look like this one."""
    found = confusables.is_confusable(letter) or [{"homoglyphs": []}]
    alike = [one["c"] for one in found[0]["homoglyphs"] if len(one["c"]) == 1]
    # The table leads from each character to its prototype, and from that to all that look like it.
    least: str = min([letter, *alike])
    return letter if least == letter else _least_alike(least)
