"""A private Redis server."""

from pathlib import Path
from typing import Any

import redis
from mirakuru import TCPExecutor

from deploy.local.program import Program


class Redis(Program, TCPExecutor):
    """A Redis server with its append-only file in `folder`; it refuses writes rather than evict (`noeviction`)."""

    def __init__(self, folder: Path, *, port: int, log: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(folder.resolve()),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "256",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        super().__init__("redis", ["redis-server", *words], log=log, host="127.0.0.1", port=port, **options)

    @property
    def url(self) -> str:
        """The address of database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """Give the address of another database (0 to 255)."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def after_start_check(self) -> bool:
        """Say whether Redis has read its file and answers."""
        try:
            with redis.Redis(host=self.host, port=self.port, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
