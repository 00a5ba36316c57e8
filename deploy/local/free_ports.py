"""Free ports, each handed out once on this machine: programs that run side by side choose theirs at any moment."""

import errno
import fcntl
import functools
import os
import random
import tempfile
from pathlib import Path

import port_for

_handed_out: set[int] = set()


def free_port() -> int:
    """Return a TCP port that nothing listens on, outside of the range that outgoing connections take theirs from.

    Nobody else who asks here gets it while this process lives, also while nothing listens on it yet, or for now.
    """
    free = list(port_for.available_good_ports() - _handed_out)
    random.shuffle(free)
    for port in free:
        # Checked once it is ours: the check opens a connection, which a server of another process would notice.
        if reserve(port) and not port_for.port_is_used(port):
            return int(port)
    raise OSError(errno.EADDRINUSE, "every port that programs may take is in use")


def free_ports(count: int) -> list[int]:
    """Return several of them."""
    return [free_port() for _ in range(count)]


def reserve(port: int) -> bool:
    """Reserve a port for this process until it ends; return False where another one has reserved it."""
    try:
        # A lock of one byte of a file for each port: the kernel lets go of it whatever becomes of the process.
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    _handed_out.add(port)
    return True


@functools.cache
def _locks() -> int:
    """Return the file's descriptor; it stays open, since closing it would let go of all its locks (fcntl(2))."""
    path = Path(tempfile.gettempdir(), f"movie-together-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
