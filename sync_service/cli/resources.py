"""What commands work with: the service's settings, and its Redis for as long as a command runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.command_line import CommandFailed
from shared.settings import Environment, read
from sync_service.redis_client.client import StoreError
from sync_service.redis_client.shards import Shards
from sync_service.settings import redis_setting
from sync_service.store.scripts import READ

CONNECT_S: Final = 5.0
LOOK_S: Final = 0.05


@asynccontextmanager
async def store() -> AsyncIterator[tuple[Shards, int]]:
    """Connect to every shard of Redis; the second is the number of partitions. Raises SettingsError, CommandFailed."""
    address, partitions = read(lambda env: (redis_setting(env), env.partitions()))
    shards = Shards(address, "sync_service.cli", partitions, scripts=[READ.source])
    await shards.start()
    try:
        await _wait(shards)
        yield shards, partitions
    except (StoreError, ConnectionError) as error:
        raise CommandFailed(f"Redis (REDIS_URL): {error}") from None
    finally:
        await shards.close()


def amqp_url() -> str:
    """Return AMQP_URL; raises SettingsError."""
    return read(_amqp_url)


def _amqp_url(environment: Environment) -> str:
    return environment.address("AMQP_URL", "amqp", "amqps", example="amqp://guest:guest@127.0.0.1:5672/")


async def _wait(shards: Shards) -> None:
    """Wait until every shard answers; raises ConnectionError with the reason once that takes too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + CONNECT_S
    while True:
        try:
            await shards.check()
        except (StoreError, ConnectionError):
            if loop.time() > until:
                raise
            await asyncio.sleep(LOOK_S)
        else:
            return
