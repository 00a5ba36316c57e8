"""Texts and names, over all of Unicode: nothing blank passes or covers its neighbours, and nothing good is lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from shared import texts
from shared.texts import (
    CODE_POINTS,
    LINE_FEEDS,
    MARKS,
    NAME_CODE_POINTS,
    cleaned,
    is_too_long,
    longer_than,
    name_among,
    name_of,
    shows,
    title_of,
)

# Of all of Unicode, and often of what does harm: marks, joiners, fillers, breaks, overrides.
_HARMFUL = st.sampled_from(
    "\u0301\u0325\u0489\u094d\u0903\u200c\u200d\u200b\u2060\ufe0f\u034f\u3164\u2800"
    "\u115f\u00ad\ufff9\u202e\u2066\n\r\u2028\u0085 \u00a0\u0640\u0627\u0660\u06f0\u1100\u1161a"
)
ANY = st.text(max_size=60) | st.text(st.characters(codec="utf-8") | _HARMFUL, max_size=80)
# Every property below is one of Unicode's own, spelled anew: not by what the module makes of it.
_JOINS = regex.compile(r"[\p{Mn}\p{Me}\p{Mc}\p{DI}]*")


def marks_on_a_base(text: str) -> int:
    """The most marks that stand on one base, whatever ignorable characters stand between them."""
    stacks = _JOINS.findall(text)
    return max(sum(unicodedata.category(c)[0] == "M" and not regex.match(r"\p{DI}", c) for c in run) for run in stacks)


@given(ANY)
def test_a_text_that_was_cleaned_stays_as_it_is(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


@given(ANY)
@example("a" + "\u0301" * 700)
@example("a" + "\u0325\u200d" * 40)
@example("a" + "\u0325\u0325\ufff9" * 40)
def test_no_base_carries_more_marks_than_a_script_needs(text: str) -> None:
    assert marks_on_a_base(cleaned(text)) <= MARKS


@given(ANY)
@example("a" + "\n" * 500 + "b")
@example("\n".join("abcdefghijklmnopqrstuvwxyz" * 3))
@example("a\n \n\u200b\n\u2800\n\u3164\nb")
@example("a\u2028\u2029\u0085\r\n\r\nb")
def test_a_text_is_not_taller_than_its_lines(text: str) -> None:
    lines = cleaned(text).split("\n")
    assert len(lines) <= LINE_FEEDS + 1
    blank = [not regex.sub(r"[\p{White_Space}\p{DI}\p{Cf}\u2800]", "", line) for line in lines]
    assert not any(one and other for one, other in pairwise(blank))


@given(ANY)
def test_a_text_has_no_characters_that_deceive(text: str) -> None:
    assert not regex.search(r"[\p{Cs}\u202a-\u202e\u2066-\u2069]", cleaned(text))
    assert all(c == "\n" or unicodedata.category(c) != "Cc" for c in cleaned(text))
    assert unicodedata.is_normalized("NFC", cleaned(text))


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40))
def test_nothing_is_taken_from_what_people_write(text: str) -> None:
    assert cleaned(text) == unicodedata.normalize("NFC", text)


@given(st.text(st.characters(categories=["L", "N", "P"]).filter(lambda c: not regex.match(r"\p{DI}", c)), min_size=1))
def test_letters_are_seen(text: str) -> None:
    assert shows(text)


@given(
    st.text(
        st.characters(categories=["M", "Z", "Cc", "Cs"], codec=None)
        | st.sampled_from("\u3164\u2800\u200b\u2060\U000e0041"),
        max_size=40,
    )
)
def test_marks_spaces_and_fillers_alone_are_nothing(text: str) -> None:
    assert not shows(text)
    assert title_of(text) == name_of(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "ا\u064b",
        "\u0600",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "🏴\U000e0067\U000e0062\U000e007f",
        "क्ष",
        "한",
        "\U0001f1f7\U0001f1fa",
    ],
)
def test_what_can_be_seen_passes_as_it_is(text: str) -> None:
    assert cleaned(text) == unicodedata.normalize("NFC", text)
    assert shows(text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  hello  ", "hello"),
        ("a\r\n\tb", "a\nb"),
        ("a\rb\vc", "a\nb\nc"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("\u2066x\u2069", "x"),
        ("и\u0306", "й"),
        ("и\u202e\u0306", "й"),
        ("👩🏽‍🚀", "👩🏽‍🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u0000\u202e \u0007", ""),
        ("a\n\n\n\nb", "a\n\nb"),
        ("\u200b\n\u200b\n a \n\u3164\n", "a"),
        ("a" + "\u0353" * 9 + "b", "a" + "\u0353" * 4 + "b"),
        ("\n".join(str(n) for n in range(24)), "\n".join(str(n) for n in range(20)) + "\n20 21 22 23"),
    ],
)
def test_a_text_loses_what_deceives_and_what_is_in_the_way(raw: str, text: str) -> None:
    assert cleaned(raw) == text


def test_characters_are_counted_as_a_reader_does() -> None:
    assert not longer_than("👩🏽‍🚀" * 500, 500)
    assert longer_than("👩🏽‍🚀" * 501, 500)
    assert not longer_than("ы" * 500, 500)
    assert longer_than("ы" * 501, 500)


def test_a_text_is_bounded_by_its_code_points_too() -> None:
    assert not is_too_long("👩🏽‍🚀" * 500)
    assert not is_too_long("x" + "\u200d" * (CODE_POINTS - 1))
    assert is_too_long("x" + "\u200d" * CODE_POINTS)


# --- titles ---


@given(ANY)
def test_a_title_stands_on_one_line(text: str) -> None:
    title = title_of(text)
    assert title_of(title) == title
    assert "\n" not in title
    assert title == "" or shows(title)
    assert marks_on_a_base(title) <= MARKS


# --- names ---


@given(ANY)
def test_a_name_is_seen_or_there_is_none(text: str) -> None:
    name = name_of(text)
    assert name == "" or shows(name)
    assert name_of(name) == name
    assert len(name) <= NAME_CODE_POINTS
    assert marks_on_a_base(name) <= MARKS
    assert name == name.strip()
    assert not regex.search(r"[\p{Cc}\p{Cn}\p{Co}\n]|[\p{DI}--[\u200c\u200d]]", name, regex.V1)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=100))
def test_an_ascii_name_is_as_it_was_written(text: str) -> None:
    assert name_of(text) == " ".join(text.split())


@pytest.mark.parametrize(
    "name",
    ["علی\u200cرضا", "Анна Белова", "क्ष", "क्\u200dष", "O’Brien", "José", "李小龍", "👑 Анна", "Ёлка №", "שלום", "Æsa"],
)
def test_names_of_any_script_stay(name: str) -> None:
    assert name_of(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("\u3164", ""),
        ("\u2800\u2800", ""),
        ("\u0301", ""),
        ("An\u200dna", "Anna"),  # a joiner that joins nothing
        ("Анна\u200b\u2060", "Анна"),
        ("Ａｎｎａ", "Anna"),
        ("Anna" + "\u0353" * 30, "Anna" + "\u0353" * 4),
        ("👩‍👩‍👧", "👩👩👧"),
        ("a\nb\u00a0 c", "a b c"),
    ],
)
def test_a_name_loses_what_cannot_be_seen(raw: str, name: str) -> None:
    assert name_of(raw) == name


def test_a_long_name_is_cut_between_characters() -> None:
    assert name_of("x" * 99 + "e\u0353\u0353") == "x" * 99
    assert name_of("ы" * 500) == "ы" * NAME_CODE_POINTS


def test_who_has_no_name_that_is_seen_goes_by_what_else_is_known_of_them() -> None:
    assert name_among("\u3164", "anna", "s-1") == "anna"
    assert name_among("", "x" * 255) == "x" * NAME_CODE_POINTS
    assert name_among("\u2800", " ") == "?"


# --- with a check switched off, what it prevents is there ---


@pytest.mark.parametrize(
    ("check", "text", "found"),
    [
        ("_fewer_marks", "a" + "\u0325" * 9, lambda text: marks_on_a_base(text) > MARKS),
        ("_fewer_lines", "\n".join("x" * 40), lambda text: text.count("\n") > LINE_FEEDS),
    ],
)
def test_without_its_checks_a_text_covers_its_neighbours(
    monkeypatch: pytest.MonkeyPatch, check: str, text: str, found: Callable[[str], bool]
) -> None:
    assert not found(cleaned(text))
    monkeypatch.setattr(texts, check, lambda text: text)
    assert found(cleaned(text))
