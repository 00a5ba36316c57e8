"""Keeps a local run alive: starts its programs in order, starts again what dies, and ends everything in order."""

import select
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from deploy.local.program import NotStarted, PortTaken, Program
from deploy.local.progress import Progress

# A program that ends sooner than this after it was ready is started again after a pause, which doubles each time.
SHORT_LIFE_S = 10.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked the run to end (Ctrl-C, `make stop`, a closed terminal)."""


@dataclass
class _Kept:
    program: Program
    ready_at: float = 0.0
    pause_s: float = 0.0
    due: float | None = None  # when to start it again, once its end was noticed


class Supervisor:
    """The programs of a run, in the order in which they start.

    Only for the main thread: it learns of deaths and wishes by signals.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._kept: list[_Kept] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Turn the ending signals into StopRequested, and notice children that end."""
        before = {number: signal.getsignal(number) for number in (*ENDINGS, signal.SIGCHLD)}
        self._signals, signalled = socket.socketpair()
        with self._signals, signalled:
            self._signals.setblocking(False)
            signalled.setblocking(False)
            fd_before = signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
            for number in ENDINGS:
                signal.signal(number, _request_stop)
            signal.signal(signal.SIGCHLD, lambda *_: None)
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(fd_before)

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs side by side and wait for each. Raises PortTaken, NotStarted."""
        started = [_Kept(program) for program in programs]
        for kept in started:
            self._kept.append(kept)
            kept.program.spawn()
        for kept in started:
            with self._progress.step(kept.program.name, f"ready on port {kept.program.port}"):
                kept.program.wait_ready()
            kept.ready_at = time.monotonic()

    def watch(self) -> None:
        """Start again whatever ends, while listening; returns by StopRequested only."""
        while True:
            for kept in self._kept:
                if kept.due is None and not kept.program.running():
                    self._notice(kept)
                if kept.due is not None and time.monotonic() >= kept.due:
                    self._revive(kept)
            due = [kept.due for kept in self._kept if kept.due is not None]
            # A handler runs between two steps of Python: for a signal that comes just before a wait, or to another
            # thread, it would run after the wait. The signal's number is written here besides, at once.
            select.select([self._signals], [], [], max(0.0, min(due) - time.monotonic()) if due else None)
            with suppress(BlockingIOError):
                self._signals.recv(4096)

    def stop(self) -> None:
        """End all programs, the last started first; when asked again meanwhile, kill the rest at once."""
        try:
            while self._kept:
                program = self._kept[-1].program
                if program.running():
                    with self._progress.step(program.name, "stopped"):
                        program.stop()
                self._kept.pop().program.kill()
        except StopRequested:
            for kept in self._kept:
                kept.program.kill()
            self._kept.clear()

    def _notice(self, kept: _Kept) -> None:
        now = time.monotonic()
        kept.pause_s = _longer(kept.pause_s) if now - kept.ready_at < SHORT_LIFE_S else 0.0
        kept.due = now + kept.pause_s
        program = kept.program
        when = f" in {kept.pause_s:.0f} s" if kept.pause_s else ""
        self._progress.say(f"  {program.name} ended{_how(program)} and is started again{when}; see {program.log}")

    def _revive(self, kept: _Kept) -> None:
        try:
            with self._progress.step(kept.program.name, "ready again"):
                kept.program.restart()
        except (NotStarted, PortTaken) as error:
            kept.pause_s = _longer(kept.pause_s)
            kept.due = time.monotonic() + kept.pause_s
            self._progress.say(f"  {str(error).splitlines()[0]}; next try in {kept.pause_s:.0f} s")
        else:
            kept.ready_at, kept.due = time.monotonic(), None


def _longer(pause_s: float) -> float:
    return min(max(FIRST_PAUSE_S, pause_s * 2), LONGEST_PAUSE_S)


def _how(program: Program) -> str:
    code = program.exit_code()
    if code is None:
        return ""
    return f" by {signal.Signals(-code).name}" if code < 0 else f" with code {code}"


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested
