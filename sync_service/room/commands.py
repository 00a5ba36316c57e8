"""Commands: what members, the API and the room itself ask for. ``decide.RULES`` has the rule of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync_service.room.player import Player
from sync_service.room.state import Message
from sync_service.room.value import value


@value(frozen=True, slots=True, kw_only=True)
class Command:
    """``by`` is the member who gives the command, None for the room itself; ``id`` is the member's name for it."""

    by: str | None = None
    id: str | None = None


# --- the film ---


@value(frozen=True, slots=True, kw_only=True)
class Play(Command):
    pass


@value(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    """``position_ms`` is where the player of whoever pauses stands, None where they do not say."""

    position_ms: float | None = None


@value(frozen=True, slots=True, kw_only=True)
class Seek(Command):
    position_ms: float


@value(frozen=True, slots=True, kw_only=True)
class SetRate(Command):
    rate: float


@value(frozen=True, slots=True, kw_only=True)
class Report(Command):
    """What a member's players on one node say of themselves, all together; None where there is none any more."""

    node: str
    says: Player | None


@value(frozen=True, slots=True, kw_only=True)
class Due(Command):
    """Do what the room does by itself at ``deadlines.next_due_ms``."""


@value(frozen=True, slots=True, kw_only=True)
class Rebase(Command):
    """Move the room to the store's clock, which was set by ``shift_ms`` in this ``era`` of the playback."""

    shift_ms: int
    era: int


@value(frozen=True, slots=True, kw_only=True)
class StepAside(Command):
    """Leave the shared timeline without moving anybody; ``reason`` is one of ``state.ASIDE``."""

    reason: str


@value(frozen=True, slots=True, kw_only=True)
class ComeBack(Command):
    """Follow the shared timeline again."""


# --- people ---


@value(frozen=True, slots=True, kw_only=True)
class Join(Command):
    """``since_ms`` is when the session began: now for a ticket; for a resume token, when its ticket was used.

    ``version`` is the room's in that ticket: the API let the member in at it.
    ``issued_ms`` is when the ticket was issued: one that is older than a kick is void with the sessions before it.
    ``look`` is that of the name (protocol/lookalikes.py). A ``guest`` has no account.
    """

    name: str
    role: str
    visit_id: str
    since_ms: int
    version: int = 0
    issued_ms: int | None = None
    look: str = ""
    guest: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """``reason`` is ``left`` (of one's own will) or ``lost``; ``gone_ms`` is when the last connection ended."""

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
    """Mute for ``seconds``; 0 unmutes."""

    member_id: str
    seconds: int


@value(frozen=True, slots=True, kw_only=True)
class Ban(Command):
    """The API bans a person, or lifts the ban, at this ``version`` of the room."""

    member_id: str
    version: int
    banned: bool


@value(frozen=True, slots=True, kw_only=True)
class Revoke(Command):
    """The API took a person's invitation back at this ``version`` of the room: older tickets and sessions are void.

    ``reason`` is why they leave, if they are here.
    """

    member_id: str
    version: int
    reason: str = "revoked"


# --- the chat ---


@value(frozen=True, slots=True, kw_only=True)
class Say(Command):
    message_id: str
    text: str
    reply_to: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class DeleteMessage(Command):
    """``message`` is the message as it stands in the chat."""

    message: Message


@value(frozen=True, slots=True, kw_only=True)
class EditMessage(Command):
    """``message`` is the message as it stands in the chat, ``text`` what its author wants it to be."""

    message: Message
    text: str


@value(frozen=True, slots=True, kw_only=True)
class ReactToMessage(Command):
    """``message`` is the message as it stands in the chat; ``on`` whether the reaction is put there or taken back."""

    message: Message
    emoji: str
    on: bool = True


# --- the room ---


@value(frozen=True, slots=True, kw_only=True)
class ChangeSettings(Command):
    """``changes`` are some fields of ``state.Settings``."""

    changes: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class ChangeRoom(Command):
    """The API changed access, control, capacity, starts_at, title, film, owner or settings at this ``version``."""

    version: int
    changes: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """The API closed the room, at this ``version`` of it."""

    reason: str
    version: int = 0
