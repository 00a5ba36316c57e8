"""Orders: what members, the API and the room itself ask for. ``room.decide`` says what comes of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync_service.room.state import Message
from sync_service.room.value import value


@value(frozen=True, slots=True, kw_only=True)
class Command:
    """An order; ``by`` is the member who gave it, None for the room itself, ``id`` what they called it."""

    by: str | None = None
    id: str | None = None


# --- the film ---


@value(frozen=True, slots=True, kw_only=True)
class Play(Command):
    pass


@value(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    pass


@value(frozen=True, slots=True, kw_only=True)
class Seek(Command):
    position_ms: float


@value(frozen=True, slots=True, kw_only=True)
class SetRate(Command):
    rate: float


@value(frozen=True, slots=True, kw_only=True)
class Report(Command):
    """What a member's player says of itself; None where it says nothing.

    ``was_ready`` tells whether this connection's player had been ready before: only then may it hold the room.
    """

    ready: bool | None = None
    buffering: bool | None = None
    waits: bool | None = None
    rtt_ms: float | None = None
    was_ready: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Due(Command):
    """What the room does by itself when its moment has come (``deadlines.next_due_ms``)."""


@value(frozen=True, slots=True, kw_only=True)
class Rebase(Command):
    """The store's clock was set by ``shift_ms`` while the room's playback was of this ``era``."""

    shift_ms: int
    era: int


# --- people ---


@value(frozen=True, slots=True, kw_only=True)
class Join(Command):
    """``since_ms`` is when the session began: by a ticket now, by a resume token when its ticket was used."""

    name: str
    role: str
    visit_id: str
    since_ms: int


@value(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """``by`` leaves: ``left`` of their own will, or ``lost``; ``gone_ms`` is when their last connection ended."""

    reason: str
    gone_ms: int


@value(frozen=True, slots=True, kw_only=True)
class Kick(Command):
    member_id: str


@value(frozen=True, slots=True, kw_only=True)
class SetRole(Command):
    member_id: str
    role: str


@value(frozen=True, slots=True, kw_only=True)
class Mute(Command):
    """For so many ``seconds``; 0 ends it."""

    member_id: str
    seconds: int


@value(frozen=True, slots=True, kw_only=True)
class Ban(Command):
    """The API's word about a person at this ``version`` of the room."""

    member_id: str
    version: int
    banned: bool


# --- the chat ---


@value(frozen=True, slots=True, kw_only=True)
class Say(Command):
    message_id: str
    text: str
    reply_to: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class DeleteMessage(Command):
    """``message`` as it was found in the chat."""

    message: Message


# --- the room ---


@value(frozen=True, slots=True, kw_only=True)
class ChangeSettings(Command):
    """Some of ``state.Settings``."""

    changes: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class ChangeRoom(Command):
    """The API has changed control, capacity, access, starts_at or settings at this ``version``."""

    version: int
    changes: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class Close(Command):
    reason: str
