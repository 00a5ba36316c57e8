"""Names that look alike have one look, and others have another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_service.protocol.lookalikes import look_of


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Elena", "Еlеnа"),  # Cyrillic Е, е and а
        ("Anna", "anna"),
        ("Anna", "Ànná"),
        ("Anna B", "AnnaB"),
        ("Paul", "Ρaul"),  # a Greek rho
        ("Анна", "Aннa"),
        ("Anna", "Ａｎｎａ"),
    ],
)
def test_names_that_look_alike_have_one_look(name: str, other: str) -> None:
    assert look_of(name) == look_of(other)


@pytest.mark.parametrize(("name", "other"), [("Anna", "Hanna"), ("Анна", "Инна"), ("Boris", "Борис"), ("李", "王")])
def test_names_that_do_not_look_alike_have_different_ones(name: str, other: str) -> None:
    assert look_of(name) != look_of(other)


@given(st.text(max_size=40))
def test_a_look_looks_like_itself(name: str) -> None:
    assert look_of(look_of(name)) == look_of(name)
