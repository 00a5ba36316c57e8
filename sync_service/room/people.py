"""People: joining, leaving, kicks, bans, roles and mutes; and closing, which ends every visit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sync_service.room.commands import Ban, Close, Command, Join, Kick, Leave, Mute, Revoke, SetRole
from sync_service.room.events import (
    BanChanged,
    Closed,
    Events,
    HostChanged,
    MemberJoined,
    MemberLeft,
    Muted,
    Outcome,
    Refusal,
    RoleSet,
)
from sync_service.room.evolve import evolve, recent_of
from sync_service.room.film import stop
from sync_service.room.holding import goes_on_without
from sync_service.room.length import length_events
from sync_service.room.permissions import RANKS, always_enters, may_moderate, rank_of, refused, role_of
from sync_service.room.playback import position_at
from sync_service.room.player import RTT_BUCKETS_MS
from sync_service.room.state import Member, State


def join(state: State, command: Join, now_ms: int) -> Outcome:
    member_id, rights = command.by or "", state.rights
    if rights.bans.get(member_id, 0) > 0:
        return Refusal("banned")
    if command.version < rights.revoked.get(member_id, 0):
        return Refusal("revoked")
    entitled_ms = command.since_ms if command.issued_ms is None else command.issued_ms
    if entitled_ms <= rights.kicked.get(member_id, -1):
        return Refusal("kicked")
    if command.since_ms < rights.since_ms:
        return Refusal("resume_invalid")
    if command.guest and rights.settings.guests == "nobody":
        return Refusal("guests_off")
    if member_id in state.members:
        return ()
    role = role_of(rights, member_id, command.role)
    # A session that was here before the room was locked may come back, also after its grace.
    is_new = command.since_ms >= rights.locked_ms
    if rights.settings.locked and is_new and not always_enters(role):
        return Refusal("room_locked")
    until_ms = rights.muted.get(member_id, 0)
    # Whoever was aside when their connection was lost is aside still; a new session begins with the others.
    aside = rights.asides.get(member_id)
    member = Member(
        member_id,
        command.name,
        role,
        False,
        RTT_BUCKETS_MS[0],
        now_ms,
        command.visit_id,
        muted_until_ms=until_ms if until_ms > now_ms else None,
        holds=recent_of(state.gone.holds.get(member_id, ()), now_ms),
        aside=aside if aside is not None and command.since_ms < aside.since_ms else None,
        look=command.look,
        guest=command.guest,
    )
    joined = MemberJoined(time_ms=now_ms, by=member_id, command=command.id, member=member)
    if member_id != rights.owner or rights.host is None:
        return (joined,)
    return joined, HostChanged(time_ms=now_ms, by=member_id, command=command.id, host=None)


def leave(state: State, command: Leave, now_ms: int) -> Events:
    member = state.members.get(command.by or "")
    if member is None:
        return ()
    gone_ms = max(min(command.gone_ms, now_ms), member.joined_ms)
    return _without(state, _left(member, command, now_ms, command.reason, gone_ms), command, now_ms)


def _left(member: Member, command: Command, now_ms: int, reason: str, left_ms: int) -> MemberLeft:
    return MemberLeft(
        time_ms=now_ms,
        by=command.by,
        command=command.id,
        member_id=member.id,
        name=member.name,
        reason=reason,
        visit_id=member.visit_id,
        joined_ms=member.joined_ms,
        left_ms=left_ms,
    )


def _without(state: State, left: MemberLeft, command: Command, now_ms: int) -> Events:
    """Return the events of a member's leaving: they are waited for no longer, and the last one out pauses the film."""
    after = evolve(state, left)
    by_itself = Command()
    if after.members or after.playback.status == "paused":
        goes_on = goes_on_without(after, left.member_id, by_itself, now_ms, "left")
        for event in goes_on:
            after = evolve(after, event)
        return (left, *goes_on, *length_events(after, now_ms))
    # Nobody watches while the grace runs out: the film stops where it was when the last connection ended.
    stood_ms = position_at(after.playback, after.gone.last_seen_ms, after.duration_ms)
    return (left, *stop(after, by_itself, stood_ms, now_ms, "empty"))


def kick(state: State, command: Kick, now_ms: int) -> Outcome:
    member = state.members.get(command.member_id)
    if member is None:
        return Refusal("member_not_found")
    refusal = may_moderate(state, command.by or "", member.id)
    if refusal is not None:
        return refusal
    return _without(state, _left(member, command, now_ms, "kicked", now_ms), command, now_ms)


def ban(state: State, command: Ban, now_ms: int) -> Events:
    """Ban a person or lift the ban, by the API's word, which may come late, twice or out of order."""
    if abs(state.rights.bans.get(command.member_id, 0)) >= command.version:
        return ()
    if command.banned:
        return _decided(state, command, "banned", "banned", now_ms)
    return _decided(state, command, "unbanned", None, now_ms)


def revoke(state: State, command: Revoke, now_ms: int) -> Events:
    """Show a person out whose invitation was taken back; a ticket of this version or a higher one lets them in."""
    if state.rights.revoked.get(command.member_id, 0) >= command.version:
        return ()
    return _decided(state, command, "revoked", command.reason, now_ms)


def _decided(
    state: State,
    command: Ban | Revoke,
    type_: Literal["banned", "unbanned", "revoked"],
    reason: str | None,
    now_ms: int,
) -> Events:
    """Return what the API has decided about a person, and their leaving for a ``reason``, if there is one."""
    changed = BanChanged(
        type=type_,
        time_ms=now_ms,
        by=command.by,
        command=command.id,
        member_id=command.member_id,
        version=command.version,
    )
    member = state.members.get(command.member_id)
    if member is None or reason is None:
        return (changed,)
    after = evolve(state, changed)
    return (changed, *_without(after, _left(member, command, now_ms, reason, now_ms), command, now_ms))


def send_guests_out(state: State, command: Command, now_ms: int) -> Events:
    """Return the events by which all without an account leave a room that lets none of them in any more."""
    events: Events = ()
    for guest in [member for member in state.members.values() if member.guest]:
        left = _without(state, _left(guest, command, now_ms, "guests_off", now_ms), command, now_ms)
        for event in left:
            state = evolve(state, event)
        events += left
    return events


def set_role(state: State, command: SetRole, now_ms: int) -> Outcome:
    by, target = command.by or "", command.member_id
    if target not in state.members and target not in state.rights.roles:
        return Refusal("member_not_found")
    refusal = may_moderate(state, by, target)
    if refusal is not None:
        return refusal
    # A moderator makes nobody their equal.
    if RANKS[command.role] >= rank_of(state, by):
        return refused("owner")
    member = state.members.get(target)
    if member is not None and member.guest and RANKS[command.role] > RANKS["viewer"]:
        return Refusal("forbidden", "nobody moderates without an account")
    if role_of(state.rights, target, "" if member is None else member.role) == command.role:
        return ()
    return (RoleSet(time_ms=now_ms, by=by, command=command.id, member_id=target, role=command.role),)


def mute(state: State, command: Mute, now_ms: int) -> Outcome:
    target = command.member_id
    muted_ms = state.rights.muted.get(target)
    if target not in state.members and muted_ms is None:
        return Refusal("member_not_found")
    refusal = may_moderate(state, command.by or "", target)
    if refusal is not None:
        return refusal
    if command.seconds == 0 and (muted_ms is None or muted_ms <= now_ms):
        return ()
    until_ms = now_ms + command.seconds * 1000 if command.seconds else None
    return (Muted(time_ms=now_ms, by=command.by, command=command.id, member_id=target, until_ms=until_ms),)


def close(state: State, command: Close, now_ms: int) -> Events:
    def everyone() -> Iterator[MemberLeft]:
        for member in state.members.values():
            yield _left(member, Command(), now_ms, "closed", now_ms)

    return (Closed(time_ms=now_ms, by=command.by, command=command.id, reason=command.reason), *everyone())
