"""The chat: who may write, edit and react, and who may delete what."""

from __future__ import annotations

from typing import Final

from sync_service.room.commands import DeleteMessage, EditMessage, ReactToMessage, Say
from sync_service.room.events import Events, MessageDeleted, MessageEdited, MessageReacted, Outcome, Refusal, Said
from sync_service.room.permissions import RANKS, may_moderate, rank_of
from sync_service.room.playback import position_at
from sync_service.room.state import Message, State

# For so long after it was sent its author may write a message anew.
EDITABLE_MS: Final = 300_000
# Of one message: different emojis, and people with the same one.
EMOJIS_MOST: Final = 20
ALIKE_MOST: Final = 200


def say(state: State, command: Say, now_ms: int) -> Outcome:
    author = state.members[command.by or ""]
    refusal = may_speak(state, author.id, now_ms) or _too_soon(state, author.id, now_ms)
    if refusal is not None:
        return refusal
    message = Message(
        id=command.message_id,
        author={"id": author.id, "name": author.name, **({"guest": True} if author.guest else {})},
        text=command.text,
        position_ms=round(position_at(state.playback, now_ms, state.duration_ms)),
        sent_ms=now_ms,
        reply_to=command.reply_to,
        film_id=state.meta.film["id"],
    )
    return (Said(time_ms=now_ms, by=author.id, command=command.id, message=message),)


def may_speak(state: State, member_id: str, now_ms: int) -> Refusal | None:
    """Return the refusal of one who may not write (of reactions and typing too), None for the others.

    They are not here, muted, or a guest in a room where guests only watch and to whom no other role was given.
    """
    member = state.members.get(member_id)
    if member is None:
        return Refusal("not_a_member")
    if member.guest and member.role == "guest" and state.rights.settings.guests != "chat":
        return Refusal("forbidden", "guests of this room watch; they do not write")
    until_ms = state.rights.muted.get(member_id, 0)
    if until_ms > now_ms:
        return Refusal("muted", retry_after_ms=until_ms - now_ms)
    return None


def _too_soon(state: State, author: str, now_ms: int) -> Refusal | None:
    slow_ms = state.rights.settings.slow_mode_s * 1000
    if not slow_ms or rank_of(state, author) >= RANKS["moderator"]:
        return None
    last_ms = next((m.sent_ms for m in reversed(state.messages) if m.author["id"] == author), None)
    # A message of a later moment was sent on a clock that has been set back since.
    if last_ms is None or not last_ms <= now_ms < last_ms + slow_ms:
        return None
    return Refusal("slow_mode", retry_after_ms=last_ms + slow_ms - now_ms)


def delete_message(state: State, command: DeleteMessage, now_ms: int) -> Outcome:
    message = _as_known(state, command.message)
    author = message.author["id"]
    if author != command.by:
        refusal = may_moderate(state, command.by or "", author)
        if refusal is not None:
            return refusal
    if message.deleted:
        return ()
    events: Events = (MessageDeleted(time_ms=now_ms, by=command.by, command=command.id, message_id=message.id),)
    return events


def edit_message(state: State, command: EditMessage, now_ms: int) -> Outcome:
    message, by = _as_known(state, command.message), command.by or ""
    refusal = may_speak(state, by, now_ms)
    if refusal is not None:
        return refusal
    if message.author["id"] != by:
        return Refusal("forbidden", "a message is its author's to edit")
    if message.deleted:
        return Refusal("message_not_found", "the message was deleted")
    if now_ms >= message.sent_ms + EDITABLE_MS:
        return Refusal("too_late_to_edit")
    if message.text == command.text:
        return ()
    return (MessageEdited(time_ms=now_ms, by=by, command=command.id, message_id=message.id, text=command.text),)


def react_to_message(state: State, command: ReactToMessage, now_ms: int) -> Outcome:
    message, by = _as_known(state, command.message), command.by or ""
    refusal = may_speak(state, by, now_ms)
    if refusal is not None:
        return refusal
    if message.deleted:
        return Refusal("message_not_found", "the message was deleted")
    alike = message.reactions.get(command.emoji, ())
    if (by in alike) == command.on:
        return ()
    if command.on and (len(alike) >= ALIKE_MOST or (not alike and len(message.reactions) >= EMOJIS_MOST)):
        return Refusal("too_many_reactions")
    return (
        MessageReacted(
            time_ms=now_ms, by=by, command=command.id, message_id=message.id, emoji=command.emoji, on=command.on
        ),
    )


def _as_known(state: State, found: Message) -> Message:
    """Return the message as the replica has it; what the store was asked for may be older."""
    return next((known for known in reversed(state.messages) if known.id == found.id), found)
