"""The chat, and the small signs that are not kept: who may say what when."""

from __future__ import annotations

from sync_service.room.commands import DeleteMessage, Say
from sync_service.room.events import Events, MessageDeleted, Outcome, Refusal, Said
from sync_service.room.permissions import RANKS, may_moderate, rank_of
from sync_service.room.playback import position_at
from sync_service.room.state import Message, State


def say(state: State, command: Say, now_ms: int) -> Outcome:
    author = state.members[command.by or ""]
    refusal = may_be_heard(state, author.id, now_ms) or _too_soon(state, author.id, now_ms)
    if refusal is not None:
        return refusal
    message = Message(
        id=command.message_id,
        author={"id": author.id, "name": author.name},
        text=command.text,
        position_ms=round(position_at(state.playback, now_ms, state.duration_ms)),
        sent_ms=now_ms,
        reply_to=command.reply_to,
    )
    return (Said(time_ms=now_ms, by=author.id, command=command.id, message=message),)


def may_be_heard(state: State, member_id: str, now_ms: int) -> Refusal | None:
    """Refuse those who are not here or were muted, also for reactions and typing; None where they may be heard."""
    if member_id not in state.members:
        return Refusal("not_a_member", "you are not in this room any more: say hello again")
    until_ms = state.rights.muted.get(member_id, 0)
    if until_ms > now_ms:
        return Refusal("muted", "you were muted for a while", until_ms - now_ms)
    return None


def _too_soon(state: State, author: str, now_ms: int) -> Refusal | None:
    slow_ms = state.rights.settings.slow_mode_s * 1000
    if not slow_ms or rank_of(state, author) >= RANKS["moderator"]:
        return None
    last_ms = next((m.sent_ms for m in reversed(state.messages) if m.author["id"] == author), None)
    # A message of the future was sent on a clock that has been set back since.
    if last_ms is None or not last_ms <= now_ms < last_ms + slow_ms:
        return None
    return Refusal("slow_mode", "the room is in slow mode", last_ms + slow_ms - now_ms)


def delete_message(state: State, command: DeleteMessage, now_ms: int) -> Outcome:
    found = command.message
    message: Message = next((known for known in state.messages if known.id == found.id), found)
    author = message.author["id"]
    if author != command.by:
        refusal = may_moderate(state, command.by or "", author)
        if refusal is not None:
            return refusal
    if message.deleted:
        return ()
    events: Events = (MessageDeleted(time_ms=now_ms, by=command.by, command=command.id, message_id=message.id),)
    return events
