"""An event as it travels: in the structured JSON form of CloudEvents 1.0.

https://github.com/cloudevents/spec, section 3.1
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

from shared.events import feed, invitations, journal, rooms
from shared.events.payload import PayloadSchema

EXCHANGE: Final = "movie_together"
CONTENT_TYPE: Final = "application/cloudevents+json"

SCHEMAS: Final[Mapping[str, Schema]] = {
    **invitations.SCHEMAS,
    **rooms.SCHEMAS,
    **journal.SCHEMAS,
    **feed.SCHEMAS,
}


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
