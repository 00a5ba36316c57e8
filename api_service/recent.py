"""A bounded memory of what was found out a while ago."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

MOST: Final = 10_000

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, each until a moment of ``clock``; the one used longest ago makes room.

    Keys may be secrets, such as tokens: only their digests are kept.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def get(self, key: str) -> T | None:
        """Return the value, None if there is none or its time is over."""
        digest = _digest(key)
        until_s, value = self._kept.get(digest, (0.0, None))
        if value is None or self._clock() >= until_s:
            self._kept.pop(digest, None)
            return None
        self._kept.move_to_end(digest)
        return value

    def put(self, key: str, value: T, until_s: float) -> None:
        """Keep the value until then."""
        self._kept[_digest(key)] = until_s, value
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
