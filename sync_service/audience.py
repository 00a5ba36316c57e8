"""The members of one room who are connected to this node, and what is to be written to all of them."""

from __future__ import annotations

from typing import Protocol

from sync_service import metrics


class Socket(Protocol):
    """One connection, as the fan-out sees it."""

    member_id: str
    name: str
    role: str
    since_ms: int

    def dismiss(self, code: str) -> None:
        """Tell why the member may not stay (one of protocol.ERRORS), and end the connection soon."""

    def write(self, data: bytes) -> None:
        """Hand whole frames to the transport, and what was kept for it behind them; never raises, never waits."""

    def keep(self, frame: bytes) -> None:
        """Keep a frame of this socket's own for the next write, so that it comes after the room's events."""

    def flush(self) -> None:
        """Write what is still kept."""


class Audience:
    """A room's sockets here; what one loop turn produces reaches each of them in one write."""

    __slots__ = ("_burst", "by_member", "sockets")

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.by_member: dict[str, set[Socket]] = {}
        self._burst: list[bytes] = []

    def add(self, socket: Socket) -> None:
        """Let a socket hear what happens from now on."""
        self.flush()
        self.sockets.add(socket)
        self.by_member.setdefault(socket.member_id, set()).add(socket)

    def remove(self, socket: Socket) -> bool:
        """Take a socket out; tells whether it was the member's last one here."""
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
        """Send a member away from here, and tell why."""
        for socket in tuple(self.by_member.get(member_id, ())):
            socket.dismiss(code)

    def push(self, frame: bytes) -> None:
        """Have a frame written to everyone when the turn ends."""
        if self.sockets:
            self._burst.append(frame)

    def flush(self) -> int:
        """Write what was pushed; gives how many deliveries that were."""
        burst = self._burst
        if not burst:
            return 0
        data = burst[0] if len(burst) == 1 else b"".join(burst)
        deliveries = len(burst) * len(self.sockets)
        metrics.deliveries += deliveries
        self._burst = []
        # A copy, for a write may find its socket dead and take it out.
        for socket in tuple(self.sockets):
            socket.write(data)
        return deliveries
