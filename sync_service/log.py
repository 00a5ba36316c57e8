"""The log's record: an event as JSON that opens with its place in the history, {"epoch":…,"seq":…,"hash":"…",….

The same bytes are the log's entry, the bell's line and the members' frame. The store puts the place in front, so a
node sends a body without its opening brace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sync_service.events import Closed, Event, MemberChanged, MemberJoined, MemberLeft, PlaybackChanged, Said
from sync_service.playback import Playback
from sync_service.state import Member, Message

# Which section of a room's state an event writes; "" where it writes none that a decision guards.
SECTION: Final[Mapping[type[Event], str]] = {
    PlaybackChanged: "playback",
    MemberJoined: "members",
    MemberChanged: "",
    MemberLeft: "members",
    Said: "",
    Closed: "meta",
}


@dataclass(frozen=True, slots=True)
class Record:
    """An event in its place: ``json`` is what members receive."""

    epoch: int
    seq: int
    hash: str
    event: Event
    json: bytes


def body_of(event: Event) -> bytes:
    """Give an event's JSON without its opening brace."""
    return orjson.dumps(event)[1:]


def placed(epoch: int, seq: int, hash_: str, event: Event, body: bytes) -> Record:
    """Give the record of an own event, byte for byte what the store has written (commit.lua)."""
    return Record(epoch, seq, hash_, event, b'{"epoch":%d,"seq":%d,"hash":"%s",%s' % (epoch, seq, hash_.encode(), body))


def read_record(json: bytes) -> Record:
    """Give the record of a log entry or a bell's line."""
    raw = orjson.loads(json)
    return Record(raw.pop("epoch"), raw.pop("seq"), raw.pop("hash"), _READERS[raw["type"]](raw), json)


def _playback_changed(raw: dict[str, Any]) -> Event:
    return PlaybackChanged(**{**raw, "playback": Playback(**raw["playback"])})


def _said(raw: dict[str, Any]) -> Event:
    return Said(**{**raw, "message": Message(**raw["message"])})


def _of_member(kind: type[MemberJoined] | type[MemberChanged]) -> Callable[[dict[str, Any]], Event]:
    return lambda raw: kind(**{**raw, "member": Member(**raw["member"])})


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Event]]] = {
    **dict.fromkeys(("played", "paused", "sought", "rate_changed", "rebased"), _playback_changed),
    "member_joined": _of_member(MemberJoined),
    "member_changed": _of_member(MemberChanged),
    "member_left": lambda raw: MemberLeft(**raw),
    "said": _said,
    "closed": lambda raw: Closed(**raw),
}
