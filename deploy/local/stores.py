"""The three stores together: private servers, or the addresses that the environment gives."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.free_ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis


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


def private_stores(folder: Path, *, durable: bool = True, dies_with_us: bool = False) -> PrivateStores:
    """Describe three private stores with their data and logs in `folder`, on free ports.

    With `durable=False` they are quicker: PostgreSQL may lose data when the machine crashes, Redis when it ends.
    """
    logs = folder / "log"
    postgres, redis, rabbitmq = free_ports(3)
    return PrivateStores(
        Postgres(
            folder / "postgres", port=postgres, log=logs / "postgres.log", durable=durable, dies_with_us=dies_with_us
        ),
        Redis(folder / "redis", port=redis, log=logs / "redis.log", durable=durable, dies_with_us=dies_with_us),
        RabbitMQ(folder / "rabbitmq", port=rabbitmq, log=logs / "rabbitmq.log", dies_with_us=dies_with_us),
    )


def given_or_private(environ: Mapping[str, str], private: PrivateStores) -> Stores:
    """Return the stores that the environment names (DATABASE_URL, REDIS_URL, AMQP_URL), private ones for the rest."""
    return Stores(
        _given("postgres", "DATABASE_URL", environ) or private.postgres,
        _given("redis", "REDIS_URL", environ) or private.redis,
        _given("rabbitmq", "AMQP_URL", environ) or private.rabbitmq,
    )


def _given(name: str, variable: str, environ: Mapping[str, str]) -> GivenStore | None:
    url = environ.get(variable)
    return GivenStore(name, url) if url else None
