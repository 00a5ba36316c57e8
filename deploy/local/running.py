"""Which local run is alive in a folder: at most one, known by a lock that the kernel frees when its process ends."""

import fcntl
import json
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.services import StoreUrls


class AlreadyRuns(Exception):
    """Another local run is alive in this folder."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"Movie Together runs here already (process {pid}); `make stop` ends it")
        self.pid = pid


@dataclass(frozen=True)
class Run:
    """A local run that is alive; its stores are None until they serve."""

    pid: int
    stores: StoreUrls | None = None


class RunFile:
    """The file that a local run keeps locked while it lives, with its process id and its stores' addresses."""

    def __init__(self, local: Path) -> None:
        self._path = local / "running.json"

    @contextmanager
    def locked(self) -> Iterator[Callable[[Run], None]]:
        """Lock the file for the block and yield what writes this run into it. Raises AlreadyRuns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # The stores' addresses carry passwords.
        self._path.touch(mode=0o600)
        with self._path.open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                run = self.read()
                raise AlreadyRuns(run.pid if run else None) from None

            def write(run: Run) -> None:
                file.seek(0)
                file.write(json.dumps(asdict(run)))
                file.truncate()
                file.flush()

            write(Run(os.getpid()))
            yield write

    def read(self) -> Run | None:
        """Return the run that is alive, or None."""
        try:
            with self._path.open(encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    run = json.load(file)
                    return Run(run["pid"], StoreUrls(**run["stores"]) if run["stores"] else None)
                return None
        except FileNotFoundError:
            return None


def end(pid: int, timeout_s: float) -> bool:
    """Ask a process to end and wait for it; return whether it did in time."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        readable, _, _ = select.select([process], [], [], timeout_s)
        return bool(readable)
    finally:
        os.close(process)
