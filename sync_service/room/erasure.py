"""Erasure: a room without somebody whose account was deleted. It is no event: what events tell stays in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sync_service.room.evolve import blank
from sync_service.room.playback import Playback
from sync_service.room.state import Members, Message, Rights, State

# In the place of the author of what was said; whoever shows it has a name for them in the reader's language.
NOBODY: Final[Mapping[str, str]] = {"id": "00000000-0000-0000-0000-000000000000", "name": ""}


def without_person(state: State, person: str, owner: str) -> State:
    """Return the room without a person, owned by ``owner``.

    Of the person nothing stays but the mark in ``Rights.revoked``, which keeps their tickets and sessions void.
    """
    rights = _rights_without(state.rights, person, owner)
    members = {id_: member for id_, member in state.members.items() if id_ != person}
    if owner in members:
        members[owner] = replace(members[owner], role="owner")
    gone = replace(state.gone, holds=_without(state.gone.holds, person))
    if owner != state.rights.owner:
        gone = replace(gone, owner_ms=gone.last_seen_ms)
    return replace(
        state,
        # The title is a text of the owner's own.
        meta=state.meta if owner == state.rights.owner else replace(state.meta, title=None),
        rights=rights,
        playback=_playback_without(state.playback, person),
        members=Members(members),
        messages=tuple(erased(message, person) for message in state.messages),
        gone=gone,
    )


def erased(message: Message, person: str) -> Message:
    """Return the message without a person: as deleted, by nobody, if it is theirs, else without their reactions."""
    if message.author["id"] == person:
        return replace(blank(message), author=NOBODY)
    if not any(person in ids for ids in message.reactions.values()):
        return message
    reactions = {emoji: tuple(id_ for id_ in ids if id_ != person) for emoji, ids in message.reactions.items()}
    return replace(
        message, reactions={emoji: ids for emoji, ids in reactions.items() if ids}, revision=message.revision + 1
    )


def _rights_without(rights: Rights, person: str, owner: str) -> Rights:
    return replace(
        rights,
        owner=owner,
        roles={id_: role for id_, role in rights.roles.items() if id_ not in (person, owner)},
        muted=_without(rights.muted, person),
        kicked=_without(rights.kicked, person),
        bans=_without(rights.bans, person),
        asides=_without(rights.asides, person),
        host=None if rights.host in (person, owner) else rights.host,
    )


def _playback_without(playback: Playback, person: str) -> Playback:
    return replace(
        playback,
        by=None if playback.by == person else playback.by,
        waiting_for=tuple(id_ for id_ in playback.waiting_for if id_ != person),
    )


def _without(by_person: Mapping[str, Any], person: str) -> dict[str, Any]:
    return {id_: value for id_, value in by_person.items() if id_ != person}
