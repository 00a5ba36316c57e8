"""What each event leaves in the store beside its line in the log: one table.

An event writes sections of the state, members and chat messages, which commit.lua carries out, and an entry in the
journal, which reaches the archive as a broker event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from shared.events.journal import (
    CHAT_DELETED,
    CHAT_EDITED,
    CHAT_POSTED,
    MEMBER_CHANGED,
    PLAYBACK_CHANGED,
    SETTINGS_CHANGED,
    VISIT_ASIDE,
    VISIT_ENDED,
    VISIT_STARTED,
)
from sync_service.redis_client.wire import packed
from sync_service.room.commands import Command, DeleteMessage, EditMessage, ReactToMessage
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
from sync_service.room.evolve import blank, edited, reacted
from sync_service.room.state import Message, State
from sync_service.room.value import value
from sync_service.store import journal
from sync_service.store.records import MESSAGE_KEY, PLAYBACK_KEY, blanked, blanked_edit, body_of, last_field

Word = bytes | str | int
Words = Sequence[Word]
Committing = tuple[State, Command, bytes]  # beside an event: the state after it, its command, its body

# Kinds of writes, each (kind, key, value); commit.lua knows them by these words.
SECTION: Final = "section"  # name, JSON
TOUCHED: Final = "touched"  # name of a section that counts as changed, and stays as it is in the store
FIELD: Final = "field"  # name of a field of the room, value
MEMBER: Final = "member"  # id, JSON, or nothing for one who has left
CHANGED_MEMBER: Final = (
    "changed_member"  # id, JSON; whoever rewrites a member has read the section of members, and so knows them here
)
MESSAGE: Final = "message"  # id, JSON
# id, JSON with the next revision; refused where the store's is not the one before it
REWRITTEN: Final = "rewritten"
EDITED: Final = "edited"  # likewise, and the archive is told
BLANKED_LINE: Final = "blanked_line"  # id, the body of its line in the log
BLANKED_EDITS: Final = "blanked_edits"  # id, the body of each line of an edit

AS_IT_IS: Final = b""  # data of the journal: the event itself, of which the relay makes the broker event's data
NO_ENTRY: Final = ("", b"")


@value(frozen=True, slots=True)
class EncodedEvent:
    """An event about to be committed, as the ``count`` words that commit.lua takes it by, packed in pieces.

    ``body`` is its own in the log, ``after`` the state that it leads to.
    """

    event: Event
    body: bytes
    after: State
    count: int
    words: Sequence[bytes]


def encoded(event: Event, command: Command, after: State) -> EncodedEvent:
    """Return what is committed for an event of this command; ``after`` is the state that it leads to."""
    body = body_of(event)
    # The most frequent kind: all but two of its words are always the same, and what it carries is encoded once for the
    # log and for the section.
    if type(event) is PlaybackChanged:
        return EncodedEvent(
            event, body, after, 7, (packed(body), _PLAYBACK_WORDS, packed(last_field(body, PLAYBACK_KEY)))
        )
    row = STORED[type(event)]
    writes: list[Word] = []
    if row.sections:
        for name in sections_of(event):
            writes += (TOUCHED, name, "") if row.touches_only else (SECTION, name, _section(name, after))
    if row.writes is not None:
        writes += row.writes(event, (after, command, body))
    words = (body, *_entry(row, event, after), len(writes) // 3, *writes)
    return EncodedEvent(event, body, after, len(words), (packed(*words),))


def sections(state: State) -> dict[str, bytes]:
    """Return the JSON of each section of a state."""
    return {name: _section(name, state) for name in ("playback", "rights", "meta", "members")}


def _section(name: str, state: State) -> bytes:
    if name == "playback":
        return orjson.dumps(state.playback)
    if name == "rights":
        return orjson.dumps(state.rights)
    return orjson.dumps(state.meta if name == "meta" else state.gone)


def sections_of(event: Event) -> tuple[str, ...]:
    """Return the sections that an event changes; a decision that has read one of them is guarded by its hash."""
    if isinstance(event, MemberLeft) and event.reason == "kicked":
        return ("members", "rights")
    return STORED[type(event)].sections


def entry_of(event: Event, after: State) -> tuple[str, bytes]:
    """Return the journal's entry: the broker event's type, and its data as JSON without room_id, epoch and seq.

    The data is AS_IT_IS where the event alone says it all; NO_ENTRY for what the archive does not keep.
    """
    return _entry(STORED[type(event)], event, after)


def _entry(row: Stored, event: Event, after: State) -> tuple[str, bytes]:
    if row.data_of_state is not None:
        return row.journal, orjson.dumps(row.data_of_state(event, after))
    return (row.journal, AS_IT_IS) if row.journal else NO_ENTRY


def data_of(event: Event) -> dict[str, Any]:
    """Return the broker event's data for an event that the journal has AS_IT_IS."""
    data = STORED[type(event)].data
    if data is None:
        raise ValueError(f"the journal has no {event.type} as it is")
    return data(event)


# --- writes ---


def _member(event: MemberJoined, _: Committing) -> Words:
    return MEMBER, event.member.id, orjson.dumps(event.member)


def _no_member(event: MemberLeft, _: Committing) -> Words:
    return MEMBER, event.member_id, ""


def _changed_member(event: MemberChanged, _: Committing) -> Words:
    return CHANGED_MEMBER, event.member.id, orjson.dumps(event.member)


def _member_if_here(event: RoleSet | Muted | SteppedAside | CameBack, now: Committing) -> Words:
    after, _, _ = now
    member = after.members.get(event.member_id)
    return () if member is None else (CHANGED_MEMBER, member.id, orjson.dumps(member))


def _all_members(_event: Rebased | SettingsChanged | FilmChanged, now: Committing) -> Words:
    after, _, _ = now
    return [word for member in after.members.values() for word in (CHANGED_MEMBER, member.id, orjson.dumps(member))]


def _capacity(event: SettingsChanged, now: Committing) -> Words:
    capacity = (FIELD, "capacity", event.settings.capacity)
    return capacity if event.owner is None else (*capacity, *_all_members(event, now))


def _message(event: Said, now: Committing) -> Words:
    _, _, body = now
    return MESSAGE, event.message.id, last_field(body, MESSAGE_KEY)


def _blanked_message(event: MessageDeleted, now: Committing) -> Words:
    message = _message_after(event.message_id, now, blank)
    line = BLANKED_LINE, message.id, body_of(blanked(message))
    edits = () if message.edited_ms is None else (BLANKED_EDITS, message.id, body_of(blanked_edit(message)))
    return REWRITTEN, message.id, orjson.dumps(message), *line, *edits


def _edited_message(event: MessageEdited, now: Committing) -> Words:
    message = _message_after(event.message_id, now, lambda found: edited(found, event.text, event.time_ms))
    return EDITED, message.id, orjson.dumps(message)


def _reacted_message(event: MessageReacted, now: Committing) -> Words:
    message = _message_after(
        event.message_id, now, lambda found: reacted(found, event.by or "", event.emoji, on=event.on)
    )
    return REWRITTEN, message.id, orjson.dumps(message)


def _message_after(id_: str, now: Committing, change: Callable[[Message], Message]) -> Message:
    """Return a message after its change: as the replica has it then, else as its command found it in the store."""
    after, command, _ = now
    known = next((message for message in reversed(after.messages) if message.id == id_), None)
    if known is not None:
        return known
    if not isinstance(command, DeleteMessage | EditMessage | ReactToMessage):
        raise TypeError(f"{command!r} changes no message")
    return change(command.message)


# --- the table ---


@value(frozen=True, slots=True)
class Stored:
    """The ``sections`` that an event changes, what else it ``writes``, and what the archive receives of it.

    ``touches_only``: the sections count as changed but are not written, because the decision has not read them and this
    replica may have old ones. ``journal`` is a broker event's type: its data are made by the relay from the event
    (``data``), or in the commit where they need the state after it (``data_of_state``).
    """

    sections: tuple[str, ...] = ()
    touches_only: bool = False
    writes: Callable[[Any, Committing], Words] | None = None
    journal: str = ""
    data: Callable[[Any], dict[str, Any]] | None = None
    data_of_state: Callable[[Any, State], dict[str, Any]] | None = None


STORED: Final[Mapping[type[Event], Stored]] = {
    PlaybackChanged: Stored(("playback",), journal=PLAYBACK_CHANGED, data=journal.playback_changed),  # see ``encoded``
    Rebased: Stored(
        ("playback", "rights", "members"),
        writes=_all_members,
        journal=PLAYBACK_CHANGED,
        data=journal.playback_changed,
    ),
    MemberJoined: Stored(
        ("members",), touches_only=True, writes=_member, journal=VISIT_STARTED, data=journal.visit_started
    ),
    # Whoever rewrites a member (their role, say) must have seen what their own player reported last.
    MemberChanged: Stored(("members",), touches_only=True, writes=_changed_member),
    # See ``sections_of``.
    MemberLeft: Stored(("members",), writes=_no_member, journal=VISIT_ENDED, data=journal.visit_ended),
    SteppedAside: Stored(("rights",), writes=_member_if_here, journal=VISIT_ASIDE, data=journal.aside_changed),
    CameBack: Stored(("rights",), writes=_member_if_here, journal=VISIT_ASIDE, data=journal.aside_changed),
    RoleSet: Stored(("rights",), writes=_member_if_here, journal=MEMBER_CHANGED, data_of_state=journal.member_changed),
    Muted: Stored(("rights",), writes=_member_if_here, journal=MEMBER_CHANGED, data_of_state=journal.member_changed),
    BanChanged: Stored(("rights",)),
    HostChanged: Stored(("rights",)),
    SettingsChanged: Stored(
        ("rights", "meta"), writes=_capacity, journal=SETTINGS_CHANGED, data=journal.settings_changed
    ),
    FilmChanged: Stored(
        ("playback", "rights", "meta", "members"),
        writes=_all_members,
        journal=PLAYBACK_CHANGED,
        data=journal.film_changed,
    ),
    Said: Stored(writes=_message, journal=CHAT_POSTED, data=journal.chat_posted),
    MessageDeleted: Stored(writes=_blanked_message, journal=CHAT_DELETED, data=journal.chat_deleted),
    MessageEdited: Stored(writes=_edited_message, journal=CHAT_EDITED, data=journal.chat_edited),
    # What was felt about a message is the room's, and not kept longer.
    MessageReacted: Stored(writes=_reacted_message),
    Closed: Stored(("meta",)),
}
_PLAYBACK_WORDS: Final = packed(PLAYBACK_CHANGED, AS_IT_IS, 1, SECTION, "playback")
