"""`journal`: what waits in Redis for RabbitMQ."""

import argparse

from shared.command_line import say, say_table
from sync_service.cli.resources import store
from sync_service.store import redis_keys
from sync_service.store.room_store import JOURNAL_BOUND


async def list_waiting(_options: argparse.Namespace) -> None:
    """List partitions with entries of the journal that RabbitMQ has not confirmed, and how many."""
    async with store() as (shards, partitions):
        rows = []
        for number in range(partitions):
            waiting = await shards.of(number).link.call("XLEN", redis_keys.partition(number, "journal"))
            if waiting:
                rows.append((number, waiting, shards.of(number).name))
    say_table(("PARTITION", "ENTRIES", "SHARD"), rows)
    say(f"{sum(row[1] for row in rows)} entries wait; a partition holds {JOURNAL_BOUND} at most")
