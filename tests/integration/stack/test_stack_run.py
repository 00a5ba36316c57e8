"""`make run` as a person meets it: starting, being told what is wrong, stopping, starting again."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from deploy.local.free_ports import free_port
from deploy.local.postgres import remove_cluster
from deploy.local.program import NotStarted, WebProgram, plain_environment, wait_until_gone
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.running import RunFile
from deploy.local.services import StoreUrls
from deploy.local.stores import GivenStore
from tests.support.processes import ROOT, RunProcess, processes, wait_until
from tests.support.virtual_hosts import make_vhost, remove_vhost

PORTS = ("API_PORT", "SYNC_PORT", "IDENTITY_PORT", "INBOX_HTTP_PORT", "INBOX_SMTP_PORT", "NOTIFIER_PORT")
PATIENCE_S = 90

pytestmark = pytest.mark.timeout(240)


@dataclass
class LocalRun:
    """A run in a folder of its own, on ports of its own."""

    run_process: RunProcess
    env: dict[str, str]
    program: WebProgram = field(init=False)

    @property
    def folder(self) -> Path:
        return Path(self.env["LOCAL_DIR"])

    @property
    def stores(self) -> StoreUrls:
        alive = RunFile(self.folder).read()
        assert alive is not None
        assert alive.stores is not None
        return alive.stores

    def start(self, **changes: str) -> WebProgram:
        env = {**self.env, **changes}
        url = f"http://127.0.0.1:{env['API_PORT']}/readyz"
        command = ["python", "-m", "deploy.local", "run"]
        self.program = self.run_process(command, env, url, name="make-run", timeout_s=PATIENCE_S)
        wait_until(lambda: "make stop" in self.program.log.read_text(), "the run did not tell how it is stopped")
        return self.program

    def command(self, name: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run one of the other commands behind the Makefile to its end."""
        command = ["python", "-m", "deploy.local", name]
        env = plain_environment(**{**self.env, **changes})
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=110, check=False)


@pytest.fixture
def local_run(tmp_path: Path, amqp_url: str) -> Iterator[LocalRun]:
    """A run with PostgreSQL and Redis of its own, and the session's RabbitMQ (which takes 6 s to start and to end)."""
    with described(tmp_path, amqp_url) as run:
        yield run


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitMQ | GivenStore) -> Iterator[LocalRun]:
    """A run that is alive while the tests of this module last."""
    url = make_vhost(rabbitmq)
    with described(tmp_path_factory.mktemp("alive"), url) as run:
        run.start()
        yield run
    remove_vhost(rabbitmq, url)


@contextlib.contextmanager
def described(folder: Path, amqp_url: str) -> Iterator[LocalRun]:
    """Describe a run in `folder`; it ends, and its data goes, with the block."""
    local = folder / "local"
    with processes(folder) as run_process:
        yield LocalRun(run_process, {"LOCAL_DIR": str(local), "AMQP_URL": amqp_url, **free_ports()})
    remove_cluster(local / "postgres")


def free_ports() -> dict[str, str]:
    return {name: str(free_port()) for name in PORTS}


def family(run: LocalRun) -> list[psutil.Process]:
    """Return every process that a run has started: its descendants, and whatever else was told of its folder."""
    assert run.program.pid is not None
    found = psutil.Process(run.program.pid).children(recursive=True)
    return [*found, *(process for process in belonging_to(run.folder) if process.pid != run.program.pid)]


def ready(run: LocalRun, variable: str) -> Callable[[], bool]:
    """Return what asks the service on a port whether it is ready."""
    url = f"http://127.0.0.1:{run.env[variable]}/readyz"
    return WebProgram(variable, ["true"], ready_url=url, log=run.program.log).serves


def process_of(program: WebProgram, word: str) -> psutil.Process:
    assert program.pid is not None
    (found,) = [child for child in psutil.Process(program.pid).children() if word in " ".join(child.cmdline())]
    return found


def test_a_stopped_run_leaves_nothing_running_and_the_next_one_finds_its_data(local_run: LocalRun) -> None:
    local_run.start()
    secrets = (local_run.folder / "secrets.json").read_text()
    connection = psycopg2.connect(local_run.stores.database)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept ()")
    connection.close()
    with redis.Redis.from_url(local_run.stores.redis) as client:
        client.set("kept", "1")
    started = family(local_run)
    assert len(started) > 5

    stop = local_run.command("stop")

    assert stop.returncode == 0, stop.stderr
    assert wait_until_gone(started) == []
    assert local_run.command("stop").stdout == "Nothing runs here\n"

    local_run.start()
    connection = psycopg2.connect(local_run.stores.database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM kept")
    connection.close()
    with redis.Redis.from_url(local_run.stores.redis) as client:
        assert client.get("kept") == b"1"
    assert (local_run.folder / "secrets.json").read_text() == secrets


def test_a_run_tells_its_addresses(alive: LocalRun) -> None:
    said = alive.program.log.read_text()

    assert f"Open   http://localhost:{alive.env['API_PORT']}" in said
    assert f"Mail   http://localhost:{alive.env['INBOX_HTTP_PORT']}" in said


def test_a_second_run_in_the_same_folder_is_refused(alive: LocalRun) -> None:
    second = alive.command("run", **free_ports())

    assert second.returncode == 1
    assert f"process {alive.program.pid}" in second.stderr
    assert "make stop" in second.stderr


def test_the_data_of_a_run_that_is_alive_is_not_removed(alive: LocalRun) -> None:
    assert alive.command("clean").returncode == 1
    wait_until(ready(alive, "API_PORT"), "the site serves no more")


def test_seed_reaches_the_database_of_the_run_that_is_alive(alive: LocalRun) -> None:
    seeded = alive.command("seed")

    assert seeded.returncode == 0, seeded.stderr
    assert "demo data" in seeded.stdout
    assert "postgres" not in seeded.stdout, "it started a database of its own"


def test_a_token_for_the_demo_s_program_is_printed_alone(alive: LocalRun) -> None:
    token = alive.command("token", SCOPE="feed")
    unknown = alive.command("token", SCOPE="shoes")

    assert (token.returncode, token.stdout.count("."), token.stderr) == (0, 2, "")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "scope" in unknown.stderr


def test_without_a_run_there_is_no_token_and_the_remedy_is_told(local_run: LocalRun) -> None:
    refused = local_run.command("token")

    assert refused.returncode == 1
    assert "make run" in refused.stderr


def test_a_cinema_connects_by_the_commands_of_the_guide(alive: LocalRun) -> None:
    guide = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL))
    assert commands.count("curl") == 11
    site = f"SITE=http://localhost:{alive.env['API_PORT']}"
    script = "set -eu\n" + commands.replace("SITE=http://localhost:8080", site)

    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env={**os.environ, **alive.env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"refused","problem":{"code":"film_not_found"' in done.stdout
    assert '"encoding": "cp1251"' in done.stdout or '"encoding":"cp1251"' in done.stdout
    connection = psycopg2.connect(alive.stores.database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM films WHERE external_id IS NOT NULL")
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT name FROM users WHERE subject = 'u-17'")
        assert cursor.fetchone() == ("Anna Weiss",)
        # The last command erases a friend.
        cursor.execute("SELECT count(*) FROM users WHERE subject = 'u-19'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM friendships WHERE fed")
        assert cursor.fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("word", ["sync_service", "redis-server", "postgres"])
def test_what_dies_is_started_again(alive: LocalRun, word: str) -> None:
    program = alive.program
    before = program.log.read_text().count("ready again")
    victim = process_of(program, word)

    victim.send_signal(signal.SIGKILL)
    wait_until(
        lambda: program.log.read_text().count("ready again") > before,
        f"{word} was not started again",
        timeout_s=PATIENCE_S,
    )

    assert "ended by SIGKILL and is started again" in program.log.read_text()
    assert process_of(program, word).pid != victim.pid
    for variable in ("API_PORT", "SYNC_PORT"):
        wait_until(ready(alive, variable), f"what listens on {variable} is not ready again", timeout_s=PATIENCE_S)


def test_a_killed_run_takes_everything_with_it(local_run: LocalRun) -> None:
    program = local_run.start()
    started = family(local_run)

    os.kill(program.pid or 0, signal.SIGKILL)

    assert wait_until_gone(started) == []


def test_taken_ports_are_named_before_anything_starts(local_run: LocalRun) -> None:
    with contextlib.ExitStack() as occupied:
        for variable in PORTS:
            occupied.enter_context(socket.create_server(("127.0.0.1", int(local_run.env[variable]))))
        refused = local_run.command("run")

    assert refused.returncode == 1
    for variable in PORTS:
        assert f"port {local_run.env[variable]}, which" in refused.stderr
        assert f"make run {variable}=" in refused.stderr
    assert not (local_run.folder / "postgres").exists()


@pytest.mark.parametrize("value", ["many", "0", "65536"])
def test_a_port_that_is_none_is_named_with_its_variable(local_run: LocalRun, value: str) -> None:
    refused = local_run.command("run", SYNC_PORT=value)

    assert refused.returncode == 1
    assert "SYNC_PORT" in refused.stderr
    assert value in refused.stderr


def test_one_port_for_two_is_refused(local_run: LocalRun) -> None:
    refused = local_run.command("run", SYNC_PORT=local_run.env["API_PORT"])

    assert refused.returncode == 1
    assert "both the site" in refused.stderr


def test_a_service_that_cannot_start_is_shown_and_everything_else_ends(local_run: LocalRun) -> None:
    with pytest.raises(NotStarted) as refused:
        local_run.start(SESSION_KEY="too short")

    assert "SESSION_KEY" in str(refused.value)
    assert belonging_to(local_run.folder) == []


def belonging_to(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if belongs_to(process, folder)]


def belongs_to(process: psutil.Process, folder: Path) -> bool:
    try:
        words = [*process.cmdline(), *process.environ().values()]
    except psutil.Error:
        return False
    return any(str(folder) in word for word in words)


def test_migrate_starts_a_database_where_none_runs_and_clean_removes_it(local_run: LocalRun) -> None:
    migrated = local_run.command("migrate")

    assert migrated.returncode == 0, migrated.stderr
    assert "migrations" in migrated.stdout
    assert belonging_to(local_run.folder) == []
    cluster = (local_run.folder / "postgres").resolve()
    assert cluster.exists()

    cleaned = local_run.command("clean")

    assert cleaned.returncode == 0, cleaned.stderr
    assert not cluster.exists()
    assert not local_run.folder.exists()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP])
def test_a_run_can_be_ended_while_it_starts(local_run: LocalRun, end: signal.Signals) -> None:
    env = plain_environment(**local_run.env)
    with subprocess.Popen(
        ["python", "-m", "deploy.local", "run"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "redis" in line:
                break
        run.send_signal(end)
        said, _ = run.communicate(timeout=110)

    assert run.returncode == 0
    assert "Stopped" in said
    assert belonging_to(local_run.folder) == []
