"""Pages of lists, and cursors: where a page ended, opaque to callers."""

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import orjson

from api_service.problems import INVALID_CURSOR

T = TypeVar("T")

# Base64url of a JSON list, so it begins with the brackets' letter.
CURSOR: Final = r"^W[A-Za-z0-9_-]+$"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, and the cursor of the next part or None."""

    items: list[T]
    next_cursor: str | None


def encode(*position: Any) -> str:
    """Return the cursor for a position in a list's order."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def decode(cursor: str | None, *kinds: Callable[[Any], Any]) -> list[Any]:
    """Return a cursor's position, each part parsed by its kind; all None at the start of a list.

    Raises the problem `invalid_cursor` for a text that `encode` does not return.
    """
    if cursor is None:
        return [None] * len(kinds)
    try:
        position = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        return [kind(part) for kind, part in zip(kinds, position, strict=True)]
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise INVALID_CURSOR.problem() from None


def text(part: object) -> str:
    """Return a position's part that is text; raises TypeError for any other, and for text that no row holds."""
    if not isinstance(part, str) or "\0" in part:
        raise TypeError("not a text")
    return part


def whole(part: object) -> int:
    """Return a position's part that is a whole number; raises TypeError for any other, and for one of over 64 bits."""
    if not isinstance(part, int) or not -(2**63) <= part < 2**63:
        raise TypeError("not a whole number")
    return part


def number(part: object) -> float:
    """Return a position's part that is a number; raises TypeError for any other."""
    if not isinstance(part, int | float) or not math.isfinite(part):
        raise TypeError("not a number")
    return part


def page(items: Sequence[T], limit: int, position: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """Return the page of the first ``limit`` items of a query that asked for one more."""
    shown = list(items[:limit])
    return Page(shown, encode(*position(shown[-1])) if len(items) > limit else None)
