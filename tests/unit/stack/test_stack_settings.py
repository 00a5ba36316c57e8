"""A process that is told too little says so, names the variable and the remedy, and ends."""

import subprocess
from pathlib import Path

import pytest

from deploy.local.program import plain_environment

ROOT = Path(__file__).parents[3]

PROCESSES = {
    "api_service": (["python", "-m", "api_service"], "DATABASE_URL"),
    "seed": (["python", "-m", "api_service", "seed"], "DATABASE_URL"),
    "sync_service": (["python", "-m", "sync_service"], "REDIS_URL"),
    "notifier": (["python", "-m", "deploy.neighbours.notifier"], "SMTP_URL"),
    "inbox": (["python", "-m", "deploy.neighbours.inbox"], "INBOX_DIR"),
    "identity": (["node", "deploy/neighbours/identity/server.mjs"], "IDENTITY_ISSUER"),
    "alembic": (["python", "-m", "alembic", "upgrade", "head"], "DATABASE_URL"),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_missing_setting_ends_the_start_with_its_name(name: str) -> None:
    command, variable = PROCESSES[name]

    ended = subprocess.run(
        command, cwd=ROOT, env=plain_environment(), capture_output=True, text=True, timeout=100, check=False
    )

    assert ended.returncode not in (0, None)
    assert variable in ended.stderr
    assert "Traceback" not in ended.stderr
