"""Sends the same bytes to many sockets: by one call of C (fan_out.c), or in Python where that is not compiled.

Writing through each transport cost a tenth of all that a delivery took at 20 rooms of 50: calls of Python, uvloop's own
book-keeping, and write(2) where send(2) does less (docs/decisions/0007). Transports keep the bytes that the kernel did
not take, and everything that is sent to one socket alone.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog

from sync_service import metrics

log = structlog.get_logger(__name__)

LIBRARY: Final = Path(__file__).parents[2] / "build" / "fan_out.so"

# Offers bytes to each descriptor that is not negative, and waits for none. Sets how many bytes each took, -1 for none;
# returns how many descriptors did not take all of them.
SendEach = Callable[["array[int]", bytes, "array[int]"], int]


class Sink(Protocol):
    """A socket as the fan-out sees it."""

    pending: list[bytes]  # frames for this socket alone, that its next write takes along

    def fileno(self) -> int:
        """Return the connection's descriptor, -1 once it is lost."""

    def unsent(self) -> int:
        """Return the number of bytes that its transport has not sent."""

    def write(self, data: bytes) -> None:
        """Write whole frames, or the rest of some, through the transport, then the pending ones; never raises."""


class FanOut:
    """Sockets that are sent the same; each is written to directly as long as its transport has nothing unsent.

    It writes through descriptors of its own (dup(2)): a transport closes its one when its connection is lost, some
    callbacks before ``discard``, and the kernel gives the number to the next connection.
    """

    __slots__ = ("_apart", "_fds", "_places", "_sinks", "_taken")

    def __init__(self) -> None:
        self._sinks: list[Sink] = []
        self._places: dict[Sink, int] = {}
        # By place: the descriptor, or its complement (negative) for a socket that is written to apart.
        self._fds = array("i")
        self._taken = array("l")
        self._apart: set[Sink] = set()

    def __len__(self) -> int:
        return len(self._sinks)

    def add(self, sink: Sink) -> None:
        """Send to a socket too, unless it is lost. Raises OSError where descriptors have run out."""
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
        """Write through a socket's transport until that has nothing unsent, so that nothing overtakes it."""
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
        if SEND_EACH(self._fds, data, self._taken):
            for sink, rest in self._late(data):
                self.write_apart(sink)
                sink.write(rest)
        for sink in apart:
            sink.write(data)

    def _late(self, data: bytes) -> list[tuple[Sink, bytes]]:
        """Return the sockets that did not take all, with the rest; the transport of a lost one finds out by itself."""
        return [
            (sink, data[max(taken, 0) :])
            for sink, fd, taken in zip(self._sinks, self._fds, self._taken, strict=True)
            if fd >= 0 and taken != len(data)
        ]


def send_each_by_c(library: Path) -> SendEach:
    """Return the loop that is compiled in ``library``; raises OSError where that cannot be loaded."""
    fan_out = ctypes.CDLL(str(library)).fan_out
    fan_out.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
    fan_out.restype = ctypes.c_size_t

    def send_each(fds: array[int], data: bytes, taken: array[int]) -> int:
        late: int = fan_out(fds.buffer_info()[0], len(fds), data, len(data), taken.buffer_info()[0])
        return late

    return send_each


def send_each_by_python(fds: array[int], data: bytes, taken: array[int]) -> int:
    """Do the same without a compiler, at 0.5 µs more CPU per delivery."""
    late = 0
    for place, fd in enumerate(fds):
        if fd < 0:
            continue
        try:
            taken[place] = os.write(fd, data)
        except OSError:  # full, or lost
            taken[place] = -1
        late += taken[place] != len(data)
    return late


def _available() -> tuple[str, SendEach]:
    try:
        return "c", send_each_by_c(LIBRARY)
    except (OSError, AttributeError):
        return "python", send_each_by_python


PATH, SEND_EACH = _available()
metrics.fan_out_path = PATH


def warn_unless_compiled() -> None:
    """Log a warning if events are sent by the loop in Python."""
    if PATH == "python":
        log.warning("events are sent by Python, which costs more CPU: `make setup` compiles it", missing=str(LIBRARY))
