"""Who is still there: grace for lost connections, leases for nodes, and an end for those of nodes that died.

A lease belongs to a node in a partition, never to a member: an idle room costs nothing. The store knows for each member
which nodes hold connections of theirs; a member leaves when the last of these is gone.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from uuid_utils import uuid7

from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom, RoomClosed
from sync_service.live.orders import Done, Order
from sync_service.redis_client.client import OutcomeUnknown, RedisError, RedisLink, StoreAway
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.commands import Join, Leave
from sync_service.room.events import MemberLeft, Refusal
from sync_service.store import redis_keys
from sync_service.store.room_store import LEASE_MS, Arrive, Depart
from sync_service.store.scripts import SWEEP

log = structlog.get_logger(__name__)

GRACE_S: Final = 10.0
RETRY_S: Final = 0.5
SWEEP_S: Final = 2.5
STALE_MS: Final = 5_000


class Presence:
    """See the module; one for the node."""

    def __init__(self, hub: Hub, shards: Shards) -> None:
        self._hub = hub
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._going: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._leased: set[int] = set()
        self._burying: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        hub.on_left = self._on_left
        hub.on_snapshot = self.hold_again

    async def start(self) -> None:
        """Begin to renew leases and to look for dead nodes."""
        self._task = asyncio.create_task(self._shards.rounds(SWEEP_S, self._visit), name="presence")

    async def close(self) -> None:
        """Stop; leases run out by themselves, which gives the members of this node their grace."""
        for handle in self._going.values():
            handle.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- members of this node ---

    def hold(self, room: LiveRoom, member: str) -> None:
        """A connection of this member enters: no grace runs out, and a lease is there before it is needed."""
        going = self._going.pop((room.id, member), None)
        if going is not None:
            going.cancel()
        room.held.add(member)
        number = room.store.number
        if number not in self._leased:
            self._leased.add(number)
            self._hub.spawn(self._renew(number))

    def lost(self, room: LiveRoom, member: str) -> None:
        """The member's last connection here has ended without a word: they have a moment to come back."""
        if member not in room.audience.by_member:
            self._depart_in(GRACE_S, room, Leave(by=member, reason="lost", gone_ms=int(room.now_ms())))

    def left(self, room: LiveRoom, member: str) -> None:
        """The member said that they leave, and has no other connection here."""
        self._depart_in(0, room, Leave(by=member, reason="left", gone_ms=int(room.now_ms())))

    def _depart_in(self, seconds: float, room: LiveRoom, leave: Leave) -> None:
        key = (room.id, leave.by or "")
        if key in self._going:
            self._going.pop(key).cancel()
        self._going[key] = self._loop.call_later(seconds, self._depart, room, leave)

    def _depart(self, room: LiveRoom, leave: Leave) -> None:
        member = leave.by or ""
        self._going.pop((room.id, member), None)
        if member in room.audience.by_member:
            return

        def done(outcome: Done | Refusal) -> None:
            if isinstance(outcome, Refusal) and outcome.code in _NOT_YET:
                # The store is away: they stay where they are until it can be told.
                if member not in room.audience.by_member and (room.id, member) not in self._going:
                    self._depart_in(RETRY_S, room, leave)
            elif member not in room.audience.by_member:
                room.held.discard(member)

        room.submit(Order(leave, done, Depart(member, self._hub.node)))

    def _on_left(self, room: LiveRoom, event: MemberLeft) -> None:
        """Someone who is connected here was declared gone, for this node could not renew its lease: bring them back."""
        if event.reason == "lost" and event.member_id in room.audience.by_member:
            self._arrive_again(room, event.member_id)

    def hold_again(self, room: LiveRoom) -> None:
        """Tell a store that may have forgotten it who is connected here."""
        for member in tuple(room.audience.by_member):
            self._arrive_again(room, member)

    def _arrive_again(self, room: LiveRoom, member: str) -> None:
        socket = next(iter(room.audience.by_member.get(member, ())), None)
        if socket is None:
            return
        join = Join(by=member, name=socket.name, role=socket.role, visit_id=str(uuid7()), since_ms=socket.since_ms)

        def done(outcome: Done | Refusal) -> None:
            # A node that wakes from a stall finds its connection to the store gone too: without another try its
            # members would hear the room and be nobody in it.
            if not isinstance(outcome, Refusal):
                return
            if outcome.code in _NOT_YET:
                self._loop.call_later(RETRY_S, self._arrive_again, room, member)
            elif outcome.code in _NO_WAY_BACK:
                room.audience.dismiss(member, outcome.code)

        room.submit(Order(join, done, Arrive(member)))

    # --- leases ---

    async def _visit(self, shard: Shard) -> None:
        """Renew this node's leases at one shard, and look for dead nodes there."""
        for partition in self._hub.partitions.at(shard):
            number = partition.number
            if any(room.held for room in partition.rooms.values()):
                self._leased.add(number)
            elif number in self._leased:
                self._leased.discard(number)
                self._hub.spawn(self._give_up(number))
        await asyncio.gather(*(self._sweep(number) for number in shard.partitions))

    async def _renew(self, number: int) -> None:
        try:
            await self._sweep(number)
        except _AWAY:
            log.info("could not renew a lease, the next round will", partition=number)

    async def _give_up(self, number: int) -> None:
        try:
            await self._link(number).call("ZREM", redis_keys.partition(number, "nodes"), self._hub.node)
        except _AWAY:
            log.info("could not give up a lease, it will run out", partition=number)

    def _link(self, number: int) -> RedisLink:
        return self._shards.of(number).link

    async def _sweep(self, number: int) -> None:
        node = self._hub.node if number in self._leased else ""
        names = redis_keys.partition(number, "nodes"), redis_keys.partition(number, "swept")
        dead = await SWEEP.call(self._link(number), 2, *names, node, LEASE_MS, STALE_MS)
        for name, alive_ms in zip(dead[::2], dead[1::2], strict=True):
            if name.decode() != self._hub.node:
                self._hub.spawn(self._bury(number, name.decode(), int(alive_ms)))

    async def _bury(self, number: int, node: str, alive_ms: int) -> None:
        """End the stays of everyone whom only a dead node held; other nodes may do the same at once."""
        key = f"{number} {node}"
        if key in self._burying:
            return
        self._burying.add(key)
        try:
            held = self._hub.partitions[number].store.node_key(node)
            for entry in await self._link(number).call("SMEMBERS", held):
                room_id, member = entry.decode().split(" ")
                if not await self._end_stay(number, room_id, Leave(by=member, reason="lost", gone_ms=alive_ms), node):
                    return
                await self._link(number).call("SREM", held, entry)
            await self._link(number).call("ZREM", redis_keys.partition(number, "nodes"), node)
            log.info("a node that died has no members any more", node=node, partition=number)
        except _AWAY as error:
            log.info("could not bury a node yet", node=node, partition=number, reason=str(error))
        finally:
            self._burying.discard(key)

    async def _end_stay(self, number: int, room_id: str, leave: Leave, node: str) -> bool:
        try:
            room = await self._hub.enter(number, room_id)
        except RoomClosed:
            return True
        if room is None:
            return True
        outcome = await room.ask(leave, Depart(leave.by or "", node))
        return isinstance(outcome, Done) or outcome.code in {"connected", "room_closed"}


# Decided while nobody could tell this node: whoever is still connected here is not in the room.
_NO_WAY_BACK: Final = frozenset({"kicked", "banned", "room_locked", "room_full", "resume_invalid"})
_NOT_YET: Final = frozenset({"try_again", "outcome_unknown"})
_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)
