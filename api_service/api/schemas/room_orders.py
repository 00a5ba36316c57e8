"""What a caller may say of a room: how it is opened and changed, and who is invited."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from marshmallow import RAISE, ValidationError, fields, post_load, validate

from api_service.api.schemas.requests import PageQuerySchema, RequestSchema, printable
from api_service.usecases.answers import Answer
from api_service.usecases.invitations import MOST_AT_ONCE, Guests
from api_service.usecases.mail_guests import MOST_AT_ONCE as EMAILS_AT_ONCE
from api_service.usecases.my_rooms import RoomsStatus
from api_service.usecases.rooms import RoomOrder
from shared.events.room_settings import RoomSettingsSchema
from shared.events.rooms import ACCESSES, CONTROLS
from shared.json_fields import TrueOrFalse, WholeNumber
from shared.texts import title_of

STARTED_MOST = timedelta(minutes=1)
PLANNED_MOST = timedelta(days=366)


class GuestsOrderSchema(RequestSchema):
    """Whom to invite: of one's accepted friends, and by e-mail address those who have no account yet."""

    matches = TrueOrFalse(
        load_default=False,
        metadata={"description": "Invite every friend who wants to watch the film."},
    )
    users = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=MOST_AT_ONCE),
        metadata={"description": "Ids of friends to invite, whether they want to watch the film or not."},
    )

    emails = fields.List(
        fields.Email(validate=validate.Length(max=254)),
        load_default=list,
        validate=validate.Length(max=EMAILS_AT_ONCE),
        metadata={"description": "Addresses of people who have no account yet, if the cinema allows that."},
    )

    @post_load
    def _guests(self, data: dict[str, Any], **_: Any) -> Guests:
        emails = dict.fromkeys(email.lower() for email in data["emails"])
        return Guests(users=tuple(dict.fromkeys(data["users"])), matches=data["matches"], emails=tuple(emails))


class SettingsOrderSchema(RoomSettingsSchema):
    """How a room behaves; what is left out stays as it is, in a new room at its default."""

    class Meta(RoomSettingsSchema.Meta):
        unknown = RAISE

    error_messages = RequestSchema.error_messages


def _access(**options: Any) -> fields.String:
    described = {"description": "Who may come: whoever has the link, or only those invited."}
    return fields.String(validate=validate.OneOf(ACCESSES), metadata=described, **options)


def _control(**options: Any) -> fields.String:
    described = {"description": "Who may play, pause and seek."}
    return fields.String(validate=validate.OneOf(CONTROLS), metadata=described, **options)


def _capacity(**options: Any) -> WholeNumber:
    return WholeNumber(validate=validate.Range(2, 200), **options)


def _soon(moment: datetime) -> None:
    ahead = moment - datetime.now(UTC)
    if not -STARTED_MOST <= ahead <= PLANNED_MOST:
        raise ValidationError("Must be at most a minute past, and at most a year ahead.")


def _starts_at(**options: Any) -> fields.AwareDateTime:
    described = {"description": "When the film starts; with null, as soon as somebody is ready."}
    return fields.AwareDateTime(allow_none=True, format="iso", validate=_soon, metadata=described, **options)


class _Title(fields.String):
    """A title, which is kept as it is shown (texts.title_of); one of which nothing can be seen is refused."""

    def deserialize(self, value: Any, *place: Any, **options: Any) -> Any:
        title = super().deserialize(value, *place, **options)
        if not isinstance(title, str):
            return title
        shown = title_of(title)
        if not shown:
            raise ValidationError("Must have a character that can be seen.")
        return shown


def _title(**options: Any) -> fields.String:
    described = {
        "description": "The room's own name; with null it is called as its film. Something of it can be seen.",
        "format": "seen",
    }
    return _Title(allow_none=True, validate=[validate.Length(min=1, max=100), printable], metadata=described, **options)


def _moderators(**options: Any) -> fields.List[UUID]:
    described = {"description": "Ids of friends who are invited too, and moderate the room from their first visit on."}
    return fields.List(fields.UUID(), validate=validate.Length(max=20), metadata=described, **options)


class RoomChangeSchema(RequestSchema):
    """What to change; what is left out stays as it is."""

    title = _title()
    film_id = fields.UUID(metadata={"description": "Another film, before anybody has been in the room."})
    moderators = _moderators()
    access = _access()
    control = _control()
    capacity = _capacity()
    starts_at = _starts_at()
    settings = fields.Nested(SettingsOrderSchema)


class RoomRequestSchema(RequestSchema):
    film_id = fields.UUID(required=True)
    access = _access(load_default="link")
    control = _control(load_default="everyone")
    capacity = _capacity(load_default=50)
    starts_at = _starts_at(load_default=None)
    settings = fields.Nested(SettingsOrderSchema, load_default=dict)
    title = _title(load_default=None)
    invite = fields.Nested(GuestsOrderSchema, load_default=Guests)
    moderators = _moderators(load_default=list)

    @post_load
    def _order(self, data: dict[str, Any], **_: Any) -> RoomOrder:
        guests = replace(data.pop("invite"), moderators=tuple(dict.fromkeys(data.pop("moderators"))))
        return RoomOrder(guests=guests, **data)


class FilmChangeSchema(RequestSchema):
    film_id = fields.UUID(required=True)
    start = fields.String(
        load_default="together",
        validate=validate.OneOf(("at_once", "together")),
        metadata={"description": "From a lobby, or by itself as soon as somebody is ready."},
    )


class TransferSchema(RequestSchema):
    user_id = fields.UUID(
        required=True, metadata={"description": "A friend, or somebody who is invited or has been in the room."}
    )


class RoomsQuerySchema(PageQuerySchema):
    status = fields.String(
        validate=validate.OneOf(get_args(RoomsStatus)),
        metadata={"description": "Only rooms that are open, planned (not begun), with somebody inside now, or closed."},
    )


class AnswerSchema(RequestSchema):
    answer = fields.String(required=True, validate=validate.OneOf(get_args(Answer)))
