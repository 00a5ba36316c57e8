"""Processes of ours, started for a test as they are started in earnest."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

from deploy.local.program import NotStarted, Program, WebProgram, plain_environment, tail

ROOT = Path(__file__).parents[2]


class RunProcess(Protocol):
    """Start a process and wait until `ready_url` answers 2xx; it is stopped when the test ends.

    `args` is what a person would type: ["python", "-m", "sync_service"], ["node", "server.mjs"] (both of the virtual
    environment). `env` is the whole environment beside PATH and HOME. The process can be stopped, killed and started
    again (`stop()`, `kill()`, `start()`); its output is in `log`, and is shown when the test fails.
    """

    def __call__(
        self,
        args: Sequence[str],
        env: Mapping[str, str],
        ready_url: str,
        *,
        name: str | None = None,
        timeout_s: float = 60,
        start: bool = True,
    ) -> WebProgram: ...


@contextmanager
def processes(folder: Path) -> Iterator[RunProcess]:
    """Return a `RunProcess` whose processes keep their output in `folder` and end with the block."""
    started: list[WebProgram] = []

    def run_process(
        args: Sequence[str],
        env: Mapping[str, str],
        ready_url: str,
        *,
        name: str | None = None,
        timeout_s: float = 60,
        start: bool = True,
    ) -> WebProgram:
        name = name or Path(args[-1]).stem
        process = WebProgram(
            name,
            args,
            ready_url=ready_url,
            log=folder / f"{len(started)}-{name}.log",
            env=plain_environment(**env),
            timeout_s=timeout_s,
            cwd=str(ROOT),
        )
        started.append(process)
        return process.start() if start else process

    try:
        yield run_process
    finally:
        for process in reversed(started):
            process.stop()
        for process in started:
            # pytest shows this for a failed test only.
            print(f"--- {process.name} ({process.log})\n{tail(process.log, 60)}")


@contextmanager
def frozen(program: Program) -> Iterator[None]:
    """Stop a program and its helpers (SIGSTOP) while the block runs: they keep their connections and say nothing."""
    assert program.pid is not None
    parent = psutil.Process(program.pid)
    stopped = [parent, *parent.children(recursive=True)]
    try:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def wait_until(condition: Callable[[], bool], complaint: str, *, timeout_s: float = 30) -> None:
    """Wait until something holds. Raises NotStarted with the complaint."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotStarted(f"{complaint} within {timeout_s:g} s")
        time.sleep(0.05)
