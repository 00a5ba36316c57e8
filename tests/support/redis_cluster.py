"""A private Redis Cluster: three masters, each with a replica that takes over from it."""

import contextlib
from functools import partial
from pathlib import Path
from typing import Final

import redis

from deploy.local.free_ports import free_ports
from deploy.local.redis_server import Redis
from tests.support.processes import wait_until

MASTERS: Final = 3
SLOTS: Final = 16_384
NODE_TIMEOUT_MS: Final = 4_000  # one that only waits for a processor has not died


class RedisCluster:
    """Three masters with a replica each, on free ports of this machine; nodes can be killed and started one by one.

    With `durable=False` a node that ends loses its data (see Redis).
    """

    def __init__(
        self, folder: Path, *, logs: Path, node_timeout_ms: int = NODE_TIMEOUT_MS, durable: bool = True
    ) -> None:
        settings = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(node_timeout_ms),
            "cluster-announce-ip": "127.0.0.1",
            # A room is served by one master: those of the others go on while it is away.
            "cluster-require-full-coverage": "no",
            # A replica takes over however long it had no word of its master, as long as it is the best there is.
            "cluster-replica-validity-factor": "0",
            "repl-diskless-sync-delay": "0",
            "databases": "1",
        }
        ports = free_ports(4 * MASTERS)
        self._buses = dict(zip(ports[::2], ports[1::2], strict=True))
        self.nodes = [
            Redis(
                folder / f"node-{n}",
                port=port,
                log=logs / f"redis-{n}.log",
                # The usual bus, 10,000 above the port, lies where outgoing connections take their ports from.
                settings={**settings, "cluster-port": str(bus)},
                durable=durable,
            )
            for n, (port, bus) in enumerate(self._buses.items())
        ]

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def start(self) -> "RedisCluster":
        """Start all nodes and wait until they are a Cluster that serves, every master with its replica."""
        with contextlib.ExitStack() as undo:
            for node in self.nodes:
                undo.callback(node.kill)
                node.spawn()
            for node in self.nodes:
                node.wait_ready()
            self._join()
            undo.pop_all()
        return self

    def kill(self) -> None:
        """End all nodes at once."""
        for node in self.nodes:
            node.kill()

    def running(self) -> bool:
        """Return whether every node runs."""
        return all(node.running() for node in self.nodes)

    def heal(self) -> None:
        """Start again the nodes that do not run, and wait until the Cluster is whole."""
        for node in self.nodes:
            if not node.running():
                node.restart()
        wait_until(self.whole, "a Redis Cluster did not become whole again")

    def master_of(self, slot: int) -> Redis:
        """Return the node that leads a slot now."""
        for node in self.nodes:
            with contextlib.suppress(redis.RedisError), node.client() as client:
                for first, last, (_, port, *_), *_ in client.execute_command("CLUSTER SLOTS"):
                    if first <= slot <= last:
                        return next(node for node in self.nodes if node.port == port)
        raise LookupError(f"nobody leads slot {slot}")

    def replicas_of(self, master: Redis) -> list[Redis]:
        """Return the nodes that follow a master and have all of what it has."""
        with master.client() as client:
            told = client.info("replication")
        ports = [
            told[f"slave{n}"]["port"] for n in range(told["connected_slaves"]) if told[f"slave{n}"]["state"] == "online"
        ]
        return [node for node in self.nodes if node.port in ports]

    def move_slot(self, slot: int, target: Redis) -> None:
        """Have another master lead a slot, with all keys in it, as `redis-cli --cluster reshard` does."""
        source = self.master_of(slot)
        with source.client() as giving, target.client() as taking:
            from_id, to_id = (client.execute_command("CLUSTER MYID") for client in (giving, taking))
            taking.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", from_id)
            giving.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", to_id)
            while keys := giving.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
                giving.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *keys)
            for client in (taking, giving):
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", to_id)

    def flush(self) -> None:
        """Empty it."""
        for node in self.nodes:
            with node.client() as client:
                if client.execute_command("ROLE")[0] == b"master":
                    client.flushall()

    def whole(self) -> bool:
        """Return whether every slot is led and every master has its replica."""
        try:
            masters = 0
            for node in self.nodes:
                with node.client() as client:
                    if client.execute_command("CLUSTER INFO").get("cluster_state") != "ok":
                        return False
                    if client.execute_command("ROLE")[0] == b"master":
                        masters += 1
                        if not self.replicas_of(node):
                            return False
        except redis.RedisError:
            return False
        return masters == MASTERS

    def _join(self) -> None:
        masters, replicas = self.nodes[:MASTERS], self.nodes[MASTERS:]
        for n, master in enumerate(masters):
            with master.client() as client:
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", n + 1)
                first, last = (SLOTS * n // MASTERS, SLOTS * (n + 1) // MASTERS - 1)
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
        for master in masters:
            with master.client() as client:
                for node in self.nodes:
                    client.execute_command("CLUSTER MEET", "127.0.0.1", node.port, self._buses[node.port])
        for replica, master in zip(replicas, masters, strict=True):
            with master.client() as client:
                id_ = client.execute_command("CLUSTER MYID")
            wait_until(partial(_follows, replica, id_), "a Redis did not join its Cluster")
        wait_until(self.whole, "a Redis Cluster did not come about")


def _follows(replica: Redis, master_id: bytes) -> bool:
    try:
        with replica.client() as client:
            client.execute_command("CLUSTER REPLICATE", master_id)
    except redis.ResponseError:
        return False  # it does not know that node yet
    return True
