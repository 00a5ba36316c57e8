"""The room's events as messages, which everyone in the room receives in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import fields

from sync_service.protocol.fields import Flag, OneOf, Text, Whole
from sync_service.protocol.messages import (
    ANNA,
    EMOJI_LENGTH,
    FILM_MOST_MS,
    ID_LENGTH,
    SAID,
    TIDE,
    Message,
    Place,
    described,
    id_,
    moment,
    person,
    room_title,
    such,
)
from sync_service.protocol.values import (
    LEAVING,
    ROLES,
    ChatMessageSchema,
    FilmSchema,
    MemberSchema,
    PlaybackSchema,
    SettingsSchema,
)
from sync_service.room.state import ASIDE

_COMMON: Final = {
    "epoch": 1,
    "seq": 8,
    "hash": "9287a12dee4ad2cc",
    "time_ms": 1795437924063,
    "by": ANNA,
    "command": "a1",
}


class RoomEvent(Place):
    """What all events have: their place, when it happened, who brought it about, and by which command."""

    time_ms = moment()
    by = Text(ID_LENGTH, required=True, allow_none=True, **described("Null for the room itself."))
    command = Text(ID_LENGTH, required=True, allow_none=True, **described("The id that they gave it."))


class PlaybackEvent(RoomEvent):
    playback = fields.Nested(PlaybackSchema, required=True)


class PlayedSchema(PlaybackEvent):
    """The film runs, from ``playback.at_ms`` on."""

    type = "played"


class PausedSchema(PlaybackEvent):
    """The film stands."""

    type = "paused"


class SoughtSchema(PlaybackEvent):
    """The film is at another place."""

    type = "sought"


class RateChangedSchema(PlaybackEvent):
    """The film runs faster or slower."""

    type = "rate_changed"


class LengthChangedSchema(PlaybackEvent):
    """The film is ``playback.length_ms`` long, as its players agree; it goes on where it is."""

    type = "length_changed"


class HoldStartedSchema(PlaybackEvent):
    """The room waits for ``playback.waiting_for``; comes again when that list changes."""

    type = "hold_started"


class HoldEndedSchema(PlaybackEvent):
    """The room waits no longer: the film runs, from ``playback.at_ms`` on."""

    type = "hold_ended"


class RebasedSchema(PlaybackEvent):
    """The server's clock was set by ``shift_ms``; the film is where it was. Measure the clock anew."""

    type = "rebased"
    shift_ms = moment()


class MemberJoinedSchema(RoomEvent):
    """Somebody has come."""

    type = "member_joined"
    member = fields.Nested(MemberSchema, required=True)


class MemberChangedSchema(RoomEvent):
    """A member's player says something new of itself."""

    type = "member_changed"
    member = fields.Nested(MemberSchema, required=True)


class MemberLeftSchema(RoomEvent):
    """Somebody has gone; ``left_ms`` is when they were last connected."""

    type = "member_left"
    member_id = person()
    name = fields.String(required=True)
    reason = OneOf(LEAVING, required=True)
    visit_id = fields.String(required=True)
    joined_ms = moment()
    left_ms = moment()


class SteppedAsideSchema(RoomEvent):
    """Somebody's player follows the film no longer; ``position_ms`` is where the film is."""

    type = "stepped_aside"
    member_id = person()
    reason = OneOf(ASIDE, required=True)
    position_ms = Whole(0, FILM_MOST_MS, required=True)


class CameBackSchema(RoomEvent):
    """Somebody's player follows the film again, which is at ``position_ms``."""

    type = "came_back"
    member_id = person()
    position_ms = Whole(0, FILM_MOST_MS, required=True)


class RoleSetSchema(RoomEvent):
    """Somebody has another role now, here or not."""

    type = "role_set"
    member_id = person()
    role = OneOf(ROLES[1:], required=True)


class MutedSchema(RoomEvent):
    """``until_ms`` null means that they may speak again."""

    type = "muted"
    member_id = person()
    until_ms = moment(allow_none=True)


class BannedSchema(RoomEvent):
    """The API has banned somebody, here or not; ``version`` is the room's at which it did."""

    type = "banned"
    member_id = person()
    version = Whole(1, 2**53, required=True)


class UnbannedSchema(BannedSchema):
    """The API lets somebody in again."""

    type = "unbanned"


class RevokedSchema(BannedSchema):
    """The API has taken somebody's invitation back, here or not."""

    type = "revoked"


class HostChangedSchema(RoomEvent):
    """``host`` acts for the owner, who has been gone for a while; null when nobody has to any more."""

    type = "host_changed"
    host = Text(ID_LENGTH, required=True, allow_none=True)


class SettingsChangedSchema(RoomEvent):
    """The settings are these now, all of them; ``versions`` are those at which the API changed single fields."""

    type = "settings_changed"
    settings = fields.Nested(SettingsSchema, required=True)
    access = OneOf(("link", "invited"), required=True)
    starts_at = moment(allow_none=True)
    title = room_title()
    versions = fields.Dict(keys=fields.String(), values=Whole(1, 2**53), required=True)
    film = fields.Nested(FilmSchema, allow_none=True, **described("Another film; null: it stays."))
    owner = Text(ID_LENGTH, allow_none=True, **described("Whose the room is from now on; null: it stays."))


class FilmChangedSchema(PlaybackEvent):
    """The room watches another film, which has not begun: load it, and report ready anew."""

    type = "film_changed"
    film = fields.Nested(FilmSchema, required=True)
    previous_film_id = id_()


class SaidSchema(RoomEvent):
    """Somebody wrote to the chat."""

    type = "said"
    example = such(
        **_COMMON,
        message={
            "id": SAID,
            "author": {"id": ANNA, "name": "Anna"},
            "text": "Смотрите, кит!",
            "position_ms": 754_020,
            "sent_ms": 1795437924063,
            "reply_to": None,
            "film_id": TIDE,
            "deleted": False,
            "edited_ms": None,
            "reactions": {},
            "revision": 0,
        },
    )
    message = fields.Nested(ChatMessageSchema, required=True)


class MessageDeletedSchema(RoomEvent):
    """A message was blanked."""

    type = "message_deleted"
    example = such(**_COMMON, message_id=SAID)
    message_id = id_()


class MessageEditedSchema(RoomEvent):
    """A message has another text since ``time_ms``; the text is empty where the message was deleted since."""

    type = "message_edited"
    example = such(**_COMMON, message_id=SAID, text="Смотрите, два кита!")
    message_id = id_()
    text = fields.String(required=True)


class MessageReactedSchema(RoomEvent):
    """``by`` has put an emoji on a message, or taken theirs back."""

    type = "message_reacted"
    example = such(**_COMMON, message_id=SAID, emoji="🐋", on=True)
    message_id = id_()
    emoji = Text(EMOJI_LENGTH, required=True)
    on = Flag(required=True)


class ClosedSchema(RoomEvent):
    """The room is over for everyone; the connection is closed with 4410."""

    type = "closed"
    reason = fields.String(required=True)


EVENTS: Final[Mapping[str, Message]] = {
    schema.type: schema()
    for schema in (
        PlayedSchema, PausedSchema, SoughtSchema, RateChangedSchema, LengthChangedSchema, HoldStartedSchema,
        HoldEndedSchema, RebasedSchema, MemberJoinedSchema, MemberChangedSchema, MemberLeftSchema,
        SteppedAsideSchema, CameBackSchema, RoleSetSchema, MutedSchema, BannedSchema, UnbannedSchema, RevokedSchema,
        HostChangedSchema, SettingsChangedSchema, FilmChangedSchema, SaidSchema, MessageDeletedSchema,
        MessageEditedSchema, MessageReactedSchema, ClosedSchema,
    )
}  # fmt: skip
