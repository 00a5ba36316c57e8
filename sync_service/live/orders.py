"""What travels through a live room: orders on their way in, their answers, and bells of what was committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync_service.room.commands import Command
from sync_service.room.events import Refusal
from sync_service.room.value import value
from sync_service.store.room_store import Op


@value(frozen=True, slots=True)
class Done:
    """A command was applied; ``seq`` is its last event's."""

    seq: int


OnDone = Callable[[Done | Refusal], None]


@dataclass(slots=True)
class Order:
    """A command on its way: what to tell whom, and what the store must do with presence in the same step."""

    command: Command
    on_done: OnDone
    op: Op = None
    attempts: int = 0

    @property
    def key(self) -> str | None:
        """By what the store remembers the command, so that it is applied once; None for the room's own."""
        return None if self.command.id is None else f"{self.command.by}:{self.command.id}"


@value(frozen=True, slots=True)
class Bell:
    """A step that some node has committed, as published."""

    node: str
    epoch: int
    first_seq: int
    prev_hash: str
    lines: Sequence[bytes]

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.lines) - 1
