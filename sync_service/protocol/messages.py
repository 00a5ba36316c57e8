"""WebSocket protocol v1: what all messages share. Each message is spelled once, in the direction in which it travels.

client_messages.py has those that clients send, server_messages.py those that they receive, and event_messages.py the
room's events among these. docs/protocol.md explains them and docs/asyncapi.json is generated from them. Messages from
clients are read by their schemas (inbound.py); those to clients are encoded straight from dataclasses, and tests hold
each against its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, Schema

from sync_service.protocol.fields import Text, Whole
from sync_service.room.commands import Command

VERSIONS: Final = (1,)  # what this server speaks, best first
FRAME_BYTES: Final = 16 * 1024
ID_LENGTH: Final = 64
EMOJI_LENGTH: Final = 32  # characters; a family of four with skin tones has 11
HISTORY_MOST: Final = 100
HELLO_DEADLINE_S: Final = 5.0
TITLE_LONGEST: Final = 100  # characters
FILM_MOST_MS: Final = 1_000_000_000
T0_MOST: Final = 1e15
RTT_MOST_MS: Final = 60_000
_MOMENT_MOST: Final = 2**53

CommandType = type[Command]


class Message(Schema):
    """One message: its name in the protocol is ``type``; fields that are not known are ignored.

    ``becomes`` is the command that a client's message stands for, where the fields of both have the same names.
    ``example`` has the fields of one, for the documents.
    """

    class Meta:
        unknown = EXCLUDE

    type = ""
    becomes: CommandType | None = None
    example: Mapping[str, Any] | None = None


class Place(Message):
    """A place in the room's log."""

    epoch = Whole(1, 2**53, required=True)
    seq = Whole(0, 2**53, required=True)
    hash = Text(64, required=True)


# --- fields of many messages ---


def id_(**options: Any) -> Text:
    """Return the field of an id, required unless the ``options`` say otherwise."""
    return Text(ID_LENGTH, **({"required": True} | options))


def moment(**options: Any) -> Whole:
    """Return the field of a moment in ms of the room's clock, required unless the ``options`` say otherwise."""
    return Whole(-_MOMENT_MOST, _MOMENT_MOST, **({"required": True} | options))


def room_title() -> Text:
    """Return the field of a room's own name."""
    return Text(TITLE_LONGEST, required=True, allow_none=True, **described("The room's own; null: its film's."))


def described(description: str) -> Any:
    """Return the option that describes a field in the documents."""
    return {"metadata": {"description": description}}


def person() -> Text:
    """Return the field of a member's id."""
    return Text(ID_LENGTH, required=True, **described("A member's id."))


# --- examples ---


ANNA: Final = "9f1c6f4e-5c0d-4d8e-9d3b-0c2f5a6e7b81"
BORIS: Final = "1b0e3a52-7a46-4f5c-8a1e-6d2c9f4b7e03"
TIDE: Final = "5e9b7c1a-3d42-4c86-9a07-b1f2d3c4e5a6"  # a film's id
SAID: Final = "0199c5a1-52f0-7c3e-b1a4-2f6d8e9c0a17"  # a message's id


def such(**fields: Any) -> Mapping[str, Any]:
    """Return an example of these fields."""
    return fields
