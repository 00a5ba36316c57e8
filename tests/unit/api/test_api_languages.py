"""Which of several languages a viewer reads."""

import pytest

from api_service.usecases.languages import in_language


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ({"ru": "Киты", "en": "Whales", "de": "Wale"}, "Киты"),
        ({"ru-RU": "Киты", "en": "Whales"}, "Киты"),
        ({"en": "Whales", "de": "Wale"}, "Whales"),
        ({"en-GB": "Whales", "de": "Wale"}, "Whales"),
        ({"fr": "Baleines", "de": "Wale"}, "Wale"),
        ({}, ""),
    ],
)
def test_one_s_own_comes_first_then_english_then_the_first_there_is(texts: dict[str, str], read: str) -> None:
    assert in_language(texts, "ru") == read


def test_russian_comes_before_whatever_else_there_is() -> None:
    assert in_language({"de": "Wale", "ru": "Киты"}, "en") == "Киты"
