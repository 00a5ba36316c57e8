"""Both languages say everything: catalogues against templates and code."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api_service.identity.routes import routes as sign_in_routes
from api_service.language import LANGUAGES, LOCALES, choose, language
from api_service.pages import copy
from api_service.pages.rendering import running_time
from api_service.problems import KINDS

ROOT = Path(__file__).parents[3]
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]


@cache
def said() -> frozenset[object]:
    """Every text that templates and code say, in English."""
    found = extract_from_dir(ROOT / "api_service", METHODS, {})
    return frozenset(tuple(text) if isinstance(text, list) else text for _, _, text, _, _ in found)


def catalogue(code: str) -> dict[object, Message]:
    content = (LOCALES / code / "LC_MESSAGES" / "messages.po").read_bytes()
    messages = read_po(BytesIO(content), locale=code)
    return {tuple(m.id) if isinstance(m.id, (list, tuple)) else m.id: m for m in messages if m.id}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_of_the_pages_has_its_words_in_the_language_and_no_other_is_kept(code: str) -> None:
    known = catalogue(code)

    assert set(said()) == set(known)
    untold = [m.id for m in known.values() if not all(m.string if isinstance(m.string, tuple) else [m.string])]
    assert untold == []
    assert [m.id for m in known.values() if m.fuzzy] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_keep_the_places_that_names_and_numbers_go_into(code: str) -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]", text))

    for english, message in catalogue(code).items():
        wanted = places(english[0] if isinstance(english, tuple) else str(english))
        for translation in message.string if isinstance(message.string, tuple) else (message.string,):
            assert places(str(translation)) == wanted, english


def test_russian_counts_friends_by_its_own_rule() -> None:
    ru = language("ru")
    counted = [ru.ngettext("%(n)d friend", "%(n)d friends", n) % {"n": n} for n in (1, 2, 5, 11, 21, 112)]

    assert counted == ["1 друг", "2 друга", "5 друзей", "11 друзей", "21 друг", "112 друзей"]


def test_lengths_of_films_read_like_lengths() -> None:
    assert [running_time(ms, language("en")) for ms in (20_000, 100_000, 3_600_000, 6_720_000)] == [
        "1 min",
        "2 min",
        "1 h",
        "1 h 52 min",
    ]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_problem_that_a_page_can_meet_is_told_in_words(code: str) -> None:
    texts = copy.of_scripts(language(code))
    # What only programs can bring about has no text of its own and is explained by its status.
    of_programs = {"invalid_json", "body_too_large", "unsupported_media_type", "idempotency_key_reused"}
    of_programs |= {"run_not_found", "run_finished", "run_removes_too_much", "too_many_rows", "row_too_long"}
    of_programs |= {"captions_not_found"}  # told to players
    for kind in KINDS:
        if kind.code not in of_programs:
            assert f"problem.{kind.code}" in texts
            assert f"problem.{kind.code}.text" in texts
    assert sign_in_routes(), "signing in has routes"
    for code_ in ("sign_in_required", "sign_in_denied", "sign_in_expired", "sign_in_failed", "identity_unavailable"):
        assert f"problem.{code_}" in texts


def test_an_unknown_problem_is_told_by_its_status() -> None:
    en = language("en")

    assert copy.of_problem("never_heard_of", 418, en) == copy.of_problem("bad_request", 400, en)
    assert copy.of_problem("never_heard_of", 507, en) == copy.of_problem("internal_error", 500, en)


@pytest.mark.parametrize(
    ("query", "cookies", "account", "accept", "chosen"),
    [
        ({}, {}, None, "", "ru"),
        ({}, {}, None, "en-GB,en;q=0.9", "en"),
        ({}, {}, None, "de,fr;q=0.9", "ru"),
        ({}, {}, None, "ru;q=0.3, en;q=0.8", "en"),
        ({}, {}, None, "en;q=0, ru;q=0.1", "ru"),
        ({}, {}, None, "en;q=high, ,;;,", "ru"),
        ({}, {}, "ru", "en", "ru"),
        ({}, {"lang": "en"}, "ru", "ru", "en"),
        ({"lang": "ru"}, {"lang": "en"}, "en", "en", "ru"),
        ({"lang": "xx"}, {"lang": "../../etc"}, None, "en", "en"),
    ],
)
def test_the_address_goes_before_the_cookie_before_the_account_before_the_browser(
    query: dict[str, str], cookies: dict[str, str], account: str | None, accept: str, chosen: str
) -> None:
    assert choose(query, cookies, account, accept) == chosen
