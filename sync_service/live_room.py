"""One room on this node: a copy that follows the log, and the members connected here.

Commands wait while a step is under way and share the next one: one guarded commit per room and node is in flight. The
node that committed applies its events from the script's answer; other nodes hear the bell. Either way events are
applied strictly in their order, chained by hash; whatever does not fit means reading the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from sync_service import metrics
from sync_service.audience import Audience
from sync_service.commands import Close, Command
from sync_service.events import Event
from sync_service.frames import text_frame
from sync_service.keys import RoomKeys
from sync_service.log import SECTION, Record, body_of, placed, read_record
from sync_service.redis_link import StoreAway
from sync_service.room import READS, Refusal, decide, evolve
from sync_service.store import Arrive, Op, RoomStore, Snapshot, Step

log = structlog.get_logger(__name__)

WAITING_MOST: Final = 1_000  # commands of one room on one node; beyond it they are told to try again
BATCH_EVENTS: Final = 64
ATTEMPTS_MOST: Final = 16
COMMIT_DEADLINE_MS: Final = 2_000
RECENT_KEPT: Final = 256  # events kept ready for those who resume; older ones are read from the log


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


class Feed(Protocol):
    """Whom a room tells: the node's hub."""

    def ready(self, room: LiveRoom) -> None:
        """Commands wait: have ``room.step()`` called before this loop turn ends."""

    def resync(self, room: LiveRoom) -> None:
        """The copy does not fit: read the log and say ``caught_up`` or ``replaced``."""

    def gap(self, room: LiveRoom) -> None:
        """An own step waits for events before it: should they not come soon, read the log."""

    def applied(self, room: LiveRoom, records: Sequence[Record]) -> None:
        """These events happened, in this order."""


@dataclass(slots=True)
class _Committed:
    """An own step: its events wait here until those before them have come."""

    orders: list[tuple[Order, int]]
    records: list[Record]
    first_seq: int
    prev_hash: str


class LiveRoom:
    """See the module. ``feed`` is told of records, snapshots and the end; ``clock_ms`` is the partition's clock."""

    def __init__(
        self, room_id: str, store: RoomStore, snapshot: Snapshot, feed: Feed, clock_ms: Callable[[], float]
    ) -> None:
        self.id = room_id
        self.audience = Audience()
        self.keys = RoomKeys.of(store.number, room_id)
        self.store = store
        self.feed = feed
        self._clock_ms = clock_ms
        self._waiting: deque[Order] = deque()
        self._heard: list[Bell] = []
        self._in_flight: list[tuple[Order, tuple[Event, ...]]] = []
        self._bodies: list[bytes] = []
        self._own: _Committed | None = None
        self.syncing = False
        self.held: set[str] = set()  # members whom the store knows as connected to this node
        self.start_watched_ms = 0
        self.recent: deque[tuple[int, str, bytes]] = deque()
        self._last_ms = 0
        self.take(snapshot)

    def take(self, snapshot: Snapshot) -> None:
        """Begin again from what the store has."""
        self.epoch = snapshot.epoch
        self.seq = snapshot.seq
        self.hash = snapshot.hash
        self.hashes = dict(snapshot.hashes)
        self.state = snapshot.state
        self.recent.clear()
        self.recent.append((snapshot.seq, snapshot.hash, b""))

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._in_flight or self._own)

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
        if self._in_flight or self._own or self.syncing or not self._waiting:
            return
        now_ms = max(int(self._clock_ms()), self._last_ms)
        state, reads = self.state, set[str]()
        events: list[Event] = []
        taken = self._in_flight
        op: Op = None
        closes: str | None = None
        while self._waiting and len(events) < BATCH_EVENTS:
            order = self._waiting[0]
            alone = order.op is not None or isinstance(order.command, Close)
            if alone and taken:
                break
            self._waiting.popleft()
            outcome = decide(state, order.command, now_ms)
            if isinstance(outcome, Refusal):
                order.on_done(outcome)
                continue
            for event in outcome:
                state = evolve(state, event)
            events.extend(outcome)
            reads |= READS[type(order.command)]
            taken.append((order, outcome))
            if alone:
                op = order.op
                closes = order.command.reason if isinstance(order.command, Close) else None
                break
        if taken:
            self._commit(now_ms, events, reads, op, closes)

    def _commit(self, now_ms: int, events: list[Event], reads: set[str], op: Op, closes: str | None) -> None:
        self._bodies = [body_of(event) for event in events]
        step = Step(
            epoch=self.epoch,
            guards={section: self.hashes[section] for section in reads},
            deadline_ms=now_ms + COMMIT_DEADLINE_MS,
            op=op,
            known=isinstance(op, Arrive) and op.member in self.state.members,
            command_keys=[
                f"{order.command.by}:{order.command.id}" for order, _ in self._in_flight if order.command.id is not None
            ],
            events=events,
            bodies=self._bodies,
            closes=closes,
        )
        try:
            self.store.commit(self.id, self.keys, step, self._answered)
        except StoreAway:
            self._refuse_all("try_again")

    def _answered(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            metrics.commit_outcomes["unknown"] += 1
            log.warning("a commit has no known outcome", room=self.id, reason=str(reply))
            self._refuse_all("outcome_unknown")
            self.feed.resync(self)
            return
        word = reply[0]
        if word == b"ok":
            metrics.commit_outcomes["ok"] += 1
            self._committed(int(reply[1]), reply[2].decode(), [hash_.decode() for hash_ in reply[3:]])
            return
        metrics.commit_outcomes[word.decode()] += 1
        if word == b"conflict":
            self._again()
            self.feed.resync(self)
        elif word == b"duplicate":
            self._duplicate(reply[1].decode(), int(reply[2]))
        elif word in (b"missing", b"closed"):
            self._refuse_all("try_again" if word == b"missing" else "room_closed")
            self.feed.resync(self)
        else:
            self._refuse_all(_REFUSALS[word])

    def _committed(self, first_seq: int, prev_hash: str, hashes: list[str]) -> None:
        events = [event for _, outcome in self._in_flight for event in outcome]
        records = [
            placed(self.epoch, first_seq + index, hash_, event, body)
            for index, (event, hash_, body) in enumerate(zip(events, hashes, self._bodies, strict=True))
        ]
        orders, last_seq = [], first_seq - 1
        for order, outcome in self._in_flight:
            last_seq += len(outcome)
            orders.append((order, last_seq))
        self._own = _Committed(orders, records, first_seq, prev_hash)
        self._in_flight = []
        self._proceed()
        if self._own is not None:
            self.feed.gap(self)

    def _again(self) -> None:
        """Put the orders of a refused step back in front, in their order."""
        for order, _ in reversed(self._in_flight):
            order.attempts += 1
            if order.attempts >= ATTEMPTS_MOST:
                order.on_done(Refusal("try_again", "others changed the room at the same moment"))
            else:
                self._waiting.appendleft(order)
        self._in_flight = []

    def _duplicate(self, key: str, seq: int) -> None:
        """One of the orders was applied before: answer it as then, and decide the others again."""
        for index, (order, _) in enumerate(self._in_flight):
            if f"{order.command.by}:{order.command.id}" == key:
                del self._in_flight[index]
                order.on_done(Done(seq))
                break
        self._again()
        self.feed.ready(self)

    def _refuse_all(self, code: str) -> None:
        refused, self._in_flight = self._in_flight, []
        for order, _ in refused:
            order.on_done(Refusal(code, ""))
        self.feed.ready(self)

    def refuse_waiting(self) -> None:
        """Tell those whose turn has not come that the store is away."""
        waiting, self._waiting = self._waiting, deque()
        for order in waiting:
            order.on_done(Refusal("try_again", ""))

    # --- events ---

    def hear(self, bell: Bell) -> None:
        """Take a step that was published; an own one is applied from the script's answer instead."""
        if bell.epoch < self.epoch or (bell.epoch == self.epoch and bell.last_seq <= self.seq):
            return
        self._heard.append(bell)
        if not self.syncing:
            self._proceed()

    def _proceed(self) -> None:
        """Apply what fits, in order; what is left over while nothing is under way is a gap or a fork."""
        moved = True
        while moved:
            moved = self._apply_own() or self._apply_heard()
        if self._heard and not self._in_flight and self._own is None:
            self.feed.resync(self)
        else:
            self.feed.ready(self)

    def _apply_own(self) -> bool:
        own = self._own
        if own is None:
            return False
        behind = own.first_seq - self.seq - 1
        if behind > 0:
            return False
        if own.records and behind == 0 and own.prev_hash != self.hash:
            self._own = None
            for order, seq in own.orders:
                order.on_done(Done(seq))
            self.feed.resync(self)
            return False
        self._own = None
        if behind == 0:
            self._apply(own.records)
        for order, seq in own.orders:
            order.on_done(Done(seq))
        return True

    def _apply_heard(self) -> bool:
        for index, bell in enumerate(self._heard):
            if bell.epoch != self.epoch:
                continue
            if bell.last_seq <= self.seq:
                del self._heard[index]
                return True
            if bell.first_seq == self.seq + 1 and bell.prev_hash == self.hash:
                if bell.node == self.store.node and (self._in_flight or self._own):
                    continue  # the answer to our own step is on its way
                del self._heard[index]
                self._apply([read_record(line) for line in bell.lines])
                return True
        return False

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            self.state = evolve(self.state, record.event)
            self.seq = record.seq
            self.hash = record.hash
            section = SECTION[type(record.event)]
            if section:
                self.hashes[section] = record.hash
            self._last_ms = max(self._last_ms, record.event.time_ms)
            frame = text_frame(record.json)
            self.recent.append((record.seq, record.hash, frame))
            self.audience.push(frame)
        while len(self.recent) > RECENT_KEPT:
            self.recent.popleft()
        self.feed.applied(self, records)

    # --- catching up ---

    def caught_up(self, lines: Sequence[bytes]) -> None:
        """Apply the log's suffix that was read, then what was heard meanwhile."""
        records = [read_record(line) for line in lines]
        self._apply([record for record in records if record.seq > self.seq])
        self._resume()

    def replaced(self, snapshot: Snapshot) -> None:
        """Begin again from a snapshot, because the copy's history is not the store's."""
        self.take(snapshot)
        self._heard = [bell for bell in self._heard if bell.epoch >= snapshot.epoch]
        self._resume()

    def _resume(self) -> None:
        self.syncing = False
        # What did not fit is in the log that was read, or belongs to an epoch that is over.
        self._heard = [bell for bell in self._heard if bell.epoch == self.epoch and bell.first_seq > self.seq]
        own = self._own
        if own is not None and own.first_seq > self.seq + 1:
            # Ours is in a history that did not survive.
            self._own = None
            for order, _ in own.orders:
                order.on_done(Refusal("outcome_unknown", ""))
        self._proceed()

    def suffix_after(self, epoch: int, seq: int, hash_: str) -> list[bytes] | None:
        """Give the frames after a point of this history, or None where it is too long ago or another history."""
        if epoch != self.epoch or not self.recent or not self.recent[0][0] <= seq <= self.seq:
            return None
        at = seq - self.recent[0][0]
        if self.recent[at][1] != hash_:
            return None
        return [self.recent[index][2] for index in range(at + 1, len(self.recent))]

    def is_before_recent(self, epoch: int, seq: int, _hash: str) -> bool:
        """Tell whether this point may be found in the store's log, which reaches farther back."""
        return epoch == self.epoch and seq < self.recent[0][0]

    def remember(self, lines: Sequence[bytes]) -> None:
        """Put older events, read from the log, in front of the recent ones."""
        oldest = self.recent[0]
        older = [record for record in map(read_record, lines) if record.seq <= oldest[0]]
        if older and (older[-1].seq, older[-1].hash) == oldest[:2]:
            self.recent.popleft()
            self.recent.extendleft((record.seq, record.hash, text_frame(record.json)) for record in reversed(older))


_REFUSALS: Final = {
    b"late": "try_again",
    b"archive_full": "archive_full",
    b"full": "room_full",
    b"spent": "ticket_reused",
    b"connected": "connected",
}
