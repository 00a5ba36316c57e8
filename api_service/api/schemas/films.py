"""Films, and which of them friends want to watch."""

from marshmallow import Schema, fields, validate

from api_service.api.schemas.people import PersonSchema
from api_service.api.schemas.requests import PageQuerySchema, RequestSchema, printable
from shared.feed import AudioSchema, SourceSchema, TrackSchema, TrailerSchema


class FilmsQuerySchema(PageQuerySchema):
    q = fields.String(
        load_default="",
        validate=[validate.Length(max=100), printable],
        metadata={"description": "A part of the title, in any language."},
    )


class SourceQuerySchema(RequestSchema):
    room = fields.String(
        load_default=None,
        validate=validate.Length(1, 100),
        metadata={"description": "The code of the room in which one watches it."},
    )


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
