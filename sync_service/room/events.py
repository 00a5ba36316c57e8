"""What comes of a command: events, with the fields that the log keeps and members receive, or a refusal.

Each ``type`` is spelled here and in the event's message (protocol/event_messages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sync_service.room.playback import Playback
from sync_service.room.state import Member, Message, Settings
from sync_service.room.value import value


@value(frozen=True, slots=True)
class Event:
    """``by`` is the member who brought it about, None for the room itself; ``command`` is the id of their command."""

    type: str
    time_ms: int
    by: str | None
    command: str | None


PlaybackChange = Literal["played", "paused", "sought", "rate_changed", "hold_started", "hold_ended", "length_changed"]


@value(frozen=True, slots=True)
class PlaybackChanged(Event):
    """What happened to the film; ``hold_started`` comes again when the members waited for change."""

    type: PlaybackChange
    playback: Playback


@value(frozen=True, slots=True, kw_only=True)
class Rebased(Event):
    """The store's clock was set by ``shift_ms``; ``playback`` is the same film on the new clock."""

    type: str = "rebased"
    playback: Playback
    shift_ms: int


@value(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    type: str = "member_joined"
    member: Member


@value(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    """A member's players report something new, or one of them is gone; roles and mutes change by other events."""

    type: str = "member_changed"
    member: Member


@value(frozen=True, slots=True, kw_only=True)
class MemberLeft(Event):
    """``reason`` is one of protocol.values.LEAVING; ``left_ms`` is when the last connection ended."""

    type: str = "member_left"
    member_id: str
    name: str
    reason: str
    visit_id: str
    joined_ms: int
    left_ms: int


@value(frozen=True, slots=True, kw_only=True)
class SteppedAside(Event):
    """A member follows the film no longer, for this ``reason``; ``position_ms`` is where the film is."""

    type: str = "stepped_aside"
    member_id: str
    reason: str
    position_ms: int


@value(frozen=True, slots=True, kw_only=True)
class CameBack(Event):
    """A member follows the film again; ``position_ms`` is where it is."""

    type: str = "came_back"
    member_id: str
    position_ms: int


@value(frozen=True, slots=True, kw_only=True)
class RoleSet(Event):
    type: str = "role_set"
    member_id: str
    role: str


@value(frozen=True, slots=True, kw_only=True)
class Muted(Event):
    """``until_ms`` None: unmuted."""

    type: str = "muted"
    member_id: str
    until_ms: int | None


@value(frozen=True, slots=True, kw_only=True)
class BanChanged(Event):
    """``version`` is the room's at which the API decided it; ``revoked`` took their invitation back."""

    type: Literal["banned", "unbanned", "revoked"]
    member_id: str
    version: int


@value(frozen=True, slots=True, kw_only=True)
class HostChanged(Event):
    """``host`` acts for an owner who has been gone for a while; None when the owner is back."""

    type: str = "host_changed"
    host: str | None


@value(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """The settings after the change, all of them; ``versions`` are the API's, of the fields that it has changed.

    ``film`` and ``owner`` are None where they stay. The owner before becomes a moderator.
    """

    type: str = "settings_changed"
    settings: Settings
    access: str
    starts_at: int | None
    versions: Mapping[str, int]
    title: str | None = None
    film: Mapping[str, Any] | None = None
    owner: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class FilmChanged(Event):
    """The room has another ``film``, which has not begun; nobody's player has it yet."""

    type: str = "film_changed"
    film: Mapping[str, Any]
    previous_film_id: str
    playback: Playback


@value(frozen=True, slots=True, kw_only=True)
class Said(Event):
    type: str = "said"
    message: Message


@value(frozen=True, slots=True, kw_only=True)
class MessageDeleted(Event):
    type: str = "message_deleted"
    message_id: str


@value(frozen=True, slots=True, kw_only=True)
class MessageEdited(Event):
    type: str = "message_edited"
    message_id: str
    text: str


@value(frozen=True, slots=True, kw_only=True)
class MessageReacted(Event):
    """``on`` says whether ``by`` reacts, or does no longer."""

    type: str = "message_reacted"
    message_id: str
    emoji: str
    on: bool


@value(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    type: str = "closed"
    reason: str


@value(frozen=True, slots=True)
class Refusal:
    """Why a command has no effect; ``code`` is one of protocol.codes.ERRORS, ``retry_after_ms`` where waiting helps.

    ``message`` says what the code's own sentence does not: which field, which role.
    """

    code: str
    message: str = ""
    retry_after_ms: int | None = None


Events = tuple[Event, ...]
Outcome = Events | Refusal
