"""What a player says of itself, and what it comes to for a person who has several: tabs, devices, nodes.

The values of a person are derived from those of their players and end with them. Deriving goes in two steps, which
give the same as one would: a node puts together what its own connections say (live/players.py) and has that committed;
the member keeps it by node and is shown what all of these come to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sync_service.room.value import value

# Reported round trips are kept by bucket, so that a wobbling network does not fill the log with member changes. The
# first bucket is half of LEAD_MIN_MS, the last half of LEAD_MAX_MS.
RTT_BUCKETS_MS: Final = (75, 150, 300, 500)
# A round trip falls into a lower bucket only with this much room to its bound.
RTT_ROOM: Final = 1.3
# Lengths of a film that are this close are the same: players and containers round differently.
SAME_LENGTH_MS: Final = 250


@value(frozen=True, slots=True)
class Player:
    """One player, or several of one person together; with the defaults, one that has said nothing.

    ``buffering`` is that of a player that had been ready before. ``rtt_ms`` is a bucket, ``duration_ms`` the length of
    the film that it plays. A ``second_screen`` has no player: it is never ready, and nobody waits for it.
    ``visible`` says whether its page is to be seen.
    """

    ready: bool = False
    buffering: bool = False
    waits: bool = True
    rtt_ms: int = RTT_BUCKETS_MS[0]
    duration_ms: int | None = None
    second_screen: bool = False
    visible: bool = True

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Player:
        """Return the player that this JSON object describes."""
        return cls(**raw)

    @property
    def is_dry(self) -> bool:
        """Whether it has run dry and wants to be waited for."""
        return self.buffering and self.waits


SILENT: Final = Player()


def together(players: Iterable[Player]) -> Player:
    """Return what the players of one person come to.

    Somebody is ready with any of their players, and dry as long as any of those is that wants to be waited for. Where
    their players tell lengths that differ, they tell none. They see the room as long as any page of theirs is visible.
    """
    every = tuple(players)
    own = [player for player in every if not player.second_screen]
    visible = not every or any(player.visible for player in every)
    if not own:
        return Player(second_screen=bool(every), visible=visible)
    waits = any(player.waits for player in own)
    told = [player.duration_ms for player in own if player.duration_ms is not None and player.ready]
    return Player(
        ready=any(player.ready for player in own),
        buffering=any(player.buffering for player in own if player.waits or not waits),
        waits=waits,
        rtt_ms=max(player.rtt_ms for player in own),
        duration_ms=min(told) if told and max(told) - min(told) <= SAME_LENGTH_MS else None,
        visible=visible,
    )


def rtt_bucket_ms(rtt_ms: float, before_ms: int = 0) -> int:
    """Return the smallest bucket that is at least this round trip; the last one for any longer.

    From ``before_ms`` it falls only where the round trip leaves some room below the lower bucket's bound.
    """
    bucket = _bucket_ms(rtt_ms)
    return bucket if bucket >= before_ms else min(_bucket_ms(rtt_ms * RTT_ROOM), before_ms)


def _bucket_ms(rtt_ms: float) -> int:
    return next((bucket for bucket in RTT_BUCKETS_MS if rtt_ms <= bucket), RTT_BUCKETS_MS[-1])
