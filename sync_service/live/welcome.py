"""``welcome`` and ``snapshot``: the messages that carry a room whole."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from sync_service.live.live_room import LiveRoom
from sync_service.protocol.outbound import LIMITS
from sync_service.room.state import MESSAGES_SHOWN


def _snapshot_of(room: LiveRoom) -> bytes:
    """Return the room as JSON, encoded once for all who come in one loop turn."""
    version = room.replica.seq, room.replica.hash, room.replica.epoch, room.state
    if room.shown is None or room.shown[0] != version:
        room.shown = version, orjson.dumps(_snapshot(room))
        asyncio.get_running_loop().call_soon(_forget, room)
    return room.shown[1]


def _forget(room: LiveRoom) -> None:
    room.shown = None


def _snapshot(room: LiveRoom) -> dict[str, Any]:
    meta, rights = room.state.meta, room.state.rights
    return {
        "epoch": room.replica.epoch,
        "seq": room.replica.seq,
        "hash": room.replica.hash,
        "room": {
            "id": meta.id,
            "code": meta.code,
            "title": meta.title,
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
    """Return the message for a running client that must replace what it has of the room."""
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
    """Return the welcome: with a snapshot, or with the point (epoch, seq, hash) that a resuming client's events follow.

    ``protocol`` is the version agreed on.
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
