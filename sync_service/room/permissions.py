"""Who may do what: roles, and the lowest one that each command takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sync_service.room.commands import (
    ChangeSettings,
    Command,
    DeleteMessage,
    Kick,
    Mute,
    Pause,
    Play,
    Report,
    Say,
    Seek,
    SetRate,
    SetRole,
)
from sync_service.room.events import Refusal
from sync_service.room.state import Member, Rights, State

RANKS: Final = {"guest": 0, "viewer": 1, "moderator": 2, "owner": 3}
CONTROL: Final = {"everyone": "viewer", "moderators": "moderator", "owner": "owner"}
# What a setting takes; those of the moderators keep order, those of the owner decide whose room it is.
SETTING: Final[Mapping[str, str]] = {
    "control": "owner",
    "capacity": "owner",
    "hold": "moderator",
    "hold_max_s": "moderator",
    "locked": "moderator",
    "slow_mode_s": "moderator",
}
_PLAYER: Final = (Play, Pause, Seek, SetRate)
_LOWEST: Final[Mapping[type[Command], str]] = {
    Say: "guest",
    Report: "guest",
    DeleteMessage: "guest",  # one's own; other people's take what `may_moderate` says
    Kick: "moderator",
    Mute: "moderator",
    SetRole: "moderator",
    ChangeSettings: "moderator",
}


def role_of(rights: Rights, member_id: str, ticket_role: str) -> str:
    """Give a member's role: the live room's word if it has one; a ticket's role counts only for a stranger to it."""
    if member_id == rights.owner:
        return "owner"
    known = rights.roles.get(member_id)
    # Only one is the owner, whatever a ticket says.
    return known or ("viewer" if ticket_role == "owner" else ticket_role)


def rank_of(state: State, member_id: str) -> int:
    """Give how high somebody stands, here or not; one of whom nothing is known is a viewer."""
    member = state.members.get(member_id)
    return RANKS[role_of(state.rights, member_id, "viewer" if member is None else member.role)]


def lowest_role(rights: Rights, command: type[Command]) -> str:
    """Give the lowest role that may give this command: the permission table."""
    return CONTROL[rights.settings.control] if command in _PLAYER else _LOWEST[command]


def forbidden(state: State, command: Command, member: Member) -> Refusal | None:
    """Refuse a command that is not for this member; None where it is."""
    rights = state.rights
    wanted = lowest_role(rights, type(command))
    if RANKS[role_of(rights, member.id, member.role)] >= RANKS[wanted]:
        return None
    if isinstance(command, _PLAYER) and member == host_of(state):
        return None
    return refused(wanted)


def host_of(state: State) -> Member | None:
    """Give the member who acts for the owner; one who has left or was made a guest does not."""
    host = state.members.get(state.rights.host or "")
    return None if host is None or host.role == "guest" else host


def refused(role: str) -> Refusal:
    """Refuse what takes this role."""
    return Refusal("forbidden", f"in this room this takes the role {role}")


def may_moderate(state: State, by: str, target: str) -> Refusal | None:
    """Refuse to act on somebody who does not stand lower than oneself; None where one may."""
    if rank_of(state, by) < RANKS["moderator"]:
        return refused("moderator")
    if rank_of(state, by) <= rank_of(state, target):
        return Refusal("forbidden", "you may do this to those of a lower role than yours only")
    return None
