"""The sockets of one room on this node, and the frames to be written to all of them.

A delivery goes from here to the kernel and touches nothing of its connection: with a thousand sockets none of that is
in the processor's caches, and going through the connections cost 3 µs more per delivery than the write itself (12.2
against 9.0 µs at 20 rooms of 50, 8.5 µs being the bare system call).
"""

from __future__ import annotations

from typing import Protocol

from sync_service import metrics
from sync_service.delivery.fan_out import FanOut, Sink


class Socket(Sink, Protocol):
    """A connection in a room."""

    member_id: str
    name: str
    role: str
    since_ms: int
    version: int

    def dismiss(self, code: str) -> None:
        """Send the error ``code`` (one of protocol.ERRORS) and close the connection soon."""

    def flush(self) -> None:
        """Write the pending frames."""


class Audience:
    """A room's sockets here; the frames of a loop turn reach each of them in one write."""

    __slots__ = ("_burst", "_fan_out", "by_member", "sockets")

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.by_member: dict[str, set[Socket]] = {}
        self._fan_out = FanOut()
        self._burst: list[bytes] = []

    def add(self, socket: Socket) -> None:
        """Send a socket what is pushed from now on. Raises OSError where descriptors have run out."""
        self.flush()
        self.sockets.add(socket)
        self.by_member.setdefault(socket.member_id, set()).add(socket)
        self._fan_out.add(socket)

    def silence(self, socket: Socket) -> None:
        """Write no more to a socket that is about to be closed; its member stays connected."""
        self._fan_out.discard(socket)

    def remove(self, socket: Socket) -> bool:
        """Take a socket out; returns whether it was the member's last one here."""
        self.silence(socket)
        self.sockets.discard(socket)
        own = self.by_member.get(socket.member_id)
        if own is None or socket not in own:
            return False
        own.discard(socket)
        if own:
            return False
        del self.by_member[socket.member_id]
        return True

    def dismiss(self, member_id: str, code: str) -> None:
        """Close a member's sockets here with the error ``code``."""
        for socket in tuple(self.by_member.get(member_id, ())):
            socket.dismiss(code)

    def write_apart(self, socket: Socket) -> None:
        """Write to a socket through its transport, because it has frames of its own or its transport unsent bytes."""
        self._fan_out.write_apart(socket)

    def push(self, frame: bytes) -> None:
        """Add a frame to the next ``flush``."""
        if self.sockets:
            self._burst.append(frame)

    def flush(self) -> int:
        """Write the frames that were pushed; returns the number of deliveries (frames times sockets)."""
        burst = self._burst
        if not burst:
            return 0
        self._burst = []
        deliveries = len(burst) * len(self._fan_out)
        metrics.deliveries += deliveries
        self._fan_out.send(burst[0] if len(burst) == 1 else b"".join(burst))
        return deliveries
