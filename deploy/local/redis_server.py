"""A private Redis server."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import redis
from mirakuru import TCPExecutor

from deploy.local.program import NotStarted, Program, plain_environment


class Redis(Program, TCPExecutor):
    """A Redis server with its append-only file in `folder`; it refuses writes rather than evict (`noeviction`).

    `settings` are added to its own, or replace them; `command` is another one than that of a plain server. With
    `clock`, a file of its own, the server's clock can be set while it runs (`set_clock`). `durable=False` gives up the
    file: the data ends with the server, and a busy disk never holds it up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        log: Path,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        clock: Path | None = None,
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
        command = ["redis-server", *words] if command is None else command
        self._clock = clock
        if clock is not None:
            clock.write_text("+0\n")
            options["env"] = plain_environment(**shifted(clock))
        super().__init__("redis", command, log=log, host="127.0.0.1", port=port, **options)

    @property
    def url(self) -> str:
        """The address of database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """Give the address of another database (0 to 255)."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def set_clock(self, ahead_s: float) -> None:
        """Set this server's clock so far ahead of the machine's (below 0: behind), from its next look at it on."""
        if self._clock is None:
            raise ValueError("this Redis goes by the machine's clock")
        # A new file in the place of the old one: the server must never read half of it.
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+.6f}\n")
        fresh.replace(self._clock)

    def client(self) -> "redis.Redis":
        """Give a connection to this very server."""
        return redis.Redis(host=self.host, port=self.port, socket_timeout=2)

    def after_start_check(self) -> bool:
        """Say whether Redis has read its file and answers."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def shifted(clock: Path) -> dict[str, str]:
    """Give the variables by which libfaketime (Debian's package faketime) shifts the wall clock of a program.

    `clock` is a file that says by how much, such as `+3600`; the program looks into it each time it asks for the time.
    """
    library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
    if library is None:
        raise NotStarted("a Redis with a clock of its own needs libfaketime (Debian: apt-get install faketime)")
    return {
        # libc first: with jemalloc's malloc, which looks at the clock before libfaketime is set up, it would not start.
        "LD_PRELOAD": f"{library} libc.so.6",
        "FAKETIME_TIMESTAMP_FILE": str(clock.resolve()),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
