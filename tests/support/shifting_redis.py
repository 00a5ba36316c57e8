"""A private Redis whose wall clock a test sets while it runs."""

from pathlib import Path
from typing import Any

from deploy.local.program import NotStarted, plain_environment
from deploy.local.redis_server import Redis


class ShiftingRedis(Redis):
    """A Redis server whose clock is the machine's, shifted by what stands in the file `clock`."""

    def __init__(self, folder: Path, *, clock: Path, **options: Any) -> None:
        self._clock = clock
        clock.write_text("+0\n")
        super().__init__(folder, env=plain_environment(**shifted(clock)), **options)

    def set_clock(self, ahead_s: float) -> None:
        """Set this server's clock so far ahead of the machine's (below 0: behind), from its next look at it on."""
        # A new file in the place of the old one: the server must never read half of it.
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+.6f}\n")
        fresh.replace(self._clock)


def shifted(clock: Path) -> dict[str, str]:
    """Return the variables by which libfaketime (Debian's package faketime) shifts the wall clock of a program.

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
