"""Reactions to the film, counted for the archive: by room and minute of the film, in this node's memory.

A reaction is a signal that nothing stores. Only how many there were goes to the journal, once every FLUSH_S of a room
that had any, so that no reaction costs a write. None counts twice; those of the last FLUSH_S are lost with a node that
is killed, and those of a moment at which the store is away or its journal full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from uuid_utils import uuid7

from shared.events.journal import REACTIONS_COUNTED
from sync_service.live.live_room import LiveRoom
from sync_service.redis_client.client import StoreError
from sync_service.store.journal import moment

log = structlog.get_logger(__name__)

FLUSH_S: Final = 5.0
MINUTE_MS: Final = 60_000


@dataclass(slots=True, eq=False)
class _Counted:
    """The reactions in a minute; the rest is of the first one: the room's last event before it, and its time."""

    epoch: int
    seq: int
    at_ms: int
    count: int = 0


class Reactions:
    """See the module; one for the node. ``spawn`` runs a task."""

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._spawn = spawn
        self._loop = asyncio.get_running_loop()
        # Of each room by the film's id, since a room may go on with another film, and the minute.
        self._counted: dict[LiveRoom, dict[tuple[str, int], _Counted]] = {}

    def add(self, room: LiveRoom, position_ms: int, now_ms: int) -> None:
        """Count a reaction that came to this node at this place of the room's film."""
        of_room = self._counted.get(room)
        if of_room is None:
            of_room = self._counted[room] = {}
            self._loop.call_later(FLUSH_S, self._due, room)
        minute = room.state.meta.film["id"], position_ms // MINUTE_MS
        counted = of_room.get(minute)
        if counted is None:
            counted = of_room[minute] = _Counted(room.replica.epoch, room.seq, now_ms)
        counted.count += 1

    async def flush(self) -> None:
        """Append what was counted of every room to the journal."""
        await asyncio.gather(*(self._flush(room) for room in tuple(self._counted)))

    def _due(self, room: LiveRoom) -> None:
        self._spawn(self._flush(room))

    async def _flush(self, room: LiveRoom) -> None:
        for (_, minute), counted in self._counted.pop(room, {}).items():
            data = {"position_ms": minute * MINUTE_MS, "count": counted.count, "at": moment(counted.at_ms)}
            try:
                await room.store.append(
                    room.id, counted.epoch, counted.seq, REACTIONS_COUNTED, orjson.dumps(data), str(uuid7())
                )
            except StoreError as error:
                log.info("reactions were not counted", room=room.id, count=counted.count, reason=str(error))
