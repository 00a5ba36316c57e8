"""What holds of a room whatever its members, the API and time do to it."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sync_service.room.commands import (
    Ban,
    ChangeRoom,
    ChangeSettings,
    Close,
    ComeBack,
    DeleteMessage,
    Due,
    EditMessage,
    Join,
    Kick,
    Leave,
    Mute,
    Pause,
    Play,
    ReactToMessage,
    Rebase,
    Report,
    Say,
    Seek,
    SetRate,
    SetRole,
    StepAside,
)
from sync_service.room.deadlines import HOST_AFTER_MS, next_due_ms
from sync_service.room.decide import decide
from sync_service.room.events import Event, MemberJoined, MemberLeft, Refusal
from sync_service.room.playback import position_at
from sync_service.room.state import ASIDE, GUESTS, State
from sync_service.store.records import read_record
from tests.unit.sync.rooms import DURATION_MS, OWNER, after, empty_room, says, stored
from tests.unit.sync.watched_room import CONTROL, RANK, WatchedRoom

PEOPLE = [OWNER, "moderator", "mila", "anna", "boris", "vera", "guest"]
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
        "early_start": st.booleans(),
        "start": st.sampled_from(["at_once", "together", "at"]),
        "start_when_ready": st.sampled_from([0, 2, 4]),
        "wait_ad_s": st.sampled_from([0, 20, 300]),
        "wait_away_s": st.sampled_from([0, 40]),
        "wait_until_members": st.sampled_from([2, 200]),
        "snap_on_pause": st.booleans(),
        "guests": st.sampled_from(GUESTS),
    },
)


class AnyRoom(WatchedRoom, RuleBasedStateMachine):
    """Random people give random orders at random moments."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshots: list[tuple[int, State]] = []
        self.sessions: dict[str, int] = {}

    @initialize(
        control=st.sampled_from(list(CONTROL)),
        starts_at=st.none() | st.just(36_050_000),
        hold_max_s=st.sampled_from([1, 10, 60]),
        here=st.lists(people, unique=True, min_size=2),
    )
    def open(self, control: str, starts_at: int | None, hold_max_s: int, here: list[str]) -> None:
        self.start = self.state = empty_room(control=control, starts_at=starts_at, hold_max_s=hold_max_s, guests="chat")
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
        visit_id = f"{who} {len(self.log)}"
        self.order(Join(by=who, name=who, role=role, visit_id=visit_id, since_ms=since_ms, guest=role == "guest"))
        assert self.state.playback == before

    @rule(number=members, ago_ms=st.integers(-5, 15_000))
    def leaves(self, number: int, ago_ms: int) -> None:
        who = self.one(number)
        self.goes(who, Leave(by=who, reason="lost", gone_ms=self.now_ms - ago_ms))

    @rule(number=members, other=members)
    def kicks(self, number: int, other: int) -> None:
        whom = self.one(other)
        self.goes(whom, Kick(by=self.one(number), id=self.fresh(), member_id=whom))

    @rule(number=members)
    def plays(self, number: int) -> None:
        self.order(Play(by=self.one(number), id=self.fresh()))

    @rule(number=members, off_ms=st.none() | st.floats(-2_000, 2_000))
    def pauses(self, number: int, off_ms: float | None) -> None:
        own_ms = None if off_ms is None else max(self.position() + off_ms, 0)
        self.order(Pause(by=self.one(number), id=self.fresh(), position_ms=own_ms))

    @rule(number=members, reason=st.sampled_from(ASIDE))
    def steps_aside(self, number: int, reason: str) -> None:
        self.order(StepAside(by=self.one(number), id=self.fresh(), reason=reason))

    @rule(number=members)
    def comes_back(self, number: int) -> None:
        self.order(ComeBack(by=self.one(number), id=self.fresh()))

    @rule(number=members, reason=st.sampled_from(ASIDE))
    def is_lost_while_aside_and_resumes(self, number: int, reason: str) -> None:
        who = self.one(number)
        if who not in self.state.members or self.state.closed is not None:
            return
        since_ms = self.sessions[who]
        self.steps_aside(number, reason)
        self.now_ms += 1
        self.leaves(number, 0)
        self.joins(who, ticket=False)
        back = self.state.members.get(who)
        kept = self.state.rights.asides.get(who)
        if back is not None and kept is not None:
            assert back.aside == (kept if since_ms < kept.since_ms else None)

    @rule(number=members, to_ms=st.floats(-1e6, 1e6))
    def seeks(self, number: int, to_ms: float) -> None:
        self.order(Seek(by=self.one(number), id=self.fresh(), position_ms=to_ms))

    @rule(number=members, rate=st.floats(0.25, 4))
    def sets_rate(self, number: int, rate: float) -> None:
        self.order(SetRate(by=self.one(number), id=self.fresh(), rate=rate))

    @rule(
        number=members,
        facts=st.fixed_dictionaries(
            {},
            optional={
                "ready": st.booleans(),
                "buffering": st.booleans(),
                "waits": st.sampled_from([True, True, False]),
                "rtt_ms": st.floats(0, 2_000),
                "duration_ms": st.sampled_from([500, 40_000, DURATION_MS + 100, 90_000]),
                "second_screen": st.booleans(),
                "visible": st.booleans(),
            },
        ),
        node=st.sampled_from(["node", "other"]),
    )
    def reports(self, number: int, facts: dict[str, Any], node: str) -> None:
        self.order(says(self.one(number), node=node, **facts))

    @rule(number=members, node=st.sampled_from(["node", "other"]))
    def connections_end(self, number: int, node: str) -> None:
        self.order(Report(by=self.one(number), node=node, says=None))

    @rule(number=members)
    def runs_dry(self, number: int) -> None:
        self.order(says(self.one(number), id_=self.fresh(), buffering=True))

    @rule(number=members, other=members, ms=st.integers(0, 3_000))
    def two_run_dry(self, number: int, other: int, ms: int) -> None:
        self.runs_dry(number)
        self.now_ms += ms
        self.runs_dry(other)

    @rule(back=st.booleans())
    def the_owner_is_away_for_a_minute(self, back: bool) -> None:
        self.goes(OWNER, Leave(by=OWNER, reason="lost", gone_ms=self.now_ms))
        self.now_ms += HOST_AFTER_MS
        self.order(Due())
        if back:
            self.joins(OWNER, ticket=True)

    @rule(number=members, text=st.text(min_size=1, max_size=5, alphabet=st.characters(exclude_categories=["Cs"])))
    def says(self, number: int, text: str) -> None:
        self.order(Say(by=self.one(number), id=self.fresh(), message_id=str(len(self.log)), text=text))

    @precondition(lambda self: self.state.messages)
    @rule(number=members, back=st.integers(0, 5))
    def deletes(self, number: int, back: int) -> None:
        message = self.state.messages[-1 - back % len(self.state.messages)]
        self.order(DeleteMessage(by=self.one(number), id=self.fresh(), message=message))

    @precondition(lambda self: self.state.messages)
    @rule(number=members, back=st.integers(0, 5), text=st.sampled_from("abc"))
    def edits(self, number: int, back: int, text: str) -> None:
        message = self.state.messages[-1 - back % len(self.state.messages)]
        self.order(EditMessage(by=self.one(number), id=self.fresh(), message=message, text=text))

    @precondition(lambda self: self.state.messages)
    @rule(number=members, back=st.integers(0, 5), emoji=st.sampled_from("ab"), on=st.booleans())
    def reacts(self, number: int, back: int, emoji: str, on: bool) -> None:
        message = self.state.messages[-1 - back % len(self.state.messages)]
        self.order(ReactToMessage(by=self.one(number), id=self.fresh(), message=message, emoji=emoji, on=on))

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
            named: dict[str, Any] = {name: changes.pop(name) for name in ("control", "capacity") if name in changes}
            starts_at = None if version % 2 else self.now_ms + 5_000
            if version % 3 == 0:
                named["film"] = {"id": f"film {version}", "title": "Film", "duration_ms": 50_000}
            self.order(ChangeRoom(version=version, changes={**named, "settings": changes, "starts_at": starts_at}))
        elif what == "clock" and self.state.closed is None:
            self.now_ms += shift_ms
            self.order(Rebase(shift_ms=shift_ms, era=self.state.playback.era))
        elif what == "clock again":
            self.order(Rebase(shift_ms=shift_ms, era=self.state.playback.era - 1))
        elif what == "close" and version == 1:
            self.order(Close(reason="owner"))

    # --- what must hold at every moment ---

    @invariant()
    def the_film_stays_within_its_length(self) -> None:
        length_ms = self.state.duration_ms
        assert length_ms is not None
        assert 0 <= position_at(self.state.playback, self.now_ms + 1_000_000, length_ms) <= length_ms

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
            member = self.state.members[awaited]
            assert member.waits
            assert member.buffering if member.aside is None else member.aside.reason in {"ad", "away"}
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
        # Whoever is aside has it as soon as they come back.
        codes = {outcome.code if isinstance(outcome, Refusal) else None for outcome in outcomes}
        assert codes & {None, "aside"}

    @invariant()
    def guests_are_where_they_may_be_and_keep_no_order(self) -> None:
        guests = [member for member in self.state.members.values() if member.guest]
        assert not guests or self.state.rights.settings.guests != "nobody"
        assert all(guest.role in {"guest", "viewer"} for guest in guests)

    @invariant()
    def the_owner_and_a_host_are_not_here_together(self) -> None:
        assert self.state.closed or self.state.rights.host is None or OWNER not in self.state.members

    @invariant()
    def what_is_known_of_the_present_is_what_was_decided(self) -> None:
        rights = self.state.rights
        for member in self.state.members.values():
            role = "owner" if member.id == OWNER else rights.roles.get(member.id)
            assert role in (None, member.role)
            assert member.aside in (None, rights.asides.get(member.id))
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
TestAnyRoom.settings = settings(max_examples=200, stateful_step_count=60)
