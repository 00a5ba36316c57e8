"""What is made of the claims that a provider sends."""

from __future__ import annotations

from typing import Any

import pytest

from api_service.identity.tokens import profile_of
from shared.texts import NAME_CODE_POINTS

ISSUER = "https://id.example"


def profile(**claims: Any) -> tuple[str, str | None, str]:
    made = profile_of(ISSUER, {"sub": "s-1", **claims})
    assert (made.issuer, made.subject) == (ISSUER, "s-1")
    return made.name, made.email, made.locale


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Анна Белова"}, "Анна Белова"),
        ({"name": "  Анна \n\t Белова\x00 "}, "Анна Белова"),
        ({"name": "", "preferred_username": "anna"}, "anna"),
        ({"name": 7, "given_name": "Anna"}, "Anna"),
        ({"email": "anna@example.com"}, "anna"),
        ({"name": "\u202e\u200b"}, "s-1"),
        ({"name": "\u3164", "given_name": "\u2800\u0301", "email": "anna@example.com"}, "anna"),
        ({"name": "علی\u200cرضا"}, "علی\u200cرضا"),
        ({}, "s-1"),
        ({"name": "x" * 1000}, "x" * NAME_CODE_POINTS),
    ],
)
def test_a_person_always_has_a_name(claims: dict[str, Any], name: str) -> None:
    assert profile(**claims)[0] == name


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_counts_only_when_the_provider_vouches_for_it(verified: Any) -> None:
    assert profile(email="anna@example.com", email_verified=True)[1] == "anna@example.com"
    assert profile(email="anna@example.com", email_verified=verified)[1] is None
    assert profile(email="a" * 250 + "@example.com", email_verified=True)[1] is None


@pytest.mark.parametrize(
    ("locale", "kept"),
    [("en", "en"), ("en-GB", "en"), ("RU_ru", "ru"), ("de", "ru"), (None, "ru"), (7, "ru"), ("", "ru")],
)
def test_a_language_that_is_not_ours_becomes_russian(locale: Any, kept: str) -> None:
    assert profile(locale=locale)[2] == kept
