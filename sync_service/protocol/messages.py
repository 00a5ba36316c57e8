"""WebSocket protocol v1: every message, error code and close code is spelled here, once.

docs/protocol.md explains them and docs/asyncapi.json is generated from them. Messages from clients are read by these
schemas (inbound.py); those to clients are encoded straight from dataclasses, and tests hold each against its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, fields

from sync_service.protocol.fields import Flag, Number, OneOf, Text, Versions, Whole
from sync_service.room.playback import RATE_MAX, RATE_MIN

VERSIONS: Final = (1,)  # what this server speaks, best first
FRAME_BYTES: Final = 16 * 1024
TEXT_GRAPHEMES: Final = 500
ID_LENGTH: Final = 64
EMOJI_LENGTH: Final = 32  # characters; a family of four with skin tones has 11
HISTORY_MOST: Final = 100
CAPACITY_MOST: Final = 200
HELLO_DEADLINE_S: Final = 5.0

ROLES: Final = ("owner", "moderator", "viewer", "guest")
CONTROLS: Final = ("everyone", "moderators", "owner")
# Why the film is as it is, where it was not simply somebody's wish.
REASONS: Final = ("auto_start", "empty", "buffering", "ready", "left", "hold_timeout", "hold_skipped")
LEAVING: Final = ("left", "lost", "kicked", "banned", "closed")

ERRORS: Final[Mapping[str, str]] = {
    "bad_message": "The frame is not a JSON object of this protocol; the message says which part.",
    "unknown_type": "There is no message of this type in this protocol version.",
    "hello_expected": "The first message must be a hello.",
    "unsupported_protocol": "This server speaks none of these protocol versions; it speaks 1.",
    "ticket_invalid": "The ticket is not one of this cinema's, or not for this address. Ask the API for a new one.",
    "ticket_expired": "The ticket is too old. Ask the API for a new one.",
    "ticket_reused": "The ticket has been used. Ask the API for a new one, or resume.",
    "resume_invalid": "The resume token is not valid any more. Ask the API for a ticket.",
    "not_a_member": "You are not in this room any more. Say hello again.",
    "forbidden": "Your role does not allow this in this room.",
    "muted": "You were muted; you may speak again after retry_after_ms.",
    "slow_mode": "The room is in slow mode; you may speak again after retry_after_ms.",
    "cooldown": "Play and pause were undone back and forth; the film stays as it is for retry_after_ms.",
    "member_not_found": "There is no such member in this room.",
    "message_not_found": "There is no such message in this room's chat.",
    "room_full": "The room has as many members as it may have.",
    "room_locked": "The room is locked: nobody new comes in. Ask someone inside to unlock it.",
    "room_closed": "The room is closed and stays so.",
    "kicked": "You were sent out of the room. Its link lets you in again.",
    "banned": "You were banned from the room.",
    "text_empty": "The text is empty once control characters are taken out.",
    "text_too_long": "The text has more than limits.text_graphemes characters.",
    "too_big": "The frame is larger than limits.frame_bytes.",
    "rate_limited": "Too many messages; try again after retry_after_ms.",
    "too_fast": "Messages kept coming in spite of rate_limited.",
    "slow_consumer": "You read too slowly. Come back and resume.",
    "archive_full": "The archive cannot take chat at the moment; playback goes on. Try again after retry_after_ms.",
    "outcome_unknown": "The store did not answer in time. Repeat the command with the same id: it applies once.",
    "try_again": "The store is away at the moment. Repeat the command with the same id after retry_after_ms.",
    "internal": "Something went wrong on the server; it has been logged.",
}


class CloseCode(IntEnum):
    """Why the server ends a connection (RFC 6455 leaves 4000 to 4999 to applications)."""

    NORMAL = 1000
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    HELLO_TIMEOUT = 4408
    ROOM_FULL = 4409
    ROOM_CLOSED = 4410
    TOO_BIG = 4413
    TOO_FAST = 4429
    INTERNAL = 4500
    TRY_AGAIN = 4503
    SLOW_CONSUMER = 4504


# --- values ---

_MOMENT: Final = 2**53
_LONGEST_FILM_MS: Final = 1_000_000_000


def _id(**options: Any) -> Text:
    return Text(ID_LENGTH, **({"required": True} | options))


def _moment(**options: Any) -> Whole:
    return Whole(-_MOMENT, _MOMENT, **({"required": True} | options))


def _told(description: str) -> Any:
    return {"metadata": {"description": description}}


def _person() -> Text:
    return Text(ID_LENGTH, required=True, **_told("A member's id."))


class Message(Schema):
    """One message: its name in the protocol is ``type``; fields that are not known are ignored."""

    class Meta:
        unknown = EXCLUDE

    type = ""


# --- client to server ---


class Hello(Message):
    """First and once: a join ticket, or the latest resume token and the place of the last event that was seen."""

    type = "hello"
    protocol = Versions(required=True, **_told("The versions that the client speaks; 1 alone, or a list."))
    ticket = Text(FRAME_BYTES, load_only=True, **_told("The API's, for joining."))
    resume = Text(FRAME_BYTES, load_only=True, **_told("The latest resume token."))
    epoch = Whole(0, 2**53, **_told("Of the last event that was seen; without the three a snapshot comes."))
    seq = Whole(0, 2**53)
    hash = Text(64)


class Ping(Message):
    """Asks for the server's time; ``rtt_ms`` is the round trip that the client has measured."""

    type = "ping"
    t0 = Number(-1e15, 1e15, required=True, **_told("Given back as it is."))
    rtt_ms = Number(0, 60_000, **_told("Starts lie as far ahead as the slowest member needs."))


class Play(Message):
    """Let the film run; at its end, from its beginning."""

    type = "play"
    id = _id()


class Pause(Message):
    """Stop the film where it is."""

    type = "pause"
    id = _id()


class Seek(Message):
    """Go to another place of the film; what lies outside of it counts as its beginning or its end."""

    type = "seek"
    id = _id()
    position_ms = Number(-_LONGEST_FILM_MS, _LONGEST_FILM_MS, required=True)


class SetRate(Message):
    """Let the film run faster or slower; beyond the room's limits the nearest rate counts."""

    type = "set_rate"
    id = _id()
    rate = Number(0.25, 4, required=True)


class Report(Message):
    """What the client's player says of itself."""

    type = "report"
    id = _id(required=False)
    ready = Flag(**_told("Whether it could start now."))
    buffering = Flag(**_told("Whether it has run dry; the room may wait for it."))
    waits = Flag(**_told("Whether the room should wait for this member at all."))
    position_ms = Number(0, _LONGEST_FILM_MS)
    skew_ms = Number(-_LONGEST_FILM_MS, _LONGEST_FILM_MS, **_told("How far it is from its place."))


class Say(Message):
    """Write to the chat."""

    type = "say"
    id = _id()
    text = Text(FRAME_BYTES, required=True)
    reply_to = _id(required=False)


class React(Message):
    """A floating emoji: seen now or never."""

    type = "react"
    emoji = Text(EMOJI_LENGTH, required=True)


class Typing(Message):
    """One is writing: seen by the others now or never."""

    type = "typing"


class DeleteMessage(Message):
    """Blank a message: one's own, or that of somebody who stands lower."""

    type = "delete_message"
    id = _id()
    message_id = _id()


class SetRole(Message):
    """Give somebody who stands lower another role, below one's own."""

    type = "set_role"
    id = _id()
    member_id = _person()
    role = OneOf(ROLES[1:], required=True)


class Mute(Message):
    """Let somebody not write for a while."""

    type = "mute"
    id = _id()
    member_id = _person()
    seconds = Whole(0, 86_400, required=True, **_told("0 lets them speak again."))


class Kick(Message):
    """Send somebody out; the room's link lets them in again."""

    type = "kick"
    id = _id()
    member_id = _person()


class ChangeSettings(Message):
    """Change some of the room's settings."""

    type = "change_settings"
    id = _id()
    control = OneOf(CONTROLS)
    capacity = Whole(2, CAPACITY_MOST)
    locked = Flag()
    slow_mode_s = Whole(0, 300)
    hold = Flag()
    hold_max_s = Whole(1, 60)


class History(Message):
    """Asks for messages that came before one, or for the last ones."""

    type = "history"
    id = _id()
    before = _id(required=False)
    limit = Whole(1, HISTORY_MOST, load_default=50)


class Leave(Message):
    """Go for good, at once; a connection that is merely lost may be resumed."""

    type = "leave"
    id = _id(required=False)


CLIENT: Final[Mapping[str, Message]] = {
    schema.type: schema()
    for schema in (
        Hello, Ping, Play, Pause, Seek, SetRate, Report, Say, React, Typing, DeleteMessage, SetRole, Mute, Kick,
        ChangeSettings, History, Leave,
    )
}  # fmt: skip

# --- server to client: values ---


class Playback(Schema):
    """Where the film stands at any time; see docs/protocol.md."""

    status = OneOf(("playing", "paused", "holding"), required=True)
    position_ms = Whole(0, _LONGEST_FILM_MS, required=True, **_told("Where the film stood, or will stand, at at_ms."))
    rate = Number(RATE_MIN, RATE_MAX, required=True)
    at_ms = _moment(**_told("In the future when a start lies ahead."))
    by = Text(ID_LENGTH, required=True, allow_none=True, **_told("To whom the status is due; null: the room itself."))
    started = Flag(required=True, **_told("Whether the film has started at all in this room."))
    reason = OneOf(REASONS, required=True, allow_none=True, **_told("Where it was not simply somebody's wish."))
    waiting_for = fields.List(_person(), required=True, **_told("For whom the room waits, while holding."))
    hold_until_ms = _moment(allow_none=True, **_told("When it goes on without them at the latest."))
    sought_ms = _moment(**_told("When somebody last went to another place."))
    heat = Number(0, 1e6, required=True, **_told("How often play and pause were undone lately: see cooldown."))
    heat_ms = _moment(**_told("When they last were."))
    era = Whole(0, 2**53, required=True, **_told("How often the server's clock was set."))


class Member(Schema):
    """Somebody in the room, once, however many tabs they have; ``id`` is the user's."""

    id = _person()
    name = fields.String(required=True)
    role = OneOf(ROLES, required=True)
    ready = Flag(required=True)
    buffering = Flag(required=True)
    waits = Flag(required=True, **_told("Whether the room waits for them at all."))
    rtt_ms = Whole(0, 60_000, required=True, **_told("Their round trip, rounded up to one of a few values."))
    joined_ms = _moment()
    visit_id = fields.String(required=True, **_told("Of their presence from joining to leaving."))
    muted_until_ms = _moment(allow_none=True)
    holds = fields.List(_moment(), required=True, **_told("When the room was held for them on their own account."))


class Author(Schema):
    """Who wrote a message, by the name they had then."""

    id = _person()
    name = fields.String(required=True)


class ChatMessage(Schema):
    """What was said; a deleted message has no text left."""

    id = _id()
    author = fields.Nested(Author, required=True)
    text = fields.String(required=True)
    position_ms = Whole(0, _LONGEST_FILM_MS, required=True)
    sent_ms = _moment()
    reply_to = Text(ID_LENGTH, required=True, allow_none=True)
    deleted = Flag(required=True)


class Settings(Schema):
    """What those with the right may change, see ``change_settings``; the API may too."""

    control = OneOf(CONTROLS, required=True)
    capacity = Whole(2, CAPACITY_MOST, required=True)
    locked = Flag(required=True)
    slow_mode_s = Whole(0, 300, required=True)
    hold = Flag(required=True)
    hold_max_s = Whole(1, 60, required=True)


class Film(Schema):
    """What is being watched."""

    id = _id()
    title = fields.String(required=True)
    duration_ms = Whole(1, _LONGEST_FILM_MS, required=True)


class Room(Schema):
    """``host`` is the member who acts for an owner who has been gone for a while."""

    id = _id()
    code = fields.String(required=True)
    film = fields.Nested(Film, required=True)
    owner = _person()
    host = Text(ID_LENGTH, required=True, allow_none=True)
    access = OneOf(("link", "invited"), required=True)
    starts_at = _moment(allow_none=True)
    settings = fields.Nested(Settings, required=True)


class RoomState(Schema):
    """What changes in a room by its events, besides its members and its chat."""

    playback = fields.Nested(Playback, required=True)


class You(Schema):
    """Who this connection is; ``session`` stays the same over reconnects."""

    id = _person()
    name = fields.String(required=True)
    role = OneOf(ROLES, required=True)
    session = fields.String(required=True)


class Limits(Schema):
    """What this server takes."""

    frame_bytes = Whole(1, 2**53, required=True)
    text_graphemes = Whole(1, 2**53, required=True)
    rate_min = Number(0, 10, required=True)
    rate_max = Number(0, 10, required=True)
    command_id_length = Whole(1, 2**53, required=True)
    history = Whole(1, 2**53, required=True)


class Place(Message):
    """A place in the room's log."""

    epoch = Whole(1, 2**53, required=True)
    seq = Whole(0, 2**53, required=True)
    hash = Text(64, required=True)


# --- server to client: messages ---


class Snapshot(Place):
    """Start over from this: it replaces all that the client has."""

    type = "snapshot"
    server_ms = Number(0, 1e15, required=True)
    room = fields.Nested(Room, required=True)
    state = fields.Nested(RoomState, required=True)
    members = fields.List(fields.Nested(Member), required=True)
    messages = fields.List(fields.Nested(ChatMessage), required=True)


class Welcome(Place):
    """The answer to hello; with mode ``snapshot`` all of the room, with ``resumed`` what was missed follows."""

    type = "welcome"
    protocol = OneOf(VERSIONS, required=True)  # type: ignore[arg-type]  # its words are numbers
    mode = OneOf(("snapshot", "resumed"), required=True)
    server_ms = Number(0, 1e15, required=True)
    you = fields.Nested(You, required=True)
    resume = fields.String(required=True)
    limits = fields.Nested(Limits, required=True)
    room = fields.Nested(Room)
    state = fields.Nested(RoomState)
    members = fields.List(fields.Nested(Member))
    messages = fields.List(fields.Nested(ChatMessage))


class Pong(Message):
    """The answer to ``ping``: ``t0`` as it was sent; the server received it at ``t1`` and answered at ``t2``."""

    type = "pong"
    t0 = Number(-1e15, 1e15, required=True)
    t1 = Number(0, 1e15, required=True)
    t2 = Number(0, 1e15, required=True)
    resume = fields.String(**_told("A renewed resume token, now and then."))


class Ack(Message):
    """The command was applied; its events, up to ``seq``, came before."""

    type = "ack"
    id = _id()
    seq = Whole(0, 2**53, required=True)


class Error(Message):
    """A message was refused, or the connection is about to be closed; see the codes."""

    type = "error"
    code = OneOf(tuple(ERRORS), required=True)
    message = fields.String(required=True)
    id = Text(ID_LENGTH, required=True, allow_none=True, **_told("The command's, where it had one."))
    retry_after_ms = Whole(0, 2**53)


class Messages(Message):
    """The answer to ``history``, oldest first; ``more`` tells whether there are older ones."""

    type = "history"
    id = _id()
    messages = fields.List(fields.Nested(ChatMessage), required=True)
    more = Flag(required=True)


class Reconnect(Message):
    """This process is about to end: come back by the resume token after so many ms."""

    type = "reconnect"
    after_ms = Whole(0, 60_000, required=True)


class Reacted(Message):
    """Somebody has let an emoji float over the film."""

    type = "reacted"
    by = _person()
    emoji = Text(EMOJI_LENGTH, required=True)
    position_ms = Whole(0, _LONGEST_FILM_MS, required=True)


class IsTyping(Message):
    """Somebody is writing."""

    type = "typing"
    by = _person()


class Skew(Message):
    """How far a member's player is from its place, told when it has changed noticeably."""

    type = "skew"
    by = _person()
    skew_ms = Whole(-_LONGEST_FILM_MS, _LONGEST_FILM_MS, required=True)


# --- server to client: the room's events, in order ---


class RoomEvent(Place):
    """What all events have: their place, when it happened, who brought it about, and by which command."""

    time_ms = _moment()
    by = Text(ID_LENGTH, required=True, allow_none=True, **_told("Null for the room itself."))
    command = Text(ID_LENGTH, required=True, allow_none=True, **_told("The id that they gave it."))


class PlaybackEvent(RoomEvent):
    playback = fields.Nested(Playback, required=True)


class Played(PlaybackEvent):
    """The film runs, from ``playback.at_ms`` on."""

    type = "played"


class Paused(PlaybackEvent):
    """The film stands."""

    type = "paused"


class Sought(PlaybackEvent):
    """The film is at another place."""

    type = "sought"


class RateChanged(PlaybackEvent):
    """The film runs faster or slower."""

    type = "rate_changed"


class HoldStarted(PlaybackEvent):
    """The room waits for ``playback.waiting_for``; comes again when that list changes."""

    type = "hold_started"


class HoldEnded(PlaybackEvent):
    """The room waits no longer: the film runs, from ``playback.at_ms`` on."""

    type = "hold_ended"


class Rebased(PlaybackEvent):
    """The server's clock was set by ``shift_ms``; the film is where it was. Measure the clock anew."""

    type = "rebased"
    shift_ms = _moment()


class MemberJoined(RoomEvent):
    """Somebody has come."""

    type = "member_joined"
    member = fields.Nested(Member, required=True)


class MemberChanged(RoomEvent):
    """A member's player says something new of itself."""

    type = "member_changed"
    member = fields.Nested(Member, required=True)


class MemberLeft(RoomEvent):
    """Somebody has gone; ``left_ms`` is when they were last connected."""

    type = "member_left"
    member_id = _person()
    name = fields.String(required=True)
    reason = OneOf(LEAVING, required=True)
    visit_id = fields.String(required=True)
    joined_ms = _moment()
    left_ms = _moment()


class RoleSet(RoomEvent):
    """Somebody has another role now, here or not."""

    type = "role_set"
    member_id = _person()
    role = OneOf(ROLES[1:], required=True)


class Muted(RoomEvent):
    """``until_ms`` null means that they may speak again."""

    type = "muted"
    member_id = _person()
    until_ms = _moment(allow_none=True)


class Banned(RoomEvent):
    """The API has banned somebody, here or not; ``version`` is the room's at which it did."""

    type = "banned"
    member_id = _person()
    version = Whole(1, 2**53, required=True)


class Unbanned(Banned):
    """The API lets somebody in again."""

    type = "unbanned"


class HostChanged(RoomEvent):
    """``host`` acts for the owner, who has been gone for a while; null when nobody has to any more."""

    type = "host_changed"
    host = Text(ID_LENGTH, required=True, allow_none=True)


class SettingsChanged(RoomEvent):
    """The settings are these now, all of them; ``versions`` are those at which the API changed single fields."""

    type = "settings_changed"
    settings = fields.Nested(Settings, required=True)
    access = OneOf(("link", "invited"), required=True)
    starts_at = _moment(allow_none=True)
    versions = fields.Dict(keys=fields.String(), values=Whole(1, 2**53), required=True)


class Said(RoomEvent):
    """Somebody wrote to the chat."""

    type = "said"
    message = fields.Nested(ChatMessage, required=True)


class MessageDeleted(RoomEvent):
    """A message was blanked."""

    type = "message_deleted"
    message_id = _id()


class Closed(RoomEvent):
    """The room is over for everyone; the connection is closed with 4410."""

    type = "closed"
    reason = fields.String(required=True)


EVENTS: Final[Mapping[str, Message]] = {
    schema.type: schema()
    for schema in (
        Played, Paused, Sought, RateChanged, HoldStarted, HoldEnded, Rebased, MemberJoined, MemberChanged, MemberLeft,
        RoleSet, Muted, Banned, Unbanned, HostChanged, SettingsChanged, Said, MessageDeleted, Closed,
    )
}  # fmt: skip
SERVER: Final[Mapping[str, Message]] = {
    **{
        schema.type: schema()
        for schema in (Welcome, Snapshot, Pong, Ack, Error, Messages, Reconnect, Reacted, IsTyping, Skew)
    },
    **EVENTS,
}
