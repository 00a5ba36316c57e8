"""The first thing a member is told, and what they are told when they have to start over."""

from __future__ import annotations

from typing import Any

import orjson

from sync_service.live_room import LiveRoom
from sync_service.playback import Playback
from sync_service.protocol import LIMITS, VERSION
from sync_service.state import Meta, Rights, State


def opening_state(claim: dict[str, Any], position_ms: float, at_ms: int, *, started: bool) -> State:
    """Give the state of a room that opens, from a ticket's or event's ``room`` (shared.events.Room)."""
    return State(
        meta=Meta(
            id=claim["id"],
            code=claim["code"],
            version=claim["version"],
            film=claim["film"],
            access=claim["access"],
            capacity=claim["capacity"],
            starts_at=claim["starts_at"],
            settings=claim["settings"],
        ),
        rights=Rights(owner=claim["owner"], control=claim["control"], roles={}),
        playback=Playback("paused", round(position_ms), 1.0, at_ms, None, started),
    )


def snapshot_of(room: LiveRoom) -> dict[str, Any]:
    """Give a room whole, as a client replaces what it has."""
    meta, rights = room.state.meta, room.state.rights
    return {
        "epoch": room.copy.epoch,
        "seq": room.copy.seq,
        "hash": room.copy.hash,
        "room": {
            "id": meta.id,
            "code": meta.code,
            "film": meta.film,
            "owner": rights.owner,
            "access": meta.access,
            "control": rights.control,
            "capacity": meta.capacity,
            "starts_at": meta.starts_at,
            "settings": meta.settings,
        },
        "state": {"playback": room.state.playback},
        "members": list(room.state.members.values()),
        "messages": room.state.messages,
    }


def snapshot(room: LiveRoom, server_ms: float) -> bytes:
    """Give the message to a running client that must start over."""
    return orjson.dumps({"type": "snapshot", "server_ms": server_ms, **snapshot_of(room)})


def welcome(
    room: LiveRoom, server_ms: float, you: dict[str, Any], resume: str, resumed_from: tuple[int, int, str] | None
) -> bytes:
    """Give the welcome: a snapshot, or, to one whose missed events follow, where that one stands."""
    if resumed_from is None:
        point: dict[str, Any] = {"mode": "snapshot", **snapshot_of(room)}
    else:
        point = dict(zip(("mode", "epoch", "seq", "hash"), ("resumed", *resumed_from), strict=True))
    message = {
        "type": "welcome",
        "protocol": VERSION,
        "server_ms": server_ms,
        "you": you,
        "resume": resume,
        "limits": LIMITS,
        **point,
    }
    return orjson.dumps(message)
