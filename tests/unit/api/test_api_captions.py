"""Captions of cinemas become the WebVTT of browsers, whatever they are encoded as."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_service.captions import Unreadable, captions_of

SRT = (Path(__file__).parents[3] / "docs" / "examples" / "feed" / "tt-4711.ru.srt").read_bytes().decode("cp1251")
WEBVTT = """\
WEBVTT

1
00:00:01.000 --> 00:00:03.500
Бумажные киты плывут над городом.

2
00:00:04.000 --> 00:00:07.250
<i>— Ты слышишь?</i>
— Это всего лишь ветер &amp; дождь.

3
00:00:08.000 --> 00:00:10.000
Пойдём домой, пока ещё светло.

"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r"])
def test_captions_in_any_usual_encoding_become_the_same_webvtt(encoding: str) -> None:
    def without_dashes(text: str) -> str:  # which not every encoding has
        return text.replace("—", "-")

    found = captions_of(without_dashes(SRT).encode(encoding))

    assert (found.webvtt, found.format, found.cues) == (without_dashes(WEBVTT), "srt", 3)


def test_an_encoding_that_is_named_is_not_guessed() -> None:
    few = "1\n00:00:01,000 --> 00:00:02,000\n«Ё»\n".encode("cp1251")

    assert "«Ё»" in captions_of(few, "windows-1251").webvtt
    assert "«Ё»" not in captions_of(few, "koi8-r").webvtt, "and a wrong name is believed"


@pytest.mark.parametrize("text", ["1 < 2 & 3", "a --> b", "&lt;b> <3"])
def test_what_webvtt_would_take_for_markup_is_text(text: str) -> None:
    found = captions_of(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode())

    shown = found.webvtt.splitlines()[4].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert shown == text
    assert "-->" not in found.webvtt.splitlines()[4]


def test_webvtt_keeps_its_places_and_styles() -> None:
    text = "WEBVTT - ours\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:01.000 --> 00:02.000 line:0\n<v Анна>Привет\n"

    found = captions_of(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert (found.webvtt, found.format, found.cues, found.encoding) == (text, "vtt", 1, "utf-8")


@pytest.mark.parametrize(
    ("data", "charset", "field", "remedy"),
    [
        (b"", None, "file", "SubRip"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin-1", "file", "no text"),
        ("Просто текст, и ни одного времени.".encode("cp1251"), None, "file", "no caption with a time"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", None, "file", "no caption"),
        (SRT.encode("cp1251"), "utf-8", "charset", "leave `charset` out"),
        (SRT.encode("cp1251"), "klingon", "charset", "leave `charset` out"),
        (b"\xff\xfe\0", None, "charset", "leave `charset` out"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_field_and_a_remedy(
    data: bytes, charset: str | None, field: str, remedy: str
) -> None:
    with pytest.raises(Unreadable, match=remedy) as told:
        captions_of(data, charset)

    assert told.value.field == field
