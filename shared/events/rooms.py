"""What the API decides about rooms and the people in them, for sync_service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import Schema, fields, validate

from shared.events.invitations import FilmSchema
from shared.events.payload import PayloadSchema
from shared.events.room_settings import RoomSettingsSchema

ROOM_OPENED: Final = "room.opened.v1"
ROOM_CHANGED: Final = "room.changed.v1"
ROOM_REOPENED: Final = "room.reopened.v1"
ROOM_CLOSED: Final = "room.closed.v1"
MEMBER_BANNED: Final = "member.banned.v1"
MEMBER_UNBANNED: Final = "member.unbanned.v1"
MEMBER_REVOKED: Final = "member.revoked.v1"
MEMBER_ERASED: Final = "member.erased.v1"
SESSION_ENDED: Final = "session.ended.v1"

ACCESSES: Final = ("link", "invited")
CONTROLS: Final = ("everyone", "moderators", "owner")
TITLE_LONGEST: Final = 100
SESSIONS_MOST: Final = 1_000  # of one event; who has more gets several
# Stands for everybody whose account was deleted, wherever something of theirs is left (RFC 9562, section 5.9).
DELETED_PERSON: Final = "00000000-0000-0000-0000-000000000000"


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


SCHEMAS: Final[Mapping[str, Schema]] = {
    ROOM_OPENED: RoomOpenedSchema(),
    ROOM_CHANGED: RoomChangedSchema(),
    ROOM_REOPENED: RoomReopenedSchema(),
    ROOM_CLOSED: RoomClosedSchema(),
    MEMBER_BANNED: MemberBannedSchema(),
    MEMBER_UNBANNED: MemberUnbannedSchema(),
    MEMBER_REVOKED: MemberRevokedSchema(),
    MEMBER_ERASED: MemberErasedSchema(),
    SESSION_ENDED: SessionEndedSchema(),
}
