"""What is taken out of a chat text before anyone sees it, how its length is counted, and what is an emoji."""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

# Control characters but line feeds, and the bidirectional overrides and isolates that make a text read as another one
# (Unicode TR 36, section 2.3; CVE-2021-42574).
_UNWANTED: Final = regex.compile(r"[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069--\n]+", regex.V1)


def cleaned(text: str) -> str:
    """Return the text in NFC, without control characters and overrides, stripped at both ends."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return str(_UNWANTED.sub("", unicodedata.normalize("NFC", text)).strip())


def longer_than(text: str, graphemes: int) -> bool:
    """Return whether the text has more characters, as a reader counts (grapheme clusters, Unicode TR 29)."""
    return len(text) > graphemes and len(regex.findall(r"\X", text)) > graphemes


def is_emoji(text: str) -> bool:
    """Return whether this is one emoji as a reader sees it (Unicode TR 51), joined ones, flags and keycaps included."""
    return _EMOJI.fullmatch(text) is not None and regex.fullmatch(r"\X", text) is not None


_EMOJI: Final = regex.compile(
    r"(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F\u20E3)"
    r"[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}\U000E0020-\U000E007F]*"
)
