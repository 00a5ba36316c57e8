"""Messages from the server to a client: answers, signals that have no place in the log, and the room's events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import fields

from sync_service.protocol.codes import ERRORS
from sync_service.protocol.event_messages import EVENTS
from sync_service.protocol.fields import Flag, Number, OneOf, Text, Whole
from sync_service.protocol.messages import (
    ANNA,
    BORIS,
    EMOJI_LENGTH,
    FILM_MOST_MS,
    ID_LENGTH,
    VERSIONS,
    Message,
    Place,
    described,
    id_,
    person,
    such,
)
from sync_service.protocol.values import (
    ChatMessageSchema,
    LimitsSchema,
    MemberSchema,
    RoomSchema,
    RoomStateSchema,
    YouSchema,
)


class SnapshotSchema(Place):
    """Start over from this: it replaces all that the client has."""

    type = "snapshot"
    server_ms = Number(0, 1e15, required=True)
    room = fields.Nested(RoomSchema, required=True)
    state = fields.Nested(RoomStateSchema, required=True)
    members = fields.List(fields.Nested(MemberSchema), required=True)
    messages = fields.List(fields.Nested(ChatMessageSchema), required=True)


class WelcomeSchema(Place):
    """The answer to hello; with mode ``snapshot`` all of the room, with ``resumed`` what was missed follows."""

    type = "welcome"
    protocol = OneOf(VERSIONS, required=True)  # type: ignore[arg-type]  # its words are numbers
    mode = OneOf(("snapshot", "resumed"), required=True)
    server_ms = Number(0, 1e15, required=True)
    you = fields.Nested(YouSchema, required=True)
    resume = fields.String(required=True)
    limits = fields.Nested(LimitsSchema, required=True)
    room = fields.Nested(RoomSchema)
    state = fields.Nested(RoomStateSchema)
    members = fields.List(fields.Nested(MemberSchema))
    messages = fields.List(fields.Nested(ChatMessageSchema))


class PongSchema(Message):
    """The answer to ``ping``: ``t0`` as it was sent; the server received it at ``t1`` and answered at ``t2``."""

    type = "pong"
    example = such(t0=15321.25, t1=1795437924063.112, t2=1795437924063.174)
    t0 = Number(-1e15, 1e15, required=True)
    t1 = Number(0, 1e15, required=True)
    t2 = Number(0, 1e15, required=True)
    resume = fields.String(**described("A renewed resume token, now and then."))


class AckSchema(Message):
    """The command was applied; its events, up to ``seq``, came before."""

    type = "ack"
    example = such(id="a1", seq=8)
    id = id_()
    seq = Whole(0, 2**53, required=True)


class ErrorSchema(Message):
    """A message was refused, or the connection is about to be closed; see the codes."""

    type = "error"
    example = such(code="rate_limited", message=ERRORS["rate_limited"], id="a5", retry_after_ms=480)
    code = OneOf(tuple(ERRORS), required=True)
    message = fields.String(required=True)
    id = Text(ID_LENGTH, required=True, allow_none=True, **described("The command's, where it had one."))
    retry_after_ms = Whole(0, 2**53)


class MessagesSchema(Message):
    """The answer to ``history``, oldest first; ``more`` tells whether there are older ones."""

    type = "history"
    id = id_()
    messages = fields.List(fields.Nested(ChatMessageSchema), required=True)
    more = Flag(required=True)


class ReconnectSchema(Message):
    """This process is about to end: come back by the resume token after so many ms."""

    type = "reconnect"
    example = such(after_ms=740)
    after_ms = Whole(0, 60_000, required=True)


class ReactedSchema(Message):
    """Somebody has let an emoji float over the film."""

    type = "reacted"
    example = such(by=ANNA, emoji="🐋", position_ms=754_020)
    by = person()
    emoji = Text(EMOJI_LENGTH, required=True)
    position_ms = Whole(0, FILM_MOST_MS, required=True)


class IsTypingSchema(Message):
    """Somebody is writing."""

    type = "typing"
    example = such(by=ANNA)
    by = person()


class SkewSchema(Message):
    """How far a member's player is from its place, told when it has changed noticeably."""

    type = "skew"
    example = such(by=BORIS, skew_ms=-640)
    by = person()
    skew_ms = Whole(-FILM_MOST_MS, FILM_MOST_MS, required=True)


class FilmDiffersSchema(Message):
    """Your player plays another file: it is not as long as the room's film, which others here play."""

    type = "film_differs"
    example = such(duration_ms=5_400_000, yours_ms=5_280_400)
    duration_ms = Whole(1, FILM_MOST_MS, required=True, **described("The room's."))
    yours_ms = Whole(1, FILM_MOST_MS, required=True)


SERVER: Final[Mapping[str, Message]] = {
    **{
        schema.type: schema()
        for schema in (
            WelcomeSchema, SnapshotSchema, PongSchema, AckSchema, ErrorSchema, MessagesSchema, ReconnectSchema,
            ReactedSchema, IsTypingSchema, SkewSchema, FilmDiffersSchema,
        )
    },
    **EVENTS,
}  # fmt: skip
