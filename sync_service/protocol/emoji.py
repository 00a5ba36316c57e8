"""What is one emoji, as reactions have it."""

from __future__ import annotations

from typing import Final

import regex


def is_emoji(text: str) -> bool:
    """Return whether this is one emoji as a reader sees it (Unicode TR 51), joined ones, flags and keycaps included."""
    return _EMOJI.fullmatch(text) is not None and regex.fullmatch(r"\X", text) is not None


_EMOJI: Final = regex.compile(
    r"(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F\u20E3)"
    r"[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}\U000E0020-\U000E007F]*"
)
