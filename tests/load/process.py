"""What the kernel counts for a process, and on which core it may run."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

_CPU_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h


class Process:
    """A running process and all its threads."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        # What clock_getcpuclockid(3) gives: nanoseconds, where /proc/PID/stat counts ticks of 10 ms.
        self._clock = ~pid << 3 | _CPU_CLOCK

    def cpu_s(self) -> float:
        """Seconds of CPU so far, in its own code and in the kernel's."""
        return time.clock_gettime(self._clock)

    def ticks(self) -> tuple[int, int]:
        """Return the ticks in its own code and in the kernel's so far (proc(5)): coarse, but apart."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]), int(fields[12])

    def memory_bytes(self) -> int:
        """Resident memory."""
        return int((self._folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Cores:
    """Servers on one core and the load on another, where there are two."""

    def __init__(self) -> None:
        self._all = sorted(os.sched_getaffinity(0))
        self.apart = len(self._all) > 1
        self.servers, self.load = self._all[0], self._all[-1]

    @contextlib.contextmanager
    def for_servers(self) -> Iterator[None]:
        """What starts within runs on the servers' core (children inherit it), we ourselves afterwards on the other."""
        if self.apart:
            os.sched_setaffinity(0, [self.servers])
        try:
            yield
        finally:
            if self.apart:
                os.sched_setaffinity(0, [self.load])

    @staticmethod
    def times(core: int) -> tuple[float, float]:
        """Return for how many seconds a core has been busy, and how many of these count for no process.

        What loopback does for a receiver within the sender's send() is such (softirq).
        """
        line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
        seconds = [int(number) / os.sysconf("SC_CLK_TCK") for number in line.split()[1:9]]
        return sum(seconds) - seconds[3] - seconds[4], seconds[5] + seconds[6]
