"""Token buckets: how much one connection, one member and one room may ask of a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """``burst`` at once, then ``per_s`` each second. Each equals itself alone: they are looked up for each message."""

    burst: float
    per_s: float


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
# A member's buckets are kept this long after their last use: a reconnect does not fill them.
KEPT_S: Final = 60.0
FORGET_FROM: Final = 256  # members
# One who keeps sending after so many refusals in a row is not a person.
REFUSALS_MOST: Final = 100


class TokenBucket:
    """A bucket that starts full; time is an argument, in seconds."""

    __slots__ = ("_at_s", "_rate", "_tokens")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at_s = now_s

    def take(self, now_s: float) -> int:
        """Take one token and give 0, or give in how many ms there will be one."""
        rate = self._rate
        tokens = self._tokens + (now_s - self._at_s) * rate.per_s
        self._at_s = now_s
        if tokens > rate.burst:  # min() is a call, and there are three buckets to a message
            tokens = rate.burst
        if tokens >= 1:
            self._tokens = tokens - 1
            return 0
        self._tokens = tokens
        return int((1 - tokens) / rate.per_s * 1000) + 1

    def give_back(self) -> None:
        """Take the last token back: it was not used after all."""
        self._tokens = min(self._tokens + 1, self._rate.burst)

    @property
    def used_s(self) -> float:
        """When a token was last asked for."""
        return self._at_s


class RoomLimits:
    """What the members of a room on this node may ask, each for themselves and all together."""

    def __init__(self) -> None:
        self._members: dict[tuple[str, Rate], TokenBucket] = {}
        self._room: dict[Rate, TokenBucket] = {}

    def take(self, member: str, rate: Rate, now_s: float) -> int:
        """Take one token of the member's and one of the room's and give 0, or give in how many ms to try again.

        ``rate`` is COMMANDS, CHAT or SIGNALS.
        """
        own = self._members.get((member, rate)) or self._new_bucket(member, rate, now_s)
        wait_ms = own.take(now_s)
        if wait_ms:
            return wait_ms
        of_all = _OF_ALL[rate]
        room = self._room.get(of_all)
        if room is None:
            room = self._room[of_all] = TokenBucket(of_all, now_s)
        wait_ms = room.take(now_s)
        if wait_ms:
            own.give_back()  # it is not theirs to pay for
        return wait_ms

    def _new_bucket(self, member: str, rate: Rate, now_s: float) -> TokenBucket:
        if len(self._members) >= FORGET_FROM:
            kept = {key: bucket for key, bucket in self._members.items() if now_s - bucket.used_s < KEPT_S}
            self._members = kept
        bucket = self._members[(member, rate)] = TokenBucket(rate, now_s)
        return bucket


_OF_ALL: Final = {COMMANDS: ROOM_COMMANDS, CHAT: ROOM_CHAT, SIGNALS: ROOM_SIGNALS}
