"""What holds of a room whatever its members, the API and time do to it."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sync_service.commands import (
    Ban,
    ChangeRoom,
    ChangeSettings,
    Close,
    Command,
    DeleteMessage,
    Due,
    Join,
    Kick,
    Leave,
    Mute,
    Pause,
    Play,
    Rebase,
    Report,
    Say,
    Seek,
    SetRate,
    SetRole,
)
from sync_service.events import Event, MemberJoined, MemberLeft, PlaybackChanged, Rebased
from sync_service.log import body_of, placed, read_record
from sync_service.playback import position_at
from sync_service.room import Refusal, decide
from sync_service.rules.deadlines import HOST_AFTER_MS, next_due_ms
from sync_service.state import State
from sync_service.store import SECTIONS, _snapshot
from sync_service.writes import sections
from tests.unit.sync.rooms import DURATION_MS, OWNER, after, empty_room

PEOPLE = [OWNER, "moderator", "mila", "anna", "boris", "vera", "guest"]
RANK = ["guest", "viewer", "moderator", "owner"]
FILM = (Play, Pause, Seek, SetRate)
ON_PEOPLE = (Kick, Mute, SetRole)
# What the rules must come to, said once more and in another way.
LOWEST: dict[type[Command], str] = {
    Say: "guest",
    Report: "guest",
    DeleteMessage: "guest",
    Kick: "moderator",
    Mute: "moderator",
    SetRole: "moderator",
    ChangeSettings: "moderator",
}
CONTROL = {"everyone": "viewer", "moderators": "moderator", "owner": "owner"}
CONTINUITY_MS = 1.5  # positions are whole ms, and a rate of 2 doubles the rounding
people = st.sampled_from(PEOPLE)
members = st.integers(0, 99)  # see AnyRoom.one
changes = st.fixed_dictionaries(
    {},
    optional={
        "control": st.sampled_from(list(CONTROL)),
        "capacity": st.integers(2, 200),
        "locked": st.booleans(),
        "slow_mode_s": st.integers(0, 300),
        "hold": st.booleans(),
        "hold_max_s": st.integers(1, 60),
    },
)


def stored(state: State) -> State:
    """The state after it has been written to the store and read again."""
    values = {name: bytes(value) for name, value in sections(state).items()}
    hashes = {f"{name}_hash": b"h" for name in SECTIONS}
    room: dict[str, bytes] = {"epoch": b"1", "seq": b"1", "hash": b"h", **values, **hashes}
    if state.closed is not None:
        room["closed"] = state.closed.encode()
    members = [word for member in state.members.values() for word in (member.id.encode(), orjson.dumps(member))]
    messages = [orjson.dumps(message) for message in state.messages]
    return _snapshot([word for name, value in room.items() for word in (name.encode(), value)], members, messages).state


class AnyRoom(RuleBasedStateMachine):
    """Random people give random orders at random moments."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 36_000_000
        self.log: list[bytes] = []
        self.snapshots: list[tuple[int, State]] = []
        self.sessions: dict[str, int] = {}
        self.ids = 0
        self.start = self.state = empty_room()

    @initialize(
        control=st.sampled_from(list(CONTROL)),
        starts_at=st.none() | st.just(36_050_000),
        hold_max_s=st.sampled_from([1, 10, 60]),
        here=st.lists(people, unique=True, min_size=2),
    )
    def open(self, control: str, starts_at: int | None, hold_max_s: int, here: list[str]) -> None:
        self.start = self.state = empty_room(control=control, starts_at=starts_at, hold_max_s=hold_max_s)
        for who in here:
            self.joins(who, ticket=True)

    def one(self, number: int) -> str:
        """Somebody: mostly one who is here."""
        here = sorted(self.state.members)
        return here[number % len(here)] if here and number < 90 else PEOPLE[number % len(PEOPLE)]

    # --- what happens ---

    @rule(ms=st.integers(0, 4_000) | st.integers(0, 20_000) | st.integers(0, 400_000))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms

    @rule(who=people, ticket=st.booleans())
    def joins(self, who: str, ticket: bool) -> None:
        since_ms = self.now_ms if ticket else self.sessions.get(who, self.now_ms)
        self.sessions[who] = since_ms
        role = "guest" if who == "guest" else "viewer"
        before = self.state.playback
        self.order(Join(by=who, name=who, role=role, visit_id=f"{who} {len(self.log)}", since_ms=since_ms))
        assert self.state.playback == before

    @rule(number=members, ago_ms=st.integers(-5, 15_000))
    def leaves(self, number: int, ago_ms: int) -> None:
        who = self.one(number)
        self.goes(who, Leave(by=who, reason="lost", gone_ms=self.now_ms - ago_ms))

    @rule(number=members, other=members)
    def kicks(self, number: int, other: int) -> None:
        whom = self.one(other)
        self.goes(whom, Kick(by=self.one(number), id=self.fresh(), member_id=whom))

    def goes(self, whom: str, command: Command) -> None:
        """Somebody's going by itself moves nothing, but for the last one out and for whom the room waited for."""
        before, was_ms = self.state, self.position()
        self.order(command)
        now = self.state.playback
        if self.state.members == before.members or (self.state.members and whom not in before.playback.waiting_for):
            assert now == before.playback
        elif not self.state.members and before.playback.status != "paused":
            assert (now.status, now.reason, now.by) == ("paused", "empty", None)
            assert now.position_ms <= was_ms + CONTINUITY_MS
        elif self.state.members:
            assert now.position_ms == before.playback.position_ms
            assert now.status == ("holding" if len(before.playback.waiting_for) > 1 else "playing")

    @rule(number=members)
    def plays(self, number: int) -> None:
        self.order(Play(by=self.one(number), id=self.fresh()))

    @rule(number=members)
    def pauses(self, number: int) -> None:
        self.order(Pause(by=self.one(number), id=self.fresh()))

    @rule(number=members, to_ms=st.floats(-1e6, 1e6))
    def seeks(self, number: int, to_ms: float) -> None:
        self.order(Seek(by=self.one(number), id=self.fresh(), position_ms=to_ms))

    @rule(number=members, rate=st.floats(0.25, 4))
    def sets_rate(self, number: int, rate: float) -> None:
        self.order(SetRate(by=self.one(number), id=self.fresh(), rate=rate))

    @rule(
        number=members,
        says=st.fixed_dictionaries(
            {},
            optional={
                "ready": st.booleans(),
                "buffering": st.booleans(),
                "waits": st.sampled_from([True, True, False]),
                "rtt_ms": st.floats(0, 2_000),
                "was_ready": st.booleans(),
            },
        ),
    )
    def reports(self, number: int, says: dict[str, Any]) -> None:
        self.order(Report(by=self.one(number), **says))

    @rule(number=members)
    def runs_dry(self, number: int) -> None:
        self.order(Report(by=self.one(number), id=self.fresh(), buffering=True, was_ready=True))

    @rule(number=members, text=st.text(min_size=1, max_size=5, alphabet=st.characters(exclude_categories=["Cs"])))
    def says(self, number: int, text: str) -> None:
        self.order(Say(by=self.one(number), id=self.fresh(), message_id=str(len(self.log)), text=text))

    @precondition(lambda self: self.state.messages)
    @rule(number=members, back=st.integers(0, 5))
    def deletes(self, number: int, back: int) -> None:
        message = self.state.messages[-1 - back % len(self.state.messages)]
        self.order(DeleteMessage(by=self.one(number), id=self.fresh(), message=message))

    @rule(number=members, other=members, role=st.sampled_from(RANK))
    def sets_role(self, number: int, other: int, role: str) -> None:
        self.order(SetRole(by=self.one(number), id=self.fresh(), member_id=self.one(other), role=role))

    @rule(number=members, other=members, seconds=st.integers(0, 100))
    def mutes(self, number: int, other: int, seconds: int) -> None:
        self.order(Mute(by=self.one(number), id=self.fresh(), member_id=self.one(other), seconds=seconds))

    @rule(number=members, changes=changes)
    def changes_settings(self, number: int, changes: dict[str, Any]) -> None:
        self.order(ChangeSettings(by=self.one(number), id=self.fresh(), changes=changes))

    @rule()
    def its_moment_comes(self) -> None:
        moment_ms = next_due_ms(self.state)
        if moment_ms is not None:
            self.now_ms = max(self.now_ms, moment_ms)
        self.order(Due())

    @rule()
    def is_stored(self) -> None:
        self.snapshots.append((len(self.log), stored(self.state)))

    @rule(
        what=st.sampled_from(["ban", "unban", "change", "clock", "clock again", "close"]),
        who=people,
        version=st.integers(1, 9),
        changes=changes,
        shift_ms=st.sampled_from([-3_600_000, -300, 300, 3_600_000]),
    )
    def something_rare(self, what: str, who: str, version: int, changes: dict[str, Any], shift_ms: int) -> None:
        if "ban" in what and who != OWNER:
            self.goes(who, Ban(by=OWNER, member_id=who, version=version, banned=what == "ban"))
        elif what == "change":
            named = {name: changes.pop(name) for name in ("control", "capacity") if name in changes}
            starts_at = None if version % 2 else self.now_ms + 5_000
            self.order(ChangeRoom(version=version, changes={**named, "settings": changes, "starts_at": starts_at}))
        elif what == "clock" and self.state.closed is None:
            self.now_ms += shift_ms
            self.order(Rebase(shift_ms=shift_ms, era=self.state.playback.era))
        elif what == "clock again":
            self.order(Rebase(shift_ms=shift_ms, era=self.state.playback.era - 1))
        elif what == "close" and version == 1:
            self.order(Close(reason="owner"))

    # --- what must hold of each order ---

    def fresh(self) -> str:
        self.ids += 1
        return str(self.ids)

    def position(self) -> float:
        return position_at(self.state.playback, self.now_ms, DURATION_MS)

    def order(self, command: Command) -> None:
        before = self.state
        outcome = decide(before, command, self.now_ms)
        if isinstance(outcome, Refusal):
            return
        if outcome:
            self.only_with_the_right(before, command)
        if outcome and command.id is not None:
            assert (command.by, command.id) in {(event.by, event.command) for event in outcome}
        for event in outcome:
            assert event.time_ms == self.now_ms
            self.moves_the_film_only_by_seeking(self.state, event)
            self.waits_no_longer_than_it_may(self.state, event)
            self.state = after(self.state, (event,))
            seq = len(self.log) + 1
            self.log.append(placed(1, seq, f"{seq:016x}", event, body_of(event)).json)

    def only_with_the_right(self, before: State, command: Command) -> None:
        if isinstance(command, Join | Leave | Ban | Due | Close | ChangeRoom | Rebase):
            return
        member = before.members[command.by or ""]
        rank = RANK.index(member.role)
        if isinstance(command, FILM):
            lowest = CONTROL[before.rights.settings.control]
            assert rank >= RANK.index(lowest) or (before.rights.host == member.id and member.role != "guest")
        else:
            assert rank >= RANK.index(LOWEST[type(command)])
        if isinstance(command, ON_PEOPLE):
            self.only_on_lower_ones(before, rank, command.member_id)
        elif isinstance(command, DeleteMessage) and command.message.author["id"] != member.id:
            self.only_on_lower_ones(before, rank, command.message.author["id"])
        elif isinstance(command, ChangeSettings) and {"control", "capacity"} & command.changes.keys():
            assert member.role == "owner"
        elif isinstance(command, Say):
            assert before.rights.muted.get(member.id, 0) <= self.now_ms
        if isinstance(command, SetRole):
            assert RANK.index(command.role) < rank

    def only_on_lower_ones(self, before: State, rank: int, whom: str) -> None:
        assert rank >= RANK.index("moderator")
        target = before.members.get(whom)
        role = target.role if target is not None else before.rights.roles.get(whom, "viewer")
        assert whom != OWNER
        assert rank > RANK.index(role)

    def moves_the_film_only_by_seeking(self, state: State, event: Event) -> None:
        if not isinstance(event, PlaybackChanged | Rebased) or event.type == "sought":
            return
        shift_ms = event.shift_ms if isinstance(event, Rebased) else 0
        was_ms = position_at(state.playback, event.time_ms - shift_ms, DURATION_MS)
        is_ms = position_at(event.playback, event.time_ms, DURATION_MS)
        if event.type == "played" and was_ms >= DURATION_MS:
            assert is_ms == 0
        elif event.playback.reason == "empty" and event.type == "paused":
            assert is_ms <= was_ms + CONTINUITY_MS
        else:
            assert abs(is_ms - was_ms) <= CONTINUITY_MS

    def waits_no_longer_than_it_may(self, state: State, event: Event) -> None:
        if not isinstance(event, PlaybackChanged) or event.playback.status != "holding":
            return
        if state.playback.status == "holding":
            assert event.playback.hold_until_ms == state.playback.hold_until_ms
        else:
            assert event.type == "hold_started"
            assert event.playback.hold_until_ms == event.time_ms + state.rights.settings.hold_max_s * 1000

    # --- what must hold at every moment ---

    @invariant()
    def the_film_stays_within_its_length(self) -> None:
        assert 0 <= position_at(self.state.playback, self.now_ms + 1_000_000, DURATION_MS) <= DURATION_MS

    @invariant()
    def the_room_waits_for_those_who_are_dry_and_not_for_ever(self) -> None:
        playback = self.state.playback
        if self.state.closed is not None:
            return
        if playback.status != "holding":
            assert (playback.waiting_for, playback.hold_until_ms) == ((), None)
            return
        assert playback.waiting_for
        assert len(set(playback.waiting_for)) == len(playback.waiting_for)
        for awaited in playback.waiting_for:
            assert self.state.members[awaited].buffering
            assert self.state.members[awaited].waits
        moment_ms = next_due_ms(self.state)
        assert moment_ms is not None
        assert playback.hold_until_ms is not None
        assert moment_ms <= playback.hold_until_ms

    @invariant()
    def whatever_is_due_gets_done(self) -> None:
        moment_ms = next_due_ms(self.state)
        if moment_ms is None:
            return
        moment_ms = max(moment_ms, self.now_ms)
        events = decide(self.state, Due(), moment_ms)
        assert events
        assert not isinstance(events, Refusal)
        then_ms = next_due_ms(after(self.state, events))
        assert then_ms is None or then_ms > moment_ms

    @invariant()
    def somebody_has_the_film_after_a_minute(self) -> None:
        """Unless there is nobody but guests."""
        if self.state.closed is not None or all(member.role == "guest" for member in self.state.members.values()):
            return
        then_ms = self.now_ms + HOST_AFTER_MS
        events = decide(self.state, Due(), then_ms)
        assert not isinstance(events, Refusal)
        room = after(self.state, events)
        outcomes = [decide(room, Seek(by=member, position_ms=1), then_ms) for member in room.members]
        assert not all(isinstance(outcome, Refusal) for outcome in outcomes)

    @invariant()
    def the_owner_and_a_host_are_not_here_together(self) -> None:
        assert self.state.closed or self.state.rights.host is None or OWNER not in self.state.members

    @invariant()
    def what_is_known_of_the_present_is_what_was_decided(self) -> None:
        rights = self.state.rights
        for member in self.state.members.values():
            role = "owner" if member.id == OWNER else rights.roles.get(member.id)
            assert role in (None, member.role)
            muted = rights.muted.get(member.id, 0) > self.now_ms
            assert muted == ((member.muted_until_ms or 0) > self.now_ms)
            assert rights.bans.get(member.id, 0) <= 0

    # --- what must hold of the whole history ---

    def teardown(self) -> None:
        events = [read_record(line).event for line in self.log]
        assert after(self.start, tuple(events)) == self.state
        for at, snapshot in self.snapshots:
            assert after(snapshot, tuple(events[at:])) == self.state
        self.visits_begin_and_end_in_pairs(events)

    def visits_begin_and_end_in_pairs(self, events: list[Event]) -> None:
        begun = [event.member.visit_id for event in events if isinstance(event, MemberJoined)]
        ended = [event.visit_id for event in events if isinstance(event, MemberLeft)]
        assert len(set(ended)) == len(ended)
        here = {member.visit_id for member in self.state.members.values()}
        assert here == set(begun) - set(ended)


TestAnyRoom = AnyRoom.TestCase
TestAnyRoom.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
