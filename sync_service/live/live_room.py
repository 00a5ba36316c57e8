"""One room on this node: a copy that follows the log, and the members connected here.

Commands wait while a step is under way and share the next one: one guarded commit per room and node is in flight. The
node that committed applies its events from the script's answer; other nodes hear the bell. Either way events are
applied strictly in their order, chained by hash; whatever does not fit means reading the log.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from sync_service import metrics
from sync_service.delivery.audience import Audience
from sync_service.live.limits import RoomLimits
from sync_service.live.orders import Bell, Done, Order
from sync_service.live.replica import RoomCopy
from sync_service.redis_client.client import StoreAway
from sync_service.redis_client.clock import elapsed_s
from sync_service.room.commands import Close, Command, Rebase
from sync_service.room.decide import RULES, decide
from sync_service.room.events import Rebased, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.state import State
from sync_service.store.changes import EncodedEvent, encoded
from sync_service.store.records import Record, placed, read_record
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.room_store import Arrive, Depart, Op, RoomStore, Snapshot, Step, guards_of

log = structlog.get_logger(__name__)

WAITING_MOST: Final = 1_000  # commands of one room on one node; beyond it they are told to try again
BATCH_EVENTS: Final = 64
BATCH_ARRIVALS: Final = 32
ATTEMPTS_MOST: Final = 16
AWAY_COSTS: Final = 4  # attempts that a store which did nothing counts for
COMMIT_DEADLINE_MS: Final = 2_000


class RoomClosed(Exception):
    """The room is closed; ``reason`` says by whom or why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Feed(Protocol):
    """Whom a room tells: the node's hub."""

    def ready(self, room: LiveRoom) -> None:
        """Commands wait: have ``room.step()`` called soon."""

    def resync(self, room: LiveRoom) -> None:
        """The copy does not fit: read the log and say ``caught_up`` or ``replaced``."""

    def gap(self, room: LiveRoom) -> None:
        """An own step waits for events before it: should they not come soon, read the log."""

    def late(self, room: LiveRoom) -> None:
        """The store took a step for too late: this node's idea of its time may be wrong."""

    def started_over(self, room: LiveRoom) -> None:
        """The copy was replaced: so must be what the clients have."""

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """These events happened, in this order."""


@dataclass(slots=True)
class _Committed:
    """An own step: its events wait here until those before them have come, or until a ``forked`` copy is replaced."""

    orders: list[tuple[Order, int]]
    records: list[Record]
    first_seq: int
    prev_hash: str
    decided_on: State | None
    afters: list[State]
    forked: bool = False


def _answer(orders: Sequence[tuple[Order, int]]) -> None:
    for order, seq in orders:
        order.on_done(Done(seq))


class LiveRoom:
    """See the module. ``feed`` is told of records, snapshots and the end; ``now_ms`` is the partition's clock."""

    def __init__(
        self, room_id: str, store: RoomStore, snapshot: Snapshot, feed: Feed, now_ms: Callable[[], float]
    ) -> None:
        self.id = room_id
        self.audience = Audience()
        self.keys = RoomKeys.of(store.number, room_id)
        self.store = store
        self.feed = feed
        self.now_ms = now_ms
        self._waiting: deque[Order] = deque()
        self._heard: list[Bell] = []
        self.in_flight: list[tuple[Order, list[EncodedEvent]]] = []  # the step under way
        self._decided_on: State | None = None  # what the step under way was decided on
        self._sent_s = 0.0
        self._own: _Committed | None = None
        self.syncing = False
        self.held: set[str] = set()  # members whom the store knows as connected to this node
        self.limits = RoomLimits()
        self.watched_ms: int | None = None  # the moment at which the hub looks whether something is due
        self.rebased_s = 0.0  # when the clock's setting was last heard of (clock.elapsed_s)
        self.rebasing = False  # this node counts on a clock that the room has not been told of
        self.copy = RoomCopy(snapshot)
        self.shown: tuple[Any, bytes] | None = None  # what newcomers of this turn are shown, and of which state it is
        self._remembering: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """The room as it is here."""
        return self.copy.state

    @property
    def idle(self) -> bool:
        return not (self._waiting or self.in_flight or self._own)

    @property
    def tells_time(self) -> bool:
        """Whether this node counts on the clock on which the room's last event was told."""
        return self.store.shard.clock.sure and not self.rebasing

    @property
    def waits_for_others(self) -> bool:
        """An own step is committed, and events before it have not come yet."""
        return self._own is not None and not self.syncing

    # --- commands ---

    def submit(self, order: Order) -> None:
        """Have the command decided and committed; ``order.on_done`` is called once, in a later loop turn."""
        if len(self._waiting) >= WAITING_MOST or not self.store.link.up:
            order.on_done(Refusal("try_again", ""))
            return
        self._waiting.append(order)
        self.feed.ready(self)

    async def ask(self, command: Command, op: Op = None) -> Done | Refusal:
        """Submit a command and wait for what comes of it."""
        outcome: asyncio.Future[Done | Refusal] = asyncio.get_running_loop().create_future()

        def done(result: Done | Refusal) -> None:
            if not outcome.done():
                outcome.set_result(result)

        self.submit(Order(command, done, op))
        return await outcome

    def step(self) -> None:
        """Decide what waits, as one step, and send it; nothing while another one is under way."""
        if self.in_flight or self._own or self.syncing or not self._waiting:
            return
        now_ms = max(int(self.now_ms()), self.copy.last_ms)
        state, reads = self.copy.state, _READ_NOTHING
        self._decided_on = state
        step_facts: list[EncodedEvent] = []
        keys: list[str] = []
        taken = self.in_flight
        op: Depart | None = None
        arrivals: list[tuple[Arrive, bool]] = []
        arriving: set[str] = set()
        closes: str | None = None
        while self._waiting and len(step_facts) < BATCH_EVENTS and len(arrivals) < BATCH_ARRIVALS:
            order = self._waiting[0]
            command, key = order.command, order.key
            rule = RULES[type(command)]
            arrive = order.op if isinstance(order.op, Arrive) else None
            alone = (order.op is not None and arrive is None) or rule.alone
            if taken and (alone or key in keys):
                break  # the same id again: the next step finds it applied
            # People come in together, but nobody twice: what their first connection brings about is not seen yet.
            if taken and (arrive.member in arriving or not arrivals if arrive else arrivals):
                break
            self._waiting.popleft()
            if isinstance(command, Rebase):
                now_ms = int(self.now_ms())  # what the room's last event says was told on the clock before
            outcome = decide(state, command, now_ms)
            if isinstance(outcome, Refusal):
                self._refuse(order, outcome)
                continue
            facts = []
            for event in outcome:
                state = evolve(state, event)
                facts.append(encoded(event, command, state))
            step_facts += facts
            reads = reads | rule.reads if taken else rule.reads
            taken.append((order, facts))
            if key is not None:
                keys.append(key)
            if arrive is not None:
                arrivals.append((arrive, arrive.member in self.copy.state.members))
                arriving.add(arrive.member)
            if alone:
                op = order.op if isinstance(order.op, Depart) else None
                closes = command.reason if isinstance(command, Close) else None
                break
        if taken:
            self._commit(
                Step(
                    epoch=self.copy.epoch,
                    guards=guards_of(self.copy.hashes, reads),
                    deadline_ms=now_ms + COMMIT_DEADLINE_MS,
                    op=op,
                    command_keys=keys,
                    events=step_facts,
                    closes=closes,
                    arrivals=arrivals,
                )
            )

    def _refuse(self, order: Order, refusal: Refusal) -> None:
        """Refuse an order, unless it is a repeated one: one that was applied is answered as then.

        What it did is often the very reason why it could not be done again: slow mode, somebody who has been sent out.
        """

        def answered(seq: Any) -> None:
            order.on_done(Done(int(seq)) if isinstance(seq, bytes) else refusal)

        if order.key is None:
            order.on_done(refusal)
            return
        try:
            self.store.applied(self.keys, order.key, answered)
        except StoreAway:
            order.on_done(refusal)

    def _commit(self, step: Step) -> None:
        self._sent_s = time.perf_counter()
        try:
            self.store.commit(self.keys, step, self._answered)
        except StoreAway:
            self._refuse_all("try_again")

    def _answered(self, reply: Any) -> None:
        metrics.commit_seconds.observe(time.perf_counter() - self._sent_s)
        if isinstance(reply, StoreAway):
            # It did nothing, and somebody else may lead by now: decided again once the log could be read.
            metrics.commit_outcomes["away"] += 1
            self._again(AWAY_COSTS)
            self.feed.resync(self)
            return
        if isinstance(reply, Exception):
            metrics.commit_outcomes["unknown"] += 1
            log.warning("a commit has no known outcome", room=self.id, reason=str(reply))
            self._refuse_all("outcome_unknown")
            self.feed.resync(self)
            return
        word = reply[0]
        if word == b"ok":
            metrics.commit_outcomes["ok"] += 1
            self._committed(reply[1], reply[2].decode(), reply[3:])
            return
        metrics.commit_outcomes[word.decode()] += 1
        if word == b"conflict":
            self._again()
            self.feed.resync(self)
        elif word == b"duplicate":
            self._duplicate(reply[1].decode(), int(reply[2]))
        elif word == b"missing":
            self._again()
            self.feed.resync(self)
        elif word == b"closed":
            self._refuse_all("room_closed")
            self.feed.resync(self)
        elif word in _ARRIVAL_REFUSALS:
            self._turn_away(int(reply[1]) - 1, _ARRIVAL_REFUSALS[word])
        else:
            self._refuse_all(_REFUSALS[word])
            if word == b"late":
                self.feed.late(self)

    def _committed(self, first_seq: int, prev_hash: str, hashes: list[bytes]) -> None:
        epoch, seq = self.copy.epoch, first_seq
        orders, records, afters = [], [], []
        for order, facts in self.in_flight:
            for fact in facts:
                records.append(placed(epoch, seq, hashes[seq - first_seq], fact.event, fact.body))
                afters.append(fact.after)
                seq += 1
            orders.append((order, seq - 1))
        self.in_flight = []
        if self.copy.follows(first_seq, prev_hash):
            self._apply(records, afters if self.copy.state is self._decided_on else None)
            _answer(orders)
            self._proceed()
            return
        self._own = _Committed(orders, records, first_seq, prev_hash, self._decided_on, afters)
        # Whatever the store told or published before this answer has been heard: a copy that is further than the step
        # follows a history whose tail the store has lost. This shows even where nothing was written, as when somebody
        # comes back, and before heads are compared; they must not be told that they missed nothing.
        if self.copy.seq >= first_seq:
            self._fork()
            return
        self._proceed()
        if self._own is not None:
            self.feed.gap(self)

    def _fork(self) -> None:
        """Have the copy replaced before the own step is answered."""
        if self._own is not None:
            self._own.forked = True
        self.feed.resync(self)

    def _again(self, costs: int = 1) -> None:
        """Put the orders of a refused step back in front, in their order; none tries without end."""
        for order, _ in reversed(self.in_flight):
            order.attempts += costs
            if order.attempts > ATTEMPTS_MOST:
                order.on_done(Refusal("try_again", "others changed the room at the same moment"))
            else:
                self._waiting.appendleft(order)
        self.in_flight = []

    def _duplicate(self, key: str, seq: int) -> None:
        """One of the orders was applied before: answer it as then, and decide the others again."""
        others = []
        for order, facts in self.in_flight:
            if order.key == key:
                order.on_done(Done(seq))
            else:
                order.attempts -= 1  # it was not their turn that failed
                others.append((order, facts))
        self.in_flight = others
        self._again()
        self.feed.ready(self)

    def _turn_away(self, index: int, code: str) -> None:
        """One of those who came together may not come in: decide the others again."""
        refused, _ = self.in_flight.pop(index)
        refused.on_done(Refusal(code, ""))
        self._again(0)
        self.feed.ready(self)

    def _refuse_all(self, code: str) -> None:
        refused, self.in_flight = self.in_flight, []
        for order, _ in refused:
            order.on_done(Refusal(code, ""))
        self.feed.ready(self)

    def fail(self) -> None:
        """Give up what waits, after a surprise in deciding it."""
        self._refuse_all("internal")
        self.refuse_waiting("internal")

    def refuse_waiting(self, code: str = "try_again") -> None:
        """Tell those whose turn has not come why it will not."""
        waiting, self._waiting = self._waiting, deque()
        for order in waiting:
            order.on_done(Refusal(code, ""))

    # --- events ---

    def hear(self, bell: Bell) -> None:
        """Take a step that was published; an own one is applied from the script's answer instead."""
        if bell.epoch < self.copy.epoch or (bell.epoch == self.copy.epoch and bell.last_seq <= self.copy.seq):
            return
        self._heard.append(bell)
        if not self.syncing:
            self._proceed()

    def _proceed(self) -> None:
        """Apply what fits, in order; what is left over while nothing is under way is a gap or a fork."""
        while (self._own is not None and self._apply_own()) or (self._heard and self._apply_heard()):
            pass
        if self._heard and not self.in_flight and self._own is None:
            self.feed.resync(self)
        elif self._waiting:
            self.feed.ready(self)

    def _apply_own(self) -> bool:
        own = self._own
        if own is None or own.forked:
            return False
        behind = own.first_seq - self.copy.seq - 1
        if behind > 0:
            return False
        if behind == 0 and own.prev_hash != self.copy.hash:
            self._fork()
            return False
        self._own = None
        if behind == 0:
            # Where nothing came between, each event leads where the decision has seen it lead.
            self._apply(own.records, own.afters if self.copy.state is own.decided_on else None)
        _answer(own.orders)
        return True

    def _apply_heard(self) -> bool:
        for index, bell in enumerate(self._heard):
            if bell.epoch != self.copy.epoch:
                continue
            if bell.last_seq <= self.copy.seq:
                del self._heard[index]
                return True
            if self.copy.follows(bell.first_seq, bell.prev_hash):
                if bell.node == self.store.node and (self.in_flight or self._own):
                    continue  # the answer to our own step is on its way
                del self._heard[index]
                self._apply([read_record(line) for line in bell.lines])
                return True
        return False

    def _apply(self, records: Sequence[Record], afters: Sequence[State] | None = None) -> None:
        for index, record in enumerate(records):
            over = self.copy.state.closed is not None
            frame = self.copy.apply(record, None if afters is None else afters[index])
            if isinstance(record.event, Rebased):
                self.rebased_s = elapsed_s()
            if not over:
                self.audience.push(frame)
        self.feed.applied(self, records)

    # --- catching up ---

    async def remember(self) -> None:
        """Have what the log still keeps ready for those who resume; who asks meanwhile shares the one reading.

        Raises StoreAway, OutcomeUnknown or RedisError.
        """
        task = self._remembering
        if task is None:
            task = self._remembering = asyncio.create_task(self._read_log())
            task.add_done_callback(self._remembered)
        await asyncio.shield(task)

    async def _read_log(self) -> None:
        self.copy.remember(await self.store.log(self.keys))

    def _remembered(self, task: asyncio.Task[None]) -> None:
        self._remembering = None
        if not task.cancelled():
            task.exception()  # whoever waited has it

    def caught_up(self, lines: Sequence[bytes]) -> None:
        """Apply the log's suffix that was read, then what was heard meanwhile."""
        records = [read_record(line) for line in lines]
        self._apply([record for record in records if record.seq > self.copy.seq])
        self._resume()

    def replaced(self, snapshot: Snapshot) -> None:
        """Begin again from a snapshot, because the copy's history is not the store's."""
        own = self._own
        if own is not None and snapshot.epoch != self.copy.epoch and not own.forked:
            # Committed in a history that may not have survived: whoever repeats the command finds out.
            self._own = None
            for order, _ in own.orders:
                order.on_done(Refusal("outcome_unknown", ""))
        self.copy.replace(snapshot)
        self.feed.started_over(self)
        self._resume()

    def _resume(self) -> None:
        self.syncing = False
        own = self._own
        if own is not None and own.forked:
            self._own = None
            _answer(own.orders)
        # The rest was in the log that was read, or belongs to an epoch that is over.
        here = self.copy.epoch, self.copy.seq
        self._heard = [bell for bell in self._heard if (bell.epoch, bell.last_seq) > here]
        self._proceed()


_READ_NOTHING: Final = frozenset[str]()
_REFUSALS: Final = {
    b"late": "try_again",
    b"archive_full": "archive_full",
    b"connected": "connected",
}
_ARRIVAL_REFUSALS: Final = {b"full": "room_full", b"spent": "ticket_reused", b"stale": "resume_invalid"}
