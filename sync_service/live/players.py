"""What the players of a room's members say of themselves, connection by connection, and how the room learns of it.

Facts belong to a connection and end with it. What those of one person on this node come to is committed (``Report``)
when it changes, whole each time: a report that was lost is made good by the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sync_service.live.commit import Done, PendingCommand
from sync_service.protocol import outbound
from sync_service.room.commands import Report
from sync_service.room.events import FilmChanged, MemberChanged, Refusal
from sync_service.room.length import differs
from sync_service.room.player import SILENT, Player, rtt_bucket_ms, together
from sync_service.room.state import State

RETRY_S: Final = 0.5
CLOCK_STEP_S: Final = 0.01  # the loop counts in milliseconds
# Changes of nothing but a person's round trip and visibility, however they wobble.
MINOR_CHANGES_MOST: Final = 2
MINOR_CHANGES_IN_S: Final = 60.0
STEPS_MS: Final = (100, 500, 2_000)  # of the skew; the others are told when it comes into another one
SKEW_AGAIN_AFTER_S: Final = 5.0

OnDone = Callable[[Done | Refusal], None]


@dataclass(slots=True, eq=False)
class Facts:
    """One connection's; ``tell`` sends a message to it alone. ``buffering`` counts once its player has been ready."""

    tell: Callable[[bytes], None]
    second_screen: bool = False
    ready: bool = False
    was_ready: bool = False
    buffering: bool = False
    waits: bool = True
    rtt_ms: int = SILENT.rtt_ms
    duration_ms: int | None = None
    visible: bool = True
    skew_ms: float | None = None
    told: tuple[int, int] | None = None  # its length and the room's, of which it was last told that they differ

    def report(
        self,
        ready: bool | None,
        buffering: bool | None,
        waits: bool | None,
        duration_ms: float | None,
        visible: bool | None,
    ) -> None:
        """Take what the connection reports; None leaves a value as it was."""
        if ready is not None:
            self.ready = ready
            self.was_ready = self.was_ready or ready
        if buffering is not None:
            self.buffering = buffering
        if waits is not None:
            self.waits = waits
        if duration_ms is not None:
            self.duration_ms = round(duration_ms)
        if visible is not None:
            self.visible = visible

    def film_changed(self) -> None:
        """Forget what was said of a film that is no longer the room's."""
        self.ready = self.was_ready = self.buffering = False
        self.duration_ms = self.skew_ms = self.told = None

    def measured(self, rtt_ms: float) -> bool:
        """Take the round trip that the connection has measured; return whether it is another one than before."""
        before_ms, self.rtt_ms = self.rtt_ms, rtt_bucket_ms(rtt_ms, self.rtt_ms)
        return self.rtt_ms != before_ms

    @property
    def player(self) -> Player:
        """What they say of a player."""
        if self.second_screen:
            return Player(second_screen=True, visible=self.visible)
        buffering = self.buffering and self.was_ready
        return Player(self.ready, buffering, self.waits, self.rtt_ms, self.duration_ms, visible=self.visible)


class Room(Protocol):
    """What is needed of the room."""

    @property
    def state(self) -> State:
        """The room as it is here."""

    @property
    def seq(self) -> int:
        """The seq of its last event here."""

    def submit(self, pending: PendingCommand) -> None:
        """Have a command decided and committed."""


class _Person:
    """One member's connections here.

    ``told`` is what was last submitted of them, None where that is not known; ``under_way`` counts reports without an
    outcome: so long it is kept, also without connections.
    """

    __slots__ = ("facts", "later", "minor_changes", "skew_sent_s", "skew_step", "told", "under_way")

    def __init__(self) -> None:
        self.facts: list[Facts] = []
        self.told: Player | None = None
        self.under_way = 0
        self.minor_changes: deque[float] = deque(maxlen=MINOR_CHANGES_MOST)
        self.later: asyncio.TimerHandle | None = None
        self.skew_step = 0
        self.skew_sent_s = float("-inf")

    @property
    def says(self) -> Player:
        return together(facts.player for facts in self.facts)

    @property
    def skew_ms(self) -> float:
        """The skew of the player that is nearest to its place: the others of the same person run unwatched."""
        return min((facts.skew_ms for facts in self.facts if facts.skew_ms is not None), key=abs, default=0.0)


class Players:
    """A room's, on this node; ``now_s`` is a monotonic clock, by default the loop's."""

    def __init__(self, room: Room, node: str, now_s: Callable[[], float] | None = None) -> None:
        self._room = room
        # Clients see it: the process's own random part names it well enough.
        self._node = player_key(node)
        self._people: dict[str, _Person] = {}
        self._loop = asyncio.get_running_loop()
        self._now_s = self._loop.time if now_s is None else now_s

    def add(self, member: str, facts: Facts) -> None:
        """Take in a connection's facts."""
        self._people.setdefault(member, _Person()).facts.append(facts)
        if facts.second_screen:
            self.changed(member)

    def remove(self, member: str, facts: Facts, *, leaving: bool = False) -> float | None:
        """Drop a connection's facts with it; not told to the room if the member is ``leaving`` it.

        Returns the skew (ms) of the player that is left, if the others have to be told.
        """
        person = self._people.get(member)
        if person is None or facts not in person.facts:
            return None
        person.facts.remove(facts)
        if not leaving:
            self.changed(member)
        self._forget_if_over(member, person)
        if facts.skew_ms is None or not person.facts:
            return None
        return self.skew_due(member, self._now_s(), at_once=True)

    # --- to the room ---

    def changed(self, member: str, id_: str | None = None, on_done: OnDone | None = None) -> None:
        """Report what a member's players here come to, if that is not what was reported last.

        ``on_done`` receives the outcome of the report, which the connection named ``id_``.
        """
        person = self._people.get(member)
        if person is None:
            return
        known = person.told if person.told is not None else self._known(member)
        says = person.says
        if member not in self._room.state.members:
            _done(on_done, Refusal("not_a_member"))
            return
        # That nothing is left is always told: there may be no other change to tell it with.
        if says == known or (person.facts and not self._may_tell(member, person, says, known)):
            _done(on_done, Done(self._room.seq))
            return
        person.told = says
        person.under_way += 1

        def done(outcome: Done | Refusal) -> None:
            person.under_way -= 1
            if isinstance(outcome, Refusal) and person.told is says:
                person.told = None
                if outcome.code in _RETRIED:
                    person.under_way += 1
                    self._loop.call_later(RETRY_S, self._again, member, person)
            _done(on_done, outcome)
            self._compare_lengths(member, person)
            self._forget_if_over(member, person)

        report = Report(by=member, id=id_, node=self._node, says=says if person.facts else None)
        self._room.submit(PendingCommand(report, done))

    def joined_again(self, member: str) -> None:
        """Report anew: the room may have lost what it knew of this member."""
        person = self._people.get(member)
        if person is not None:
            person.told = None
            self.changed(member)

    def _again(self, member: str, person: _Person) -> None:
        person.under_way -= 1
        self.changed(member)
        self._forget_if_over(member, person)

    def _forget_if_over(self, member: str, person: _Person) -> None:
        if not person.facts and not person.under_way and self._people.get(member) is person:
            del self._people[member]

    def _known(self, member: str) -> Player:
        known = self._room.state.members.get(member)
        return SILENT if known is None else known.players.get(self._node, SILENT)

    def _may_tell(self, member: str, person: _Person, says: Player, known: Player) -> bool:
        """Return whether to report now; minor things that have changed again and again wait, if only for their time."""
        if _rest(says) != _rest(known):
            return True
        now_s, changes = self._now_s(), person.minor_changes
        if len(changes) == MINOR_CHANGES_MOST and now_s - changes[0] < MINOR_CHANGES_IN_S:
            if person.later is None:
                left_s = changes[0] + MINOR_CHANGES_IN_S - now_s
                person.later = self._loop.call_later(left_s + CLOCK_STEP_S, self._later, member, person)
            return False
        changes.append(now_s)
        return True

    def _later(self, member: str, person: _Person) -> None:
        person.later = None
        if self._people.get(member) is person:
            self.changed(member)

    def follow(self, event: MemberChanged | FilmChanged) -> None:
        """Compare lengths anew; of a film that is no longer the room's forget what players said: each reports anew."""
        if isinstance(event, FilmChanged):
            self._film_changed()
        else:
            self.compare_lengths()

    def _film_changed(self) -> None:
        for person in self._people.values():
            person.told = None
            for facts in person.facts:
                facts.film_changed()

    # --- to the connections, and to the others ---

    def compare_lengths(self) -> None:
        """Tell the connections here whose film is not as long as the room's, once for each pair of lengths."""
        for member, person in self._people.items():
            self._compare_lengths(member, person)

    def _compare_lengths(self, member: str, person: _Person) -> None:
        state = self._room.state
        room_ms = state.duration_ms
        for facts in person.facts:
            own_ms = facts.duration_ms
            if own_ms is None or room_ms is None or facts.told == (own_ms, room_ms) or not facts.ready:
                continue
            if differs(state, member, own_ms):
                facts.told = own_ms, room_ms
                facts.tell(outbound.film_differs(room_ms, own_ms))

    def skew_due(self, member: str, now_s: float, *, at_once: bool = False) -> float | None:
        """Return the member's skew (ms) if the others have to be told: it is in another step, and not too soon."""
        person = self._people.get(member)
        if person is None:
            return None
        skew_ms = person.skew_ms
        step = sum(abs(skew_ms) > bound for bound in STEPS_MS)
        if step == person.skew_step or not (at_once or now_s - person.skew_sent_s >= SKEW_AGAIN_AFTER_S):
            return None
        person.skew_step, person.skew_sent_s = step, now_s
        return skew_ms


def player_key(node: str) -> str:
    """Return the name under which a member has what their players on a node say."""
    return node.rpartition(".")[2]


def _rest(player: Player) -> tuple[object, ...]:
    """Return what is not minor."""
    return player.ready, player.buffering, player.waits, player.duration_ms, player.second_screen


def _done(on_done: OnDone | None, outcome: Done | Refusal) -> None:
    if on_done is not None:
        on_done(outcome)


_RETRIED: Final = frozenset({"try_again", "outcome_unknown"})
