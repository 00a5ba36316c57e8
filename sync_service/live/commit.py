"""A room's commands on their way to the store: pending commands, the step in flight, answers and retries.

One guarded commit per room and node is in flight; commands that come meanwhile wait and share the next one. Each
command is decided on the state that the ones before it in the step lead to; the store takes or refuses the whole step.
A command that changes nothing is answered by the replica, and the store does not hear of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, cast

import structlog

from sync_service import metrics
from sync_service.live.replica import Replica
from sync_service.redis_client.client import StoreAway
from sync_service.redis_client.wire import OnReply
from sync_service.room.commands import Close, Command, Rebase
from sync_service.room.decide import RULES, decide
from sync_service.room.events import Events, Outcome, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.state import State
from sync_service.room.value import value
from sync_service.store.changes import EncodedEvent, encoded
from sync_service.store.records import Record, placed
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import RoomStore
from sync_service.store.step import Arrive, Depart, Op, Seat, Step, guards_of, seat_of

log = structlog.get_logger(__name__)

WAITING_MOST: Final = 1_000  # commands of one room on one node; further ones are refused with try_again
BATCH_EVENTS: Final = 64
BATCH_ARRIVALS: Final = 32
ATTEMPTS_MOST: Final = 16
AWAY_COSTS: Final = 4  # attempts that a refusal by a store that is no master counts for
COMMIT_DEADLINE_MS: Final = 2_000


@value(frozen=True, slots=True)
class Done:
    """The command was applied; ``seq`` is that of its last event."""

    seq: int


OnDone = Callable[[Done | Refusal], None]


@dataclass(slots=True)
class PendingCommand:
    """A command on its way to the store; ``on_done`` receives its outcome, once.

    ``op`` is the change of presence that the store makes in the same step.
    """

    command: Command
    on_done: OnDone
    op: Op = None
    attempts: int = 0

    @property
    def key(self) -> str | None:
        """The key by which the store applies the command once; None for the room's own commands."""
        return None if self.command.id is None else f"{self.command.by}:{self.command.id}"


@dataclass(slots=True)
class Committed:
    """A step that the store has taken: its commands with the seq of their last events, and its records.

    ``afters`` are the states that the records lead to from ``decided_on``. A ``forked`` one is answered only when the
    replica was replaced.
    """

    commands: list[tuple[PendingCommand, int]]
    records: list[Record]
    first_seq: int
    prev_hash: str
    decided_on: State | None
    afters: list[State]
    forked: bool = False

    def answer(self) -> None:
        """Tell whoever gave the commands that they were applied."""
        for pending, seq in self.commands:
            pending.on_done(Done(seq))

    def refuse(self, code: str) -> None:
        """Refuse the commands, because the step may not survive."""
        for pending, _ in self.commands:
            pending.on_done(Refusal(code))


class Next(Enum):
    """What a room does after a step that was not committed."""

    STEP = auto()  # decide the waiting commands
    RESYNC = auto()  # read from the store what the replica lacks, then decide the waiting commands


class CommitQueue:
    """One room's commands on this node: those ``waiting``, and those ``in_flight`` with their encoded events."""

    def __init__(self, store: RoomStore, keys: RoomKeys, replica: Replica, now_ms: Callable[[], float]) -> None:
        self.waiting: deque[PendingCommand] = deque()
        self.in_flight: list[tuple[PendingCommand, list[EncodedEvent]]] = []
        self._store = store
        self._keys = keys
        self._replica = replica
        self._now_ms = now_ms
        self._decided_on: State | None = None
        self._sent_s = 0.0

    def add(self, pending: PendingCommand) -> bool:
        """Add a command to the next step; returns False where it was refused at once."""
        if len(self.waiting) >= WAITING_MOST or not self._store.link.up:
            pending.on_done(Refusal("try_again"))
            return False
        self.waiting.append(pending)
        return True

    def send(self, on_reply: OnReply) -> None:
        """Decide the waiting commands, as one step, and send it with the next flush of the link.

        Nothing happens while a step is in flight. Raises StoreAway.
        """
        if self.in_flight or not self.waiting:
            return
        now_ms = max(int(self._now_ms()), self._replica.last_ms)
        state, reads = self._replica.state, _READ_NOTHING
        self._decided_on = state
        step_events: list[EncodedEvent] = []
        keys: list[str] = []
        taken = self.in_flight
        op: Depart | None = None
        arrivals: list[tuple[Arrive, Seat]] = []
        arriving: set[str] = set()
        closes: Close | None = None
        while self.waiting and len(step_events) < BATCH_EVENTS and len(arrivals) < BATCH_ARRIVALS:
            pending = self.waiting[0]
            command, key = pending.command, pending.key
            rule = RULES[type(command)]
            arrive = pending.op if isinstance(pending.op, Arrive) else None
            alone = (pending.op is not None and arrive is None) or rule.alone
            if taken and (alone or key in keys):
                break  # the same id again: the next step finds it applied
            # Arrivals share a step with each other only, and no member arrives twice in one: the second connection is
            # decided on the state that the first one leads to.
            if taken and (arrive.member in arriving or not arrivals if arrive else arrivals):
                break
            if isinstance(command, Rebase):
                now_ms = int(self._now_ms())  # the room's last event has its time from the clock before the jump
            outcome = decide(state, command, now_ms)
            self.waiting.popleft()
            if self._answered_here(pending, outcome, first=not taken):
                continue
            events = []
            for event in cast("Events", outcome):
                state = evolve(state, event)
                events.append(encoded(event, command, state))
            step_events += events
            reads = reads | rule.reads if taken else rule.reads
            taken.append((pending, events))
            if key is not None:
                keys.append(key)
            if arrive is not None:
                arrivals.append((arrive, seat_of(arrive.member, self._replica.state, state)))
                arriving.add(arrive.member)
            if alone:
                op = pending.op if isinstance(pending.op, Depart) else None
                closes = command if isinstance(command, Close) else None
                break
        if taken:
            step = Step(
                epoch=self._replica.epoch,
                guards=guards_of(self._replica.hashes, reads),
                deadline_ms=now_ms + COMMIT_DEADLINE_MS,
                op=op,
                command_keys=keys,
                events=step_events,
                closes=closes,
                arrivals=arrivals,
            )
            self._sent_s = time.perf_counter()
            self._store.commit(self._keys, step, on_reply)

    def _answered_here(self, pending: PendingCommand, outcome: Outcome, *, first: bool) -> bool:
        """Answer a command that leaves nothing to commit; returns whether it was one."""
        if isinstance(outcome, Refusal):
            self._refuse(pending, outcome)
            return True
        if outcome or pending.op is not None or not first:
            return False
        # It changes nothing and nothing guards it: it counts as given before whatever this replica has not seen yet.
        pending.on_done(Done(self._replica.seq))
        return True

    def _refuse(self, pending: PendingCommand, refusal: Refusal) -> None:
        """Refuse a command, unless it is a repeated one that was applied: that one is answered as it was then.

        Its effect is often the very reason for the refusal: slow mode, a member who has been kicked.
        """

        def answered(seq: Any) -> None:
            pending.on_done(Done(int(seq)) if isinstance(seq, bytes) else refusal)

        if pending.key is None:
            pending.on_done(refusal)
            return
        try:
            self._store.applied(self._keys, pending.key, answered)
        except StoreAway:
            pending.on_done(refusal)

    # --- answers ---

    def answered(self, reply: Any) -> Committed | Next:
        """Take the store's answer to the step in flight (see commit.lua), or a StoreError.

        Commands that may be decided again wait in front, in their order; those that may not are refused.
        """
        metrics.commit_seconds.observe(time.perf_counter() - self._sent_s)
        if isinstance(reply, StoreAway):
            # It had no effect, and another server may be master by now.
            metrics.commit_outcomes["away"] += 1
            self._again(AWAY_COSTS)
            return Next.RESYNC
        if isinstance(reply, Exception):
            metrics.commit_outcomes["unknown"] += 1
            log.warning("a commit has no known outcome", room=self._replica.state.meta.id, reason=str(reply))
            self.refuse_in_flight("outcome_unknown")
            return Next.RESYNC
        word = reply[0]
        if word == b"ok":
            metrics.commit_outcomes["ok"] += 1
            return self._committed(reply[1], reply[2].decode(), reply[3:])
        metrics.commit_outcomes[word.decode()] += 1
        if word in {b"conflict", b"missing"}:
            self._again()
            return Next.RESYNC
        if word == b"duplicate":
            self._duplicate(reply[1].decode(), int(reply[2]))
        elif word in _ARRIVAL_REFUSALS:
            self._refuse_arrival(int(reply[1]) - 1, _ARRIVAL_REFUSALS[word])
        else:
            self.refuse_in_flight(_REFUSALS[word])
            if word == b"closed":
                return Next.RESYNC
            if word == b"late":
                self._store.shard.clock.invalidate()  # by which the deadline was set
        return Next.STEP

    def _committed(self, first_seq: int, prev_hash: str, hashes: list[bytes]) -> Committed:
        epoch, seq = self._replica.epoch, first_seq
        commands, records, afters = [], [], []
        for pending, events in self.in_flight:
            for encoded_event in events:
                records.append(placed(epoch, seq, hashes[seq - first_seq], encoded_event.event, encoded_event.body))
                afters.append(encoded_event.after)
                seq += 1
            commands.append((pending, seq - 1))
        self.in_flight = []
        return Committed(commands, records, first_seq, prev_hash, self._decided_on, afters)

    def _again(self, costs: int = 1) -> None:
        """Put the commands in flight back in front of those that wait; each has a bounded number of attempts."""
        for pending, _ in reversed(self.in_flight):
            pending.attempts += costs
            if pending.attempts > ATTEMPTS_MOST:
                pending.on_done(Refusal("try_again", "others changed the room at the same moment"))
            else:
                self.waiting.appendleft(pending)
        self.in_flight = []

    def _duplicate(self, key: str, seq: int) -> None:
        """Answer the command that was applied before as it was then, and decide the others again."""
        others = []
        for pending, events in self.in_flight:
            if pending.key == key:
                pending.on_done(Done(seq))
            else:
                others.append((pending, events))
        self.in_flight = others
        self._again(0)

    def _refuse_arrival(self, index: int, code: str) -> None:
        """Refuse one of the arrivals in flight, and decide the others again."""
        refused, _ = self.in_flight.pop(index)
        refused.on_done(Refusal(code))
        self._again(0)

    def refuse_in_flight(self, code: str) -> None:
        """Refuse the commands of the step in flight, which is over."""
        refused, self.in_flight = self.in_flight, []
        for pending, _ in refused:
            pending.on_done(Refusal(code))

    def refuse_waiting(self, code: str = "try_again") -> None:
        """Refuse the commands that wait for the next step."""
        refused: Sequence[PendingCommand]
        refused, self.waiting = self.waiting, deque()
        for pending in refused:
            pending.on_done(Refusal(code))


_READ_NOTHING: Final = frozenset[str]()
_REFUSALS: Final = {
    b"late": "try_again",
    b"archive_full": "archive_full",
    b"connected": "connected",
    b"closed": "room_closed",
    b"outdated": "outdated",
}
_ARRIVAL_REFUSALS: Final = {
    b"ended": "session_ended",
    b"full": "room_full",
    b"spent": "ticket_reused",
    b"stale": "resume_invalid",
}
