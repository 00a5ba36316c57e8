"""Applies the API's events to live rooms; each may come late, twice or out of order.

All nodes share the queue: one node commits an event, and the room's log tells the others.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from shared.broker import Transient
from shared.events.envelope import Event
from shared.events.rooms import (
    MEMBER_BANNED,
    MEMBER_ERASED,
    MEMBER_REVOKED,
    MEMBER_UNBANNED,
    ROOM_CHANGED,
    ROOM_CLOSED,
    ROOM_OPENED,
    ROOM_REOPENED,
    SESSION_ENDED,
)
from sync_service.live.hub import Hub
from sync_service.live.live_room import RoomClosed
from sync_service.redis_client.client import StoreError
from sync_service.room.commands import Ban, ChangeRoom, Close, Command, Revoke
from sync_service.room.erasure import erased, without_person
from sync_service.room.events import Refusal
from sync_service.room.opening import opening_state, reopened
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.snapshot import Snapshot

log = structlog.get_logger(__name__)

QUEUE: Final = "sync_service.lifecycle"
ROUTING_KEYS: Final = ("room.*.v1", MEMBER_BANNED, MEMBER_UNBANNED, MEMBER_REVOKED, MEMBER_ERASED, SESSION_ENDED)
REWRITES_MOST: Final = 20  # of a room that changes all the time; then the event comes again


class RoomEvents:
    """The consumer of QUEUE, which is bound to ROUTING_KEYS."""

    def __init__(self, hub: Hub, partitions: int) -> None:
        self._hub = hub
        self._partitions = partitions

    async def handle(self, event: Event) -> None:
        """Apply one event; raises Transient while the store is away."""
        try:
            if event.type == ROOM_OPENED:
                await self._opened(event)
            elif event.type == ROOM_CHANGED:
                await self._apply(event, ChangeRoom(version=event.data["version"], changes=event.data["changes"]))
            elif event.type in {MEMBER_BANNED, MEMBER_UNBANNED}:
                await self._apply(event, _ban_of(event))
            elif event.type == MEMBER_REVOKED:
                data = event.data
                await self._apply(event, Revoke(by=data["by"], member_id=data["user_id"], version=data["version"]))
            elif event.type == MEMBER_ERASED:
                await self._erased(event)
            elif event.type == ROOM_CLOSED:
                await self._closed(event)
            elif event.type == ROOM_REOPENED:
                await self._reopened(event)
            elif event.type == SESSION_ENDED:
                await self._session_ended(event)
        except StoreError as error:
            raise Transient(f"Redis: {error}") from None

    async def _opened(self, event: Event) -> None:
        claim = event.data["room"]
        partition = self._hub.partitions[claim["partition"]]
        state = opening_state(claim, int(partition.now_ms()))
        store = partition.store
        if await store.open(RoomKeys.of(store.number, claim["id"]), 1, 0, state) is not None:
            log.info("a room that is closed is not opened again", room=claim["id"])

    async def _erased(self, event: Event) -> None:
        """Show a person out, then rewrite the room without them; of a closed room nothing is left."""
        data = event.data
        person, owner = data["user_id"], data["room"]["owner"]
        store = self._hub.partitions[data["partition"]].store
        keys = RoomKeys.of(store.number, event.subject)
        await self._apply(event, Revoke(member_id=person, version=data["version"], reason="left"))
        for _ in range(REWRITES_MOST):
            found = await store.read(keys)
            if not isinstance(found, Snapshot) or found.state.closed is not None:
                await store.forget(keys)
                break
            # They say nothing more, so whatever comes meanwhile is of others.
            messages = [erased(message, person) for message in await store.messages_of(keys, person)]
            word = await store.rewrite(keys, found, without_person(found.state, person, owner), messages)
            if word == "ok":
                break
        else:
            raise Transient("the room could not be rewritten yet: it changes all the time")
        log.info("a person was erased from a room", room=event.subject)

    async def _apply(self, event: Event, command: Command) -> None:
        """Apply a command to a live room; a missing one is opened first, or a ticket could open an older version."""
        number = event.data["partition"]
        opening = opening_state(event.data["room"], int(self._hub.partitions[number].now_ms()))
        try:
            room = await self._hub.enter(number, event.subject, opening)
        except RoomClosed:
            return
        if room is None:
            raise Transient("the room could not be opened yet")
        result = await room.ask(command)
        if isinstance(result, Refusal) and result.code != "room_closed":
            raise Transient(f"the room could not be changed yet: {result.code}")

    async def _closed(self, event: Event) -> None:
        number, reason, version = event.data["partition"], event.data["reason"], event.data["version"]
        keys, store = RoomKeys.of(number, event.subject), self._hub.partitions[number].store
        if await store.note_closed(keys, version, reason) != "live":
            return  # nobody has opened it yet, it is closed already, or it was opened again since
        # Whatever else is in the way of closing a live room: the next attempt finds what it has become.
        try:
            room = await self._hub.enter(number, event.subject)
        except RoomClosed:
            room = None
        if room is None:
            raise Transient("the room could not be closed yet: it was opened or closed at the same moment")
        result = await room.ask(Close(reason=reason, version=version))
        if isinstance(result, Refusal):
            raise Transient(f"the room could not be closed yet: {result.code}")
        log.info("room closed", room=event.subject, reason=reason)

    async def _reopened(self, event: Event) -> None:
        """Make a closed room live again, as the store or else the archive remembers it."""
        claim, version = event.data["room"], event.data["version"]
        partition = self._hub.partitions[claim["partition"]]
        keys, store = RoomKeys.of(claim["partition"], event.subject), partition.store
        if await store.note_reopened(keys, version) in {"live", "outdated"}:
            return  # it never was closed here, or was closed again since
        now_ms, found = int(partition.now_ms()), await store.read(keys)
        if isinstance(found, Snapshot):
            epoch, seq, state = found.epoch, found.seq, reopened(found.state, now_ms)
        else:
            epoch, seq = event.data["epoch"], 0
            state = opening_state(claim, now_ms, event.data["position_ms"])
        await store.reopen(keys, epoch + 1, seq, state, version)
        log.info("room reopened", room=event.subject)

    async def _session_ended(self, event: Event) -> None:
        """End what sessions have opened, in every partition: a ticket that is on its way may be for any of them."""
        stores = [self._hub.partitions[number].store for number in range(self._partitions)]
        await asyncio.gather(*(store.end_sessions(event.data["sessions"]) for store in stores))
        log.info("sessions ended", user_id=event.data["user_id"], reason=event.data["reason"])


def _ban_of(event: Event) -> Ban:
    data = event.data
    return Ban(by=data["by"], member_id=data["user_id"], version=data["version"], banned=event.type == MEMBER_BANNED)
