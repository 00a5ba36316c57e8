"""A room that is watched: whatever it is told, what comes of it is held against what must always be true."""

from __future__ import annotations

from dataclasses import replace

from sync_service.room.commands import (
    Ban,
    ChangeRoom,
    ChangeSettings,
    Close,
    ComeBack,
    Command,
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
)  # fmt: skip
from sync_service.room.decide import decide
from sync_service.room.events import Event, PlaybackChanged, Rebased, Refusal
from sync_service.room.film import SNAP_MOST_MS
from sync_service.room.playback import position_at
from sync_service.room.state import State
from sync_service.store.records import body_of, placed
from tests.unit.sync.rooms import OWNER, after, empty_room

OWNERS = {"control", "capacity", "early_start", "start", "start_when_ready", "guests"}  # settings
RANK = ["guest", "viewer", "moderator", "owner"]
FILM = (Play, Pause, Seek, SetRate)
ON_PEOPLE = (Kick, Mute, SetRole)
# What the rules must come to, said once more and in another way.
LOWEST: dict[type[Command], str] = {
    Say: "guest",
    Report: "guest",
    StepAside: "guest",
    ComeBack: "guest",
    DeleteMessage: "guest",
    EditMessage: "guest",
    ReactToMessage: "guest",
    Kick: "moderator",
    Mute: "moderator",
    SetRole: "moderator",
    ChangeSettings: "moderator",
}
CONTROL = {"everyone": "viewer", "moderators": "moderator", "owner": "owner"}
CONTINUITY_MS = 1.5  # positions are whole ms, and a rate of 2 doubles the rounding


class WatchedRoom:
    """``state`` is the room's at ``now_ms``, ``log`` what led to it from ``start``."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 36_000_000
        self.log: list[bytes] = []
        self.ids = 0
        self.start = self.state = empty_room()

    def fresh(self) -> str:
        self.ids += 1
        return str(self.ids)

    def position(self) -> float:
        return position_at(self.state.playback, self.now_ms, self.state.duration_ms)

    def order(self, command: Command) -> None:
        # Values are held unchanged by the type checker alone (value.py); what is reached through them is not.
        before, was = self.state, repr(self.state)
        self.decided(before, command)
        assert repr(before) == was

    def decided(self, before: State, command: Command) -> None:
        outcome = decide(before, command, self.now_ms)
        if isinstance(outcome, Refusal):
            return
        if outcome:
            self.only_with_the_right(before, command)
        if command.id is not None and any(event.by is not None for event in outcome):
            assert (command.by, command.id) in {(event.by, event.command) for event in outcome}
        for event in outcome:
            assert event.time_ms == self.now_ms
            self.moves_the_film_only_by_seeking(self.state, event)
            self.waits_no_longer_than_it_may(self.state, event)
            self.whoever_is_aside_moves_nobody(self.state, command, event)
            self.state = after(self.state, (event,))
            seq = len(self.log) + 1
            self.log.append(placed(1, seq, b"%016x" % seq, event, body_of(event)).json)

    def only_with_the_right(self, before: State, command: Command) -> None:
        if isinstance(command, Join | Leave | Ban | Due | Close | ChangeRoom | Rebase):
            return
        member = before.members[command.by or ""]
        rank = RANK.index(member.role)
        if isinstance(command, FILM):
            lowest = CONTROL[before.rights.settings.control]
            assert member.aside is None
            assert rank >= RANK.index(lowest) or (before.rights.host == member.id and member.role != "guest")
            if isinstance(command, Play) and not before.playback.started and not before.rights.settings.early_start:
                assert member.role == "owner" or self.now_ms >= (before.meta.starts_at or 0)
                if before.rights.settings.start == "together":
                    assert member.role == "owner" or OWNER not in before.members
        else:
            assert rank >= RANK.index(LOWEST[type(command)])
        if isinstance(command, ON_PEOPLE):
            self.only_on_lower_ones(before, rank, command.member_id)
        elif isinstance(command, DeleteMessage) and command.message.author["id"] != member.id:
            self.only_on_lower_ones(before, rank, command.message.author["id"])
        elif isinstance(command, ChangeSettings) and command.changes.keys() & OWNERS:
            assert member.role == "owner"
        elif isinstance(command, EditMessage):
            assert command.message.author["id"] == member.id
        if isinstance(command, Say | EditMessage | ReactToMessage):
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
        if event.type == "length_changed":
            assert replace(event.playback, length_ms=state.playback.length_ms) == state.playback
            return
        length_ms = state.duration_ms
        assert length_ms is not None
        shift_ms = event.shift_ms if isinstance(event, Rebased) else 0
        was_ms = position_at(state.playback, event.time_ms - shift_ms, length_ms)
        is_ms = position_at(event.playback, event.time_ms, length_ms)
        if event.type == "played" and was_ms >= length_ms:
            assert is_ms == 0
        elif event.type == "paused" and event.by is not None and state.rights.settings.snap_on_pause:
            assert abs(is_ms - was_ms) <= SNAP_MOST_MS + CONTINUITY_MS
        elif event.playback.reason == "empty" and event.type == "paused":
            assert is_ms <= was_ms + CONTINUITY_MS
        else:
            assert abs(is_ms - was_ms) <= CONTINUITY_MS
        if event.type in {"rate_changed", "rebased"} and event.playback.status == "playing":
            # It goes on at its pace, a start or another rate that lies ahead included.
            at_ms = event.playback.at_ms
            at_then_ms = position_at(state.playback, at_ms - shift_ms, length_ms)
            then_ms = min(at_then_ms + 10_000 * event.playback.rate, length_ms)
            assert abs(position_at(event.playback, at_ms + 10_000, length_ms) - then_ms) <= CONTINUITY_MS

    def waits_no_longer_than_it_may(self, state: State, event: Event) -> None:
        if not isinstance(event, PlaybackChanged) or event.playback.status != "holding":
            return
        until_ms, settings = event.playback.hold_until_ms, state.rights.settings
        assert until_ms is not None
        if state.playback.status == "holding":
            assert until_ms <= (state.playback.hold_until_ms or 0)
        else:
            assert event.type == "hold_started"
            (awaited,) = event.playback.waiting_for
            aside = state.members[awaited].aside
            bounds = {"ad": settings.wait_ad_s, "away": settings.wait_away_s}
            bound_s = settings.hold_max_s if aside is None else bounds[aside.reason]
            assert until_ms == event.time_ms + bound_s * 1000
            assert len(state.members) <= settings.wait_until_members

    def whoever_is_aside_moves_nobody(self, state: State, command: Command, event: Event) -> None:
        """Whatever they and their players do: at most the room waits for them, or does so no longer."""
        member = state.members.get(command.by or "")
        if member is None or not isinstance(event, PlaybackChanged) or event.by != member.id:
            return
        if isinstance(command, ChangeSettings):
            return
        if isinstance(command, StepAside | ComeBack) or member.aside is not None:
            assert event.type in {"hold_started", "hold_ended"}
            waits = event.playback.waiting_for
            assert (member.id in waits) != (member.id in state.playback.waiting_for)

    def goes(self, whom: str, command: Command) -> None:
        """Somebody's going by itself moves nothing, but for the last one out and for whom the room waited for."""
        before, was_ms = self.state, self.position()
        self.order(command)
        now = self.state.playback
        if self.state.members == before.members or (self.state.members and whom not in before.playback.waiting_for):
            assert replace(now, length_ms=before.playback.length_ms) == before.playback
        elif not self.state.members and before.playback.status != "paused":
            assert (now.status, now.reason, now.by) == ("paused", "empty", None)
            assert now.position_ms <= was_ms + CONTINUITY_MS
        elif self.state.members:
            assert now.position_ms == before.playback.position_ms
            assert now.status == ("holding" if len(before.playback.waiting_for) > 1 else "playing")
