"""The rules of a room, pure: standard library only, time as an argument, no socket, no store.

``decide`` turns a command (an order, which may be refused) into events (facts); ``evolve`` applies an event without any
decision. The rules themselves stand by subject in ``rules/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sync_service.room import chat, deadlines, film, people, room_settings
from sync_service.room.commands import (
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
from sync_service.room.events import Events, Outcome, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.permissions import forbidden
from sync_service.room.state import State

__all__ = ["READS", "Events", "Outcome", "Refusal", "decide", "evolve"]


def decide(state: State, command: Command, now_ms: int) -> Outcome:
    """Give the events that the command brings about (none if it changes nothing), or why it is refused."""
    if state.closed is not None:
        return Refusal("room_closed", "the room is closed")
    rule = _RULES[type(command)]
    if type(command) in _FROM_OUTSIDE:
        return rule(state, command, now_ms)
    member = state.members.get(command.by or "")
    if member is None:
        return Refusal("not_a_member", "you are not in this room any more: say hello again")
    return forbidden(state, command, member) or rule(state, command, now_ms)


def _report(state: State, command: Report, now_ms: int) -> Events:
    events = film.report(state, command, now_ms)
    after = state
    for event in events:
        after = evolve(after, event)
    # The first one to be ready starts the film.
    return events + deadlines.start_if_due(after, now_ms)


_RULES: Final[Mapping[type[Command], Callable[[State, Any, int], Outcome]]] = {
    Play: film.play,
    Pause: film.pause,
    Seek: film.seek,
    SetRate: film.set_rate,
    Report: _report,
    Due: deadlines.due,
    Rebase: film.rebase,
    Join: people.join,
    Leave: people.leave,
    Kick: people.kick,
    Ban: people.ban,
    SetRole: people.set_role,
    Mute: people.mute,
    Say: chat.say,
    DeleteMessage: chat.delete_message,
    ChangeSettings: room_settings.change_settings,
    ChangeRoom: room_settings.change_room,
    Close: people.close,
}
# Orders of the room itself, of the API, and of those who are not members yet or any more.
_FROM_OUTSIDE: Final = frozenset({Due, Rebase, Join, Leave, Ban, ChangeRoom, Close})

_RIGHTS: Final = frozenset({"rights"})
_FILM: Final = frozenset({"rights", "playback"})
_MEMBERS: Final = frozenset({"members"})
_ALL: Final = frozenset({"rights", "playback", "members", "meta"})

# What a decision has read besides the epoch; the store refuses it if any of these has changed meanwhile. Whoever may
# end up the last one out reads the members, and so does what rewrites a member that somebody else's report may have
# changed; a join does not: that it fits is checked by the store itself. What a command reads of its own member (role,
# mute) stands in the rights too.
READS: Final[Mapping[type[Command], frozenset[str]]] = {
    Play: _FILM,
    Pause: _FILM,
    Seek: _FILM,
    SetRate: _FILM,
    Report: _FILM,
    Due: _ALL,
    Rebase: _FILM | _MEMBERS,
    Join: _RIGHTS,
    Leave: _MEMBERS | frozenset({"playback"}),
    Kick: _FILM | _MEMBERS,
    Ban: _FILM | _MEMBERS,
    SetRole: _RIGHTS | _MEMBERS,
    Mute: _RIGHTS | _MEMBERS,
    Say: _RIGHTS,
    DeleteMessage: _RIGHTS,
    ChangeSettings: _FILM | frozenset({"meta"}),
    ChangeRoom: _FILM | frozenset({"meta"}),
    Close: frozenset({"members", "meta"}),
}
