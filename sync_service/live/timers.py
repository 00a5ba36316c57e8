"""What a room does by itself at its moment, and what a store does to its rooms whose clock is set."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from sync_service.live.live_room import LiveRoom
from sync_service.live.orders import Done, Order
from sync_service.room.commands import Due, Rebase
from sync_service.room.deadlines import next_due_ms
from sync_service.room.events import Refusal

RETRY_S: Final = 0.5


class Timekeeper:
    """The node's: one timer a room that has something to do, none for the others."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def watch(self, room: LiveRoom) -> None:
        """Look again when the room has something to do by itself."""
        due_ms = next_due_ms(room.state)
        if due_ms is not None and (room.watched_ms is None or due_ms < room.watched_ms):
            room.watched_ms = due_ms
            self._loop.call_later(max(due_ms - room.now_ms(), 0) / 1000, self._look, room, due_ms)

    def _look(self, room: LiveRoom, watched_ms: int) -> None:
        if room.watched_ms != watched_ms:
            return  # an earlier moment is watched meanwhile, and will look for the next one
        room.watched_ms = None
        due_ms = next_due_ms(room.state)
        if due_ms is None or due_ms > room.now_ms():
            self.watch(room)
            return

        def done(outcome: Done | Refusal) -> None:
            if isinstance(outcome, Refusal):
                self._loop.call_later(RETRY_S, self.watch, room)
            else:
                self.watch(room)

        # Every node that follows the room does this; the guard lets one win.
        room.submit(Order(Due(), done))

    def clock_jumped(self, rooms: Iterable[LiveRoom], shift_ms: float, good_at_s: float) -> None:
        """Tell the rooms of a store whose clock was set by ``shift_ms`` where they are on the new one.

        ``good_at_s`` is this node's monotonic moment at which the old one was last seen to be right: a room that has
        been rebased since by another node is left alone.
        """
        for room in rooms:
            if room.rebased_s < good_at_s:
                self._rebase(room, Rebase(shift_ms=round(shift_ms), era=room.state.playback.era))

    def rebased(self, room: LiveRoom) -> None:
        """Let nothing that is told on the new clock overtake the event that says so, and be sure to have that clock."""
        room.audience.flush()
        if not room.rebasing:
            room.store.shard.clock.doubt()

    def _rebase(self, room: LiveRoom, rebase: Rebase) -> None:
        room.rebasing = True

        def done(outcome: Done | Refusal) -> None:
            # Each node that found out tries; the first one's word moves the era on, and the others' change nothing.
            if isinstance(outcome, Refusal) and outcome.code in {"try_again", "outcome_unknown"}:
                self._loop.call_later(RETRY_S, self._rebase, room, rebase)
            else:
                room.rebasing = False

        room.submit(Order(rebase, done))
