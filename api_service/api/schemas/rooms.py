"""Rooms as they are told: who is invited, what happens inside, who is banned, and the way in."""

from typing import get_args

from marshmallow import Schema, fields, validate

from api_service.api.schemas.films import FilmSchema
from api_service.api.schemas.people import PersonSchema
from api_service.usecases.answers import Answer
from api_service.usecases.invitation_list import Status
from shared.events.journal import PLAYBACK_STATUSES
from shared.events.room_settings import LiveSettingsSchema
from shared.events.rooms import ACCESSES, CONTROLS
from shared.tickets import ROLES


class InvitationSchema(Schema):
    id = fields.UUID(required=True)
    invitee = fields.Nested(PersonSchema, required=True)
    status = fields.String(
        required=True,
        validate=validate.OneOf(get_args(Status)),
        metadata={"description": "The person's answer if there is one, else how far the last mail has come."},
    )
    created_at = fields.AwareDateTime(required=True)
    mailed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When the last mail was asked for."}
    )
    answered_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    failure = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the last mail could not be sent."}
    )
    moderates = fields.Boolean(
        required=True,
        metadata={"description": "Whether they moderate the room, or will from their first visit on."},
    )


class NowSchema(Schema):
    people_count = fields.Integer(required=True)
    people = fields.List(
        fields.Nested(PersonSchema), required=True, metadata={"description": "The first five by name."}
    )
    status = fields.String(required=True, validate=validate.OneOf(PLAYBACK_STATUSES))
    position_ms = fields.Integer(required=True, metadata={"description": "Where the film was at the moment `at`."})
    rate = fields.Float(required=True)
    at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Null before anything was played."}
    )
    length_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The film's length as its players agree; null: the film's `duration_ms` counts."},
    )


class LeftOutSchema(Schema):
    """Friends who want to watch the film and were not invited."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf(["banned", "too_many"]),
        metadata={"description": "`too_many`: ask again, the next ones are invited then."},
    )
    count = fields.Integer(required=True)


class RoomSchema(Schema):
    id = fields.UUID(required=True)
    code = fields.String(required=True, validate=validate.Regexp("^[A-Za-z0-9_-]{22}$"))
    link = fields.String(required=True, metadata={"format": "uri"})
    film = fields.Nested(FilmSchema, required=True)
    owner = fields.Nested(PersonSchema, required=True)
    access = fields.String(required=True, validate=validate.OneOf(ACCESSES))
    control = fields.String(required=True, validate=validate.OneOf(CONTROLS))
    capacity = fields.Integer(required=True)
    starts_at = fields.AwareDateTime(required=True, allow_none=True)
    settings = fields.Nested(LiveSettingsSchema, required=True)
    status = fields.String(required=True, validate=validate.OneOf(["open", "closed"]))
    version = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`owner`, `abandoned` (nobody used it), or `cinema`: who closed it."},
    )
    title = fields.String(required=True, allow_none=True)
    role = fields.String(
        required=True, validate=validate.OneOf(ROLES), metadata={"description": "The viewer's own role."}
    )
    banned = fields.Boolean(required=True, metadata={"description": "Whether the viewer may not enter."})
    invitations = fields.List(
        fields.Nested(InvitationSchema),
        required=True,
        allow_none=True,
        metadata={
            "description": "Only for its owner, and only where one room is asked for, the first 1,000; else null."
        },
    )
    left_out = fields.List(
        fields.Nested(LeftOutSchema),
        required=True,
        allow_none=True,
        metadata={
            "description": "Where a room is opened: who of `invite.matches` was not invited, by reason; else null."
        },
    )
    now = fields.Nested(
        NowSchema,
        required=True,
        allow_none=True,
        metadata={"description": "What happens inside; null in a closed room."},
    )


class InvitedSchema(Schema):
    id = fields.UUID(required=True)
    room = fields.Nested(RoomSchema, required=True)
    inviter = fields.Nested(PersonSchema, required=True)
    answer = fields.String(required=True, allow_none=True, validate=validate.OneOf(get_args(Answer)))
    created_at = fields.AwareDateTime(required=True)


class BanSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    banned_by = fields.Nested(
        PersonSchema, required=True, allow_none=True, metadata={"description": "Null once that account is gone."}
    )
    banned_at = fields.AwareDateTime(required=True)


class JoiningSchema(Schema):
    ticket = fields.String(required=True, metadata={"description": "The `ticket` of the socket's first message."})
    expires_in_s = fields.Integer(required=True)
    socket_url = fields.String(required=True, metadata={"format": "uri"})
    room = fields.Nested(RoomSchema, required=True)
