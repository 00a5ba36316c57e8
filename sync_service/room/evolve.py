"""The state after an event; no event is ever refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sync_service.room.events import (
    BanChanged,
    CameBack,
    Closed,
    Event,
    FilmChanged,
    HostChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessageReacted,
    Muted,
    PlaybackChanged,
    Rebased,
    RoleSet,
    Said,
    SettingsChanged,
    SteppedAside,
)
from sync_service.room.state import MESSAGES_KEPT, Aside, Gone, Member, Members, Message, State

# A kick voids the sessions that began before it, whose resume tokens live ten minutes.
KICKS_KEPT_MS: Final = 900_000
# How long a hold counts against the budget of the member for whom the room was held.
HOLDS_WINDOW_MS: Final = 300_000
# So long it is kept that somebody has stepped aside who is not here: a lost connection comes back much sooner.
ASIDES_KEPT_MS: Final = 6 * 3_600_000


def evolve(state: State, event: Event) -> State:
    """Return the state after the event."""
    return EVOLUTIONS[type(event)](state, event)


def blank(message: Message) -> Message:
    """Return the message as deleted: without its text, and what was felt about it."""
    if message.deleted:
        return message
    return replace(message, text="", deleted=True, reactions={}, revision=message.revision + 1)


def edited(message: Message, text: str, now_ms: int) -> Message:
    """Return the message with another text; a deleted one stays as it is."""
    if message.deleted:
        return message
    return replace(message, text=text, edited_ms=now_ms, revision=message.revision + 1)


def reacted(message: Message, member_id: str, emoji: str, *, on: bool) -> Message:
    """Return the message with a member's reaction, or without it; a deleted one stays as it is."""
    if message.deleted:
        return message
    others = tuple(id_ for id_ in message.reactions.get(emoji, ()) if id_ != member_id)
    who = (*others, member_id) if on else others
    reactions = {**message.reactions, emoji: who}
    return replace(
        message, reactions={one: ids for one, ids in reactions.items() if ids}, revision=message.revision + 1
    )


# The two most frequent kinds make their State field by field: `replace`, which looks at each field of the class, took
# twice as long.


def _playback(state: State, event: PlaybackChanged) -> State:
    return State(state.meta, state.rights, event.playback, state.members, state.messages, state.gone, state.closed)


def _rebased(state: State, event: Rebased) -> State:
    """Move every moment that a rule looks at to the new clock."""
    shift_ms = event.shift_ms
    # A session's token keeps the moment of its beginning on the old clock. A clock set back must not shut out new
    # sessions; a clock set forward must not end the sessions that have begun since.
    back_ms = min(shift_ms, 0)
    rights = replace(
        state.rights,
        muted=_shifted(state.rights.muted, shift_ms),
        kicked=_shifted(state.rights.kicked, back_ms),
        asides={id_: _moved(aside, shift_ms) for id_, aside in state.rights.asides.items()},
        since_ms=state.rights.since_ms + back_ms,
        locked_ms=state.rights.locked_ms + back_ms,
    )
    members = {
        id_: replace(
            member,
            joined_ms=member.joined_ms + shift_ms,
            muted_until_ms=None if member.muted_until_ms is None else member.muted_until_ms + shift_ms,
            holds=tuple(hold_ms + shift_ms for hold_ms in member.holds),
            aside=None if member.aside is None else _moved(member.aside, shift_ms),
        )
        for id_, member in state.members.items()
    }
    gone = Gone(
        last_seen_ms=state.gone.last_seen_ms + shift_ms,
        owner_ms=state.gone.owner_ms + shift_ms,
        holds={id_: tuple(ms + shift_ms for ms in moments) for id_, moments in state.gone.holds.items()},
    )
    return replace(state, playback=event.playback, members=Members(members), rights=rights, gone=gone)


def _shifted(moments: Mapping[str, int], shift_ms: int) -> dict[str, int]:
    return {id_: moment_ms + shift_ms for id_, moment_ms in moments.items()}


def _moved(aside: Aside, shift_ms: int) -> Aside:
    return replace(aside, since_ms=aside.since_ms + shift_ms)


def _member(state: State, event: MemberJoined | MemberChanged) -> State:
    return replace(state, members=Members({**state.members, event.member.id: event.member}))


def recent_of(holds: tuple[int, ...], now_ms: int) -> tuple[int, ...]:
    """Return those of the holds (ms) that still count against the budget."""
    return tuple(hold_ms for hold_ms in holds if hold_ms > now_ms - HOLDS_WINDOW_MS)


def _left(state: State, event: MemberLeft) -> State:
    members = {id_: member for id_, member in state.members.items() if id_ != event.member_id}
    leaver = state.members.get(event.member_id)
    holds = {**state.gone.holds, event.member_id: () if leaver is None else leaver.holds}
    recent_holds = {id_: recent_of(moments, event.time_ms) for id_, moments in holds.items()}
    gone = Gone(
        last_seen_ms=max(state.gone.last_seen_ms, event.left_ms),
        owner_ms=event.left_ms if event.member_id == state.rights.owner else state.gone.owner_ms,
        holds={id_: moments for id_, moments in recent_holds.items() if moments},
    )
    rights = state.rights
    if event.reason == "kicked":
        recent = {id_: ms for id_, ms in rights.kicked.items() if ms > event.time_ms - KICKS_KEPT_MS}
        rights = replace(rights, kicked={**recent, event.member_id: event.time_ms})
    return replace(state, members=Members(members), gone=gone, rights=rights)


def _role_set(state: State, event: RoleSet) -> State:
    rights = replace(state.rights, roles={**state.rights.roles, event.member_id: event.role})
    return _with_member(replace(state, rights=rights), event.member_id, role=event.role)


def _muted(state: State, event: Muted) -> State:
    muted = {id_: ms for id_, ms in state.rights.muted.items() if ms > event.time_ms and id_ != event.member_id}
    if event.until_ms is not None:
        muted[event.member_id] = event.until_ms
    rights = replace(state.rights, muted=muted)
    return _with_member(replace(state, rights=rights), event.member_id, muted_until_ms=event.until_ms)


def _with_member(state: State, member_id: str, **changes: Any) -> State:
    member: Member | None = state.members.get(member_id)
    if member is None:
        return state
    return replace(state, members=Members({**state.members, member_id: replace(member, **changes)}))


def _stepped_aside(state: State, event: SteppedAside) -> State:
    aside = Aside(event.reason, event.time_ms, event.position_ms)
    others = {
        id_: other
        for id_, other in state.rights.asides.items()
        if id_ in state.members or other.since_ms > event.time_ms - ASIDES_KEPT_MS
    }
    rights = replace(state.rights, asides={**others, event.member_id: aside})
    return _with_member(replace(state, rights=rights), event.member_id, aside=aside)


def _came_back(state: State, event: CameBack) -> State:
    others = {id_: other for id_, other in state.rights.asides.items() if id_ != event.member_id}
    return _with_member(replace(state, rights=replace(state.rights, asides=others)), event.member_id, aside=None)


def _ban_changed(state: State, event: BanChanged) -> State:
    if event.type == "revoked":
        revoked = {**state.rights.revoked, event.member_id: event.version}
        return replace(state, rights=replace(state.rights, revoked=revoked))
    version = event.version if event.type == "banned" else -event.version
    return replace(state, rights=replace(state.rights, bans={**state.rights.bans, event.member_id: version}))


def _host_changed(state: State, event: HostChanged) -> State:
    return replace(state, rights=replace(state.rights, host=event.host))


def _settings_changed(state: State, event: SettingsChanged) -> State:
    meta = replace(
        state.meta,
        access=event.access,
        starts_at=event.starts_at,
        versions=event.versions,
        title=event.title,
        film=event.film or state.meta.film,
    )
    before = state.rights
    is_locked = event.settings.locked and not before.settings.locked
    rights = replace(before, settings=event.settings, locked_ms=event.time_ms if is_locked else before.locked_ms)
    after = replace(state, meta=meta, rights=rights)
    return after if event.owner is None else _handed_over(after, event.owner)


def _film_changed(state: State, event: FilmChanged) -> State:
    members = {id_: member.without_film() for id_, member in state.members.items()}
    away = {id_: aside for id_, aside in state.rights.asides.items() if aside.reason == "away"}
    return replace(
        state,
        meta=replace(state.meta, film=event.film),
        rights=replace(state.rights, asides=away),
        playback=event.playback,
        members=Members(members),
    )


def _handed_over(state: State, owner: str) -> State:
    former = state.rights.owner
    others = {id_: role for id_, role in state.rights.roles.items() if id_ != owner}
    rights = replace(state.rights, owner=owner, roles={**others, former: "moderator"}, host=None)
    state = _with_member(replace(state, rights=rights), former, role="moderator")
    return _with_member(state, owner, role="owner")


def _said(state: State, event: Said) -> State:
    messages = (*state.messages, event.message)[-MESSAGES_KEPT:]
    return State(state.meta, state.rights, state.playback, state.members, messages, state.gone, state.closed)


def _message_deleted(state: State, event: MessageDeleted) -> State:
    return _with_message(state, event.message_id, blank)


def _message_edited(state: State, event: MessageEdited) -> State:
    return _with_message(state, event.message_id, lambda message: edited(message, event.text, event.time_ms))


def _message_reacted(state: State, event: MessageReacted) -> State:
    def with_reaction(message: Message) -> Message:
        return reacted(message, event.by or "", event.emoji, on=event.on)

    return _with_message(state, event.message_id, with_reaction)


def _with_message(state: State, id_: str, change: Callable[[Message], Message]) -> State:
    messages = tuple(change(message) if message.id == id_ else message for message in state.messages)
    return replace(state, messages=messages)


def _closed(state: State, event: Closed) -> State:
    return replace(state, closed=event.reason)


# Every kind of event.
EVOLUTIONS: Final[Mapping[type[Event], Callable[[State, Any], State]]] = {
    PlaybackChanged: _playback,
    Rebased: _rebased,
    MemberJoined: _member,
    MemberChanged: _member,
    MemberLeft: _left,
    SteppedAside: _stepped_aside,
    CameBack: _came_back,
    RoleSet: _role_set,
    Muted: _muted,
    BanChanged: _ban_changed,
    HostChanged: _host_changed,
    SettingsChanged: _settings_changed,
    FilmChanged: _film_changed,
    Said: _said,
    MessageDeleted: _message_deleted,
    MessageEdited: _message_edited,
    MessageReacted: _message_reacted,
    Closed: _closed,
}
