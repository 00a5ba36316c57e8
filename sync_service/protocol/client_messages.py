"""Messages from a client to the server. Those with ``becomes`` need nothing else: dispatch makes commands of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sync_service.protocol.fields import Flag, Number, OneOf, Text, Versions, Whole
from sync_service.protocol.messages import (
    BORIS,
    EMOJI_LENGTH,
    FILM_MOST_MS,
    FRAME_BYTES,
    HISTORY_MOST,
    RTT_MOST_MS,
    SAID,
    T0_MOST,
    Message,
    described,
    id_,
    person,
    such,
)
from sync_service.protocol.values import CONTROLS, ROLES
from sync_service.room import commands
from sync_service.room.state import ASIDE, CAPACITY_MOST, GUESTS, STARTS, WAIT_MOST_S


class HelloSchema(Message):
    """First and once: a join ticket, or the latest resume token and the place of the last event that was seen."""

    type = "hello"
    example = such(protocol=1, resume="eyJ…", epoch=1, seq=7, hash="4e5f7c0ea46f8f23")
    protocol = Versions(required=True, **described("The versions that the client speaks; 1 alone, or a list."))
    ticket = Text(FRAME_BYTES, load_only=True, **described("The API's, for joining."))
    resume = Text(FRAME_BYTES, load_only=True, **described("The latest resume token."))
    epoch = Whole(0, 2**53, **described("Of the last event that was seen; without the three a snapshot comes."))
    seq = Whole(0, 2**53)
    hash = Text(64)
    second_screen = Flag(**described("A device without a player, beside the person's player."))


class PingSchema(Message):
    """Asks for the server's time; ``rtt_ms`` is the round trip that the client has measured."""

    type = "ping"
    example = such(t0=15321.25, rtt_ms=31.5, skew_ms=-18.5)
    t0 = Number(-T0_MOST, T0_MOST, required=True, **described("Given back as it is."))
    rtt_ms = Number(0, RTT_MOST_MS, **described("Starts lie as far ahead as the slowest member needs."))
    skew_ms = Number(-FILM_MOST_MS, FILM_MOST_MS, **described("As in `report`, where it takes no message of its own."))


class PlaySchema(Message):
    """Let the film run; at its end, from its beginning."""

    type = "play"
    becomes = commands.Play
    example = such(id="a1")
    id = id_()


class PauseSchema(Message):
    """Stop the film where it is."""

    type = "pause"
    becomes = commands.Pause
    example = such(id="a2", position_ms=754_020.5)
    id = id_()
    position_ms = Number(0, FILM_MOST_MS, **described("Where the player of whoever pauses stands."))


class SeekSchema(Message):
    """Go to another place of the film; what lies outside of it counts as its beginning or its end."""

    type = "seek"
    becomes = commands.Seek
    example = such(id="a3", position_ms=754_000)
    id = id_()
    position_ms = Number(-FILM_MOST_MS, FILM_MOST_MS, required=True)


class SetRateSchema(Message):
    """Let the film run faster or slower; beyond the room's limits the nearest rate counts."""

    type = "set_rate"
    becomes = commands.SetRate
    example = such(id="a4", rate=1.25)
    id = id_()
    rate = Number(0.25, 4, required=True)


class AsideSchema(Message):
    """Leave the shared timeline without moving anybody."""

    type = "aside"
    becomes = commands.StepAside
    example = such(id="a12", reason="rewatch")
    id = id_()
    reason = OneOf(ASIDE, required=True)


class BackSchema(Message):
    """Follow the shared timeline again."""

    type = "back"
    becomes = commands.ComeBack
    example = such(id="a13")
    id = id_()


class ReportSchema(Message):
    """What the client's player says of itself."""

    type = "report"
    example = such(ready=True, buffering=False, position_ms=754_020, skew_ms=-18.5)
    id = id_(required=False)
    ready = Flag(**described("Whether it could start now."))
    buffering = Flag(**described("Whether it has run dry; the room may wait for it."))
    waits = Flag(**described("Whether the room should wait for this member at all."))
    duration_ms = Number(1, FILM_MOST_MS, **described("The length of the film that it plays; none for a live stream."))
    visible = Flag(**described("Whether its page is to be seen; true unless reported."))
    position_ms = Number(0, FILM_MOST_MS)
    skew_ms = Number(-FILM_MOST_MS, FILM_MOST_MS, **described("How far it is from its place."))


class SaySchema(Message):
    """Write to the chat."""

    type = "say"
    example = such(id="a5", text="Смотрите, кит!", reply_to=SAID)
    id = id_()
    text = Text(FRAME_BYTES, required=True)
    reply_to = id_(required=False)


class ReactSchema(Message):
    """A floating emoji: seen now or never."""

    type = "react"
    example = such(emoji="🐋")
    emoji = Text(EMOJI_LENGTH, required=True)


class TypingSchema(Message):
    """One is writing: seen by the others now or never."""

    type = "typing"
    example = such()


class DeleteMessageSchema(Message):
    """Blank a message: one's own, or that of somebody who stands lower."""

    type = "delete_message"
    example = such(id="a6", message_id=SAID)
    id = id_()
    message_id = id_()


class EditMessageSchema(Message):
    """Write one's own message anew, within five minutes."""

    type = "edit_message"
    example = such(id="a12", message_id=SAID, text="Смотрите, два кита!")
    id = id_()
    message_id = id_()
    text = Text(FRAME_BYTES, required=True)


class ReactToMessageSchema(Message):
    """Put an emoji on a message, or take one's own back."""

    type = "react_to_message"
    example = such(id="a13", message_id=SAID, emoji="🐋", on=True)
    id = id_()
    message_id = id_()
    emoji = Text(EMOJI_LENGTH, required=True)
    on = Flag(load_default=True, **described("False takes it back."))


class SetRoleSchema(Message):
    """Set the role of somebody who stands lower, to one below one's own."""

    type = "set_role"
    becomes = commands.SetRole
    example = such(id="a7", member_id=BORIS, role="moderator")
    id = id_()
    member_id = person()
    role = OneOf(ROLES[1:], required=True)


class MuteSchema(Message):
    """Let somebody not write for a while."""

    type = "mute"
    becomes = commands.Mute
    example = such(id="a8", member_id=BORIS, seconds=300)
    id = id_()
    member_id = person()
    seconds = Whole(0, 86_400, required=True, **described("0 lets them speak again."))


class KickSchema(Message):
    """Send somebody out; the room's link lets them in again."""

    type = "kick"
    becomes = commands.Kick
    example = such(id="a9", member_id=BORIS)
    id = id_()
    member_id = person()


class ChangeSettingsSchema(Message):
    """Change some of the room's settings."""

    type = "change_settings"
    example = such(id="a10", control="moderators", slow_mode_s=10)
    id = id_()
    control = OneOf(CONTROLS)
    capacity = Whole(2, CAPACITY_MOST)
    locked = Flag()
    slow_mode_s = Whole(0, 300)
    hold = Flag()
    hold_max_s = Whole(1, 60)
    early_start = Flag()
    start = OneOf(STARTS)
    start_when_ready = Whole(0, CAPACITY_MOST)
    wait_ad_s = Whole(0, WAIT_MOST_S)
    wait_away_s = Whole(0, WAIT_MOST_S)
    wait_until_members = Whole(1, CAPACITY_MOST)
    snap_on_pause = Flag()
    guests = OneOf(GUESTS)


class HistorySchema(Message):
    """Asks for messages that came before one, or for the last ones."""

    type = "history"
    example = such(id="a11", before=SAID, limit=50)
    id = id_()
    before = id_(required=False)
    limit = Whole(1, HISTORY_MOST, load_default=50)


class LeaveSchema(Message):
    """Go for good, at once; a connection that is merely lost may be resumed."""

    type = "leave"
    example = such()
    id = id_(required=False)


CLIENT: Final[Mapping[str, Message]] = {
    schema.type: schema()
    for schema in (
        HelloSchema, PingSchema, PlaySchema, PauseSchema, SeekSchema, SetRateSchema, AsideSchema, BackSchema,
        ReportSchema, SaySchema, ReactSchema, TypingSchema, DeleteMessageSchema, EditMessageSchema,
        ReactToMessageSchema, SetRoleSchema, MuteSchema, KickSchema, ChangeSettingsSchema, HistorySchema, LeaveSchema,
    )
}  # fmt: skip
