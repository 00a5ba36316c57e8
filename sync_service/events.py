"""Facts: what has happened in a room, in the form in which the log keeps them and members read them."""

from __future__ import annotations

from dataclasses import dataclass

from sync_service.playback import Playback
from sync_service.state import Member, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. ``by`` is the member who brought it about, None for the room itself."""

    type: str
    time_ms: int
    by: str | None
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackChanged(Event):
    """``type`` is played, paused, sought, rate_changed or rebased."""

    playback: Playback
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    type: str = "member_joined"
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    type: str = "member_changed"
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLeft(Event):
    """``reason`` is left, lost or closed; ``left_ms`` is when they were last connected."""

    type: str = "member_left"
    member_id: str
    name: str
    reason: str
    visit_id: str
    joined_ms: int
    left_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    type: str = "said"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    type: str = "closed"
    reason: str
