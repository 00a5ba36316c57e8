"""What a room is at one moment: immutable, so that a decision can be tried and thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sync_service.playback import Playback

MESSAGES_KEPT: Final = 50  # what a newcomer reads of the chat


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in the room, once, however many tabs they have; the visit lasts from their joining to their leaving."""

    id: str
    name: str
    role: str
    ready: bool
    rtt_ms: int
    joined_ms: int
    visit_id: str


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message; ``position_ms`` is where the film stood when it was sent."""

    id: str
    author: Mapping[str, str]
    text: str
    position_ms: int
    sent_ms: int


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may do what: ``roles`` holds those who are neither the owner nor plain viewers."""

    owner: str
    control: str
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Meta:
    """What the room is; ``starts_at`` in ms or None, ``film`` {id, title, duration_ms}."""

    id: str
    code: str
    version: int
    film: Mapping[str, Any]
    access: str
    capacity: int
    starts_at: int | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """A room at one moment. ``last_seen_ms`` is the latest disconnect among those who have left."""

    meta: Meta
    rights: Rights
    playback: Playback
    members: Mapping[str, Member] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    last_seen_ms: int = 0
    closed: str | None = None

    @property
    def duration_ms(self) -> int:
        duration_ms: int = self.meta.film["duration_ms"]
        return duration_ms
