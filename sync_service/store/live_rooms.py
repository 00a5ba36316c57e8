"""All live rooms, found by their keys: for whoever runs the service, never on the way of a request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from sync_service.redis_client.shards import Shards
from sync_service.room.value import value
from sync_service.store.redis_keys import ANY_ROOM, RoomKeys, room_of
from sync_service.store.room_store import RoomStore
from sync_service.store.snapshot import Snapshot

KEYS_AT_ONCE: Final = 1_000


@value(frozen=True, slots=True)
class FoundRoom:
    """A room as the store had it at ``now_ms``, by the store's clock."""

    partition: int
    id: str
    snapshot: Snapshot
    now_ms: float


async def live_rooms(shards: Shards) -> AsyncIterator[FoundRoom]:
    """Yield every live room, in no order; Redis serves others meanwhile (SCAN). Raises StoreError."""
    for shard in shards:
        cursor, seen = b"0", set[bytes]()
        while True:
            cursor, keys = await shard.link.call("SCAN", cursor, "MATCH", ANY_ROOM, "COUNT", KEYS_AT_ONCE)
            # SCAN may return a key twice.
            for key in set(keys) - seen:
                seen.add(key)
                place = room_of(key)
                if place is None:
                    continue
                partition, id_ = place
                snapshot = await RoomStore(shard, partition, "cli").read(RoomKeys.of(partition, id_))
                if isinstance(snapshot, Snapshot) and snapshot.state.closed is None:
                    seconds, micros = await shard.link.call("TIME")
                    yield FoundRoom(partition, id_, snapshot, int(seconds) * 1000 + int(micros) / 1000)
            if cursor == b"0":
                break
