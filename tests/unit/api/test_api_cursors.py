"""Cursors: what was given comes back, and nothing else is accepted."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.usecases import paging
from shared.service import Problem


@given(st.integers(min_value=0, max_value=2**31), st.uuids())
def test_a_position_comes_back_as_it_went(count: int, id_: UUID) -> None:
    assert paging.decode(paging.encode(count, id_), int, UUID) == [count, id_]


def test_the_start_of_a_list_has_no_position() -> None:
    assert paging.decode(None, int, UUID) == [None, None]


@given(st.text(max_size=60).filter(lambda text: not text.startswith("W")))
def test_anything_else_is_an_invalid_cursor(text: str) -> None:
    # Base64 of a JSON list begins with W, as "[" does.
    with pytest.raises(Problem, match="invalid_cursor"):
        paging.decode(text, UUID)


def test_a_cursor_of_another_list_is_invalid() -> None:
    with pytest.raises(Problem, match="invalid_cursor"):
        paging.decode(paging.encode(uuid4()), int, UUID)


def test_a_full_page_without_more_has_no_next() -> None:
    page = paging.page([1, 2, 3], 3, lambda last: (last,))

    assert (page.items, page.next_cursor) == ([1, 2, 3], None)


def test_one_more_than_the_page_holds_makes_a_next() -> None:
    page = paging.page([1, 2, 3, 4], 3, lambda last: (last,))

    assert page.items == [1, 2, 3]
    assert paging.decode(page.next_cursor, int) == [3]
