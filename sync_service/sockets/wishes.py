"""From a member's message, already checked field by field, to the command that it wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from uuid_utils import uuid7

from sync_service.protocol import messages
from sync_service.protocol.inbound import BadMessage
from sync_service.protocol.sanitising import cleaned, is_emoji, longer_than
from sync_service.room.commands import (
    ChangeSettings,
    Command,
    Kick,
    Mute,
    Pause,
    Play,
    Report,
    Say,
    Seek,
    SetRate,
    SetRole,
)

# The messages that become a command as they stand.
WISHES: Final[Mapping[str, Callable[[dict[str, Any], str], Command]]] = {
    "play": lambda message, by: Play(by=by, id=message["id"]),
    "pause": lambda message, by: Pause(by=by, id=message["id"]),
    "seek": lambda message, by: Seek(by=by, id=message["id"], position_ms=message["position_ms"]),
    "set_rate": lambda message, by: SetRate(by=by, id=message["id"], rate=message["rate"]),
    "set_role": lambda message, by: SetRole(
        by=by, id=message["id"], member_id=message["member_id"], role=message["role"]
    ),
    "mute": lambda message, by: Mute(
        by=by, id=message["id"], member_id=message["member_id"], seconds=message["seconds"]
    ),
    "kick": lambda message, by: Kick(by=by, id=message["id"], member_id=message["member_id"]),
    "change_settings": lambda message, by: ChangeSettings(by=by, id=message["id"], changes=_changes(message)),
}


def say(message: dict[str, Any], by: str) -> Say:
    """Give what is said, cleaned; raises BadMessage where nothing, or too much, is left."""
    text = cleaned(message["text"])
    if not text:
        raise BadMessage("text_empty", messages.ERRORS["text_empty"], message["id"])
    if longer_than(text, messages.TEXT_GRAPHEMES):
        raise BadMessage("text_too_long", f"at most {messages.TEXT_GRAPHEMES} characters", message["id"])
    return Say(by=by, id=message["id"], message_id=str(uuid7()), text=text, reply_to=message.get("reply_to"))


def report(message: dict[str, Any], by: str, *, was_ready: bool) -> Report:
    """Give what a player says of itself; ``was_ready`` if it had said before that it could start."""
    return Report(
        by=by,
        id=message.get("id"),
        ready=message.get("ready"),
        buffering=message.get("buffering"),
        waits=message.get("waits"),
        was_ready=was_ready,
    )


def emoji(message: dict[str, Any]) -> str:
    """Give a reaction's emoji; raises BadMessage for what is none."""
    text: str = message["emoji"]
    if not is_emoji(text):
        raise BadMessage("bad_message", "emoji: must be one emoji")
    return text


def _changes(message: dict[str, Any]) -> dict[str, Any]:
    changes = {name: value for name, value in message.items() if name not in {"type", "id"}}
    if not changes:
        raise BadMessage("bad_message", "change_settings: name at least one setting", message["id"])
    return changes
