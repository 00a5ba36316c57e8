"""What deploy/README.md tells an operator to run: a restart without an interruption, a backup, a restore."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.compose.stack import compose, containers, get

ROOT = Path(__file__).parents[3]


def operate(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of deploy/compose's scripts, without a terminal, as a timer does."""
    environment = {**os.environ, "COMPOSE_WAIT_S": "600"}
    return subprocess.run(
        [ROOT / "deploy/compose" / script, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def sql(statement: str) -> str:
    psql = ("exec", "-T", "db", "psql", "--username", "movie", "--tuples-only", "--no-align", "movie_together")
    return compose(*psql, "--command", statement).strip()


@pytest.mark.timeout(1200)
def test_nobody_notices_a_rolling_restart() -> None:
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            for path in ("/healthz", "/", "/ws/p1"):
                statuses[get(path)[0]] += 1

    before = {service: containers(service) for service in ("api", "sync")}
    asking = threading.Thread(target=ask)
    asking.start()
    done = operate("roll")
    over.set()
    asking.join()

    assert done.returncode == 0, done.stderr
    assert statuses.keys() == {200, 400}  # 400: a socket's address that was asked without an upgrade
    for service, old in before.items():
        assert len(containers(service)) == len(old) == 2
        assert not set(containers(service)) & set(old)


@pytest.mark.timeout(1200)
def test_a_restore_brings_back_what_the_backup_had(tmp_path: Path) -> None:
    file = tmp_path / "movie-together.dump"
    films = sql("SELECT count(*) FROM films")
    assert int(films) > 0

    saved = operate("backup", str(file))
    assert saved.returncode == 0, saved.stderr
    assert file.stat().st_size > 0
    sql("DELETE FROM watchlist; DELETE FROM films")
    restored = operate("restore", str(file))

    assert restored.returncode == 0, restored.stderr
    assert sql("SELECT count(*) FROM films") == films
    assert get("/healthz")[0] == 200


def test_what_is_no_backup_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "empty.dump"
    file.touch()
    films = sql("SELECT count(*) FROM films")

    refused = operate("restore", str(file))

    assert refused.returncode == 1
    assert "is no backup" in refused.stderr
    assert sql("SELECT count(*) FROM films") == films
