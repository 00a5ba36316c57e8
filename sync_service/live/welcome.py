"""The first thing a member is told, and what they are told when they have to start over."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from sync_service.live.live_room import LiveRoom
from sync_service.protocol.outbound import LIMITS
from sync_service.room.state import MESSAGES_SHOWN


def _snapshot_of(room: LiveRoom) -> bytes:
    """Give a room whole, as a client replaces what it has: JSON, made once for all who come in one loop turn."""
    stands = room.copy.seq, room.copy.hash, room.copy.epoch, room.state
    if room.shown is None or room.shown[0] != stands:
        room.shown = stands, orjson.dumps(_snapshot(room))
        asyncio.get_running_loop().call_soon(_forget, room)
    return room.shown[1]


def _forget(room: LiveRoom) -> None:
    room.shown = None


def _snapshot(room: LiveRoom) -> dict[str, Any]:
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
            "host": rights.host,
            "access": meta.access,
            "starts_at": meta.starts_at,
            "settings": rights.settings,
        },
        "state": {"playback": room.state.playback},
        "members": list(room.state.members.values()),
        "messages": room.state.messages[-MESSAGES_SHOWN:],
    }


def snapshot(room: LiveRoom, server_ms: float) -> bytes:
    """Give the message to a running client that must start over."""
    return _joined({"type": "snapshot", "server_ms": server_ms}, _snapshot_of(room))


def _joined(first: dict[str, Any], rest: bytes) -> bytes:
    return b"%s,%s" % (orjson.dumps(first)[:-1], rest[1:])


def welcome(
    room: LiveRoom,
    server_ms: float,
    you: dict[str, Any],
    resume: str,
    protocol: int,
    resumed_from: tuple[int, int, str] | None,
) -> bytes:
    """Give the welcome: a snapshot, or, to one whose missed events follow, where that one stands.

    ``protocol`` is the version that was agreed on.
    """
    message = {
        "type": "welcome",
        "protocol": protocol,
        "server_ms": server_ms,
        "you": you,
        "resume": resume,
        "limits": LIMITS,
    }
    if resumed_from is None:
        return _joined(message | {"mode": "snapshot"}, _snapshot_of(room))
    return orjson.dumps(message | dict(zip(("mode", "epoch", "seq", "hash"), ("resumed", *resumed_from), strict=True)))
