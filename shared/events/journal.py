"""What live rooms tell the archive and the cinema's analytics: entries of their journals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import Schema, fields, validate

from shared.events.payload import PayloadSchema
from shared.events.room_settings import LiveSettingsSchema
from shared.events.rooms import CONTROLS

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
ASIDE_REASONS: Final = ("away", "rewatch", "ad", "alone")
# The roles that a live room can assign; the owner's role never changes.
LIVE_ROLES: Final = ("moderator", "viewer", "guest")


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
}
