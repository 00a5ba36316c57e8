"""A private Redis server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis

from deploy.local.program import Program


class Redis(Program):
    """A Redis server with its append-only file in `folder`; it refuses writes rather than evict (`noeviction`).

    `settings` are added to its own, or replace them. `durable=False` gives up the file: the data ends with the server,
    and a busy disk never holds it up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        log: Path,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
        **options: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        all_settings = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(folder.resolve()),
            "appendonly": "yes" if durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "256",
            **(settings or {}),
        }
        words = [word for name, value in all_settings.items() for word in (f"--{name}", value)]
        super().__init__("redis", ["redis-server", *words], port=port, log=log, **options)

    @property
    def url(self) -> str:
        """The address of database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """Return the address of another database (0 to 255)."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def client(self) -> "redis.Redis":
        """Return a connection to this very server."""
        return redis.Redis(host=self.host, port=self.port, socket_timeout=2)

    def serves(self) -> bool:
        """Return whether Redis has read its file and answers."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
