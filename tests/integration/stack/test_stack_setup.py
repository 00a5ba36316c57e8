"""`make setup` on a machine that has everything: it finds that out, and does nothing."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import bootstrap

ROOT = Path(__file__).parents[3]


def run_setup(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "local" / "bootstrap.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_second_setup_does_nothing_and_takes_no_time() -> None:
    assert run_setup().returncode == 0

    before_s = cpu_s()
    second = run_setup()

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert cpu_s() - before_s < 3


def cpu_s() -> float:
    """Return the CPU time of the processes started here that have ended: a busy machine does not add to it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_missing_server_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "redis-server" not in bootstrap.missing_packages(tests=True)

    monkeypatch.setenv("PATH", "")

    browsers = {"chromium", "firefox-esr"}
    assert {"redis-server", *browsers} <= set(bootstrap.missing_packages(tests=True))
    assert browsers.isdisjoint(bootstrap.missing_packages(tests=False))
