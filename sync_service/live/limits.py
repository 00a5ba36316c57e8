"""Token buckets: how much one connection, one member and one room may ask of a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """``burst`` at once, then ``per_s`` each second. Each equals itself alone: they are looked up for each message.

    ``token_s`` is what one token takes to come, ``burst_s`` what an empty bucket takes to be full.
    """

    burst: float
    per_s: float
    token_s: float = field(init=False)
    burst_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token_s", 1 / self.per_s)
        # Sums of the former are off by some 1e-11 s, which must not cost the last token.
        object.__setattr__(self, "burst_s", self.burst / self.per_s + 1e-6)


# Of a connection: whatever it sends, and its pings; a page that loads pings eight times.
FRAMES: Final = Rate(100, 30)
PINGS: Final = Rate(30, 5)
# Of a member, however many tabs they have: a person clicks a few times a second and types a line in a second or two.
COMMANDS: Final = Rate(30, 10)
CHAT: Final = Rate(10, 2)
SIGNALS: Final = Rate(12, 3)
# Of a room on a node: what its members may ask together, so that a noisy room leaves the node to the others.
ROOM_COMMANDS: Final = Rate(600, 200)
ROOM_CHAT: Final = Rate(400, 100)
ROOM_SIGNALS: Final = Rate(200, 60)
FORGET_FROM: Final = 256  # members: above it those whose bucket is full are forgotten, which fills nobody's
# One who keeps sending after so many refusals in a row is not a person.
REFUSALS_MOST: Final = 100


class TokenBucket:
    """A bucket that starts full; time is an argument, in seconds.

    All that it keeps is when it will be full again (the generic cell rate algorithm, ITU-T I.371): with three buckets
    to a message there is nothing cheaper, and one that is full need not be kept at all.
    """

    __slots__ = ("_full_s", "_rate")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._full_s = now_s

    def take(self, now_s: float) -> int:
        """Take one token and give 0, or give in how many ms there will be one."""
        rate = self._rate
        full_s = self._full_s
        full_s = (full_s if full_s > now_s else now_s) + rate.token_s
        if full_s - now_s > rate.burst_s:
            return _wait_ms(full_s - now_s, rate)
        self._full_s = full_s
        return 0


class RoomLimits:
    """What the members of a room on this node may ask, each for themselves and all together."""

    def __init__(self) -> None:
        # When each bucket will be full again; those that are full are left out, or dropped some day.
        self._members: dict[Rate, dict[str, float]] = {rate: {} for rate in _OF_ALL}
        self._room: dict[Rate, float] = dict.fromkeys(_OF_ALL, 0.0)

    def take(self, member: str, rate: Rate, now_s: float) -> int:
        """Take one token of the member's and one of the room's and give 0, or give in how many ms to try again.

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
