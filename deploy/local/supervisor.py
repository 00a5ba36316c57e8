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
class _Supervised:
    program: Program
    ready_at: float = 0.0
    pause_s: float = 0.0
    due: float | None = None  # when to start it again, once its end was noticed


class Supervisor:
    """The programs of a run, in the order in which they start.

    Only for the main thread: it learns by signals of programs that end and of requests to stop.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._programs: list[_Supervised] = []

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
        started = [_Supervised(program) for program in programs]
        for one in started:
            self._programs.append(one)
            one.program.spawn()
        for one in started:
            with self._progress.step(one.program.name, f"ready on port {one.program.port}"):
                one.program.wait_ready()
            one.ready_at = time.monotonic()

    def watch(self) -> None:
        """Start again whatever ends, while listening; returns by StopRequested only."""
        while True:
            for one in self._programs:
                if one.due is None and not one.program.running():
                    self._notice(one)
                if one.due is not None and time.monotonic() >= one.due:
                    self._revive(one)
            due = [one.due for one in self._programs if one.due is not None]
            # A handler runs between two steps of Python: for a signal that comes just before a wait, or to another
            # thread, it would run after the wait. The signal's number is written here besides, at once.
            select.select([self._signals], [], [], max(0.0, min(due) - time.monotonic()) if due else None)
            with suppress(BlockingIOError):
                self._signals.recv(4096)

    def stop(self) -> None:
        """End all programs, the last started first; when asked again meanwhile, kill the rest at once."""
        try:
            while self._programs:
                program = self._programs[-1].program
                if program.running():
                    with self._progress.step(program.name, "stopped"):
                        program.stop()
                self._programs.pop().program.kill()
        except StopRequested:
            for one in self._programs:
                one.program.kill()
            self._programs.clear()

    def _notice(self, one: _Supervised) -> None:
        now = time.monotonic()
        one.pause_s = _longer(one.pause_s) if now - one.ready_at < SHORT_LIFE_S else 0.0
        one.due = now + one.pause_s
        program = one.program
        when = f" in {one.pause_s:.0f} s" if one.pause_s else ""
        self._progress.say(f"  {program.name} ended{_how(program)} and is started again{when}; see {program.log}")

    def _revive(self, one: _Supervised) -> None:
        try:
            with self._progress.step(one.program.name, "ready again"):
                one.program.restart()
        except (NotStarted, PortTaken) as error:
            one.pause_s = _longer(one.pause_s)
            one.due = time.monotonic() + one.pause_s
            self._progress.say(f"  {str(error).splitlines()[0]}; next try in {one.pause_s:.0f} s")
        else:
            one.ready_at, one.due = time.monotonic(), None


def _longer(pause_s: float) -> float:
    return min(max(FIRST_PAUSE_S, pause_s * 2), LONGEST_PAUSE_S)


def _how(program: Program) -> str:
    code = program.exit_code()
    if code is None:
        return ""
    return f" by {signal.Signals(-code).name}" if code < 0 else f" with code {code}"


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested
