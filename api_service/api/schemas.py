"""Schemas of the API: requests are parsed by them, answers are described by them.

Answers are encoded straight from the use cases' dataclasses (a marshmallow dump would cost as much as the query); tests
check real answers against the OpenAPI document made of these.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from api_service.usecases.answers import Answer
from api_service.usecases.invitation_list import Status
from api_service.usecases.invitations import MOST_AT_ONCE, Guests
from api_service.usecases.mail_guests import MOST_AT_ONCE as EMAILS_AT_ONCE
from api_service.usecases.my_rooms import RoomsStatus
from api_service.usecases.paging import CURSOR
from api_service.usecases.rooms import RoomOrder
from shared.events.journal import PLAYBACK_STATUSES
from shared.events.room_settings import LiveSettingsSchema, RoomSettingsSchema
from shared.events.rooms import ACCESSES, CONTROLS
from shared.feed import AudioSchema, SourceSchema, TrackSchema, TrailerSchema
from shared.json_fields import TrueOrFalse, WholeNumber
from shared.texts import title_of
from shared.tickets import ROLES

PAGE_MOST = 100
PEOPLE_MOST = 1_000  # names alone are short
STARTED_MOST = timedelta(minutes=1)
PLANNED_MOST = timedelta(days=366)


# PostgreSQL cannot store NUL, and no title contains another control character. Python's `$` also stands before a last
# line break.
_printable = validate.Regexp(r"^[^\u0000-\u001f\u007f]*$(?!\n)", error="Must not contain control characters.")


class RequestSchema(Schema):
    """What a caller sends: an unknown field is refused."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 - marshmallow's own way of naming messages
        "unknown": "Unknown field: leave it out.",
        "type": "Must be a JSON object.",
    }


class PageQuerySchema(RequestSchema):
    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, PAGE_MOST),
        metadata={"description": "How many to give at most."},
    )
    cursor = fields.String(
        validate=validate.Length(max=500),
        metadata={
            "description": "`next_cursor` of the page before; left out for the first page.",
            "pattern": CURSOR,  # another is refused as `invalid_cursor`
        },
    )


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


class FilmsQuerySchema(PageQuerySchema):
    q = fields.String(
        load_default="",
        validate=[validate.Length(max=100), _printable],
        metadata={"description": "A part of the title, in any language."},
    )


class SourceQuerySchema(RequestSchema):
    room = fields.String(
        load_default=None,
        validate=validate.Length(1, 100),
        metadata={"description": "The code of the room in which one watches it."},
    )


class PeopleQuerySchema(RequestSchema):
    email = fields.Email(
        required=True,
        validate=validate.Length(max=254),
        metadata={"description": "The whole address; parts of one find nobody."},
    )


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
    return _Title(
        allow_none=True, validate=[validate.Length(min=1, max=100), _printable], metadata=described, **options
    )


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


class FilmSchema(Schema):
    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "In the viewer's language."})
    description = fields.String(required=True)
    year = fields.Integer(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True, metadata={"description": "Null for a live broadcast."})
    poster_url = fields.String(required=True, allow_none=True)
    media_url = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the sources, the one that our own page plays."}
    )
    external_id = fields.String(required=True, allow_none=True, metadata={"description": "The cinema's own id."})
    backdrop_url = fields.String(required=True, allow_none=True)
    watch_url = fields.String(
        required=True, allow_none=True, metadata={"description": "The film's page on the cinema's own site."}
    )
    age_rating = fields.String(required=True, allow_none=True)
    genres = fields.List(fields.String(), required=True)
    sources = fields.List(fields.Nested(SourceSchema), required=True)
    captions = fields.List(fields.Nested(TrackSchema), required=True)
    audio = fields.List(fields.Nested(AudioSchema), required=True)
    trailers = fields.List(fields.Nested(TrailerSchema), required=True)
    available_from = fields.AwareDateTime(required=True, allow_none=True)
    available_until = fields.AwareDateTime(required=True, allow_none=True)
    watchlisted = fields.Boolean(required=True, metadata={"description": "Whether the viewer wants to watch it."})
    matches_count = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "How many friends want to watch it; null inside a room."},
    )


class FilmSourceSchema(Schema):
    url = fields.String(required=True, metadata={"description": "Absolute."})
    type = fields.String(
        required=True, allow_none=True, metadata={"description": "The media type; null where the address tells."}
    )
    expires = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Until when the address is valid; null: it lasts."}
    )


class MatchSchema(Schema):
    film = fields.Nested(FilmSchema, required=True)
    friends_count = fields.Integer(required=True)
    friends = fields.List(fields.Nested(PersonSchema), required=True, metadata={"description": "Up to five of them."})


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


class RoomsQuerySchema(PageQuerySchema):
    status = fields.String(
        validate=validate.OneOf(get_args(RoomsStatus)),
        metadata={"description": "Only rooms that are open, planned (not begun), with somebody inside now, or closed."},
    )


class AnswerSchema(RequestSchema):
    answer = fields.String(required=True, validate=validate.OneOf(get_args(Answer)))


class InvitedSchema(Schema):
    id = fields.UUID(required=True)
    room = fields.Nested(RoomSchema, required=True)
    inviter = fields.Nested(PersonSchema, required=True)
    answer = fields.String(required=True, allow_none=True, validate=validate.OneOf(get_args(Answer)))
    created_at = fields.AwareDateTime(required=True)


class MutedSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    muted_at = fields.AwareDateTime(required=True)


class MailsSchema(Schema):
    wanted = fields.Boolean(required=True, metadata={"description": "Whether invitations are mailed at all."})
    muted = fields.List(fields.Nested(MutedSchema), required=True)


class MailsChangeSchema(RequestSchema):
    wanted = TrueOrFalse(required=True)


class BanSchema(Schema):
    person = fields.Nested(PersonSchema, required=True)
    banned_by = fields.Nested(
        PersonSchema, required=True, allow_none=True, metadata={"description": "Null once that account is gone."}
    )
    banned_at = fields.AwareDateTime(required=True)


class GuestOrderSchema(RequestSchema):
    name = fields.String(
        required=True,
        validate=[validate.Length(min=1, max=100), _printable],
        metadata={"description": "By which the others know one; something of it can be seen.", "format": "seen"},
    )


class GuestSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"description": "As the others see it."})


class JoiningSchema(Schema):
    ticket = fields.String(required=True, metadata={"description": "The `ticket` of the socket's first message."})
    expires_in_s = fields.Integer(required=True)
    socket_url = fields.String(required=True, metadata={"format": "uri"})
    room = fields.Nested(RoomSchema, required=True)


class FieldErrorSchema(Schema):
    field = fields.String(required=True)
    message = fields.String(required=True)


class ProblemSchema(Schema):
    """An RFC 9457 problem document; docs/errors.md explains each `code`."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    instance = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))


def items_of(item: type[Schema], name: str, *, paged: bool = False) -> type[Schema]:
    """Return the schema of a list: ``items``, and with ``paged`` the cursor of the next page."""
    members: dict[str, Any] = {"items": fields.List(fields.Nested(item), required=True)}
    if paged:
        members["next_cursor"] = fields.String(required=True, allow_none=True)
    return Schema.from_dict(members, name=name)
