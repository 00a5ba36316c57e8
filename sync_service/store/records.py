"""The log's record: an event as JSON that opens with its place in the history, {"epoch":…,"seq":…,"hash":"…",….

The same bytes are the log's entry, the bell's line and the members' frame. The store puts the place in front, so a
node sends a body without its opening brace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from sync_service.room.events import (
    BanChanged,
    Closed,
    Event,
    HostChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    Muted,
    PlaybackChanged,
    Rebased,
    RoleSet,
    Said,
    SettingsChanged,
)
from sync_service.room.evolve import deleted
from sync_service.room.playback import Playback
from sync_service.room.state import Member, Message, Settings
from sync_service.room.value import value

# Which sections of a room's state an event writes; a decision that has read one of them is guarded by its hash.
_SECTIONS: Final[Mapping[type[Event], tuple[str, ...]]] = {
    PlaybackChanged: ("playback",),
    Rebased: ("playback", "rights", "members"),
    MemberJoined: ("members",),
    # Whoever rewrites a member (their role, say) must have seen what their own player said last.
    MemberChanged: ("members",),
    MemberLeft: ("members",),
    RoleSet: ("rights",),
    Muted: ("rights",),
    BanChanged: ("rights",),
    HostChanged: ("rights",),
    SettingsChanged: ("rights", "meta"),
    Said: (),
    MessageDeleted: (),
    Closed: ("meta",),
}


@value(frozen=True, slots=True)
class Record:
    """An event in its place: ``json`` is what members receive."""

    epoch: int
    seq: int
    hash: str
    event: Event
    json: bytes


def sections_of(event: Event) -> tuple[str, ...]:
    """Give the sections that an event writes."""
    if isinstance(event, MemberLeft) and event.reason == "kicked":
        return ("members", "rights")
    return _SECTIONS[type(event)]


def body_of(event: Event) -> bytes:
    """Give an event's JSON without its opening brace."""
    writer = _WRITERS.get(type(event))
    return orjson.dumps(event if writer is None else writer(event))[1:]


# The two that make up a room's traffic are spelled out: orjson asks each field of a dataclass what kind of field it is,
# which took twice as long.


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
            "deleted": message.deleted,
        },
    }


_WRITERS: Final[Mapping[type[Event], Callable[[Any], dict[str, Any]]]] = {
    PlaybackChanged: _playback_changed,
    Said: _said,
}


PLAYBACK_KEY: Final = b'"playback":'
MESSAGE_KEY: Final = b'"message":'


def last_field(body: bytes, key: bytes) -> bytes:
    """Give the JSON of an event's last field, PLAYBACK_KEY or MESSAGE_KEY, out of its body.

    What members have named the command, before it, cannot be taken for it: within a string a quote is escaped.
    """
    return body[body.index(key) + len(key) : -1]


def blanked(message: Message) -> Said:
    """Give what the log keeps of a message that was deleted."""
    return Said(time_ms=message.sent_ms, by=message.author["id"], command=None, message=deleted(message))


def placed(epoch: int, seq: int, hash_: bytes, event: Event, body: bytes) -> Record:
    """Give the record of an own event, byte for byte what the store has written (commit.lua)."""
    hash_text = hash_.decode()
    place = f'{{"epoch":{epoch},"seq":{seq},"hash":"{hash_text}",'
    return Record(epoch, seq, hash_text, event, place.encode() + body)


def place_of(json: bytes) -> tuple[int, int, str]:
    """Give where a log entry stands: epoch, seq, hash."""
    raw = orjson.loads(json)
    return raw["epoch"], raw["seq"], raw["hash"]


def read_record(json: bytes) -> Record:
    """Give the record of a log entry or a bell's line."""
    raw = orjson.loads(json)
    return Record(raw.pop("epoch"), raw.pop("seq"), raw.pop("hash"), read_event(raw), json)


def read_event(raw: dict[str, Any]) -> Event:
    """Give the event of its JSON (which this uses up)."""
    return _READERS[raw["type"]](raw)


def _of(kind: Callable[..., Event], **parts: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Event]:
    def read(raw: dict[str, Any]) -> Event:
        for name, part in parts.items():
            raw[name] = part(raw[name])
        return kind(**raw)

    return read


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Event]]] = {
    **dict.fromkeys(
        ("played", "paused", "sought", "rate_changed", "hold_started", "hold_ended"),
        _of(PlaybackChanged, playback=Playback.read),
    ),
    "rebased": _of(Rebased, playback=Playback.read),
    "member_joined": _of(MemberJoined, member=Member.read),
    "member_changed": _of(MemberChanged, member=Member.read),
    "member_left": _of(MemberLeft),
    "role_set": _of(RoleSet),
    "muted": _of(Muted),
    **dict.fromkeys(("banned", "unbanned"), _of(BanChanged)),
    "host_changed": _of(HostChanged),
    "settings_changed": _of(SettingsChanged, settings=lambda raw: Settings(**raw)),
    "said": _of(Said, message=lambda raw: Message(**raw)),
    "message_deleted": _of(MessageDeleted),
    "closed": _of(Closed),
}
