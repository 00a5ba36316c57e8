"""What comes of a command: events, in the form in which the log keeps them and members read them, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping

from sync_service.room.playback import Playback
from sync_service.room.state import Member, Message, Settings
from sync_service.room.value import value


@value(frozen=True, slots=True)
class Event:
    """A fact. ``by`` is the member who brought it about, None for the room itself."""

    type: str
    time_ms: int
    by: str | None
    command: str | None


@value(frozen=True, slots=True)
class PlaybackChanged(Event):
    """``type`` is played, paused, sought, rate_changed, hold_started or hold_ended."""

    playback: Playback


@value(frozen=True, slots=True, kw_only=True)
class Rebased(Event):
    """The store's clock was set by ``shift_ms``: the film is where it was, told on the new clock."""

    type: str = "rebased"
    playback: Playback
    shift_ms: int


@value(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    type: str = "member_joined"
    member: Member


@value(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    """What a member's own player says of itself; their role and whether they may speak change by other events."""

    type: str = "member_changed"
    member: Member


@value(frozen=True, slots=True, kw_only=True)
class MemberLeft(Event):
    """``reason`` is left, lost, kicked, banned or closed; ``left_ms`` is when they were last connected."""

    type: str = "member_left"
    member_id: str
    name: str
    reason: str
    visit_id: str
    joined_ms: int
    left_ms: int


@value(frozen=True, slots=True, kw_only=True)
class RoleSet(Event):
    type: str = "role_set"
    member_id: str
    role: str


@value(frozen=True, slots=True, kw_only=True)
class Muted(Event):
    """``until_ms`` None means that they may speak again."""

    type: str = "muted"
    member_id: str
    until_ms: int | None


@value(frozen=True, slots=True, kw_only=True)
class BanChanged(Event):
    """``type`` is banned or unbanned; ``version`` is the room's at which the API decided it."""

    member_id: str
    version: int


@value(frozen=True, slots=True, kw_only=True)
class HostChanged(Event):
    """``host`` acts for the owner, who has been gone for a while; None when the owner is back."""

    type: str = "host_changed"
    host: str | None


@value(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """Always whole. ``versions`` are the API's, of the fields that it has changed."""

    type: str = "settings_changed"
    settings: Settings
    access: str
    starts_at: int | None
    versions: Mapping[str, int]


@value(frozen=True, slots=True, kw_only=True)
class Said(Event):
    type: str = "said"
    message: Message


@value(frozen=True, slots=True, kw_only=True)
class MessageDeleted(Event):
    type: str = "message_deleted"
    message_id: str


@value(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    type: str = "closed"
    reason: str


@value(frozen=True, slots=True)
class Refusal:
    """Why a command has no effect; ``code`` is one of messages.ERRORS; ``retry_after_ms`` where waiting helps."""

    code: str
    message: str
    retry_after_ms: int | None = None


Events = tuple[Event, ...]
Outcome = Events | Refusal
