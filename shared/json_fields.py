"""Fields that take exactly what JSON Schema means by their type."""

from __future__ import annotations

from typing import Any

from marshmallow import fields


class WholeNumber(fields.Integer):
    """An integer, also one written as 21.0: JSON knows one kind of number (JSON Schema 2020-12, section 4.2.3)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)

    def _validated(self, value: Any) -> int:
        return super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)


class TrueOrFalse(fields.Boolean):
    """True or false, and neither 1 nor 0, which Python takes for the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise self.make_error("invalid", input=value)
