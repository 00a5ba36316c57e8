"""A room as the store had it at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from sync_service.room.playback import Playback
from sync_service.room.state import Gone, Member, Members, Message, Meta, Rights, State
from sync_service.room.value import value

SECTIONS: Final = ("playback", "rights", "meta", "members")


@value(frozen=True, slots=True)
class Snapshot:
    """A room as the store had it at one moment; ``hashes`` of its sections guard later commits."""

    epoch: int
    seq: int
    hash: str
    hashes: Mapping[str, str]
    state: State


def snapshot_of(fields: list[bytes], members: list[bytes], messages: list[bytes]) -> Snapshot:
    """Return the snapshot that read.lua answers: the fields of the room, its members and its last messages."""
    room = dict(zip((name.decode() for name in fields[::2]), fields[1::2], strict=True))
    read = {section: orjson.loads(room[section]) for section in SECTIONS}
    state = State(
        meta=Meta(**read["meta"]),
        rights=Rights.read(read["rights"]),
        playback=Playback.read(read["playback"]),
        members=Members({m.id: m for m in (Member.read(orjson.loads(value)) for value in members[1::2])}),
        messages=tuple(Message.read(orjson.loads(message)) for message in messages),
        gone=Gone.read(read["members"]),
        closed=room["closed"].decode() if "closed" in room else None,
    )
    hashes = {section: room[f"{section}_hash"].decode() for section in SECTIONS}
    return Snapshot(int(room["epoch"]), int(room["seq"]), room["hash"].decode(), hashes, state)
