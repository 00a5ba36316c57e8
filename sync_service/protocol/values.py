"""The values that messages to clients carry: the film, members, the chat, settings; and the words they are made of."""

from __future__ import annotations

from typing import Final, get_args

from marshmallow import Schema, fields

from sync_service.protocol.fields import Flag, Number, OneOf, Text, Whole
from sync_service.protocol.messages import (
    FILM_MOST_MS,
    ID_LENGTH,
    described,
    id_,
    moment,
    person,
    room_title,
)
from sync_service.room.permissions import CONTROL, RANKS
from sync_service.room.playback import RATE_MAX, RATE_MIN, Status
from sync_service.room.state import ASIDE, CAPACITY_MOST, GUESTS, STARTS, WAIT_MOST_S

ROLES: Final = tuple(reversed(RANKS))  # the highest first
CONTROLS: Final = tuple(CONTROL)
# Why the film is as it is, where no member did it on purpose.
REASONS: Final = (
    "auto_start", "empty", "buffering", "ad", "away", "ready", "back", "aside", "left", "hold_timeout", "hold_skipped",
)  # fmt: skip
LEAVING: Final = ("left", "lost", "kicked", "banned", "revoked", "guests_off", "closed")


class PlaybackSchema(Schema):
    """Where the film stands at any time; see docs/protocol.md."""

    status = OneOf(get_args(Status), required=True)
    position_ms = Whole(0, FILM_MOST_MS, required=True, **described("Where the film stood, or will stand, at at_ms."))
    rate = Number(RATE_MIN, RATE_MAX, required=True)
    at_ms = moment(**described("In the future when a start lies ahead."))
    by = Text(
        ID_LENGTH, required=True, allow_none=True, **described("To whom the status is due; null: the room itself.")
    )
    started = Flag(required=True, **described("Whether the film has started at all in this room."))
    reason = OneOf(REASONS, required=True, allow_none=True, **described("Where it was not simply somebody's wish."))
    waiting_for = fields.List(person(), required=True, **described("For whom the room waits, while holding."))
    hold_until_ms = moment(allow_none=True, **described("When it goes on without them at the latest."))
    sought_ms = moment(**described("When somebody last went to another place."))
    heat = Number(0, 1e6, required=True, **described("How often play and pause were undone lately: see cooldown."))
    heat_ms = moment(**described("When they last were."))
    era = Whole(0, 2**53, required=True, **described("How often the server's clock was set."))
    length_ms = Whole(
        1, FILM_MOST_MS, required=True, allow_none=True, **described("As players agree; null: the catalogue's counts.")
    )
    lead_rate = Number(
        RATE_MIN, RATE_MAX, required=True, allow_none=True, **described("At which it runs until at_ms; null: it waits.")
    )


class PlayerSchema(Schema):
    """What the players of one person say of themselves, those on one process together."""

    ready = Flag(required=True)
    buffering = Flag(required=True)
    waits = Flag(required=True)
    rtt_ms = Whole(0, 60_000, required=True)
    duration_ms = Whole(1, FILM_MOST_MS, required=True, allow_none=True)
    second_screen = Flag(required=True)
    visible = Flag(required=True)


class MemberAsideSchema(Schema):
    """That a member's player has left the room's timeline."""

    reason = OneOf(ASIDE, required=True)
    since_ms = moment()
    position_ms = Whole(0, FILM_MOST_MS, required=True, **described("Where the film was then."))


class MemberSchema(Schema):
    """Somebody in the room, once, however many tabs they have; ``id`` is the user's."""

    id = person()
    name = fields.String(required=True)
    role = OneOf(ROLES, required=True)
    ready = Flag(required=True)
    buffering = Flag(required=True)
    waits = Flag(required=True, **described("Whether the room waits for them at all."))
    rtt_ms = Whole(0, 60_000, required=True, **described("Their round trip, rounded up to one of a few values."))
    joined_ms = moment()
    visit_id = fields.String(required=True, **described("Of their presence from joining to leaving."))
    muted_until_ms = moment(allow_none=True)
    holds = fields.List(moment(), required=True, **described("When the room was held for them on their own account."))
    duration_ms = Whole(1, FILM_MOST_MS, required=True, allow_none=True, **described("The length that they play."))
    second_screen = Flag(required=True, **described("Whether they are here without any player."))
    visible = Flag(required=True, **described("Whether a page of theirs is to be seen, as far as it says."))
    players = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PlayerSchema),
        required=True,
        **described("What the values above are derived from; of no use to clients."),
    )
    aside = fields.Nested(
        MemberAsideSchema,
        required=True,
        allow_none=True,
        **described("Whether they have stepped aside; null: they follow."),
    )
    look = fields.String(
        required=True, **described("The same for names that look alike: mark whoever has the owner's.")
    )
    guest = Flag(required=True, **described("Whether they have no account, whatever their role: mark them."))


class AuthorSchema(Schema):
    """Who wrote a message, by the name they had then."""

    id = person()
    name = fields.String(required=True, **described("Empty where their account was deleted; the id is all zeros then."))
    guest = Flag(**described("True of whoever has no account, else left out."))


class ChatMessageSchema(Schema):
    """What was said; a deleted message has no text left."""

    id = id_()
    author = fields.Nested(AuthorSchema, required=True)
    text = fields.String(required=True)
    position_ms = Whole(0, FILM_MOST_MS, required=True)
    sent_ms = moment()
    reply_to = Text(ID_LENGTH, required=True, allow_none=True)
    film_id = Text(ID_LENGTH, required=True, allow_none=True, **described("The film that position_ms is of."))
    deleted = Flag(required=True)
    edited_ms = moment(allow_none=True, **described("When its author last wrote it anew."))
    reactions = fields.Dict(
        keys=fields.String(),
        values=fields.List(person()),
        required=True,
        **described("Ids of those who put an emoji there, by emoji."),
    )
    revision = Whole(0, 2**53, required=True, **described("How often it was changed."))


class SettingsSchema(Schema):
    """What those with the right may change, see ``change_settings``; the API may too."""

    control = OneOf(CONTROLS, required=True)
    capacity = Whole(2, CAPACITY_MOST, required=True)
    locked = Flag(required=True)
    slow_mode_s = Whole(0, 300, required=True)
    hold = Flag(required=True)
    hold_max_s = Whole(1, 60, required=True)
    early_start = Flag(required=True, **described("Whether others than the owner may start a planned film early."))
    start = OneOf(STARTS, required=True, **described("How the film starts: see docs/protocol.md."))
    start_when_ready = Whole(
        0, CAPACITY_MOST, required=True, **described("With so many people, all ready, a lobby starts it; 0: never.")
    )
    wait_ad_s = Whole(0, WAIT_MOST_S, required=True, **described("For a member in an advertisement; 0: not at all."))
    wait_away_s = Whole(0, WAIT_MOST_S, required=True, **described("For a member who is away; 0: not at all."))
    wait_until_members = Whole(
        1, CAPACITY_MOST, required=True, **described("With more members than this the room waits for nobody.")
    )
    snap_on_pause = Flag(required=True, **described("Whether a pause is at the place of whoever paused."))
    guests = OneOf(GUESTS, required=True, **described("What people without an account may do here."))


class FilmSchema(Schema):
    """What is being watched."""

    id = id_()
    title = fields.String(required=True)
    duration_ms = Whole(1, FILM_MOST_MS, required=True, allow_none=True, **described("The catalogue's; null: unknown."))


class RoomSchema(Schema):
    """``host`` is the member who acts for an owner who has been gone for a while."""

    id = id_()
    code = fields.String(required=True)
    title = room_title()
    film = fields.Nested(FilmSchema, required=True)
    owner = person()
    host = Text(ID_LENGTH, required=True, allow_none=True)
    access = OneOf(("link", "invited"), required=True)
    starts_at = moment(allow_none=True)
    settings = fields.Nested(SettingsSchema, required=True)


class RoomStateSchema(Schema):
    """What changes in a room by its events, besides its members and its chat."""

    playback = fields.Nested(PlaybackSchema, required=True)


class YouSchema(Schema):
    """Who this connection is; ``session`` stays the same over reconnects."""

    id = person()
    name = fields.String(required=True)
    role = OneOf(ROLES, required=True)
    session = fields.String(required=True)


class LimitsSchema(Schema):
    """What this server takes."""

    frame_bytes = Whole(1, 2**53, required=True)
    text_graphemes = Whole(1, 2**53, required=True, **described("Of a message, as a reader counts its characters."))
    text_code_points = Whole(1, 2**53, required=True)
    rate_min = Number(0, 10, required=True)
    rate_max = Number(0, 10, required=True)
    command_id_length = Whole(1, 2**53, required=True)
    history = Whole(1, 2**53, required=True)
    silent_ms = Whole(1, 2**53, required=True, **described("After so long without a sign of the client it is asked."))
    gone_ms = Whole(1, 2**53, required=True, **described("After so long without a sign its member has left."))
    grace_ms = Whole(1, 2**53, required=True, **described("So long a broken connection may take to come back."))
