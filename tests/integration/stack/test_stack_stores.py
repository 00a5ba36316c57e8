"""The private stores by themselves: whose rights they have, where their data lies, who can use them."""

import os
import stat
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from deploy.local import postgres
from deploy.local.accounts import unprivileged_account
from deploy.local.free_ports import free_port
from deploy.local.postgres import Postgres, remove_cluster
from deploy.local.program import NotStarted
from deploy.local.redis_server import Redis


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A folder that no other account may enter, as root's home is."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_postgres_never_runs_as_root_even_where_its_folder_is_closed_to_others(
    closed_folder: Path, free_port: int
) -> None:
    folder = closed_folder / "postgres"
    with Postgres(folder, port=free_port, log=closed_folder / "log", durable=False) as server:
        uids = psutil.Process(server.pid).uids()

        assert 0 not in (uids.real, uids.effective, uids.saved)
        assert stat.S_IMODE(folder.resolve().stat().st_mode) == 0o700
        psycopg2.connect(server.url).close()
    remove_cluster(folder)
    assert not folder.exists()


def test_without_dropped_rights_root_gets_no_postgres(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        assert unprivileged_account() is None, "only root has rights to drop"
        return
    monkeypatch.setattr(postgres, "unprivileged_account", lambda: None)

    with pytest.raises(NotStarted, match="root"):
        Postgres(tmp_path / "postgres", port=free_port, log=tmp_path / "log").start()


def test_postgres_lets_nobody_in_without_the_password(closed_folder: Path, free_port: int) -> None:
    folder = closed_folder / "postgres"
    with Postgres(folder, port=free_port, log=closed_folder / "log", durable=False) as server:
        user, _, rest = server.url.removeprefix("postgresql://").partition(":")
        address = rest.partition("@")[2]
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(f"postgresql://{user}:guess@{address}")
    remove_cluster(folder)


def test_data_outlives_the_server_and_its_port(closed_folder: Path) -> None:
    def server() -> Redis:
        return Redis(closed_folder / "redis", port=free_port(), log=closed_folder / "log")

    with server() as first, redis.Redis.from_url(first.url) as client:
        client.set("kept", "1")
    with server() as second, redis.Redis.from_url(second.url) as client:
        assert client.get("kept") == b"1"
        assert second.port != first.port


def test_a_cluster_whose_making_was_cut_short_is_made_anew(tmp_path: Path, free_port: int) -> None:
    server = Postgres(tmp_path / "postgres", port=free_port, log=tmp_path / "log", durable=False)
    leftover = (tmp_path / "postgres").resolve() / "data" / "base"
    leftover.mkdir(parents=True)

    with server:
        psycopg2.connect(server.url).close()
    remove_cluster(tmp_path / "postgres")
