"""The three stores together: private servers, or the addresses that the environment gives."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import port_for

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis

VARIABLES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "rabbitmq": "AMQP_URL"}


@dataclass(frozen=True)
class GivenStore:
    """A store that somebody else runs; it is used, and never started or stopped."""

    name: str
    url: str


@dataclass(frozen=True)
class Stores:
    """PostgreSQL, Redis and RabbitMQ, each private or given."""

    postgres: Postgres | GivenStore
    redis: Redis | GivenStore
    rabbitmq: RabbitMQ | GivenStore

    @property
    def own(self) -> list[Postgres | Redis | RabbitMQ]:
        """The private ones, in the order in which they best start: the slowest first."""
        return [store for store in (self.rabbitmq, self.postgres, self.redis) if not isinstance(store, GivenStore)]

    def start(self) -> None:
        """Start the private ones side by side and wait until all serve; on an error none is left running."""
        with contextlib.ExitStack() as undo:
            for store in self.own:
                undo.callback(store.kill)
                store.spawn()
            for store in self.own:
                store.wait_ready()
            undo.pop_all()

    def stop(self) -> None:
        """End the private ones in order."""
        for store in reversed(self.own):
            store.stop()

    def kill(self) -> None:
        """End the private ones at once."""
        for store in self.own:
            store.kill()


@dataclass(frozen=True)
class PrivateStores(Stores):
    """Three stores of our own, which may be stopped, killed and started again one by one."""

    postgres: Postgres
    redis: Redis
    rabbitmq: RabbitMQ


def private_stores(folder: Path, *, durable: bool = True) -> PrivateStores:
    """Describe three private stores with their data and logs in `folder`, on free ports."""
    logs = folder / "log"
    return PrivateStores(
        Postgres(folder / "postgres", port=port_for.select_random(), log=logs / "postgres.log", durable=durable),
        Redis(folder / "redis", port=port_for.select_random(), log=logs / "redis.log"),
        RabbitMQ(folder / "rabbitmq", port=port_for.select_random(), log=logs / "rabbitmq.log"),
    )


def given_store(name: str, environ: Mapping[str, str]) -> GivenStore | None:
    """Give the store that the environment names (DATABASE_URL, REDIS_URL, AMQP_URL), or None."""
    url = environ.get(VARIABLES[name])
    return GivenStore(name, url) if url else None
