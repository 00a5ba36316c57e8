"""What is committed at once: events, guarded by what their decisions have read, and who comes and goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sync_service.room.commands import Close
from sync_service.room.permissions import always_enters
from sync_service.room.state import State
from sync_service.room.value import value
from sync_service.store.changes import EncodedEvent


@value(frozen=True, slots=True)
class Arrive:
    """A member's connection comes to this node.

    ``jti`` is the ticket's id, spent with the step; ``token`` is (session, generation) of the resume token, which makes
    the older tokens of the session invalid. ``sid`` is the session of the API behind both: one that was ended lets
    nobody in.
    """

    member: str
    jti: str | None = None
    token: tuple[str, int] | None = None
    sid: str = ""


@value(frozen=True, slots=True)
class Depart:
    """A member has no connection to ``node`` any more; ``*`` means to no node at all."""

    member: str
    node: str


Op = Arrive | Depart | None
# How a member arrives, in the words of commit.lua: "old" is in the room already, "new" takes a seat of its capacity,
# "extra" comes in however full it is.
Seat = Literal["old", "new", "extra"]


def seat_of(member: str, before: State, after: State) -> Seat:
    """Return how a member arrives whose ``Join`` leads from one state of the replica to the other."""
    if member in before.members:
        return "old"
    return "extra" if always_enters(after.members[member].role) else "new"


# The hash of each of SECTIONS that a decision has read, "" for one that it has not.
Guards = tuple[str, str, str, str]


def guards_of(hashes: Mapping[str, str], reads: frozenset[str]) -> Guards:
    """Return the guards of a decision that has read the sections ``reads``, whose hashes these are."""
    return (
        hashes["playback"] if "playback" in reads else "",
        hashes["rights"] if "rights" in reads else "",
        hashes["meta"] if "meta" in reads else "",
        hashes["members"] if "members" in reads else "",
    )


@value(frozen=True, slots=True)
class Step:
    """What is committed at once, guarded by the sections that its decisions have read."""

    epoch: int
    guards: Guards
    deadline_ms: int
    op: Depart | None
    command_keys: Sequence[str]
    events: Sequence[EncodedEvent]
    closes: Close | None
    arrivals: Sequence[tuple[Arrive, Seat]] = ()  # of different members
