"""A room in Redis: read it whole, read what came after a point, and commit one step by one script.

The rules run in Python on a node's replica; the script makes the step atomic and refuses it when what the decision had
read has changed (optimistic concurrency).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from sync_service.redis_client.client import RedisLink
from sync_service.redis_client.shards import Shard
from sync_service.redis_client.wire import packed
from sync_service.room.state import MESSAGES_KEPT, Message, State
from sync_service.store import redis_keys
from sync_service.store.changes import sections
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.scripts import (
    APPEND,
    APPLIED,
    COMMIT,
    END_SESSIONS,
    HISTORY,
    LIFECYCLE,
    OFFER,
    OPEN,
    RAISE,
    READ,
    REOPEN,
    REWRITE,
    TAIL,
)
from sync_service.store.snapshot import SECTIONS, Snapshot, snapshot_of
from sync_service.store.step import Arrive, Seat, Step

# What a partition's journal may hold while RabbitMQ is away, in entries of about 400 bytes: with 64 partitions 5 GB.
JOURNAL_BOUND: Final = 200_000
RESTORE_MS: Final = 500  # how long replicas of a lost room are collected before the newest wins
LEASE_MS: Final = 12_500  # a node's lease: with a sweep every 2.5 s it expires 10 to 15 s after the node's last sign
SPENT_TICKET_MS: Final = 60_000  # a ticket lives 30 s, and 5 s more by leeway
USED_TOKEN_MS: Final = 660_000  # a resume token lives 10 minutes
ENDED_MS: Final = USED_TOKEN_MS  # whatever an ended session has opened has expired by then

_COMMIT_KEYS: Final = 12  # beside two of each arrival
_COMMIT_WORDS: Final = 7  # the number of keys, and those arguments that do not change from step to step


class RoomStore:
    """One partition's rooms in Redis; ``shard`` serves the partition now."""

    def __init__(self, shard: Shard, number: int, node: str) -> None:
        self.shard = shard
        self.number = number
        self.node = node
        # Channels, unlike keys, are shared by all databases of a Redis.
        self.channel = redis_keys.partition(number, f"events:{shard.link.database}")
        self.head = redis_keys.partition(number, "head")
        self.journal = redis_keys.partition(number, "journal")
        self.ended = redis_keys.partition(number, "ended")
        # Most commits change nobody's presence: these differ from one to the next in their last words only.
        self._own_keys = self._packed_keys(node)
        self._begin = packed(_COMMIT_KEYS)
        self._without_op = packed(node, JOURNAL_BOUND, "", "", "")

    @property
    def link(self) -> RedisLink:
        """The connection to the server of the partition."""
        return self.shard.link

    def commit(self, names: RoomKeys, step: Step, on_reply: Callable[[Any], None]) -> None:
        """Send one step once the link is flushed; ``on_reply`` gets commit.lua's answer or an exception.

        Raises StoreAway.
        """
        playback, rights, meta, members = step.guards
        words: list[bytes | str | int] = [
            f"{step.epoch} {step.deadline_ms} {playback} {rights} {meta} {members}",
            len(step.command_keys),
            *step.command_keys,
            len(step.arrivals),
        ]
        begin, arrival_keys = self._begin, b""
        if step.arrivals:
            begin = packed(_COMMIT_KEYS + 2 * len(step.arrivals))
            arrival_keys = packed(*(key for arrive, _ in step.arrivals for key in self._keys_of(arrive)))
            for arrive, seat in step.arrivals:
                words += _words_of(arrive, seat)
        count = _COMMIT_WORDS + _COMMIT_KEYS + 2 * len(step.arrivals) + len(words)
        pieces = [packed(*words)]
        for event in step.events:
            count += event.count
            pieces += event.words
        own_keys, op = self._own_keys, self._without_op
        if step.op is not None:
            node = self.node if step.op.node == "*" else step.op.node
            own_keys = self._packed_keys(node)
            op = packed(self.node, JOURNAL_BOUND, "depart", step.op.member, step.op.node)
        elif step.closes is not None:
            op = packed(self.node, JOURNAL_BOUND, "close", step.closes.version, step.closes.reason)
        COMMIT.put(
            self.link, on_reply, count, begin, names.packed, own_keys, arrival_keys, op, names.packed_id, *pieces
        )

    def _packed_keys(self, node: str) -> bytes:
        return packed(self.journal, self.head, self.channel, self.node_key(node), self.ended)

    def _keys_of(self, arrive: Arrive) -> tuple[bytes, bytes]:
        """Return the keys of a spent ticket and of the generation of a session's tokens."""
        session = "" if arrive.token is None else arrive.token[0]
        jti = redis_keys.partition(self.number, f"jti:{arrive.jti or ''}")
        return jti, redis_keys.partition(self.number, f"session:{session}")

    def applied(self, names: RoomKeys, command_key: str, on_reply: Callable[[Any], None]) -> None:
        """Ask whether a command was applied; ``on_reply`` gets its seq, None or an exception. Raises StoreAway."""
        APPLIED.send(self.link, on_reply, 1, names.room, command_key)

    async def append(self, room_id: str, epoch: int, seq: int, type_: str, data: bytes, id_: str) -> None:
        """Add an entry to the journal that no step has made, the broker event ``id_``, unless the journal is full.

        ``epoch`` and ``seq`` are those of the room's last event before it.
        """
        fields = "room", room_id, "epoch", epoch, "seq", seq, "type", type_, "data", data, "id", id_
        await APPEND.call(self.link, 1, self.journal, JOURNAL_BOUND, *fields)

    async def read(self, names: RoomKeys) -> Snapshot | str | None:
        """Return the room, the reason of one that was closed, or None where there is no such room."""
        keys_read = names.room, names.members, names.chat, names.texts, names.closed
        reply = await READ.call(self.link, 5, *keys_read, MESSAGES_KEPT)
        if reply[0] == b"closed":
            return str(reply[1].decode())
        return None if reply[0] == b"missing" else snapshot_of(*reply[1:])

    async def open(self, names: RoomKeys, epoch: int, seq: int, state: State) -> str | None:
        """Create the room unless it is there; return the reason of one that was closed, else None."""
        origin = _origin(state, epoch, seq)
        reply = await OPEN.call(
            self.link,
            2,
            names.room,
            names.closed,
            epoch,
            seq,
            origin,
            *sections(state).values(),
            state.rights.settings.capacity,
        )
        return str(reply[1].decode()) if reply[0] == b"closed" else None

    async def reopen(self, names: RoomKeys, epoch: int, seq: int, state: State, version: int) -> None:
        """Make a room that was closed, or that is not there, live again in this state; one that is live stays.

        Nothing happens where a higher version than the API's ``version`` of the room is noted.
        """
        of_room = names.room, names.closed, names.members, names.log, names.presence, names.chat, names.texts
        keys = (*of_room, names.lifecycle)
        origin, capacity = _origin(state, epoch, seq), state.rights.settings.capacity
        await REOPEN.call(self.link, len(keys), *keys, epoch, seq, origin, *sections(state).values(), capacity, version)

    async def note_closed(self, names: RoomKeys, version: int, reason: str) -> str:
        """Note that the API closed the room at this version; return what the room is, as lifecycle.lua does."""
        return await self._note(names, version, reason)

    async def note_reopened(self, names: RoomKeys, version: int) -> str:
        """Note that the API reopened the room at this version; return what the room is, as lifecycle.lua does."""
        return await self._note(names, version, "")

    async def _note(self, names: RoomKeys, version: int, reason: str) -> str:
        reply = await LIFECYCLE.call(self.link, 3, names.lifecycle, names.room, names.closed, version, reason)
        word: str = reply[0].decode()
        return word

    async def offer(self, names: RoomKeys, epoch: int, seq: int, state: State) -> int | None:
        """Offer a replica of a room that the store has lost; return the ms until the next offer, None if it is over."""
        stand_in = f"restored-{state.meta.id}"
        members = [word for member in state.members.values() for word in (member.id, orjson.dumps(member))]
        first = seq - len(state.messages)
        messages = [
            word for n, message in enumerate(state.messages) for word in (first + n, message.id, orjson.dumps(message))
        ]
        reply = await OFFER.call(
            self.link,
            12,
            names.room,
            names.members,
            names.chat,
            names.texts,
            names.presence,
            names.closed,
            names.restoring,
            names.restoring + b":members",
            names.restoring + b":chat",
            names.restoring + b":texts",
            redis_keys.partition(self.number, "nodes"),
            self.node_key(stand_in),
            epoch,
            seq,
            RESTORE_MS,
            LEASE_MS,
            state.meta.id,
            stand_in,
            *sections(state).values(),
            state.rights.settings.capacity,
            _origin(state, epoch + 1, seq),
            len(state.members),
            *members,
            *messages,
        )
        return int(reply[1]) if reply[0] == b"wait" else None

    async def raise_epoch(self, names: RoomKeys, epoch: int, state: State) -> None:
        """Raise the room's epoch above this one, whose tail the store has lost; nothing where it is above already."""
        await RAISE.call(self.link, 2, names.room, names.log, epoch, _origin(state, epoch + 1, 0))

    async def rewrite(self, names: RoomKeys, before: Snapshot, after: State, messages: Sequence[Message]) -> str:
        """Begin a new epoch from ``after``, with these messages in the place of those of their ids.

        Returns ok, or why not: conflict (the room is not as ``before`` any more), missing or closed; see rewrite.lua.
        """
        section = sections(after)
        members = [word for member in after.members.values() for word in (member.id, orjson.dumps(member))]
        reply = await REWRITE.call(
            self.link,
            6,
            names.room,
            names.members,
            names.log,
            names.texts,
            self.head,
            self.channel,
            " ".join((str(before.epoch), *(before.hashes[name] for name in SECTIONS))),
            self.node,
            after.meta.id,
            _origin(after, before.epoch + 1, before.seq),
            section["playback"],
            section["rights"],
            section["meta"],
            section["members"],
            len(after.members),
            *members,
            *(word for message in messages for word in (message.id, orjson.dumps(message))),
        )
        word: str = reply[0].decode()
        return word

    async def messages_of(self, names: RoomKeys, person: str) -> list[Message]:
        """Return every message in the chat that somebody wrote or reacted to, in no order."""
        mark = person.encode()
        texts: list[bytes] = await self.link.call("HVALS", names.texts)
        return [Message.read(orjson.loads(text)) for text in texts if mark in text]

    async def forget(self, names: RoomKeys) -> None:
        """Delete what is left of a room that was closed; that it was closed is still known."""
        await self.link.call("DEL", names.room, names.members, names.log, names.chat, names.texts, names.presence)

    async def tail(self, names: RoomKeys, epoch: int, seq: int, hash_: str) -> tuple[str, list[bytes]]:
        """Return ("ok", the events after this point) or (why not, …); see tail.lua."""
        reply = await TAIL.call(self.link, 3, names.room, names.log, names.closed, epoch, seq, hash_)
        return reply[0].decode(), reply[1:]

    async def log(self, names: RoomKeys) -> list[bytes]:
        """Return the whole log that is kept, oldest first."""
        entries: list[bytes] = await self.link.call("LRANGE", names.log, 0, -1)
        return entries

    async def history(self, names: RoomKeys, before: str, limit: int) -> tuple[list[Message], bool] | None:
        """Return messages before one (``""``: the last ones), oldest first, and whether there are older ones.

        None where there is no message ``before``.
        """
        reply = await HISTORY.call(self.link, 2, names.chat, names.texts, before, limit)
        if reply[0] != b"ok":
            return None
        return [Message.read(orjson.loads(message)) for message in reply[2:]], reply[1] == b"1"

    async def message(self, names: RoomKeys, id_: str) -> Message | None:
        """Return one message of the chat, None where there is none of this id."""
        found = await self.link.call("HGET", names.texts, id_)
        return None if found is None else Message.read(orjson.loads(found))

    async def end_sessions(self, sids: Sequence[str]) -> None:
        """Let nobody in any more by these sessions of the API, and tell every node that follows the partition."""
        await END_SESSIONS.call(self.link, 2, self.ended, self.channel, ENDED_MS, *sids)

    def node_key(self, node: str) -> bytes:
        """Return the key of the set of (room, member) that are connected to a node."""
        return redis_keys.partition(self.number, f"node:{node}")


def _words_of(arrive: Arrive, seat: Seat) -> tuple[bytes | str | int, ...]:
    generation = "" if arrive.token is None else arrive.token[1]
    ttl_ms = SPENT_TICKET_MS if arrive.jti else ""
    return arrive.member, seat, ttl_ms, generation, USED_TOKEN_MS, arrive.sid


def _origin(state: State, epoch: int, seq: int) -> str:
    """Return the hash that an epoch's chain begins with."""
    return hashlib.sha256(f"{state.meta.id} {epoch} {seq}".encode()).hexdigest()[:16]
