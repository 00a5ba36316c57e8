from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from shared.service import configure_logging

configure_logging("info", {format!r})
log = structlog.get_logger("test")
try:
    token = "sec" + "ret"
    raise RuntimeError("no answer")
except RuntimeError:
    log.exception("it failed", room="Зал 1")
"""


def output_of(format_: str) -> str:
    program = PROGRAM.replace("{format!r}", repr(format_))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_is_logged_without_the_values_of_variables(format_: str) -> None:
    logged = output_of(format_)

    assert "RuntimeError" in logged
    assert "no answer" in logged
    assert "secret" not in logged


def test_json_lines_can_be_read_by_machines_and_people() -> None:
    [line] = output_of("json").splitlines()

    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["room"]) == ("it failed", "error", "Зал 1")
    assert "Зал 1" in line
