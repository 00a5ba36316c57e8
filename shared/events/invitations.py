"""Schemas of what the notification service is told, and of what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import Schema, fields, validate

from shared.events.payload import PayloadSchema

INVITATION_CREATED: Final = "invitation.created.v1"
INVITATION_CHANGED: Final = "invitation.changed.v1"
INVITATION_REVOKED: Final = "invitation.revoked.v1"
REMINDER_DUE: Final = "screening.reminder_due.v1"
NOTIFICATION_SENT: Final = "notification.sent.v1"
NOTIFICATION_FAILED: Final = "notification.failed.v1"

CHANGES: Final = ("rescheduled", "film_changed", "cancelled", "reopened")


class PersonSchema(PayloadSchema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class InviteeSchema(PersonSchema):
    """``time_zone`` is a name of the IANA database, or null where nobody has said it."""

    email = fields.Email(required=True)
    locale = fields.String(required=True, validate=validate.Length(min=2, max=16))
    time_zone = fields.String(required=True, allow_none=True, validate=validate.Length(max=64))


class FilmSchema(PayloadSchema):
    id = fields.UUID(required=True)
    title = fields.String(required=True)


def _moment() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True, format="iso")


def _link() -> fields.URL:
    return fields.URL(required=True, require_tld=False, schemes={"http", "https"})


class InvitationSchema(PayloadSchema):
    """What every mail about an invitation says.

    ``ends_at`` is when a planned film ends. ``sequence`` rises with each change of a calendar entry (RFC 5545, section
    3.8.7.4). ``title`` is the room's own name, or null.
    """

    invitation_id = fields.UUID(required=True)
    film = fields.Nested(FilmSchema, required=True)
    inviter = fields.Nested(PersonSchema, required=True)
    invitee = fields.Nested(InviteeSchema, required=True)
    title = fields.String(required=True, allow_none=True)
    starts_at = _moment()
    ends_at = _moment()
    sequence = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    unsubscribe_link = _link()


class InvitationCreatedSchema(InvitationSchema):
    """A person was invited to a room: the notification service mails ``invitee``.

    At ``answer_link`` they accept or decline without signing in.
    """

    link = _link()
    answer_link = _link()


class InvitationChangedSchema(InvitationCreatedSchema):
    """The screening has another start now, or none (`rescheduled`), or another film (and start: `film_changed`).

    Or it does not take place (`cancelled`), or takes place after all (`reopened`).
    """

    change = fields.String(required=True, validate=validate.OneOf(CHANGES))
    previous_starts_at = _moment()


class InvitationRevokedSchema(InvitationSchema):
    """The invitation was taken back."""


class ReminderDueSchema(InvitationCreatedSchema):
    """A planned screening is about to start."""


class NotificationSentSchema(PayloadSchema):
    """The mail server has accepted the mail that the event ``event_id`` asked for."""

    invitation_id = fields.UUID(required=True)
    event_id = fields.String(required=True, validate=validate.Length(min=1, max=256))
    at = fields.AwareDateTime(required=True, format="iso")


class NotificationFailedSchema(NotificationSentSchema):
    """That mail will never be sent; ``reason`` is a word for programs, ``detail`` says more to a person."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=64))
    detail = fields.String(required=True, validate=validate.Length(max=1000))


SCHEMAS: Final[Mapping[str, Schema]] = {
    INVITATION_CREATED: InvitationCreatedSchema(),
    INVITATION_CHANGED: InvitationChangedSchema(),
    INVITATION_REVOKED: InvitationRevokedSchema(),
    REMINDER_DUE: ReminderDueSchema(),
    NOTIFICATION_SENT: NotificationSentSchema(),
    NOTIFICATION_FAILED: NotificationFailedSchema(),
}
