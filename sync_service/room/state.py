"""What a room is at one moment: immutable, so that a decision can be tried and thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, Final

from sync_service.room.playback import Playback
from sync_service.room.value import value

# As many as a room may have members: in slow mode nobody's last message is further back than everybody else's one.
MESSAGES_KEPT: Final = 200
MESSAGES_SHOWN: Final = 50  # what a newcomer reads of the chat


@value(frozen=True, slots=True)
class Member:
    """Someone in the room, once, however many tabs they have; the visit lasts from their joining to their leaving.

    ``muted_until_ms`` repeats what Rights say. ``holds`` are the moments (ms) at which the room was held for them on
    their own account, ``waits`` whether it should be at all.
    """

    id: str
    name: str
    role: str
    ready: bool
    rtt_ms: int
    joined_ms: int
    visit_id: str
    buffering: bool = False
    muted_until_ms: int | None = None
    waits: bool = True
    holds: tuple[int, ...] = ()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Member:
        """Give the member of their JSON."""
        return cls(**{**raw, "holds": tuple(raw["holds"])})


class Members(dict[str, Member]):
    """Those in the room by id, never changed: what follows from all of them is worked out once."""

    @cached_property
    def highest_rtt_ms(self) -> int:
        """The round trip of the farthest member, as a bucket; 0 in an empty room."""
        return max((member.rtt_ms for member in self.values()), default=0)


@value(frozen=True, slots=True)
class Message:
    """A chat message; ``position_ms`` is where the film stood when it was sent. A deleted one has no text left."""

    id: str
    author: Mapping[str, str]
    text: str
    position_ms: int
    sent_ms: int
    reply_to: str | None = None
    deleted: bool = False


@value(frozen=True, slots=True)
class Settings:
    """What those with the right may change while the room lives; ``hold_max_s`` bounds one hold."""

    control: str = "everyone"
    capacity: int = 50
    locked: bool = False
    slow_mode_s: int = 0
    hold: bool = True
    hold_max_s: int = 10


@value(frozen=True, slots=True)
class Rights:
    """Who may do what, and what has been decided about single people, here or not.

    ``roles``: who is neither the owner nor what their ticket says; ``muted``: until when (ms); ``kicked``: at what
    moment (ms), which voids every session that began before it; ``bans``: at which version of the room, negative where
    a ban was lifted. ``host`` may act for the owner, who has been gone for a while. Sessions that began before
    ``since_ms`` are void; whose began before ``locked_ms`` is not new in a locked room.
    """

    owner: str
    settings: Settings
    roles: Mapping[str, str] = field(default_factory=dict)
    muted: Mapping[str, int] = field(default_factory=dict)
    kicked: Mapping[str, int] = field(default_factory=dict)
    bans: Mapping[str, int] = field(default_factory=dict)
    host: str | None = None
    since_ms: int = 0
    locked_ms: int = 0

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Rights:
        """Give the rights of their JSON."""
        return cls(**{**raw, "settings": Settings(**raw["settings"])})


@value(frozen=True, slots=True)
class Meta:
    """What the room is; ``starts_at`` in ms or None, ``film`` {id, title, duration_ms}.

    ``version`` is the API's when the room opened here, ``versions`` those at which it changed single fields later.
    """

    id: str
    code: str
    version: int
    film: Mapping[str, Any]
    access: str
    starts_at: int | None
    versions: Mapping[str, int] = field(default_factory=dict)


@value(frozen=True, slots=True)
class Gone:
    """``last_seen_ms`` is the latest disconnect among those who have left, ``owner_ms`` the owner's.

    ``holds`` are those of members who have left since: to come back is no new budget.
    """

    last_seen_ms: int = 0
    owner_ms: int = 0
    holds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Gone:
        """Give it of its JSON."""
        return cls(**{**raw, "holds": {id_: tuple(moments) for id_, moments in raw["holds"].items()}})


@value(frozen=True, slots=True)
class State:
    """A room at one moment."""

    meta: Meta
    rights: Rights
    playback: Playback
    members: Members = field(default_factory=Members)
    messages: tuple[Message, ...] = ()
    gone: Gone = Gone()
    closed: str | None = None

    @property
    def duration_ms(self) -> int:
        duration_ms: int = self.meta.film["duration_ms"]
        return duration_ms
