"""Numbers and truth as JSON Schema means them."""

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from shared.json_fields import TrueOrFalse, WholeNumber


class _Schema(Schema):
    number = WholeNumber()
    flag = TrueOrFalse()


@pytest.mark.parametrize(("given", "read"), [(21, 21), (21.0, 21), (-0.0, 0), (1e3, 1_000)])
def test_a_whole_number_may_be_written_with_a_fraction_of_zero(given: float, read: int) -> None:
    found = _Schema().load({"number": given})["number"]

    assert (found, type(found)) == (read, int)


@pytest.mark.parametrize("given", [21.5, "21", True, [21], float("inf"), float("nan")])
def test_anything_else_is_no_whole_number(given: Any) -> None:
    with pytest.raises(ValidationError):
        _Schema().load({"number": given})


@pytest.mark.parametrize("given", [True, False])
def test_truth_is_read(given: bool) -> None:
    assert _Schema().load({"flag": given})["flag"] is given


@pytest.mark.parametrize("given", [1, 0, 1.0, "true", "", [], {}])
def test_what_is_only_like_truth_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        _Schema().load({"flag": given})
