"""What a fact changes in the store beside the log: sections, members, chat. commit.lua carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from shared.events import PLAYBACK_CHANGED
from sync_service.redis_client.wire import packed
from sync_service.room.commands import Command, DeleteMessage
from sync_service.room.events import (
    Event,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    Muted,
    PlaybackChanged,
    Rebased,
    RoleSet,
    Said,
    SettingsChanged,
)
from sync_service.room.evolve import deleted
from sync_service.room.state import State
from sync_service.room.value import value
from sync_service.store.journal_entries import AS_IT_IS, entry_of
from sync_service.store.records import MESSAGE_KEY, PLAYBACK_KEY, blanked, body_of, last_field, sections_of

Word = bytes | str | int

# Kinds of writes, each (kind, key, value); commit.lua knows them by these letters.
SECTION: Final = "s"  # name, JSON
TOUCHED: Final = "t"  # name of a section whose own value stays as it is in the store
FIELD: Final = "f"  # name of a field of the room, value
MEMBER: Final = "m"  # id, JSON, or nothing for one who has left
CHANGED_MEMBER: Final = "u"  # id, JSON; refused where they are not there any more
MESSAGE: Final = "c"  # id, JSON
BLANKED: Final = "b"  # id, JSON without its text
BLANKED_LINE: Final = "l"  # id, the body of its line in the log

_PLAYBACK_WORDS: Final = packed(PLAYBACK_CHANGED, AS_IT_IS, 1, SECTION, "playback")


@value(frozen=True, slots=True)
class Fact:
    """An event about to be committed, as the ``count`` words that commit.lua takes it by, packed in pieces.

    ``body`` is its own in the log, ``after`` the state that it leads to.
    """

    event: Event
    body: bytes
    after: State
    count: int
    words: Sequence[bytes]


def fact_of(event: Event, command: Command, after: State) -> Fact:
    """Give what is committed for an event; ``after`` is the state that it leads to."""
    body = body_of(event)
    # The one that makes up most of a room's traffic: all but two of its words are always the same, and what it carries
    # is encoded once for the log and for the section.
    if type(event) is PlaybackChanged:
        return Fact(event, body, after, 7, (packed(body), _PLAYBACK_WORDS, packed(last_field(body, PLAYBACK_KEY))))
    writes = _writes(event, command, after, body)
    words = (body, *entry_of(event, after), len(writes) // 3, *writes)
    return Fact(event, body, after, len(words), (packed(*words),))


def sections(state: State) -> dict[str, bytes]:
    """Give the JSON of each section of a state."""
    return {name: _section(name, state) for name in ("playback", "rights", "meta", "members")}


def _section(name: str, state: State) -> bytes:
    if name == "playback":
        return orjson.dumps(state.playback)
    if name == "rights":
        return orjson.dumps(state.rights)
    return orjson.dumps(state.meta if name == "meta" else state.gone)


def _writes(event: Event, command: Command, after: State, body: bytes) -> list[Word]:
    if isinstance(event, Said):
        return [MESSAGE, event.message.id, last_field(body, MESSAGE_KEY)]
    writes: list[Word] = []
    for name in sections_of(event):
        # A join and a report have not read the members: what the section itself says may be old news in this copy.
        own = not isinstance(event, MemberJoined | MemberChanged)
        writes += (SECTION, name, _section(name, after)) if own else (TOUCHED, name, "")
    if isinstance(event, MemberJoined):
        writes += (MEMBER, event.member.id, orjson.dumps(event.member))
    elif isinstance(event, MemberChanged):
        writes += (CHANGED_MEMBER, event.member.id, orjson.dumps(event.member))
    elif isinstance(event, MemberLeft):
        writes += (MEMBER, event.member_id, "")
    elif isinstance(event, RoleSet | Muted):
        member = after.members.get(event.member_id)
        writes += () if member is None else (CHANGED_MEMBER, member.id, orjson.dumps(member))
    elif isinstance(event, Rebased):
        for member in after.members.values():
            writes += (CHANGED_MEMBER, member.id, orjson.dumps(member))
    elif isinstance(event, SettingsChanged):
        writes += (FIELD, "capacity", event.settings.capacity)
    elif isinstance(event, MessageDeleted) and isinstance(command, DeleteMessage):
        message = command.message
        writes += (BLANKED, message.id, orjson.dumps(deleted(message)))
        writes += (BLANKED_LINE, message.id, body_of(blanked(message)))
    return writes
