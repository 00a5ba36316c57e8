"""What the cinema feeds: films, people, friendships and wishes, as rows of the API and as data of broker events alike.

A row carries the cinema's own ids and the whole of what it is about: what is left out is taken away. ``updated_at``
decides which of two versions of one thing is newer; ``deleted`` removes it, and needs no more than the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from yarl import URL

from shared.json_fields import TrueOrFalse, WholeNumber
from shared.texts import NAME_CODE_POINTS, name_of

SUBJECT_CHARACTERS: Final = 255  # OpenID Connect Core 1.0, section 2
ID_CHARACTERS: Final = 255
URL_CHARACTERS: Final = 2_000
LIST_MOST: Final = 100
EARLIEST_YEAR, LATEST_YEAR = 1900, 3000
LONGEST_FILM_MS: Final = 24 * 3_600_000
# A clock that runs ahead a little is no mistake; a version out of the future would outrank every later one.
CLOCK_AHEAD: Final = timedelta(minutes=5)
SOURCE_KINDS: Final = ("hls", "dash", "file")

_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
# Without control characters, and with one that is to be seen. Python's `$` also stands before a last line break.
ONE_LINE: Final = rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$(?!\n)"
_LINES: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]*$(?!\n)"
# BCP 47, as far as languages are written with it. Python's `$` also stands before a last line break.
_LANGUAGE: Final = validate.Regexp(
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", error="Must be a language tag such as `en` or `pt-BR`."
)


_line = validate.Regexp(ONE_LINE, error="Must be text on one line, without control characters.")
_lines = validate.Regexp(_LINES, error="Must not contain control characters.")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Must be a time zone of the IANA data base such as `Europe/Berlin`.")


def _address(address: str) -> None:
    try:
        URL(address).origin()
    except ValueError:
        raise ValidationError("Not a valid URL.") from None


def _reckonable(moment: datetime) -> None:
    # At either end of the calendar a moment may be none in another time zone.
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValidationError(f"Must lie between the years {EARLIEST_YEAR} and {LATEST_YEAR}.")


def _not_ahead(moment: datetime) -> None:
    if EARLIEST_YEAR <= moment.year <= LATEST_YEAR and moment > datetime.now(UTC) + CLOCK_AHEAD:
        raise ValidationError("Must not lie in the future.")


def _seen_name(name: str) -> None:
    if not name_of(name):
        raise ValidationError("Must have a character that can be seen.")


def _text(most: int, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(1, most), _line], **options)


def _url(**options: Any) -> fields.Url:
    limits = validate.Length(max=URL_CHARACTERS)
    return fields.Url(require_tld=False, schemes={"http", "https"}, validate=[limits, _line, _address], **options)


def _moment(*checks: Callable[[datetime], None], **options: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", validate=[_reckonable, *checks], **options)


def _texts(most: int, **options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=[validate.Length(max=35), _LANGUAGE]),
        values=fields.String(required=True, validate=[validate.Length(1, most), _lines]),
        validate=validate.Length(max=LIST_MOST),
        **options,
    )


def _list(inner: fields.Field[Any], most: int = LIST_MOST) -> fields.List[Any]:
    return fields.List(inner, load_default=list, validate=validate.Length(max=most))


class _PartSchema(Schema):
    class Meta:
        # As with every event, a reader takes no offence at what a later version adds; the API tells of it.
        unknown = EXCLUDE

    error_messages = {  # noqa: RUF012 - marshmallow's own way of naming messages
        "unknown": "Unknown field: leave it out.",
        "type": "Must be a JSON object.",
    }


class SourceSchema(_PartSchema):
    """One address of a film; several qualities are several sources, the best first."""

    kind = fields.String(required=True, validate=validate.OneOf(SOURCE_KINDS))
    url = _url(required=True)
    quality = _text(40, load_default=None, allow_none=True, metadata={"description": "For people, such as `1080p`."})


class TrackSchema(_PartSchema):
    """Captions in one language (WebVTT)."""

    language = fields.String(required=True, validate=[validate.Length(max=35), _LANGUAGE])
    label = _text(100, required=True)
    url = _url(required=True)


class AudioSchema(TrackSchema):
    """A sound track; without an address it is part of the sources."""

    url = _url(load_default=None, allow_none=True)


class TrailerSchema(_PartSchema):
    url = _url(required=True)
    language = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=35), _LANGUAGE])


class _RowSchema(_PartSchema):
    updated_at = _moment(
        _not_ahead,
        required=True,
        metadata={"description": "When this version came about in the cinema's own database; the newest one counts."},
    )
    deleted = TrueOrFalse(load_default=False, metadata={"description": "Remove it."})


class FilmRowSchema(_RowSchema):
    """A film of the catalogue, whole: what a newer version leaves out is gone."""

    external_id = _text(ID_CHARACTERS, required=True, metadata={"description": "The cinema's own id, for good."})
    titles = _texts(500, load_default=dict, metadata={"description": "By language; at least one unless deleted."})
    descriptions = _texts(10_000, load_default=dict)
    year = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1800, 3000))
    duration_ms = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, LONGEST_FILM_MS),
        metadata={"description": "Null for a live broadcast."},
    )
    poster_url = _url(load_default=None, allow_none=True)
    backdrop_url = _url(load_default=None, allow_none=True)
    watch_url = _url(load_default=None, allow_none=True, metadata={"description": "The film's page at the cinema."})
    genres = _list(_text(100))
    age_rating = _text(40, load_default=None, allow_none=True, metadata={"description": "As people read it: `16+`."})
    sources = _list(fields.Nested(SourceSchema))
    captions = _list(fields.Nested(TrackSchema))
    audio = _list(fields.Nested(AudioSchema))
    trailers = _list(fields.Nested(TrailerSchema))
    available_from = _moment(load_default=None, allow_none=True)
    available_until = _moment(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["deleted"] and not data["titles"]:
            raise ValidationError("Must have a title in at least one language.", "titles")
        since, until = data["available_from"], data["available_until"]
        if since is not None and until is not None and since >= until:
            raise ValidationError("Must be later than available_from.", "available_until")


def _issuer(**options: Any) -> fields.String:
    described = {"description": "Whose subjects these are; unless given, the service's own OIDC_ISSUER."}
    return _text(ID_CHARACTERS, load_default=None, allow_none=True, metadata=described, **options)


class PersonRowSchema(_RowSchema):
    """A person as the cinema's auth service knows them (`sub`), whether they ever signed in here or not."""

    subject = _text(SUBJECT_CHARACTERS, required=True, metadata={"description": "`sub` of their tokens."})
    issuer = _issuer()
    name = fields.String(
        load_default=None,
        validate=[validate.Length(1, NAME_CODE_POINTS), _line, _seen_name],
        metadata={
            "description": "As others see them, by the Nickname profile (RFC 8266), "
            "which leaves out what cannot be seen; required unless deleted."
        },
    )
    email = fields.Email(load_default=None, allow_none=True, validate=validate.Length(max=254))
    locale = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=35), _LANGUAGE])
    time_zone = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=64), _time_zone])
    picture_url = _url(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["deleted"] and data["name"] is None:
            raise ValidationError("Missing data for required field.", "name")


class FriendshipRowSchema(_RowSchema):
    """Two people are friends; the order of the two does not matter."""

    subject = _text(SUBJECT_CHARACTERS, required=True)
    friend = _text(SUBJECT_CHARACTERS, required=True, metadata={"description": "The other's subject."})
    issuer = _issuer()

    @validates_schema(skip_on_field_errors=True)
    def _two(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["subject"] == data["friend"]:
            raise ValidationError("Nobody is their own friend.", "friend")


class WishRowSchema(_RowSchema):
    """A person wants to watch a film."""

    subject = _text(SUBJECT_CHARACTERS, required=True)
    film = _text(ID_CHARACTERS, required=True, metadata={"description": "The film's external_id."})
    issuer = _issuer()
