"""Presence: grace for lost connections, leases for nodes, and the reaping of members whose node has died.

A lease belongs to a node in a partition, never to a member: an idle room costs nothing. The store knows for each member
the nodes with a connection of theirs; a member leaves when the last of these is gone.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from uuid_utils import uuid7

from sync_service.live.commit import Done, PendingCommand
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom, RoomClosed
from sync_service.live.players import player_key
from sync_service.protocol import silence
from sync_service.protocol.lookalikes import look_of
from sync_service.redis_client.client import RedisLink, StoreError
from sync_service.redis_client.shards import Shard, Shards
from sync_service.room.commands import Join, Leave, Report
from sync_service.room.events import MemberLeft, Refusal
from sync_service.store import redis_keys
from sync_service.store.room_store import LEASE_MS
from sync_service.store.scripts import SWEEP
from sync_service.store.step import Arrive, Depart

log = structlog.get_logger(__name__)

RETRY_S: Final = 0.5
SWEEP_S: Final = 2.5
# Sessions that were ended during the last sweep are looked at again: a socket may have been about to open.
ENDED_OVERLAP_MS: Final = 5_000
STALE_MS: Final = 5_000  # after a longer pause of all sweeps, leases are renewed once before any expires


class Presence:
    """See the module; one for the node."""

    def __init__(self, hub: Hub, shards: Shards) -> None:
        self._hub = hub
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._departures: dict[tuple[str, str], asyncio.TimerHandle] = {}  # by room and member, while grace runs
        self._leased: set[int] = set()
        self._reaping: set[tuple[int, str]] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to renew leases and to reap expired nodes."""
        self._task = asyncio.create_task(self._shards.rounds(SWEEP_S, self._visit), name="presence")

    async def close(self) -> None:
        """Stop; this node's leases expire by themselves, which gives its members their grace."""
        for handle in self._departures.values():
            handle.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- members of this node ---

    def arrive(self, room: LiveRoom, member: str) -> None:
        """Note a connection of this member: their grace ends, and the node takes a lease before it is needed."""
        departure = self._departures.pop((room.id, member), None)
        if departure is not None:
            departure.cancel()
        room.connected_here.add(member)
        number = room.store.number
        if number not in self._leased:
            self._leased.add(number)
            self._hub.spawn(self._renew(number))

    def lost(self, room: LiveRoom, member: str, silent_s: float = 0.0) -> None:
        """Start the grace of a member whose last connection here has ended without ``leave``.

        One that was dropped because it was silent ended ``silent_s`` ago, and its grace with it (protocol/silence.py).
        """
        if member not in room.audience.by_member:
            gone_ms = int(room.now_ms() - silent_s * 1000)
            grace_s = min(silence.GRACE_S, max(silence.GONE_S - silent_s, 0.0))
            self._depart_in(grace_s, room, Leave(by=member, reason="lost", gone_ms=gone_ms))

    def left(self, room: LiveRoom, member: str) -> None:
        """Have a member leave who has sent ``leave`` and has no other connection here."""
        self._depart_in(0, room, Leave(by=member, reason="left", gone_ms=int(room.now_ms())))

    def _depart_in(self, seconds: float, room: LiveRoom, leave: Leave) -> None:
        key = (room.id, leave.by or "")
        if key in self._departures:
            self._departures.pop(key).cancel()
        self._departures[key] = self._loop.call_later(seconds, self._depart, room, leave)

    def _depart(self, room: LiveRoom, leave: Leave) -> None:
        member = leave.by or ""
        self._departures.pop((room.id, member), None)
        if member in room.audience.by_member:
            return

        def done(outcome: Done | Refusal) -> None:
            if isinstance(outcome, Refusal) and outcome.code in _RETRIED:
                # The store is away: they remain a member until it is back.
                if member not in room.audience.by_member and (room.id, member) not in self._departures:
                    self._depart_in(RETRY_S, room, leave)
            elif member not in room.audience.by_member:
                room.connected_here.discard(member)

        room.submit(PendingCommand(leave, done, Depart(member, self._hub.node)))

    def member_left(self, room: LiveRoom, event: MemberLeft) -> None:
        """Bring back a member who is connected here but was reaped, because this node could not renew its lease."""
        if event.reason == "lost" and event.member_id in room.audience.by_member:
            self._rejoin(room, event.member_id)

    def rejoin_all(self, room: LiveRoom) -> None:
        """Have everyone who is connected here join again, because the store may have lost them."""
        for member in tuple(room.audience.by_member):
            self._rejoin(room, member)

    def _rejoin(self, room: LiveRoom, member: str) -> None:
        socket = next(iter(room.audience.by_member.get(member, ())), None)
        if socket is None:
            return
        join = Join(
            by=member,
            name=socket.name,
            role=socket.role,
            visit_id=str(uuid7()),
            since_ms=socket.since_ms,
            version=socket.version,
            look=look_of(socket.name),
        )

        def done(outcome: Done | Refusal) -> None:
            # A node that resumes after a stall has lost its connection to the store too: without another attempt its
            # clients would receive the room's events without being members.
            if not isinstance(outcome, Refusal):
                room.players.joined_again(member)
                return
            if outcome.code in _RETRIED:
                self._loop.call_later(RETRY_S, self._rejoin, room, member)
            elif outcome.code in _SENT_AWAY:
                room.audience.dismiss(member, outcome.code)

        room.submit(PendingCommand(join, done, Arrive(member)))

    # --- leases ---

    async def _visit(self, shard: Shard) -> None:
        """Renew this node's leases at one shard, and reap the nodes whose leases have expired there."""
        for partition in self._hub.partitions.at(shard):
            number = partition.number
            if any(room.connected_here for room in partition.rooms.values()):
                self._leased.add(number)
            elif number in self._leased:
                self._leased.discard(number)
                self._hub.spawn(self._release(number))
        await asyncio.gather(*(self._sweep(number) for number in shard.partitions))

    async def _renew(self, number: int) -> None:
        try:
            await self._sweep(number)
        except StoreError:
            log.info("could not renew a lease, the next round will", partition=number)

    async def _release(self, number: int) -> None:
        try:
            await self._link(number).call("ZREM", redis_keys.partition(number, "nodes"), self._hub.node)
        except StoreError:
            log.info("could not release a lease, it will expire", partition=number)

    def _link(self, number: int) -> RedisLink:
        return self._shards.of(number).link

    async def _sweep(self, number: int) -> None:
        node = self._hub.node if number in self._leased else ""
        partition = self._hub.partitions[number]
        keys = redis_keys.partition(number, "nodes"), redis_keys.partition(number, "swept"), partition.store.ended
        since_ms = max(partition.ended_ms - ENDED_OVERLAP_MS, 0)
        expired, ended, now_ms = await SWEEP.call(self._link(number), 3, *keys, node, LEASE_MS, STALE_MS, since_ms)
        partition.ended_ms = now_ms
        self._hub.sessions_ended(partition, frozenset(sid.decode() for sid in ended))
        for name, alive_ms in zip(expired[::2], expired[1::2], strict=True):
            if name.decode() != self._hub.node:
                self._hub.spawn(self._reap(number, name.decode(), int(alive_ms)))

    # --- expired nodes ---

    async def _reap(self, number: int, node: str, alive_ms: int) -> None:
        """Have every member leave who was connected to an expired node only; other nodes may do so concurrently."""
        if (number, node) in self._reaping:
            return
        self._reaping.add((number, node))
        try:
            connected = self._hub.partitions[number].store.node_key(node)
            for entry in await self._link(number).call("SMEMBERS", connected):
                room_id, member = entry.decode().split(" ")
                if not await self._reap_member(
                    number, room_id, Leave(by=member, reason="lost", gone_ms=alive_ms), node
                ):
                    return
                await self._link(number).call("SREM", connected, entry)
            await self._link(number).call("ZREM", redis_keys.partition(number, "nodes"), node)
            log.info("the members of an expired node have left", node=node, partition=number)
        except StoreError as error:
            log.info("could not reap an expired node yet", node=node, partition=number, reason=str(error))
        finally:
            self._reaping.discard((number, node))

    async def _reap_member(self, number: int, room_id: str, leave: Leave, node: str) -> bool:
        """Take the node from a member, who leaves if it was their last; returns whether that is settled."""
        try:
            room = await self._hub.enter(number, room_id)
        except RoomClosed:
            return True
        if room is None:
            return True
        outcome = await room.ask(leave, Depart(leave.by or "", node))
        if isinstance(outcome, Refusal) and outcome.code == "connected":
            # They are here by another node: what their players on this one said has ended with it.
            outcome = await room.ask(Report(by=leave.by, node=player_key(node), says=None))
            return isinstance(outcome, Done) or outcome.code in {"not_a_member", "room_closed"}
        return isinstance(outcome, Done) or outcome.code in {"connected", "room_closed"}


# Decided while this node was cut off: the member's connections here are closed.
_SENT_AWAY: Final = frozenset(
    {"kicked", "banned", "revoked", "guests_off", "room_locked", "room_full", "resume_invalid"}
)
_RETRIED: Final = frozenset({"try_again", "outcome_unknown"})
