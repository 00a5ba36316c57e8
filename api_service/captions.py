"""Captions as cinemas have them, SubRip (SRT) or WebVTT in any of the usual encodings, made the WebVTT of browsers."""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import Final, Literal

import charset_normalizer
import pysubs2

Format = Literal["srt", "vtt"]

# What captions come in, beside UTF-8 and UTF-16: among more the guesses would be worse.
_USUAL: Final = [
    *(f"cp{page}" for page in range(1250, 1259)),
    "koi8_r",
    "cp866",
    "mac_cyrillic",
    "shift_jis",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
]
_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# What WebVTT would take for markup, and SubRip does not: neither has entities or arrows of its own in a text.
_NO_MARKUP: Final = re.compile(r"&|<(?! */? *[a-zA-Z])|-->")
_SEND: Final = "send the captions as SubRip (SRT) or WebVTT"


class Unreadable(Exception):
    """These are no captions that can be read; ``field`` is what is wrong about them, the message what to do."""

    def __init__(self, field: Literal["file", "charset"], message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions as WebVTT: what they were read as, in which ``encoding``, and how many ``cues`` they have."""

    webvtt: str
    format: Format
    encoding: str
    cues: int


def captions_of(data: bytes, charset: str | None = None) -> Captions:
    """Return the captions in a file; raises Unreadable. Without a ``charset`` it is found out from the bytes."""
    encoding = _named(data, charset) if charset else _found(data)
    text = "\n".join(data.decode(encoding).removeprefix("\ufeff").splitlines()) + "\n"
    if "\0" in text:
        raise Unreadable("file", f"This is no text: {_SEND}.")
    is_webvtt = text.startswith("WEBVTT")
    escaped = text if is_webvtt else _NO_MARKUP.sub(lambda found: html.escape(found[0], quote=False), text)
    read = pysubs2.SSAFile.from_string(escaped, format_="vtt" if is_webvtt else "srt")
    cues = sum(1 for event in read if event.plaintext.strip())
    if not cues:
        raise Unreadable("file", f"There is no caption with a time in it: {_SEND}.")
    if is_webvtt:  # as it is: it may say where captions stand, and who speaks
        return Captions(text, "vtt", encoding, cues)
    return Captions(read.to_string("vtt"), "srt", encoding, cues)


def _named(data: bytes, charset: str) -> str:
    try:
        encoding = codecs.lookup(charset).name
        data.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        problem = f"The file is not encoded as {charset!r}: leave `charset` out of Content-Type, or name the right one."
        raise Unreadable("charset", problem) from None
    return encoding


def _found(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return _named(data, encoding)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(data, cp_isolation=_USUAL).best()
    else:
        return "utf-8"
    if best is None:
        name = "name it in Content-Type, such as `text/plain; charset=windows-1251`, or send UTF-8"
        raise Unreadable("charset", f"It cannot be found out how the file is encoded: {name}.")
    return best.encoding
