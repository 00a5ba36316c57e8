"""How a room works: the theory of this folder, and the table of all commands.

    decide(state, command, now_ms) -> events, or a refusal          may say no, changes nothing
    evolve(state, event)           -> the state after the event     never says no

**State** (state.py) is everything that a room is at one moment. It is immutable, so a decision can be tried, thrown
away and made again. The store guards it in four *sections*: ``playback`` (where the film stands), ``rights`` (settings,
roles, mutes, kicks, bans), ``meta`` (what the room is) and ``members`` (who is here, and who was last). The chat is
outside of them: a message changes nothing that a rule could have relied on. Each message counts its own changes, and
the store takes one only after the one before it (``Message.revision``).

**Commands** (commands.py) are requests in the imperative: ``Play``, ``Kick``. They come from members, from the API, and
from the room itself (``Due``, ``Rebase``, a ``Leave`` when a connection is lost). **Events** (events.py) are what
happened, in the past tense: ``played``, ``member_left``. One command may bring about several: the kick of the member
for whom the room waits is ``member_left`` and ``hold_ended``. No events means that nothing would change: the command
is acknowledged, and nothing is written anywhere.

**Who decides.** Each node decides on its own replica, which may be old. What makes that safe is optimistic
concurrency. Each section in the store carries the hash of the event that last wrote it. A commit names the hashes of
the sections that its decision has read (``Rule.reads``); if one of them has changed meanwhile, nothing is written, the
node reads what it has missed and decides again. So a rule may rely on what its row says it reads, and on nothing else.
What the rows follow from:

- Whoever has a right has read the ``rights``: a role that was taken away counts at once, on every node.
- What may make somebody the last one out reads the ``members``, because the last one out pauses the film. So does what
  rewrites a member whose own player may have reported meanwhile.
- A ``Join`` reads no members, or people who come together would refuse each other. The script that commits it checks
  that the room is not full, for those who do not always come in (``permissions.always_enters``).
- A ``Report`` reads the ``members``: another node may write what the same person's players there say, and the film's
  length is what all of them agree on.
- A rule that reads too much costs decisions that are made again. One that reads too little is a bug which shows only
  under contention: tests/integration/sync/test_sync_store_truth.py looks for it, with each guard switched off in turn.

**Events need no decision.** Every node applies the same events in the same order (the log chains them by hash) and has
the same state. ``evolve`` must therefore depend on the state and the event alone, and an event carries all that the
decision has worked out: the whole ``Playback``, the whole ``Member``, whole settings.

**Time** is ``now_ms``, on the clock of the room's partition, and never earlier than the room's last event. When that
clock is set, one node commits a ``Rebase``: its event moves every moment in the state by the same shift. A rule
compares moments of the state with ``now_ms`` and with each other, nothing else.

**The film** (playback.py) is a timing vector {status, position_ms, rate, at_ms}: where it stands at any moment follows
from it, and nothing ticks. ``at_ms`` lies in the future when a start is ahead, so that all start together. Beside the
vector stand its cause (``by``, ``reason``) and its hold (``waiting_for``, ``hold_until_ms``):

    paused --play, auto-start (lobby.py)--> playing --pause, the last one has left--> paused
    playing --a ready player runs dry--> holding --ready again, left, timeout, skipped--> playing
    playing --somebody steps aside for whom the settings wait--> holding --they come back, …--> playing
    playing, holding --pause--> paused          holding --play, seek--> playing

A change of the film lays another one at its beginning, paused and not started: it starts as the first one did.

Its length (length.py) is what the players agree on, over the catalogue's figure. What players say of themselves
(player.py) is a matter of connections and ends with them; what a member is shown as is derived from it.

A seek of a paused film leaves it paused; a change of the rate leaves the status as it is.

**Aside** (aside.py) is a member whose player has left the timeline: away, in an advertisement, at another place. No
command of theirs moves the film until they come back, so nothing that their player does reaches the others. That
stands in the ``rights``, which every command for the film reads, and outlives a lost connection; the member repeats it.

**Rights** outlive membership: roles, mutes, kicks and bans are of people, here or not. A ticket's role counts only for
a person whom the room does not know. A kick, a lock and a new beginning each void the sessions that began before them,
so each keeps its moment and no list of tokens. A revoked invitation voids what the API gave before it, tickets too, so
it keeps the room's version, which every ticket carries. What the API decides (``Ban``, ``Revoke``, ``ChangeRoom``)
carries that version and may come late, twice or out of order: the higher one wins, for each person or field by itself.

**What a room does by itself** (deadlines.py): start the film, end a hold, find a host for an absent owner.
``next_due_ms`` says when; every node that follows the room then submits ``Due``, and the guard lets one of them win.

**A closed room** takes no command any more.

To add a command: its class in commands.py, its rule in the module of its subject, its row below, and its message in
protocol/client_messages.py. To add an event: its class in events.py, its function and row in evolve.py, its row in
store/changes.py, and its message in protocol/event_messages.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sync_service.room import aside, chat, deadlines, film, holding, length, people, room_settings
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
    Revoke,
    Say,
    Seek,
    SetRate,
    SetRole,
    StepAside,
)
from sync_service.room.events import Events, Outcome, Refusal
from sync_service.room.evolve import evolve
from sync_service.room.permissions import CONTROLLER, forbidden
from sync_service.room.state import Member, State
from sync_service.room.value import value


def decide(state: State, command: Command, now_ms: int) -> Outcome:
    """Return the events that the command brings about (none if it changes nothing), or why it is refused."""
    if state.closed is not None:
        return Refusal("room_closed")
    rule = RULES[type(command)]
    if rule.lowest is None:
        return rule.apply(state, command, now_ms)
    member = state.members.get(command.by or "")
    if member is None:
        return Refusal("not_a_member")
    return forbidden(state, rule.lowest, member) or _aside(rule, member) or rule.apply(state, command, now_ms)


def _aside(rule: Rule, member: Member) -> Refusal | None:
    """Return the refusal of moving the film while one is aside, None for whatever else."""
    return Refusal("aside") if rule.lowest == CONTROLLER and member.aside is not None else None


def _report(state: State, command: Report, now_ms: int) -> Events:
    events = holding.report(state, command, now_ms)
    after = state
    for event in events:
        after = evolve(after, event)
    lengths = length.length_events(after, now_ms)
    for event in lengths:
        after = evolve(after, event)
    # The first one to be ready starts the film.
    return events + lengths + deadlines.start_if_due(after, now_ms)


@value(frozen=True, slots=True)
class Rule:
    """What a command brings about, who may give it, and what its decision reads.

    ``lowest`` is the lowest role, CONTROLLER for those who have the control of the film, and None where no member gives
    it: the room itself does, the API, or somebody who is no member yet or any more. A command that is ``alone`` shares
    its commit with no other one.
    """

    apply: Callable[[State, Any, int], Outcome]
    reads: frozenset[str]
    lowest: str | None = None
    alone: bool = False


_RIGHTS: Final = frozenset({"rights"})
_FILM: Final = _RIGHTS | {"playback"}
_MEMBERS: Final = frozenset({"members"})
_META: Final = frozenset({"meta"})

RULES: Final[Mapping[type[Command], Rule]] = {
    Play: Rule(film.play, lowest=CONTROLLER, reads=_FILM | _META | _MEMBERS),  # ``starts_at``; a lobby and its owner
    Pause: Rule(film.pause, lowest=CONTROLLER, reads=_FILM),
    Seek: Rule(film.seek, lowest=CONTROLLER, reads=_FILM),
    SetRate: Rule(film.set_rate, lowest=CONTROLLER, reads=_FILM),
    Report: Rule(_report, lowest="guest", reads=_FILM | _MEMBERS),
    StepAside: Rule(aside.step_aside, lowest="guest", reads=_FILM | _MEMBERS),
    ComeBack: Rule(aside.come_back, lowest="guest", reads=_FILM | _MEMBERS),
    Due: Rule(deadlines.due, reads=_FILM | _MEMBERS | _META),
    Rebase: Rule(film.rebase, reads=_FILM | _MEMBERS, alone=True),
    Join: Rule(people.join, reads=_RIGHTS),
    Leave: Rule(people.leave, reads=_FILM | _MEMBERS),  # how long the others are waited for is a setting
    Kick: Rule(people.kick, lowest="moderator", reads=_FILM | _MEMBERS),
    Ban: Rule(people.ban, reads=_FILM | _MEMBERS),
    Revoke: Rule(people.revoke, reads=_FILM | _MEMBERS),
    SetRole: Rule(people.set_role, lowest="moderator", reads=_RIGHTS | _MEMBERS),
    Mute: Rule(people.mute, lowest="moderator", reads=_RIGHTS | _MEMBERS),
    Say: Rule(chat.say, lowest="guest", reads=_RIGHTS),
    # These are alone: what they know of an old message may be outdated, and is refused with whatever shares the commit.
    # One's own message; that of another member takes what permissions.may_moderate says.
    DeleteMessage: Rule(chat.delete_message, lowest="guest", reads=_RIGHTS, alone=True),
    EditMessage: Rule(chat.edit_message, lowest="guest", reads=_RIGHTS, alone=True),  # one's own
    ReactToMessage: Rule(chat.react_to_message, lowest="guest", reads=_RIGHTS, alone=True),
    # At least; what each setting takes stands in permissions.SETTING.
    ChangeSettings: Rule(room_settings.change_settings, lowest="moderator", reads=_FILM | _META | _MEMBERS),
    ChangeRoom: Rule(room_settings.change_room, reads=_FILM | _META | _MEMBERS),
    Close: Rule(people.close, reads=_MEMBERS | _META, alone=True),
}
