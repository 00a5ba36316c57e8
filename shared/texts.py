"""What people write and how it is shown: messages of the chat, titles of rooms, names.

A text is first cleaned, which takes nothing away that a reader would miss, and is refused only if it then shows nothing
or is too long. What shows nothing, what stacks and what deceives is told by Unicode's properties (UAX 44).
"""

from __future__ import annotations

import unicodedata
from typing import Final

import regex
from precis_i18n import get_profile

CODE_POINTS: Final = 2_000
GRAPHEMES: Final = 500
MARKS: Final = 4  # on one base; Tibetan and pointed Hebrew rarely have more
LINE_FEEDS: Final = 20
NAME_CODE_POINTS: Final = 100


def _pattern(text: str) -> regex.Pattern[str]:
    return regex.compile(text, regex.V1)


_BREAK: Final = _pattern(r"\r\n|[\v\f\r\u0085\u2028\u2029]")
# Control characters but line feeds, and the bidirectional overrides and isolates that make a text read as another one
# (Unicode TR 36, section 2.3; CVE-2021-42574).
_UNWANTED: Final = _pattern(r"[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069--\n]+")
# Joiners, selectors, fillers and the like; format characters are among them, but for those that enclose the number
# after them, as the Arabic sign of a verse.
_UNSEEN: Final = r"\p{Default_Ignorable_Code_Point}[\p{Cf}--\p{Grapheme_Cluster_Break=Prepend}]"
# To Unicode the braille pattern without dots is a symbol like the others; only its name and its glyph are blank.
_BLANK: Final = rf"\p{{White_Space}}\u2800{_UNSEEN}"
_SHOWN: Final = _pattern(rf"[^{_BLANK}\p{{M}}\p{{Cc}}\p{{Cs}}]")
_EMPTY_EDGES: Final = _pattern(rf"\A(?:[{_BLANK}--\n]*\n)+|(?:\n[{_BLANK}--\n]*)+\Z")
_EMPTY_LINES: Final = _pattern(rf"\n(?:[{_BLANK}--\n]*\n){{2,}}")
# What stands on one base, whatever is put in between to make it look like two.
_STACK: Final = _pattern(rf"[\p{{M}}{_UNSEEN}]{{{MARKS + 1},}}")
_MARK: Final = _pattern(rf"[\p{{M}}--[{_UNSEEN}]]")
_GRAPHEME: Final = _pattern(r"\X")
_NICKNAME: Final = get_profile("NicknameCasePreserved")


def cleaned(text: str) -> str:
    """Return the text in NFC and without what deceives, covers its neighbours or takes their place.

    Control characters and overrides of the direction are left out, and marks beyond MARKS on one base. Of empty lines
    in a row one is left; line feeds beyond LINE_FEEDS become spaces. Cleaning a text twice changes nothing more.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _UNWANTED.sub("", _BREAK.sub("\n", text))
    text = unicodedata.normalize("NFC", text).strip()
    if "\n" in text:
        text = _fewer_lines(_EMPTY_LINES.sub("\n\n", _EMPTY_EDGES.sub("", text).strip()))
    return _fewer_marks(text)


def shows(text: str) -> bool:
    """Return whether a reader sees anything of a text: a mark without a base, spaces and joiners are nothing."""
    return _SHOWN.search(text) is not None


def longer_than(text: str, graphemes: int) -> bool:
    """Return whether the text has more characters, as a reader counts (grapheme clusters, Unicode TR 29)."""
    return len(text) > graphemes and len(_GRAPHEME.findall(text)) > graphemes


def is_too_long(text: str) -> bool:
    """Return whether the text is longer than a message may be: by its code points or as a reader counts."""
    return len(text) > CODE_POINTS or longer_than(text, GRAPHEMES)


def title_of(text: str) -> str:
    """Return a cleaned text on one line, "" for one that shows nothing."""
    title = " ".join(cleaned(text.replace("\t", " ")).split())
    return title if shows(title) else ""


def name_of(text: str) -> str:
    """Return a person's name as the others see it, "" where nothing of it can be seen.

    By the Nickname profile (RFC 8266) with its case; a character that the profile refuses is left out, so that nobody
    is kept from signing in by their name: joiners stay where their script needs them (RFC 5892, appendix A).
    """
    name = text
    while True:
        # To take something away may leave a joiner without the letters that it joined.
        shorter = _cut(_fewer_marks(_nickname(title_of(name))), NAME_CODE_POINTS)
        if shorter == name:
            return name if shows(name) else ""
        name = shorter


def name_among(*candidates: str) -> str:
    """Return the first of these texts that is a name, as the others see it; "?" where nothing of any can be seen."""
    return next(filter(None, map(name_of, candidates)), "?")


def _nickname(text: str) -> str:
    # The profile is asked anew for each character that it refuses.
    text = _cut(unicodedata.normalize("NFKC", text), 2 * NAME_CODE_POINTS)
    while True:
        try:
            return str(_NICKNAME.enforce(text))
        except UnicodeEncodeError as refused:
            mapped, first = refused.object, refused.start
            if not mapped:
                return ""
            # A refusal of the whole is that of a text which the profile has not mapped to its last form yet.
            is_whole = refused.end - first > 1 and mapped != text
            text = mapped if is_whole else mapped[:first] + mapped[first + 1 :]


def _cut(text: str, code_points: int) -> str:
    """Return the first characters of a text, none of them halved."""
    end = 0
    for grapheme in _GRAPHEME.finditer(text):
        if grapheme.end() > code_points:
            break
        end = grapheme.end()
    return text[:end].strip()


def _fewer_lines(text: str) -> str:
    lines = text.split("\n")
    first, others = lines[:LINE_FEEDS], [line for line in lines[LINE_FEEDS:] if line]
    return "\n".join([*first, " ".join(others)] if others else first)


def _fewer_marks(text: str) -> str:
    return _STACK.sub(_of_one_base, text)


def _of_one_base(stack: regex.Match[str]) -> str:
    kept, marks = [], 0
    for character in stack[0]:
        is_mark = _MARK.match(character) is not None
        marks += is_mark
        if not is_mark or marks <= MARKS:
            kept.append(character)
    return "".join(kept)
