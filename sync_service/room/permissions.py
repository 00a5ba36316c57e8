"""Who may do what: roles, who has the control of the film, and what each setting takes.

The lowest role of each command stands in its row of ``decide.RULES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sync_service.room.events import Refusal
from sync_service.room.state import Member, Rights, State

RANKS: Final = {"guest": 0, "viewer": 1, "moderator": 2, "owner": 3}
# The lowest role that has the control of the film, by the setting ``control``.
CONTROL: Final = {"everyone": "viewer", "moderators": "moderator", "owner": "owner"}
# The lowest role that always comes in, also where the room is locked or full: who keeps order must be able to.
ALWAYS_ENTERS: Final = "moderator"
# In the place of a role: whoever has the control of the film, and the host.
CONTROLLER: Final = "controller"
# What a setting takes; those of the moderators keep order, those of the owner decide whose room it is.
SETTING: Final[Mapping[str, str]] = {
    "control": "owner",
    "capacity": "owner",
    "early_start": "owner",
    "start": "owner",
    "start_when_ready": "owner",
    "guests": "owner",
    "hold": "moderator",
    "hold_max_s": "moderator",
    "locked": "moderator",
    "slow_mode_s": "moderator",
    "snap_on_pause": "moderator",
    "wait_ad_s": "moderator",
    "wait_away_s": "moderator",
    "wait_until_members": "moderator",
}


def role_of(rights: Rights, member_id: str, ticket_role: str) -> str:
    """Return a member's role: the live room's word if it has one, the ticket's role for a stranger to the room."""
    if member_id == rights.owner:
        return "owner"
    known = rights.roles.get(member_id)
    # Only one is the owner, whatever a ticket says.
    return known or ("viewer" if ticket_role == "owner" else ticket_role)


def rank_of(state: State, member_id: str) -> int:
    """Return the rank (RANKS) of a person, here or not; a person who is unknown to the room is a viewer."""
    member = state.members.get(member_id)
    return RANKS[role_of(state.rights, member_id, "viewer" if member is None else member.role)]


def always_enters(role: str) -> bool:
    """Return whether one of this role comes into a room that is locked or full."""
    return RANKS[role] >= RANKS[ALWAYS_ENTERS]


def lowest_role(rights: Rights, lowest: str) -> str:
    """Return the role that ``Rule.lowest`` means in this room."""
    return CONTROL[rights.settings.control] if lowest == CONTROLLER else lowest


def forbidden(state: State, lowest: str, member: Member) -> Refusal | None:
    """Return the refusal of a command that takes ``lowest`` (see ``decide.Rule``), None where the member has it."""
    rights = state.rights
    wanted = lowest_role(rights, lowest)
    if RANKS[role_of(rights, member.id, member.role)] >= RANKS[wanted]:
        return None
    if lowest == CONTROLLER and member == host_of(state):
        return None
    return refused(wanted)


def host_of(state: State) -> Member | None:
    """Return the member who acts for the owner, None where nobody does: a host may have left or become a guest."""
    host = state.members.get(state.rights.host or "")
    return None if host is None or host.role == "guest" else host


def refused(role: str) -> Refusal:
    """Return the refusal of what takes this role."""
    return Refusal("forbidden", f"in this room this takes the role {role}")


def may_moderate(state: State, by: str, target: str) -> Refusal | None:
    """Return the refusal of an act on a person of one's own or a higher role, None for a moderator of a higher one."""
    if rank_of(state, by) < RANKS["moderator"]:
        return refused("moderator")
    if rank_of(state, by) <= rank_of(state, target):
        return Refusal("forbidden", "you may do this to those of a lower role than yours only")
    return None
