"""What holds of a room whatever its members do."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sync_service.commands import AutoStart, Close, Command, Join, Leave, Pause, Play, Report, Say, Seek, SetRate
from sync_service.events import Event, MemberJoined, MemberLeft, PlaybackChanged
from sync_service.log import body_of, placed, read_record
from sync_service.playback import position_at
from sync_service.room import Refusal, decide, evolve, lowest_role, role_of
from sync_service.state import State
from tests.unit.sync.rooms import DURATION_MS, OWNER, empty_room

PEOPLE = [OWNER, "moderator", "anna", "boris", "guest"]
RANK = ["guest", "viewer", "moderator", "owner"]
people = st.sampled_from(PEOPLE)
CONTINUITY_MS = 1.5  # positions are whole ms, and a rate of 2 doubles the rounding


class AnyRoom(RuleBasedStateMachine):
    """Random people give random orders at random moments."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_000
        self.log: list[bytes] = []
        self.start = self.state = empty_room()

    @initialize(control=st.sampled_from(["everyone", "moderators", "owner"]), starts_at=st.none() | st.just(50_000))
    def open(self, control: str, starts_at: int | None) -> None:
        self.start = self.state = empty_room(control=control, starts_at=starts_at)

    @rule(ms=st.integers(0, 20_000))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms

    @rule(who=people)
    def joins(self, who: str) -> None:
        role = "guest" if who == "guest" else "viewer"
        before = self.state.playback
        self.order(Join(by=who, name=who, role=role, visit_id=f"{who} {len(self.log)}"))
        assert self.state.playback == before

    @rule(who=people, ago_ms=st.integers(0, 15_000))
    def leaves(self, who: str, ago_ms: int) -> None:
        before = self.state
        self.order(Leave(by=who, reason="lost", gone_ms=self.now_ms - ago_ms))
        if self.state.members:
            assert self.state.playback == before.playback

    @rule(who=people)
    def plays(self, who: str) -> None:
        self.order(Play(by=who))

    @rule(who=people)
    def pauses(self, who: str) -> None:
        self.order(Pause(by=who))

    @rule(who=people, to_ms=st.floats(-1e6, 1e6))
    def seeks(self, who: str, to_ms: float) -> None:
        self.order(Seek(by=who, position_ms=to_ms))

    @rule(who=people, rate=st.floats(0.25, 4))
    def sets_rate(self, who: str, rate: float) -> None:
        self.order(SetRate(by=who, rate=rate))

    @rule(who=people, text=st.text(min_size=1, max_size=5, alphabet=st.characters(exclude_categories=["Cs"])))
    def says(self, who: str, text: str) -> None:
        self.order(Say(by=who, message_id=str(len(self.log)), text=text))

    @rule(who=people, ready=st.none() | st.booleans(), rtt_ms=st.none() | st.floats(0, 2_000))
    def reports(self, who: str, ready: bool | None, rtt_ms: float | None) -> None:
        self.order(Report(by=who, ready=ready, rtt_ms=rtt_ms))

    @rule()
    def starts_by_itself(self) -> None:
        self.order(AutoStart())

    @rule()
    def is_closed(self) -> None:
        if self.now_ms % 7 == 0:
            self.order(Close(reason="owner"))

    def order(self, command: Command) -> None:
        before = self.state
        outcome = decide(before, command, self.now_ms)
        if isinstance(outcome, Refusal):
            return
        self.only_with_the_right(before, command, outcome)
        for event in outcome:
            self.moves_the_film_only_by_seeking(self.state, event)
            self.state = evolve(self.state, event)
            seq = len(self.log) + 1
            self.log.append(placed(1, seq, f"{seq:016x}", event, body_of(event)).json)

    def only_with_the_right(self, before: State, command: Command, events: tuple[Event, ...]) -> None:
        if not events or isinstance(command, Join | Leave | AutoStart | Close):
            return
        member = before.members[command.by or ""]
        role = role_of(before.rights, member.id, member.role)
        assert RANK.index(role) >= RANK.index(lowest_role(before.rights, type(command)))

    def moves_the_film_only_by_seeking(self, state: State, event: Event) -> None:
        if not isinstance(event, PlaybackChanged) or event.type == "sought":
            return
        was_ms = position_at(state.playback, event.time_ms, DURATION_MS)
        is_ms = position_at(event.playback, event.time_ms, DURATION_MS)
        if event.type == "played" and was_ms >= DURATION_MS:
            assert is_ms == 0
        elif event.reason == "empty":
            assert is_ms <= was_ms + CONTINUITY_MS
        else:
            assert abs(is_ms - was_ms) <= CONTINUITY_MS

    @invariant()
    def the_film_stays_within_its_length(self) -> None:
        assert 0 <= position_at(self.state.playback, self.now_ms + 1_000_000, DURATION_MS) <= DURATION_MS

    def teardown(self) -> None:
        events = [read_record(line).event for line in self.log]
        self.replaying_the_log_gives_the_state(events)
        self.visits_begin_and_end_in_pairs(events)

    def replaying_the_log_gives_the_state(self, events: list[Event]) -> None:
        state = self.start
        for event in events:
            state = evolve(state, event)
        assert state == self.state

    def visits_begin_and_end_in_pairs(self, events: list[Event]) -> None:
        begun = [event.member.visit_id for event in events if isinstance(event, MemberJoined)]
        ended = [event.visit_id for event in events if isinstance(event, MemberLeft)]
        assert len(set(ended)) == len(ended)
        here = {member.visit_id for member in self.state.members.values()}
        assert here == set(begun) - set(ended)


TestAnyRoom = AnyRoom.TestCase
TestAnyRoom.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
