"""People: oneself, friends, whom one has blocked or muted, guests."""

from marshmallow import Schema, fields, validate

from api_service.api.schemas.requests import PageQuerySchema, RequestSchema, printable
from shared.json_fields import TrueOrFalse

PEOPLE_MOST = 1_000  # names alone are short


class PeoplePageQuerySchema(PageQuerySchema):
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, PEOPLE_MOST),
        metadata={"description": "The page's greatest length."},
    )


class FriendsQuerySchema(PeoplePageQuerySchema):
    status = fields.String(
        validate=validate.OneOf(["accepted", "incoming", "outgoing"]),
        metadata={"description": "Only those; unless given, friends and open requests."},
    )


class PeopleQuerySchema(RequestSchema):
    email = fields.Email(
        required=True,
        validate=validate.Length(max=254),
        metadata={"description": "The whole address; parts of one find nobody."},
    )


class MeSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    email = fields.Email(required=True, allow_none=True)
    locale = fields.String(required=True, validate=validate.OneOf(["ru", "en"]))


class PersonSchema(Schema):
    id = fields.UUID(
        required=True, metadata={"description": "All zeros in the place of a viewer whose account was deleted."}
    )
    name = fields.String(required=True)


class FriendSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    status = fields.String(required=True, validate=validate.OneOf(["accepted", "incoming", "outgoing"]))
    since = fields.AwareDateTime(required=True)


class BlockedSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    blocked_at = fields.AwareDateTime(required=True)


class MutedSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    muted_at = fields.AwareDateTime(required=True)


class MailsSchema(Schema):
    wanted = fields.Boolean(required=True, metadata={"description": "Whether invitations are mailed at all."})
    muted = fields.List(fields.Nested(MutedSchema), required=True)


class MailsChangeSchema(RequestSchema):
    wanted = TrueOrFalse(required=True)


class GuestOrderSchema(RequestSchema):
    name = fields.String(
        required=True,
        validate=[validate.Length(min=1, max=100), printable],
        metadata={"description": "By which the others know one; something of it can be seen.", "format": "seen"},
    )


class GuestSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"description": "As the others see it."})
