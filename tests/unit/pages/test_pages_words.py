"""One name for one thing: no text that people read has a word of the "never" column of docs/words.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from api_service.language import LANGUAGES, LOCALES
from deploy.neighbours.notifier.wording import TEXTS

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "api_service" / "static"
SCRIPTS = [
    *(STATIC / "widget" / "ui").glob("translations-*.js"),
    STATIC / "widget" / "ui" / "phrases.js",
    STATIC / "widget" / "load-guard.js",
    STATIC / "js" / "media-chrome-ru.js",
]


def never() -> list[str]:
    """Return the words of the glossary's last column; in them `…` is any ending, and alone any one word."""
    rows = [line for line in (ROOT / "docs" / "words.md").read_text().splitlines() if line.startswith("| ")]
    cells = [row.strip("| ").split(" | ")[-1] for row in rows[1:]]
    return [word.strip() for cell in cells for word in cell.split(",") if word.strip() != "—"]


def found_in(text: str, words: list[str]) -> list[str]:
    """Return the words that the text has, in whichever case."""
    return [word for word in words if re.search(_pattern(word), text, re.IGNORECASE)]


def _pattern(word: str) -> str:
    parts = [r"\S+" if part == "…" else re.escape(part).replace("…", r"\w*") for part in word.split()]
    return r"(?<![\w-])" + r"\s+".join(parts) + r"(?![\w-])"


def texts() -> Iterator[tuple[str, str]]:
    """Yield where a text is, and the text."""
    for language in LANGUAGES:
        with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
            for message in read_po(file, locale=language):
                for said in message.string if isinstance(message.string, tuple) else (message.string,):
                    if message.id:
                        yield f"messages.po, {language}: {message.id}", str(said)
    for script in SCRIPTS:
        code = re.sub(r"/\*.*?\*/", "", script.read_text(), flags=re.DOTALL)
        for line in code.splitlines():
            yield f"{script.name}: {line.strip()}", line
    for file_ in TEXTS.glob("*.toml"):
        yield from _leaves(file_.name, tomllib.loads(file_.read_text()))


def _leaves(where: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{where}, {name}", inner)
    elif isinstance(value, str):
        yield where, value


def test_no_text_has_a_word_that_the_glossary_gives_up() -> None:
    words = never()
    assert {where: bad for where, text in texts() if (bad := found_in(text, words))} == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The letters are on their way", "letters"),
        ("Max steers the film here.", "steer…"),
        ("Max sent Vera out of the room", "sent … out"),
        ("Владелец завершил сеанс.", "сеанс…"),
        ("Елена: Борис за дверью", "за дверью"),
        ("Их e-mail", "e-mail"),
    ],
)
def test_such_a_word_is_found_in_whichever_form(text: str, word: str) -> None:
    assert word in never()
    assert word in found_in(text, never())


def test_words_that_only_look_like_one_are_no_such_word() -> None:
    assert found_in("An email to everybody; Мы отправили приглашения", never()) == []


def test_every_kind_of_text_is_read() -> None:
    places = {where.partition(",")[0].partition(":")[0] for where, _ in texts()}
    assert places >= {"messages.po", "translations-en.js", "translations-ru.js", "load-guard.js", "en.toml", "ru.toml"}
