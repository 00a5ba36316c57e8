"""Every Redis key, once. All of a partition's keys carry its hash tag, so that one script may touch them together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sync_service.redis_client.wire import packed

TOMBSTONE_MS: Final = 24 * 3600 * 1000  # how long the store knows that a room was closed
# The version of the form in which rooms are kept. Code of another version does not read them: a room then comes back
# from the archive, as after a loss of the store.
LAYOUT: Final = 3
# What finds the rooms by their keys, and with them what else they have.
ANY_ROOM: Final = f"{{p*}}:room:{LAYOUT}:*"
_ROOM: Final = re.compile(rb"\{p(\d+)\}:room:%d:([^:]+)" % LAYOUT)


def partition(number: int, name: str) -> bytes:
    """Return a partition's own key.

    These are journal, events (a channel), head, nodes, relay, swept, ended, node:, jti: and session:.
    """
    return f"{{p{number}}}:{name}".encode()


@dataclass(frozen=True, slots=True)
class RoomKeys:
    """A room's keys. ``room`` has its sections; ``presence`` the nodes to which each member is connected.

    ``chat`` has the ids of its messages in order, ``texts`` the messages by id.
    """

    room: bytes
    members: bytes
    log: bytes
    chat: bytes
    texts: bytes
    presence: bytes
    closed: bytes
    lifecycle: bytes  # the highest version at which the API closed or reopened it
    restoring: bytes
    packed: bytes  # the first keys of a call of commit.lua
    packed_id: bytes

    @classmethod
    def of(cls, number: int, room_id: str) -> RoomKeys:
        """Return the keys of a room in its partition."""
        room = partition(number, f"room:{LAYOUT}:{room_id}")
        of_commit = (
            room,
            *(room + part for part in (b":members", b":log", b":chat", b":texts", b":presence", b":closed")),
        )
        _, members, log, chat, texts, presence, closed = of_commit
        return cls(
            room=room,
            members=members,
            log=log,
            chat=chat,
            texts=texts,
            presence=presence,
            closed=closed,
            lifecycle=room + b":lifecycle",
            restoring=room + b":restoring",
            packed=packed(*of_commit),
            packed_id=packed(room_id),
        )


def room_of(key: bytes) -> tuple[int, str] | None:
    """Return the partition and the id of the room whose first key this is, None for any other key."""
    found = _ROOM.fullmatch(key)
    return None if found is None else (int(found[1]), found[2].decode())
