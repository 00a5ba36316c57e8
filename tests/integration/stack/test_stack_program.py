"""What becomes of programs when the process that has started them ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from mirakuru.base import ENV_UUID

from deploy.local import program as program_module
from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram, plain_environment, started_by
from tests.support.processes import ROOT, wait_until_gone

# Starts a program, leaves it running, and ends when its input does.
LEAVER = """
import sys
from pathlib import Path
from deploy.local.program import WebProgram
port, log = sys.argv[1:]
command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", port]
left = WebProgram("left", command, ready_url=f"http://127.0.0.1:{port}/", log=Path(log))
left.port = int(port)
print(left.start().pid, flush=True)
sys.stdin.read()
left.process = None  # so that nothing but the exit ends it
"""


@pytest.fixture
def leaver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with a program of its own, whose id it has written."""
    command = [sys.executable, "-c", LEAVER, str(free_port()), str(tmp_path / "left.log")]
    with subprocess.Popen(
        command, cwd=ROOT, env=plain_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_an_exit_ends_what_was_started_and_nobody_elses_programs(
    leaver: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leaver.stdout is not None
    left = psutil.Process(int(leaver.stdout.readline()))
    # A program of ours, and one that mirakuru has started elsewhere, in whose marks the leaver's id happens to stand.
    monkeypatch.setattr(program_module, "uuid4", lambda: f"a{leaver.pid}b")
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    ours = WebProgram("ours", command, ready_url=f"http://127.0.0.1:{port}/", log=tmp_path / "ours.log")
    ours.port = port
    environment = {**os.environ, ENV_UUID: f"1{leaver.pid}:b8f1"}
    with subprocess.Popen(["sleep", "60"], env=environment) as theirs, ours.start():
        try:
            assert started_by(leaver.pid) == {left.pid}

            leaver.communicate()

            assert wait_until_gone([left]) == []
            assert ours.running()
            assert theirs.poll() is None
        finally:
            theirs.kill()
