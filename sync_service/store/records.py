"""The log's record: an event as JSON that opens with its place in the history, {"epoch":…,"seq":…,"hash":"…",….

The same bytes are the log's entry, the notification's line and the members' frame. The store puts the place in front,
so a node sends a body: the event's JSON without its opening brace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, get_args, get_type_hints

import orjson

from sync_service.room.events import Event, MessageEdited, PlaybackChanged, Said
from sync_service.room.evolve import EVOLUTIONS, blank
from sync_service.room.state import Message
from sync_service.room.value import value


@value(frozen=True, slots=True)
class Record:
    """An event in its place: ``json`` is what members receive."""

    epoch: int
    seq: int
    hash: str
    event: Event
    json: bytes


def body_of(event: Event) -> bytes:
    """Return an event's JSON without its opening brace."""
    writer = _WRITERS.get(type(event))
    return orjson.dumps(event if writer is None else writer(event))[1:]


# The two most frequent kinds are spelled out: orjson asks each field of a dataclass what kind of field it is, which
# took twice as long.


def _common(event: Event) -> dict[str, Any]:
    return {"type": event.type, "time_ms": event.time_ms, "by": event.by, "command": event.command}


def _playback_changed(event: PlaybackChanged) -> dict[str, Any]:
    playback = event.playback
    return {
        **_common(event),
        "playback": {
            "status": playback.status,
            "position_ms": playback.position_ms,
            "rate": playback.rate,
            "at_ms": playback.at_ms,
            "by": playback.by,
            "started": playback.started,
            "reason": playback.reason,
            "waiting_for": playback.waiting_for,
            "hold_until_ms": playback.hold_until_ms,
            "sought_ms": playback.sought_ms,
            "heat": playback.heat,
            "heat_ms": playback.heat_ms,
            "era": playback.era,
            "length_ms": playback.length_ms,
            "lead_rate": playback.lead_rate,
        },
    }


def _said(event: Said) -> dict[str, Any]:
    message = event.message
    return {
        **_common(event),
        "message": {
            "id": message.id,
            "author": message.author,
            "text": message.text,
            "position_ms": message.position_ms,
            "sent_ms": message.sent_ms,
            "reply_to": message.reply_to,
            "film_id": message.film_id,
            "deleted": message.deleted,
            "edited_ms": message.edited_ms,
            "reactions": message.reactions,
            "revision": message.revision,
        },
    }


_WRITERS: Final[Mapping[type[Event], Callable[[Any], dict[str, Any]]]] = {
    PlaybackChanged: _playback_changed,
    Said: _said,
}


PLAYBACK_KEY: Final = b'"playback":'
MESSAGE_KEY: Final = b'"message":'


def last_field(body: bytes, key: bytes) -> bytes:
    """Return the JSON of an event's last field, PLAYBACK_KEY or MESSAGE_KEY, out of its body.

    A command's id, which members choose and which stands before, cannot look like the key: within a string a quote is
    escaped.
    """
    return body[body.index(key) + len(key) : -1]


def blanked(message: Message) -> Said:
    """Return the event that the log keeps of a message that was deleted."""
    return Said(time_ms=message.sent_ms, by=message.author["id"], command=None, message=blank(message))


def blanked_edit(message: Message) -> MessageEdited:
    """Return the event that the log keeps of each edit of a message that was deleted."""
    return MessageEdited(
        time_ms=message.edited_ms or message.sent_ms,
        by=message.author["id"],
        command=None,
        message_id=message.id,
        text="",
    )


def placed(epoch: int, seq: int, hash_: bytes, event: Event, body: bytes) -> Record:
    """Return the record of an event that this node committed, byte for byte what the store has written (commit.lua)."""
    hash_text = hash_.decode()
    place = f'{{"epoch":{epoch},"seq":{seq},"hash":"{hash_text}",'
    return Record(epoch, seq, hash_text, event, place.encode() + body)


def place_of(json: bytes) -> tuple[int, int, str]:
    """Return the place of a log entry: epoch, seq, hash."""
    raw = orjson.loads(json)
    return raw["epoch"], raw["seq"], raw["hash"]


def read_record(json: bytes) -> Record:
    """Return the record of a log entry, or of a line of a notification."""
    raw = orjson.loads(json)
    return Record(raw.pop("epoch"), raw.pop("seq"), raw.pop("hash"), read_event(raw), json)


def read_event(raw: dict[str, Any]) -> Event:
    """Return the event that this JSON object describes; the object is used up."""
    return _READERS[raw["type"]](raw)


def _types_of(kind: type[Event]) -> tuple[str, ...]:
    """Return the ``type``s that events of this kind have: the literals that its field allows, or its default."""
    literals: tuple[str, ...] = get_args(get_type_hints(kind)["type"])
    return literals or tuple(str(field.default) for field in fields(kind) if field.name == "type")


def _reader(kind: type[Event]) -> Callable[[dict[str, Any]], Event]:
    """Return what makes such an event of its JSON object: fields that are values themselves are read as such."""
    parts = {name: getattr(part, "read", None) or _plain(part) for name, part in _values_of(kind)}

    def read(raw: dict[str, Any]) -> Event:
        for name, part in parts.items():
            raw[name] = part(raw[name])
        return kind(**raw)

    return read


def _values_of(kind: type[Event]) -> list[tuple[str, Any]]:
    return [(name, part) for name, part in get_type_hints(kind).items() if is_dataclass(part)]


def _plain(part: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda raw: part(**raw)


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Event]]] = {
    type_: _reader(kind) for kind in EVOLUTIONS for type_ in _types_of(kind)
}
