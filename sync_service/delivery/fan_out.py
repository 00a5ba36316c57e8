"""Sends the same bytes to many sockets by one call of C (fan_out.c).

Handing them to each transport cost a tenth of all that a delivery took at 20 rooms of 50: calls of Python, uvloop's own
book-keeping, and write(2) where send(2) does less (docs/decisions/0007). Transports keep what the kernel did not
take, and everything that a socket is sent alone.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from pathlib import Path
from typing import Final, Protocol

LIBRARY: Final = Path(__file__).parents[2] / "build" / "fan_out.so"


class Sink(Protocol):
    """A socket as the fan-out sees it."""

    pending: list[bytes]  # frames of its own that the next write takes along

    def fileno(self) -> int:
        """Give the connection's descriptor, -1 once it is lost."""

    def unsent(self) -> int:
        """Give how many bytes its transport still holds."""

    def write(self, data: bytes) -> None:
        """Hand whole frames, or the rest of some, to the transport, and what was kept behind them; never raises."""


class FanOut:
    """Sockets that are sent the same; each is written to directly as long as its transport holds nothing for it.

    It writes through descriptors of its own (dup(2)): a transport closes its one when its connection is lost, some
    callbacks before anyone hears of it, and the kernel gives the number to whoever comes next.
    """

    __slots__ = ("_apart", "_fds", "_places", "_sinks", "_taken")

    def __init__(self) -> None:
        self._sinks: list[Sink] = []
        self._places: dict[Sink, int] = {}
        # By place: the descriptor, or its complement (negative) of a socket that is written to apart.
        self._fds = array("i")
        self._taken = array("l")
        self._apart: set[Sink] = set()

    def __len__(self) -> int:
        return len(self._sinks)

    def add(self, sink: Sink) -> None:
        """Send to a socket too, unless it is lost already. Raises OSError where descriptors have run out."""
        fd = sink.fileno()
        if fd < 0:
            return
        self._fds.append(os.dup(fd))
        self._taken.append(0)
        self._places[sink] = len(self._sinks)
        self._sinks.append(sink)

    def discard(self, sink: Sink) -> None:
        """Send no more to a socket; only now can its connection end."""
        place = self._places.pop(sink, None)
        if place is None:
            return
        self._apart.discard(sink)
        fd = self._fds[place]
        os.close(fd if fd >= 0 else ~fd)
        last, last_fd = self._sinks.pop(), self._fds.pop()
        self._taken.pop()
        if last is not sink:
            self._sinks[place], self._fds[place], self._places[last] = last, last_fd, place

    def write_apart(self, sink: Sink) -> None:
        """Go through a socket's transport until that holds nothing more, so that nothing overtakes what it holds."""
        place = self._places.get(sink)
        if place is not None and sink not in self._apart:
            self._apart.add(sink)
            self._fds[place] = ~self._fds[place]

    def send(self, data: bytes) -> None:
        """Send whole frames to everyone."""
        apart = [sink for sink in self._apart if sink.pending or sink.unsent()]
        for sink in self._apart.difference(apart):
            self._apart.discard(sink)
            self._fds[self._places[sink]] = ~self._fds[self._places[sink]]
        size = len(data)
        if _fan_out(self._fds.buffer_info()[0], len(self._fds), data, size, self._taken.buffer_info()[0]):
            for sink, rest in self._late(data):
                self.write_apart(sink)
                sink.write(rest)
        for sink in apart:
            sink.write(data)

    def _late(self, data: bytes) -> list[tuple[Sink, bytes]]:
        """Give who did not take all of it, and the rest; of a lost connection the transport finds out by itself."""
        return [
            (sink, data[max(taken, 0) :])
            for sink, fd, taken in zip(self._sinks, self._fds, self._taken, strict=True)
            if fd >= 0 and taken != len(data)
        ]


def _loaded() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise ImportError(f"{LIBRARY} cannot be loaded ({error}); `make setup` compiles it") from None


_fan_out = _loaded().fan_out
_fan_out.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
_fan_out.restype = ctypes.c_size_t
