"""A person as a round of two letters in their colour; static/widget/ui/face.js and name-colours.js draw the same."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

import regex
from markupsafe import Markup

COLOURS: Final = 14
_FACE: Final = Markup('<span class="face c{}" aria-hidden="true">{}</span>')
_GRAPHEME: Final = regex.compile(r"\X")
_LETTER: Final = regex.compile(r"[\p{L}\p{N}]")


class Named(Protocol):
    """What `face` draws: a Person or a User."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


def face(person: Named) -> Markup:
    """Return a person's letters in their colour."""
    return _FACE.format(colour_of(str(person.id)), letters_of(person.name))


def letters_of(name: str) -> str:
    """Return the letters that stand for a name: the first ones of its first two words, or the first two of one word."""
    words = [[one for one in _GRAPHEME.findall(word) if _LETTER.match(one)] for word in name.split()]
    words = [word for word in words if word]
    if len(words) > 1:
        letters = [words[0][0], words[1][0]]
    elif words:
        letters = words[0][:2]
    else:
        letters = _GRAPHEME.findall(name.strip())[:1]
    return "".join(letters).upper() or "?"


def colour_of(id_: str) -> int:
    """Return the number of a person's colour: folded FNV-1a."""
    number = 0x811C9DC5
    for character in id_:
        number = (number ^ ord(character)) * 0x01000193 % 2**32
    return (number ^ number >> 16) % COLOURS
