"""One room on this node: a replica that follows the log, and the members connected here.

The node that committed a step applies its events from the store's answer; the other nodes receive a notification.
Either way events are applied strictly in their order, chained by hash; whatever does not fit means reading the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sync_service.delivery.audience import Audience
from sync_service.live.commit import CommitQueue, Committed, Done, Next, PendingCommand
from sync_service.live.limits import RoomLimits
from sync_service.live.players import Players
from sync_service.live.replica import Replica
from sync_service.redis_client.client import StoreAway
from sync_service.redis_client.clock import elapsed_s
from sync_service.room.commands import Command
from sync_service.room.events import Rebased, Refusal
from sync_service.room.state import State
from sync_service.room.value import value
from sync_service.store.records import Record, read_record
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.snapshot import Snapshot
from sync_service.store.step import Op


class RoomClosed(Exception):
    """The room is closed; ``reason`` says by whom or why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@value(frozen=True, slots=True)
class Notification:
    """A step that ``node`` has committed, as published; ``lines`` are the log's entries."""

    node: str
    epoch: int
    first_seq: int
    prev_hash: str
    lines: Sequence[bytes]

    @property
    def last_seq(self) -> int:
        """The seq of its last event."""
        return self.first_seq + len(self.lines) - 1


class Feed(Protocol):
    """What a room needs of its node: the hub, which imports this module."""

    def ready(self, room: LiveRoom) -> None:
        """Call ``room.step()`` when the turn ends: commands wait."""

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """Deliver these events, in this order."""

    def resync(self, room: LiveRoom) -> None:
        """Read from the store what the replica lacks, then call ``caught_up`` or ``replaced``."""

    def gap(self, room: LiveRoom) -> None:
        """Read the log, unless the events before an own step come soon."""

    def started_over(self, room: LiveRoom) -> None:
        """Send everyone the room whole: the replica was replaced."""


class LiveRoom:
    """See the module. ``now_ms`` is the partition's clock.

    ``connected_here`` are the members whom the store knows as connected to this node.
    """

    def __init__(
        self, room_id: str, store: RoomStore, snapshot: Snapshot, feed: Feed, now_ms: Callable[[], float]
    ) -> None:
        self.id = room_id
        self.store = store
        self.keys = RoomKeys.of(store.number, room_id)
        self.now_ms = now_ms
        self.audience = Audience()
        self.limits = RoomLimits()
        self.players = Players(self, store.node)
        self.replica = Replica(snapshot)
        self.commits = CommitQueue(store, self.keys, self.replica, now_ms)
        self.connected_here: set[str] = set()
        self.tokens_in_use: set[tuple[str, int]] = set()  # the resume tokens by which connections here came
        self.syncing = False  # the store is being read
        self.timer_ms: int | None = None  # when the room's timer fires
        self.rebased_s = 0.0  # when the last ``rebased`` event came (clock.elapsed_s)
        self.rebasing = False  # this node's clock has jumped, and the ``rebased`` event has not come
        self.shown: tuple[Any, bytes] | None = None  # the snapshot for newcomers of this turn, and the state it shows
        self._feed = feed
        self._received: list[Notification] = []
        self._own: Committed | None = None  # an own step whose events wait for those before them
        self._remembering: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """The room as it is here."""
        return self.replica.state

    @property
    def seq(self) -> int:
        """The seq of its last event here."""
        return self.replica.seq

    @property
    def idle(self) -> bool:
        """Whether no command waits or is under way."""
        return not (self.commits.waiting or self.commits.in_flight or self._own)

    @property
    def tells_time(self) -> bool:
        """Whether this node's clock is the one by which the room's last event has its time."""
        return self.store.shard.clock.valid and not self.rebasing

    @property
    def waits_for_others(self) -> bool:
        """Whether an own step is committed, and events before it have not come."""
        return self._own is not None and not self.syncing

    # --- commands ---

    def submit(self, pending: PendingCommand) -> None:
        """Have a command decided and committed; ``pending.on_done`` is called once."""
        if self.commits.add(pending):
            self._feed.ready(self)

    async def ask(self, command: Command, op: Op = None) -> Done | Refusal:
        """Submit a command and return its outcome."""
        outcome: asyncio.Future[Done | Refusal] = asyncio.get_running_loop().create_future()

        def done(result: Done | Refusal) -> None:
            if not outcome.done():
                outcome.set_result(result)

        self.submit(PendingCommand(command, done, op))
        return await outcome

    def step(self) -> None:
        """Decide the commands that wait and send them as one step, unless another one is under way."""
        if self._own or self.syncing:
            return
        try:
            self.commits.send(self._answered)
        except StoreAway:
            self.commits.refuse_in_flight("try_again")
            self._feed.ready(self)

    def fail(self) -> None:
        """Refuse every command, after an unexpected error in deciding one."""
        self.commits.refuse_in_flight("internal")
        self.commits.refuse_waiting("internal")

    def _answered(self, reply: Any) -> None:
        outcome = self.commits.answered(reply)
        if isinstance(outcome, Committed):
            self._committed(outcome)
        elif outcome is Next.RESYNC:
            self._feed.resync(self)
        else:
            self._feed.ready(self)

    def _committed(self, step: Committed) -> None:
        self._own = step
        # Everything that was committed before this answer has been received here. A replica beyond the step therefore
        # follows a history whose tail the store has lost. This shows even where the step has no events, as when a
        # member comes back, and before heads are compared: they must not resume as if they had missed nothing.
        if self.replica.seq >= step.first_seq:
            self._fork(step)
            return
        self._proceed()
        if self._own is not None:
            self._feed.gap(self)

    def _fork(self, step: Committed) -> None:
        """Have the replica replaced before the step is answered."""
        step.forked = True
        self._feed.resync(self)

    # --- events ---

    def receive(self, notification: Notification) -> None:
        """Take a step that was published; an own one is applied from the store's answer instead."""
        epoch, seq = self.replica.epoch, self.replica.seq
        if notification.epoch < epoch or (notification.epoch == epoch and notification.last_seq <= seq):
            return
        self._received.append(notification)
        if not self.syncing:
            self._proceed()

    def _proceed(self) -> None:
        """Apply the steps that come next, in order; a rest while no step is under way is a gap or a fork."""
        while (self._own is not None and self._apply_own(self._own)) or (self._received and self._apply_received()):
            pass
        if self._received and not self.commits.in_flight and self._own is None:
            self._feed.resync(self)
        elif self.commits.waiting:
            self._feed.ready(self)

    def _apply_own(self, step: Committed) -> bool:
        if step.forked:
            return False
        behind = step.first_seq - self.replica.seq - 1
        if behind > 0:
            return False
        if behind == 0 and step.prev_hash != self.replica.hash:
            self._fork(step)
            return False
        self._own = None
        if behind == 0:
            # With nothing in between, each event leads to the state that it led to when it was decided.
            self._apply(step.records, step.afters if self.replica.state is step.decided_on else None)
        step.answer()
        return True

    def _apply_received(self) -> bool:
        for index, notification in enumerate(self._received):
            if notification.epoch != self.replica.epoch:
                continue
            if notification.last_seq <= self.replica.seq:
                del self._received[index]
                return True
            if self.replica.follows(notification.first_seq, notification.prev_hash):
                if notification.node == self.store.node and (self.commits.in_flight or self._own):
                    continue  # the answer to this own step is on its way
                del self._received[index]
                self._apply([read_record(line) for line in notification.lines])
                return True
        return False

    def _apply(self, records: Sequence[Record], afters: Sequence[State] | None = None) -> None:
        for index, record in enumerate(records):
            over = self.replica.state.closed is not None
            frame = self.replica.apply(record, None if afters is None else afters[index])
            if isinstance(record.event, Rebased):
                self.rebased_s = elapsed_s()
            if not over:
                self.audience.push(frame)
        self._feed.applied(self, records)

    # --- catching up ---

    async def remember(self) -> None:
        """Read the log's older events into the replica, for those who resume; concurrent callers share one read.

        Raises StoreError.
        """
        task = self._remembering
        if task is None:
            task = self._remembering = asyncio.create_task(self._read_log())
            task.add_done_callback(self._remembered)
        await asyncio.shield(task)

    async def _read_log(self) -> None:
        self.replica.remember(await self.store.log(self.keys))

    def _remembered(self, task: asyncio.Task[None]) -> None:
        self._remembering = None
        if not task.cancelled():
            task.exception()  # every waiter has received it

    def caught_up(self, lines: Sequence[bytes]) -> None:
        """Apply the log's suffix, then the notifications received since it was read."""
        records = [read_record(line) for line in lines]
        self._apply([record for record in records if record.seq > self.replica.seq])
        self._resume()

    def replaced(self, snapshot: Snapshot) -> None:
        """Begin again from a snapshot, because the replica's history is not the store's."""
        own = self._own
        if own is not None and snapshot.epoch != self.replica.epoch and not own.forked:
            # Committed in a history that may not have survived: repeating the command shows whether it has.
            self._own = None
            own.refuse("outcome_unknown")
        self.replica.replace(snapshot)
        self._feed.started_over(self)
        self._resume()

    def _resume(self) -> None:
        self.syncing = False
        own = self._own
        if own is not None and own.forked:
            self._own = None
            own.answer()
        # The rest was in the log that was read, or belongs to an epoch that is over.
        here = self.replica.epoch, self.replica.seq
        self._received = [one for one in self._received if (one.epoch, one.last_seq) > here]
        self._proceed()
