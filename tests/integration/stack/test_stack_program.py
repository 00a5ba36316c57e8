"""What becomes of programs, and of what they have started, when they end or the process that has started them does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.free_ports import free_port
from deploy.local.program import Program, plain_environment, wait_until_gone
from tests.support.processes import ROOT

# A server with a child in a session of its own, as PostgreSQL's are. It writes the child's id into its log.
SERVER = """
import http.server, subprocess, sys
print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""

# Starts a program and, on its own account, another process; leaves both running, and ends when its input does.
LEAVER = """
import subprocess, sys
from pathlib import Path
from deploy.local.program import Program
server, port, log = sys.argv[1:]
program = Program("left", [sys.executable, "-c", server, port], port=int(port), log=Path(log)).start()
null = subprocess.DEVNULL
own = subprocess.Popen(["sleep", "600"], stdin=null, stdout=null, stderr=null, start_new_session=True)
print(program.pid, own.pid, flush=True)
sys.stdin.read()
own.returncode = 0  # nobody waits for it
"""

# Starts a program, and forks a process that exits as processes do.
FORKER = """
import os, sys
from pathlib import Path
from deploy.local.program import Program
server, port, log = sys.argv[1:]
program = Program("server", [sys.executable, "-c", server, port], port=int(port), log=Path(log)).start()
forked = os.fork()
if forked == 0:
    sys.exit()
os.waitpid(forked, 0)
print("still running" if program.running() else "ended")
"""

# Has another process serve, in a group of its own, as the shell's jobs are; writes its id.
WRAPPER = """
import subprocess, sys
command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", sys.argv[1]]
job = subprocess.Popen(command, process_group=0)
print(job.pid, flush=True)
job.wait()
"""


def server(folder: Path) -> Program:
    port = free_port()
    return Program("server", [sys.executable, "-c", SERVER, str(port)], port=port, log=folder / f"{port}.log")


def child_in(log: Path) -> psutil.Process:
    return psutil.Process(int(log.read_text().split()[0]))


@pytest.fixture
def leaver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with a program, and with another process, whose ids it has written."""
    command = [sys.executable, "-c", LEAVER, SERVER, str(free_port()), str(tmp_path / "left.log")]
    with subprocess.Popen(
        command, cwd=ROOT, env=plain_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_an_exit_ends_what_was_started_and_nobody_elses_processes(
    leaver: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert leaver.stdout is not None
    left, own = (psutil.Process(int(pid)) for pid in leaver.stdout.readline().split())
    child = child_in(tmp_path / "left.log")
    with server(tmp_path) as ours:
        try:
            leaver.communicate()

            assert wait_until_gone([left, child]) == []
            assert own.is_running()
            assert own.status() != psutil.STATUS_ZOMBIE
            assert ours.running()
        finally:
            own.kill()


@pytest.mark.parametrize("end", [Program.stop, Program.kill])
def test_a_program_ends_with_its_children_in_other_sessions(tmp_path: Path, end: Callable[[Program], Program]) -> None:
    program = server(tmp_path).start()
    child = child_in(program.log)
    assert child.is_running()

    end(program)

    assert wait_until_gone([child], timeout_s=0) == []
    assert program.pid is None


def test_the_exit_of_a_forked_process_ends_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKER, SERVER, str(free_port()), str(tmp_path / "log")]

    forked = subprocess.run(command, cwd=ROOT, env=plain_environment(), capture_output=True, text=True, check=True)

    assert forked.stdout == "still running\n"


def test_what_a_dead_program_left_behind_ends_before_the_next_start(tmp_path: Path) -> None:
    """RabbitMQ's script, for one, leaves the broker running when it alone is killed."""
    port = free_port()
    program = Program("wrapper", [sys.executable, "-c", WRAPPER, str(port)], port=port, log=tmp_path / "log").start()
    left = child_in(program.log)
    assert program.pid is not None
    wrapper = psutil.Process(program.pid)
    wrapper.kill()
    assert wait_until_gone([wrapper]) == []
    assert left.is_running()

    program.start()

    assert wait_until_gone([left], timeout_s=0) == []
    program.kill()


def test_a_program_that_has_ended_keeps_its_code_until_it_is_started_again(tmp_path: Path) -> None:
    program = Program("short", ["sh", "-c", "exit 7"], port=free_port(), log=tmp_path / "log").spawn()
    assert program.process is not None
    wait_until_gone([psutil.Process(program.process.pid)])

    assert (program.running(), program.pid, program.exit_code()) == (False, None, 7)
    assert program.stop().exit_code() is None
