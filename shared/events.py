"""Broker events v1: names, payload schemas and their CloudEvents envelope.

They go through one topic exchange; an event's ``type`` is its routing key and its ``subject`` the room's id. The
envelope is the structured JSON form of CloudEvents 1.0 (https://github.com/cloudevents/spec, section 3.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from marshmallow import Schema, ValidationError, fields, validate
from uuid_utils import uuid7

from shared import feed_events, invitation_events
from shared.invitation_events import FilmSchema, PayloadSchema
from shared.json_fields import TrueOrFalse, WholeNumber

EXCHANGE: Final = "movie_together"
CONTENT_TYPE: Final = "application/cloudevents+json"

ROOM_OPENED: Final = "room.opened.v1"
ROOM_CHANGED: Final = "room.changed.v1"
ROOM_REOPENED: Final = "room.reopened.v1"
ROOM_CLOSED: Final = "room.closed.v1"
MEMBER_BANNED: Final = "member.banned.v1"
MEMBER_UNBANNED: Final = "member.unbanned.v1"
MEMBER_REVOKED: Final = "member.revoked.v1"
MEMBER_ERASED: Final = "member.erased.v1"
SESSION_ENDED: Final = "session.ended.v1"
VISIT_STARTED: Final = "visit.started.v1"
VISIT_ENDED: Final = "visit.ended.v1"
MEMBER_CHANGED: Final = "member.changed.v1"
VISIT_ASIDE: Final = "visit.aside.v1"
SETTINGS_CHANGED: Final = "settings.changed.v1"
PLAYBACK_CHANGED: Final = "playback.changed.v1"
CHAT_POSTED: Final = "chat.posted.v1"
CHAT_DELETED: Final = "chat.deleted.v1"
CHAT_EDITED: Final = "chat.edited.v1"
REACTIONS_COUNTED: Final = "reactions.counted.v1"

PLAYBACK_STATUSES: Final = ("playing", "paused", "holding")
PLAYBACK_CHANGES: Final = (
    "played",
    "paused",
    "sought",
    "rate_changed",
    "length_changed",
    "rebased",
    "hold_started",
    "hold_ended",
    "film_changed",
)
ACCESSES: Final = ("link", "invited")
CONTROLS: Final = ("everyone", "moderators", "owner")
# The settings of a room that leaves them out.
SETTINGS_DEFAULTS: Final[Mapping[str, Any]] = {
    "locked": False,
    "slow_mode_s": 0,
    "hold": True,
    "hold_max_s": 10,
    "early_start": False,
    "start": "at_once",
    "start_when_ready": 0,
    "wait_ad_s": 0,
    "wait_away_s": 0,
    "wait_until_members": 200,
    "snap_on_pause": True,
    "guests": "nobody",
}
# What people without an account may do in a room that is open by link; ``nobody`` lets none of them in.
GUESTS: Final = ("nobody", "watch", "chat")
ASIDE_REASONS: Final = ("away", "rewatch", "ad", "alone")
WAIT_MOST_S: Final = 300
STARTS: Final = ("at_once", "together", "at")
MEMBERS_MOST: Final = 200
TITLE_LONGEST: Final = 100
SESSIONS_MOST: Final = 1_000  # of one event; who has more gets several
# Stands for everybody whose account was deleted, wherever something of theirs is left (RFC 9562, section 5.9).
DELETED_PERSON: Final = "00000000-0000-0000-0000-000000000000"
# The roles that a live room can assign; the owner's role never changes.
LIVE_ROLES: Final = ("moderator", "viewer", "guest")


class InvalidEvent(Exception):
    """A message that is no valid event; ``errors`` maps each bad field to what is wrong with it."""

    def __init__(self, reason: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason if not errors else f"{reason}: {json.dumps(errors, ensure_ascii=False)}")
        self.errors = dict(errors or {})


@dataclass(frozen=True, slots=True)
class Event:
    """An event between processes; ``data`` is plain JSON that fits the schema of ``type``."""

    id: str
    type: str
    subject: str
    data: dict[str, Any]
    time: datetime
    source: str


class RoomFilmSchema(FilmSchema):
    duration_ms = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        validate=validate.Range(min=1),
        metadata={"description": "Null where it is not known, as of a live stream."},
    )


def _version() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


def _partition() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


def _title() -> fields.String:
    described = {"description": "The room's own name; null, or left out of the room: it has its film's."}
    return fields.String(allow_none=True, validate=validate.Length(max=TITLE_LONGEST), metadata=described)


def _locked(*, required: bool = False) -> TrueOrFalse:
    described = {"description": "Nobody new is let in."}
    return TrueOrFalse(required=required, metadata=described)


def _slow_mode_s(*, required: bool = False) -> WholeNumber:
    described = {"description": "How many seconds lie between two messages of one person."}
    return WholeNumber(required=required, validate=validate.Range(0, 300), metadata=described)


def _hold(*, required: bool = False) -> TrueOrFalse:
    described = {"description": "The film waits for whoever buffers."}
    return TrueOrFalse(required=required, metadata=described)


def _hold_max_s(*, required: bool = False) -> WholeNumber:
    described = {"description": "How many seconds it waits at most."}
    return WholeNumber(required=required, validate=validate.Range(1, 60), metadata=described)


class _LaterSettingsSchema(PayloadSchema):
    """Settings that earlier versions do not have, and so may leave out everywhere."""

    early_start = TrueOrFalse(
        metadata={"description": "Others than the owner may start a planned film before its time."}
    )
    start = fields.String(
        validate=validate.OneOf(STARTS),
        metadata={
            "description": "How the film starts: once somebody is ready, out of a lobby, or at the planned moment."
        },
    )
    start_when_ready = WholeNumber(
        validate=validate.Range(0, MEMBERS_MOST),
        metadata={"description": "With so many people, all ready, a lobby starts the film by itself; 0: never."},
    )
    wait_ad_s = WholeNumber(
        validate=validate.Range(0, WAIT_MOST_S),
        metadata={"description": "How many seconds the film waits at most for a viewer in an advertisement."},
    )
    wait_away_s = WholeNumber(
        validate=validate.Range(0, WAIT_MOST_S),
        metadata={"description": "How many seconds the film waits at most for a viewer who has stepped out."},
    )
    wait_until_members = WholeNumber(
        validate=validate.Range(1, MEMBERS_MOST),
        metadata={"description": "With more people than this in the room the film waits for nobody."},
    )
    snap_on_pause = TrueOrFalse(metadata={"description": "A pause is at the place of the player of whoever paused."})
    guests = fields.String(
        validate=validate.OneOf(GUESTS),
        metadata={
            "description": "What people without an account may do, where the link lets in: nothing, watch, or chat too."
        },
    )


class RoomSettingsSchema(_LaterSettingsSchema):
    """A room's settings beside control and capacity; one that is left out has its default."""

    locked = _locked()
    slow_mode_s = _slow_mode_s()
    hold = _hold()
    hold_max_s = _hold_max_s()


class RoomSchema(PayloadSchema):
    """The claim about a room for sync_service; join tickets carry the same."""

    id = fields.UUID(required=True)
    code = fields.String(required=True)
    version = _version()
    partition = _partition()
    owner = fields.UUID(required=True)
    film = fields.Nested(RoomFilmSchema, required=True)
    access = fields.String(required=True, validate=validate.OneOf(ACCESSES))
    control = fields.String(required=True, validate=validate.OneOf(CONTROLS))
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(min=2))
    starts_at = fields.Integer(required=True, strict=True, allow_none=True)  # ms since the epoch
    settings = fields.Nested(RoomSettingsSchema, required=True)
    title = _title()


class RoomOpenedSchema(PayloadSchema):
    """A room was opened; it may have been joined before this comes."""

    version = _version()
    room = fields.Nested(RoomSchema, required=True)


class RoomChangesSchema(PayloadSchema):
    """The fields that one change set, and of the settings those that it set."""

    access = fields.String(validate=validate.OneOf(ACCESSES))
    control = fields.String(validate=validate.OneOf(CONTROLS))
    capacity = fields.Integer(strict=True, validate=validate.Range(min=2))
    starts_at = fields.Integer(strict=True, allow_none=True)
    settings = fields.Nested(RoomSettingsSchema)
    film = fields.Nested(RoomFilmSchema)
    owner = fields.UUID()
    title = _title()


class RoomChangedSchema(PayloadSchema):
    """The owner changed the room: apply each field of ``changes`` that no higher ``version`` has changed.

    ``room`` is the whole claim at this version, for a reader that does not have the room.
    """

    version = _version()
    partition = _partition()
    changes = fields.Nested(RoomChangesSchema, required=True)
    room = fields.Nested(RoomSchema, required=True)


class RoomReopenedSchema(RoomOpenedSchema):
    """The owner opened a closed room again, of which the archive has events up to ``epoch`` (0: none).

    ``position_ms`` is where its film stood, null where it was never played. Of this and ``room.closed`` the one with
    the highest ``version`` counts.
    """

    position_ms = fields.Float(required=True, allow_none=True, validate=validate.Range(min=0))
    epoch = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


class MemberBannedSchema(PayloadSchema):
    """``by`` banned ``user_id`` from the room; per person the event with the highest ``version`` counts."""

    version = _version()
    partition = _partition()
    user_id = fields.UUID(required=True)
    by = fields.UUID(required=True)
    room = fields.Nested(RoomSchema, required=True)


class MemberUnbannedSchema(MemberBannedSchema):
    """``by`` lifted the ban of ``user_id``."""


class MemberRevokedSchema(MemberBannedSchema):
    """``by`` took the invitation of ``user_id`` back, in a room for invited people: show them out.

    Tickets and sessions of a lower ``version`` of the room are void.
    """


class MemberErasedSchema(PayloadSchema):
    """The account of ``user_id`` was deleted: show them out, and keep neither their name nor what they said.

    ``room`` is as it is without them, so its owner may be another.
    """

    version = _version()
    partition = _partition()
    user_id = fields.UUID(required=True)
    room = fields.Nested(RoomSchema, required=True)


class SessionEndedSchema(PayloadSchema):
    """Sessions of one person were ended: whatever they have opened ends, and what was not used yet opens nothing."""

    user_id = fields.UUID(required=True)
    sessions = fields.List(
        fields.UUID(required=True),
        required=True,
        validate=validate.Length(1, SESSIONS_MOST),
        metadata={"description": "As `sid` of join tickets names them."},
    )
    reason = fields.String(required=True, validate=validate.Length(min=1, max=64))
    ended_at = fields.AwareDateTime(required=True, format="iso")


class RoomClosedSchema(PayloadSchema):
    """The room was closed for everyone; ``partition`` says where its keys are."""

    version = _version()
    partition = _partition()
    reason = fields.String(required=True)
    closed_at = fields.AwareDateTime(required=True, format="iso")


class JournalEntrySchema(PayloadSchema):
    """An entry of a room's journal, complete in itself; (room_id, epoch, seq) is its key."""

    room_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    seq = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class VisitStartedSchema(JournalEntrySchema):
    """A person entered the live room, on however many devices."""

    visit_id = fields.String(required=True, validate=validate.Length(min=1, max=128))
    user_id = fields.UUID(required=True)
    started_at = fields.AwareDateTime(required=True, format="iso")


class VisitEndedSchema(VisitStartedSchema):
    """``reason`` is left, lost, kicked, banned, revoked, guests_off or closed; a later version may know more."""

    ended_at = fields.AwareDateTime(required=True, format="iso")
    reason = fields.String(required=True)


class MemberChangedSchema(JournalEntrySchema):
    """A member's role and mute after either changed; ``by`` is null if the room changed it by itself."""

    user_id = fields.UUID(required=True)
    role = fields.String(required=True, validate=validate.OneOf(LIVE_ROLES))
    muted_until = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    by = fields.UUID(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, format="iso")


class LiveSettingsSchema(_LaterSettingsSchema):
    locked = _locked(required=True)
    slow_mode_s = _slow_mode_s(required=True)
    hold = _hold(required=True)
    hold_max_s = _hold_max_s(required=True)


class VisitAsideSchema(JournalEntrySchema):
    """A member has stepped aside, for ``reason``, or has come back (null); ``position_ms`` is where the film was.

    Whoever leaves the room is aside no longer; no event of this type tells so.
    """

    user_id = fields.UUID(required=True)
    reason = fields.String(required=True, allow_none=True, validate=validate.OneOf(ASIDE_REASONS))
    position_ms = fields.Float(required=True, validate=validate.Range(min=0))
    at = fields.AwareDateTime(required=True, format="iso")


class SettingsChangedSchema(JournalEntrySchema):
    """All of the live room's settings after some were changed, in the room or by ``room.changed``."""

    control = fields.String(required=True, validate=validate.OneOf(CONTROLS))
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(min=2))
    settings = fields.Nested(LiveSettingsSchema, required=True)
    by = fields.UUID(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, format="iso")


class PlaybackSchema(PayloadSchema):
    """The timing vector: at ``at_ms`` (ms since the epoch) the film was at ``position_ms``.

    While ``holding`` the room waits for a member and the film stands still, as when ``paused``.
    """

    status = fields.String(required=True, validate=validate.OneOf(PLAYBACK_STATUSES))
    position_ms = fields.Float(required=True, validate=validate.Range(min=0))
    rate = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    at_ms = fields.Float(required=True)
    length_ms = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1),
        metadata={"description": "The film's length as its players agree; null: the catalogue's counts."},
    )


class PlaybackChangedSchema(JournalEntrySchema):
    """The film was moved, started or stopped, by a person or by the room itself (`by` is null).

    With ``film_changed`` the room watches another film from here on: ``film_id`` instead of ``previous_film_id``.
    """

    event = fields.String(required=True, validate=validate.OneOf(PLAYBACK_CHANGES))
    playback = fields.Nested(PlaybackSchema, required=True)
    film_id = fields.UUID(load_default=None, allow_none=True)
    previous_film_id = fields.UUID(load_default=None, allow_none=True)
    by = fields.UUID(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, format="iso")


class ChatPostedSchema(JournalEntrySchema):
    """A message of the chat; ``position_ms`` is where the film stood."""

    message_id = fields.String(required=True, validate=validate.Length(min=1, max=128))
    author_id = fields.UUID(required=True)
    author_name = fields.String(required=True)
    text = fields.String(required=True, validate=validate.Length(min=1))
    position_ms = fields.Float(required=True, validate=validate.Range(min=0))
    sent_at = fields.AwareDateTime(required=True, format="iso")
    # The id of the message that this one replies to.
    reply_to = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=128))


class ChatDeletedSchema(JournalEntrySchema):
    """A message was deleted; this may be delivered before the message's own event."""

    message_id = fields.String(required=True, validate=validate.Length(min=1, max=128))
    by = fields.UUID(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, format="iso")


class ChatEditedSchema(JournalEntrySchema):
    """A message was written anew by its author; this may be delivered before the message's own event."""

    message_id = fields.String(required=True, validate=validate.Length(min=1, max=128))
    text = fields.String(required=True, validate=validate.Length(min=1))
    by = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True, format="iso")


class ReactionsCountedSchema(JournalEntrySchema):
    """``count`` reactions to the film came in its minute from ``position_ms`` on, the first of them at ``at``.

    Of one minute there are several such events, whose counts add up: each is known by its id, and (room_id, epoch, seq)
    is the room's last event before the first of its reactions.
    """

    position_ms = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    count = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    at = fields.AwareDateTime(required=True, format="iso")


SCHEMAS: Final[Mapping[str, Schema]] = {
    **invitation_events.SCHEMAS,
    ROOM_OPENED: RoomOpenedSchema(),
    ROOM_CHANGED: RoomChangedSchema(),
    ROOM_REOPENED: RoomReopenedSchema(),
    ROOM_CLOSED: RoomClosedSchema(),
    MEMBER_BANNED: MemberBannedSchema(),
    MEMBER_UNBANNED: MemberUnbannedSchema(),
    MEMBER_REVOKED: MemberRevokedSchema(),
    MEMBER_ERASED: MemberErasedSchema(),
    SESSION_ENDED: SessionEndedSchema(),
    VISIT_STARTED: VisitStartedSchema(),
    VISIT_ENDED: VisitEndedSchema(),
    MEMBER_CHANGED: MemberChangedSchema(),
    VISIT_ASIDE: VisitAsideSchema(),
    SETTINGS_CHANGED: SettingsChangedSchema(),
    PLAYBACK_CHANGED: PlaybackChangedSchema(),
    CHAT_POSTED: ChatPostedSchema(),
    CHAT_DELETED: ChatDeletedSchema(),
    CHAT_EDITED: ChatEditedSchema(),
    REACTIONS_COUNTED: ReactionsCountedSchema(),
    **feed_events.SCHEMAS,
}


def _check(type_: str, data: Any) -> None:
    schema = SCHEMAS.get(type_)
    if schema is None:
        raise InvalidEvent(f"type: {type_!r} is not an event of this contract", {"type": ["unknown"]})
    if not isinstance(data, dict):
        raise InvalidEvent("data: must be an object", {"data": ["must be an object"]})
    try:
        schema.load(data)
    except ValidationError as error:
        raise InvalidEvent(f"data of {type_}", dict(error.messages_dict)) from None


def new_event(
    type_: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    source: str,
    id_: str | None = None,
    time: datetime | None = None,
) -> Event:
    """Return an event whose data fits its schema; UUIDs and datetimes in it become JSON.

    ``id_`` defaults to a new UUIDv7, ``time`` to now in UTC. Raises InvalidEvent naming the field.
    """
    plain = orjson.loads(orjson.dumps(dict(data), option=orjson.OPT_UTC_Z))
    _check(type_, plain)
    return Event(id_ or str(uuid7()), type_, subject, plain, time or datetime.now(UTC), source)


def encode(event: Event) -> bytes:
    """Return an event as structured CloudEvents 1.0 JSON in UTF-8."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": event.time,
            "datacontenttype": "application/json",
            "data": event.data,
        },
        option=orjson.OPT_UTC_Z,
    )


class _AnyEnvelopeSchema(PayloadSchema):
    specversion = fields.String(required=True, validate=validate.Equal("1.0"))
    id = fields.String(required=True, validate=validate.Length(min=1, max=256))
    source = fields.String(required=True, validate=validate.Length(min=1))
    type = fields.String(required=True)
    time = fields.AwareDateTime(required=True, format="iso")
    data = fields.Dict(keys=fields.String(), required=True)


class _EnvelopeSchema(_AnyEnvelopeSchema):
    subject = fields.UUID(required=True)


class _FeedEnvelopeSchema(_AnyEnvelopeSchema):
    # What the cinema writes of is known by its own ids, which stand in the data: CloudEvents lets the subject be away.
    subject = fields.String(load_default="", validate=validate.Length(max=1024))


_ENVELOPE: Final = _EnvelopeSchema()
_FEED_ENVELOPE: Final = _FeedEnvelopeSchema()


def envelope_of(type_: object) -> Schema:
    """Return the schema of the envelope of events of this type."""
    return _FEED_ENVELOPE if str(type_).startswith("feed.") else _ENVELOPE


def decode(body: bytes) -> Event:
    """Return the event in a structured CloudEvents 1.0 JSON message; raises InvalidEvent naming what is wrong."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent(f"not JSON: {error}") from None
    try:
        envelope = envelope_of(raw.get("type") if isinstance(raw, dict) else None).load(raw)
    except ValidationError as error:
        raise InvalidEvent("envelope", dict(error.messages_dict)) from None
    _check(envelope["type"], envelope["data"])
    return Event(
        id=envelope["id"],
        type=envelope["type"],
        subject=str(envelope["subject"]),
        data=envelope["data"],
        time=envelope["time"],
        source=envelope["source"],
    )
