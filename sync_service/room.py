"""The rules of a room, pure: standard library only, time as an argument, no socket, no store.

``decide`` turns a command (an order, which may be refused) into events (facts); ``evolve`` applies an event without any
decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sync_service.commands import AutoStart, Close, Command, Join, Leave, Pause, Play, Report, Say, Seek, SetRate
from sync_service.events import Closed, Event, MemberChanged, MemberJoined, MemberLeft, PlaybackChanged, Said
from sync_service.playback import RATE_MAX, RATE_MIN, Playback, Status, lead_ms, position_at
from sync_service.state import MESSAGES_KEPT, Member, Message, Rights, State

AUTO_START_MS: Final = 5_000
# Reported round trips are kept by bucket, so that a wobbling network does not fill the log with member changes. The
# first bucket is what LEAD_MIN_MS allows for, the last what LEAD_MAX_MS allows for.
RTT_BUCKETS_MS: Final = (75, 150, 300, 500)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command has no effect; ``code`` is one of protocol.ERRORS."""

    code: str
    message: str


Events = tuple[Event, ...]
Outcome = Events | Refusal

# --- who may do what ---

_RANKS: Final = {"guest": 0, "viewer": 1, "moderator": 2, "owner": 3}
_CONTROL: Final = {"everyone": "viewer", "moderators": "moderator", "owner": "owner"}


def role_of(rights: Rights, member_id: str, ticket_role: str) -> str:
    """Give a member's role: the live room's word if it has one; a ticket's role counts only for a stranger to it."""
    if member_id == rights.owner:
        return "owner"
    known = rights.roles.get(member_id)
    # Only one is the owner, whatever a ticket says.
    return known or ("viewer" if ticket_role == "owner" else ticket_role)


def lowest_role(rights: Rights, command: type[Command]) -> str:
    """Give the lowest role that may give this command: the permission table."""
    table: Mapping[type[Command], str] = {
        Play: _CONTROL[rights.control],
        Pause: _CONTROL[rights.control],
        Seek: _CONTROL[rights.control],
        SetRate: _CONTROL[rights.control],
        Say: "guest",
        Report: "guest",
    }
    return table[command]


# --- decide ---


def decide(state: State, command: Command, now_ms: int) -> Outcome:
    """Give the events that the command brings about (none if it changes nothing), or why it is refused."""
    if state.closed is not None:
        return Refusal("room_closed", "the room is closed")
    rule = _RULES[type(command)]
    if type(command) in _BY_THE_ROOM:
        return rule(state, command, now_ms)
    member = state.members.get(command.by or "")
    if member is None:
        return Refusal("not_a_member", "you are not in this room any more: say hello again")
    if _RANKS[role_of(state.rights, member.id, member.role)] < _RANKS[lowest_role(state.rights, type(command))]:
        return Refusal("forbidden", f"in this room this takes the role {lowest_role(state.rights, type(command))}")
    return rule(state, command, now_ms)


def _play(state: State, command: Command, now_ms: int, reason: str | None = None) -> Events:
    position_ms = position_at(state.playback, now_ms, state.duration_ms)
    at_end = position_ms >= state.duration_ms
    if state.playback.status == "playing" and not at_end:
        return ()
    at_ms = now_ms + lead_ms(max((member.rtt_ms for member in state.members.values()), default=0))
    return _changed("played", state, command, now_ms, reason, position_ms=0 if at_end else position_ms, at_ms=at_ms)


def _pause(state: State, command: Command, now_ms: int) -> Events:
    if state.playback.status == "paused":
        return ()
    position_ms = position_at(state.playback, now_ms, state.duration_ms)
    return _changed("paused", state, command, now_ms, position_ms=position_ms, at_ms=now_ms, status="paused")


def _seek(state: State, command: Seek, now_ms: int) -> Events:
    position_ms = min(max(command.position_ms, 0), state.duration_ms)
    playing = state.playback.status == "playing"
    # Everyone has to fetch the new place first: while playing, a seek is a start and gets a start's lead.
    ahead_ms = lead_ms(max((member.rtt_ms for member in state.members.values()), default=0)) if playing else 0
    return _changed(
        "sought", state, command, now_ms, position_ms=position_ms, at_ms=now_ms + ahead_ms, status=state.playback.status
    )


def _set_rate(state: State, command: SetRate, now_ms: int) -> Events:
    rate = round(min(max(command.rate, RATE_MIN), RATE_MAX), 3)
    playback = state.playback
    if rate == playback.rate:
        return ()
    position_ms = position_at(playback, now_ms, state.duration_ms)
    # A start that still lies ahead stays where it is, or those who have heard of it would start twice.
    at_ms = max(now_ms, playback.at_ms)
    return _changed(
        "rate_changed", state, command, now_ms, position_ms=position_ms, at_ms=at_ms, status=playback.status, rate=rate
    )


def _changed(
    type_: str,
    state: State,
    command: Command,
    now_ms: int,
    reason: str | None = None,
    *,
    position_ms: float,
    at_ms: int,
    status: Status = "playing",
    rate: float | None = None,
) -> Events:
    # Seeking or choosing a rate before the start is preparation: the film still starts by itself.
    started = state.playback.started or type_ in {"played", "paused"}
    rate = state.playback.rate if rate is None else rate
    playback = Playback(status, round(position_ms), rate, at_ms, command.by, started)
    return (
        PlaybackChanged(
            type=type_, time_ms=now_ms, by=command.by, command=command.id, playback=playback, reason=reason
        ),
    )


def _say(state: State, command: Say, now_ms: int) -> Events:
    author = state.members[command.by or ""]
    position_ms = round(position_at(state.playback, now_ms, state.duration_ms))
    message = Message(command.message_id, {"id": author.id, "name": author.name}, command.text, position_ms, now_ms)
    return (Said(time_ms=now_ms, by=command.by, command=command.id, message=message),)


def _report(state: State, command: Report, now_ms: int) -> Events:
    member = state.members[command.by or ""]
    ready = member.ready if command.ready is None else command.ready
    rtt_ms = member.rtt_ms if command.rtt_ms is None else rtt_bucket_ms(command.rtt_ms)
    if (ready, rtt_ms) == (member.ready, member.rtt_ms):
        return ()
    changed = replace(member, ready=ready, rtt_ms=rtt_ms)
    event = MemberChanged(time_ms=now_ms, by=command.by, command=command.id, member=changed)
    after = evolve(state, event)
    return (event, *_start_if_due(after, now_ms))


def _join(state: State, command: Join, now_ms: int) -> Events:
    member_id = command.by or ""
    if member_id in state.members:
        return ()
    role = role_of(state.rights, member_id, command.role)
    member = Member(member_id, command.name, role, False, RTT_BUCKETS_MS[0], now_ms, command.visit_id)
    return (MemberJoined(time_ms=now_ms, by=member_id, command=command.id, member=member),)


def _leave(state: State, command: Leave, now_ms: int) -> Events:
    member = state.members.get(command.by or "")
    if member is None:
        return ()
    left = MemberLeft(
        time_ms=now_ms,
        by=member.id,
        command=command.id,
        member_id=member.id,
        name=member.name,
        reason=command.reason,
        visit_id=member.visit_id,
        joined_ms=member.joined_ms,
        left_ms=max(min(command.gone_ms, now_ms), member.joined_ms),
    )
    after = evolve(state, left)
    if after.members or state.playback.status == "paused":
        return (left,)
    # Nobody watches while the grace runs out: the film stops where the last one's connection ended.
    return (left, *_paused_for(after, after.last_seen_ms, now_ms, "empty"))


def _paused_for(state: State, gone_ms: int, now_ms: int, reason: str) -> Events:
    position_ms = position_at(state.playback, gone_ms, state.duration_ms)
    return _changed("paused", state, Command(), now_ms, reason, position_ms=position_ms, at_ms=now_ms, status="paused")


def _auto_start(state: State, _command: Command, now_ms: int) -> Events:
    return _start_if_due(state, now_ms)


def _start_if_due(state: State, now_ms: int) -> Events:
    due_ms = auto_start_due_ms(state)
    return _play(state, Command(), now_ms, "auto_start") if due_ms is not None and now_ms >= due_ms else ()


def auto_start_due_ms(state: State) -> int | None:
    """Give when the film starts by itself, or None: once, for the first ready member, at latest 5 s after the first.

    A room with ``starts_at`` waits for that moment.
    """
    if state.playback.started or not state.members or state.closed is not None:
        return None
    members = state.members.values()
    due_ms = 0 if any(member.ready for member in members) else min(m.joined_ms for m in members) + AUTO_START_MS
    return max(due_ms, state.meta.starts_at or 0)


def _close(state: State, command: Close, now_ms: int) -> Events:
    closed = Closed(time_ms=now_ms, by=command.by, command=command.id, reason=command.reason)
    ended = (
        MemberLeft(
            time_ms=now_ms,
            by=None,
            command=None,
            member_id=member.id,
            name=member.name,
            reason="closed",
            visit_id=member.visit_id,
            joined_ms=member.joined_ms,
            left_ms=now_ms,
        )
        for member in state.members.values()
    )
    return (closed, *ended)


def rtt_bucket_ms(rtt_ms: float) -> int:
    """Give the smallest bucket that holds this round trip."""
    return next((bucket for bucket in RTT_BUCKETS_MS if rtt_ms <= bucket), RTT_BUCKETS_MS[-1])


_RULES: Final[Mapping[type[Command], Callable[[State, Any, int], Outcome]]] = {
    Play: _play,
    Pause: _pause,
    Seek: _seek,
    SetRate: _set_rate,
    Say: _say,
    Report: _report,
    Join: _join,
    Leave: _leave,
    AutoStart: _auto_start,
    Close: _close,
}
_BY_THE_ROOM: Final = frozenset({Join, Leave, AutoStart, Close})

# What a decision has read besides the epoch; the store refuses it if any of these has changed meanwhile. A leave reads
# the members (is this the last one?), a join does not: that it fits is checked by the store itself.
READS: Final[Mapping[type[Command], frozenset[str]]] = {
    Play: frozenset({"rights", "playback"}),
    Pause: frozenset({"rights", "playback"}),
    Seek: frozenset({"rights", "playback"}),
    SetRate: frozenset({"rights", "playback"}),
    Say: frozenset({"rights"}),
    Report: frozenset({"rights", "playback"}),
    Join: frozenset({"rights"}),
    Leave: frozenset({"members", "playback"}),
    AutoStart: frozenset({"members", "playback"}),
    Close: frozenset({"members", "meta"}),
}

# --- evolve ---


def evolve(state: State, event: Event) -> State:
    """Give the state after the event; facts are not questioned."""
    return _EVOLUTIONS[type(event)](state, event)


def _evolve_playback(state: State, event: PlaybackChanged) -> State:
    return replace(state, playback=event.playback)


def _evolve_member(state: State, event: MemberJoined | MemberChanged) -> State:
    return replace(state, members={**state.members, event.member.id: event.member})


def _evolve_left(state: State, event: MemberLeft) -> State:
    members = {id_: member for id_, member in state.members.items() if id_ != event.member_id}
    return replace(state, members=members, last_seen_ms=max(state.last_seen_ms, event.left_ms))


def _evolve_said(state: State, event: Said) -> State:
    return replace(state, messages=(*state.messages, event.message)[-MESSAGES_KEPT:])


def _evolve_closed(state: State, event: Closed) -> State:
    return replace(state, closed=event.reason)


_EVOLUTIONS: Final[Mapping[type[Event], Callable[[State, Any], State]]] = {
    PlaybackChanged: _evolve_playback,
    MemberJoined: _evolve_member,
    MemberChanged: _evolve_member,
    MemberLeft: _evolve_left,
    Said: _evolve_said,
    Closed: _evolve_closed,
}
