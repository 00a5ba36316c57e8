"""Token buckets: the rates of one connection, one member and one room on a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """``burst`` at once, then ``per_s`` each second. Compared by identity: it is a dict key on the hot path.

    ``token_s`` is the time for one token, ``burst_s`` the time in which an empty bucket fills.
    """

    burst: float
    per_s: float
    token_s: float = field(init=False)
    burst_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token_s", 1 / self.per_s)
        # Sums of token_s are off by some 1e-11 s, which must not cost the last token.
        object.__setattr__(self, "burst_s", self.burst / self.per_s + 1e-6)


# Of a connection: all its frames of any kind, counted before they are read (sockets/frame_guard.py); who sends more is
# closed at once. More than all that is refused one by one below.
ALL_FRAMES: Final = Rate(500, 100)
# Of a connection: all its messages, and its pings; a page that loads sends eight.
FRAMES: Final = Rate(100, 30)
PINGS: Final = Rate(30, 5)
# Of a member over all connections: a person clicks a few times a second and types a line in a second or two.
COMMANDS: Final = Rate(30, 10)
CHAT: Final = Rate(10, 2)
SIGNALS: Final = Rate(12, 3)
# Of all members of a room on a node together, so that a noisy room does not take the node from the others.
ROOM_COMMANDS: Final = Rate(600, 200)
ROOM_CHAT: Final = Rate(400, 100)
ROOM_SIGNALS: Final = Rate(200, 60)
FORGET_FROM: Final = 256  # members; above it full buckets are dropped, which changes nobody's rate
# Of one person on a node, over all rooms: tabs and devices, and what hangs for some seconds after a change of network.
SOCKETS_OF_A_PERSON: Final = 40
# A client that keeps sending after so many refusals in a row is closed (too_fast).
REFUSALS_MOST: Final = 100


class TokenBucket:
    """A bucket that starts full; time is an argument, in seconds.

    Its whole state is when it will be full again (the generic cell rate algorithm, ITU-T I.371): nothing is cheaper
    with three buckets to a message, and a full one needs no state.
    """

    __slots__ = ("_full_s", "_rate")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._full_s = now_s

    def take(self, now_s: float) -> int:
        """Take one token and return 0, or return the ms until there is one."""
        rate = self._rate
        full_s = self._full_s
        full_s = (full_s if full_s > now_s else now_s) + rate.token_s
        if full_s - now_s > rate.burst_s:
            return _wait_ms(full_s - now_s, rate)
        self._full_s = full_s
        return 0


class RoomLimits:
    """The buckets of a room's members on this node, and of all of them together."""

    def __init__(self) -> None:
        # When each bucket will be full again; a full one may be missing.
        self._members: dict[Rate, dict[str, float]] = {rate: {} for rate in _OF_ALL}
        self._room: dict[Rate, float] = dict.fromkeys(_OF_ALL, 0.0)

    def take(self, member: str, rate: Rate, now_s: float) -> int:
        """Take one token of the member's and one of the room's and return 0, or return the ms until there are both.

        ``rate`` is COMMANDS, CHAT or SIGNALS.
        """
        members = self._members[rate]
        own_s = members.get(member, 0.0)
        own_s = (own_s if own_s > now_s else now_s) + rate.token_s
        if own_s - now_s > rate.burst_s:
            return _wait_ms(own_s - now_s, rate)
        of_all = _OF_ALL[rate]
        room_s = self._room[rate]
        room_s = (room_s if room_s > now_s else now_s) + of_all.token_s
        if room_s - now_s > of_all.burst_s:
            return _wait_ms(room_s - now_s, of_all)
        self._room[rate] = room_s
        members[member] = own_s
        if len(members) > FORGET_FROM:
            self._members[rate] = {one: full_s for one, full_s in members.items() if full_s > now_s}
        return 0


def _wait_ms(full_in_s: float, rate: Rate) -> int:
    return int((full_in_s - rate.burst_s) * 1000) + 1


_OF_ALL: Final = {COMMANDS: ROOM_COMMANDS, CHAT: ROOM_CHAT, SIGNALS: ROOM_SIGNALS}
