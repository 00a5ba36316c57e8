"""A private Redis master with a replica, and the Sentinels that put one in the place of the other."""

import contextlib
from pathlib import Path
from typing import Final

import redis

from deploy.local.free_ports import free_ports
from deploy.local.redis_server import Redis
from tests.support.processes import wait_until

DOWN_AFTER_MS: Final = 4_000  # one that only waits for a processor has not died
MASTER_NAME: Final = "movie-together"


class RedisSentinels:
    """A master, a replica and three Sentinels, on free ports of this machine."""

    def __init__(self, folder: Path, *, logs: Path) -> None:
        master, replica, *sentinels = free_ports(5)
        common = {"repl-diskless-sync-delay": "0"}
        self.servers = [
            Redis(folder / "redis-0", port=master, log=logs / "redis-0.log", settings=common),
            Redis(
                folder / "redis-1",
                port=replica,
                log=logs / "redis-1.log",
                settings={**common, "replicaof": f"127.0.0.1 {master}"},
            ),
        ]
        self.sentinels = [
            Sentinel(folder / f"sentinel-{n}", port=port, master_port=master, log=logs / f"sentinel-{n}.log")
            for n, port in enumerate(sentinels)
        ]

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER_NAME}/0"

    def start(self) -> "RedisSentinels":
        """Start all and wait until every Sentinel knows the replica and the other Sentinels."""
        with contextlib.ExitStack() as undo:
            for program in (*self.servers, *self.sentinels):
                undo.callback(program.kill)
                program.spawn()
            for program in (*self.servers, *self.sentinels):
                program.wait_ready()
            wait_until(self.whole, "the Sentinels did not find each other")
            undo.pop_all()
        return self

    def kill(self) -> None:
        """End all at once."""
        for program in (*self.sentinels, *self.servers):
            program.kill()

    def master(self) -> Redis:
        """Return the server that leads, as the first Sentinel has it."""
        with self.sentinels[0].client() as client:
            _, port = client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
        return next(server for server in self.servers if server.port == int(port))

    def whole(self) -> bool:
        """Return whether every Sentinel knows the replica and the other Sentinels, and the replica has the data."""
        try:
            for sentinel in self.sentinels:
                with sentinel.client() as client:
                    known = client.execute_command("SENTINEL MASTER", MASTER_NAME)
                    if int(known["num-slaves"]) < 1 or int(known["num-other-sentinels"]) < len(self.sentinels) - 1:
                        return False
            with self.master().client() as client:
                return bool(client.info("replication").get("slave0", {}).get("state") == "online")
        except redis.RedisError:
            return False


class Sentinel(Redis):
    """A Redis that watches others. It keeps what it knows in its own file of settings."""

    def __init__(self, folder: Path, *, port: int, master_port: int, log: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "sentinel.conf"
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"dir {folder.resolve()}",
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master_port} 2",
            f"sentinel down-after-milliseconds {MASTER_NAME} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {MASTER_NAME} 10000",
        ]
        file.write_text("\n".join(lines) + "\n")
        super().__init__(folder, port=port, log=log)
        self.command = ["redis-server", str(file), "--sentinel"]
