"""The timers of rooms: their deadlines, and rebasing them when their store's clock has jumped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from sync_service.live.commit import Done, PendingCommand
from sync_service.live.live_room import LiveRoom
from sync_service.room.commands import Due, Rebase
from sync_service.room.deadlines import next_due_ms
from sync_service.room.events import Refusal

RETRY_S: Final = 0.5


class Timers:
    """The node's timers: one for each room with a deadline, none for the others."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def schedule(self, room: LiveRoom) -> None:
        """Set a timer for the room's next deadline, unless one is set for that or an earlier moment."""
        due_ms = next_due_ms(room.state)
        if due_ms is not None and (room.timer_ms is None or due_ms < room.timer_ms):
            room.timer_ms = due_ms
            self._loop.call_later(max(due_ms - room.now_ms(), 0) / 1000, self._fire, room, due_ms)

    def _fire(self, room: LiveRoom, timer_ms: int) -> None:
        if room.timer_ms != timer_ms:
            return  # an earlier timer was set meanwhile, and schedules the next one
        room.timer_ms = None
        due_ms = next_due_ms(room.state)
        if due_ms is None or due_ms > room.now_ms():
            self.schedule(room)
            return

        def done(outcome: Done | Refusal) -> None:
            if isinstance(outcome, Refusal):
                self._loop.call_later(RETRY_S, self.schedule, room)
            else:
                self.schedule(room)

        # Every node that follows the room submits it; the guard lets one win.
        room.submit(PendingCommand(Due(), done))

    def clock_jumped(self, rooms: Iterable[LiveRoom], shift_ms: float, good_at_s: float) -> None:
        """Have the rooms of a store whose clock jumped by ``shift_ms`` commit where they are on the new one.

        ``good_at_s`` is the node's monotonic time when the store last agreed with the old one: a room that another node
        has rebased since is left alone.
        """
        for room in rooms:
            if room.rebased_s < good_at_s:
                self._rebase(room, Rebase(shift_ms=round(shift_ms), era=room.state.playback.era))

    def rebased(self, room: LiveRoom) -> None:
        """Write a ``rebased`` event before anything else goes out with times of the new clock."""
        room.audience.flush()
        if not room.rebasing:
            room.store.shard.clock.invalidate()  # another node has found the jump first

    def _rebase(self, room: LiveRoom, rebase: Rebase) -> None:
        room.rebasing = True

        def done(outcome: Done | Refusal) -> None:
            # Each node that found the jump submits it; the first one to commit moves the era on, the others are no-ops.
            if isinstance(outcome, Refusal) and outcome.code in {"try_again", "outcome_unknown"}:
                self._loop.call_later(RETRY_S, self._rebase, room, rebase)
            else:
                room.rebasing = False

        room.submit(PendingCommand(rebase, done))
