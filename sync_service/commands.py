"""Orders: what members and the room itself ask for. ``room.decide`` says what comes of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order; ``by`` is the member who gave it, None for the room itself, ``id`` what they called it."""

    by: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Seek(Command):
    position_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRate(Command):
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Command):
    message_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Command):
    """What a member's player says of itself; None where it says nothing."""

    ready: bool | None = None
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Command):
    name: str
    role: str
    visit_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """``by`` leaves: ``left`` of their own will, or ``lost``; ``gone_ms`` is when their last connection ended."""

    reason: str
    gone_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoStart(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    reason: str
