"""`make run`: everything of Movie Together on this machine, until somebody stops it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.keys import Keys
from deploy.local.ports import require_free
from deploy.local.program import NotStarted, WebProgram, plain_environment, tail
from deploy.local.progress import Progress
from deploy.local.running import Run, RunFile
from deploy.local.services import (
    DEMO,
    ROOT,
    Service,
    StoreUrls,
    addresses,
    needed_ports,
    services,
    site_settings,
)
from deploy.local.stores import given_or_private, private_stores
from deploy.local.supervisor import StopRequested, Supervisor


class StepFailed(Exception):
    """A command of the start (migrations, seed) ended with an error; the text carries its output."""


def run(environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Start everything and keep it alive until a signal ends it.

    Raises AlreadyRuns, BadPort, PortTaken, NotStarted, StepFailed; nothing is left running then.
    """
    with RunFile(local).locked() as write_run:
        require_free(needed_ports(environ), environ)
        progress.say(f"Movie Together starts; its data is in {_short(local)}, its logs in {_short(local / 'log')}")
        supervisor = Supervisor(progress)
        with supervisor.listening():
            try:
                _start(environ, local, progress, supervisor, write_run)
                _greet(environ, progress)
                supervisor.watch()
            except StopRequested:
                progress.say("\nStopping (Ctrl-C once more kills at once)")
            finally:
                supervisor.stop()
        progress.say("Stopped; the data is kept, `make run` goes on with it")


@contextmanager
def database(environ: Mapping[str, str], local: Path, progress: Progress) -> Iterator[str]:
    """Yield the database's address: the given one, that of the run that is alive, or one started for the block."""
    if environ.get("DATABASE_URL"):
        yield environ["DATABASE_URL"]
        return
    alive = RunFile(local).read()
    if alive is not None and alive.stores is not None:
        yield alive.stores.database
        return
    with RunFile(local).locked():
        supervisor = Supervisor(progress)
        postgres = private_stores(local, dies_with_us=True).postgres
        with supervisor.listening():
            try:
                supervisor.start([postgres])
                yield postgres.url
            finally:
                supervisor.stop()


def migrate(database_url: str, local: Path, progress: Progress) -> None:
    """Apply every migration. Raises StepFailed."""
    with progress.step("migrations", "up to date"):
        _command("migrations", ["python", "-m", "alembic", "upgrade", "head"], {"DATABASE_URL": database_url}, local)


def seed(settings: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Fill in the demo's films and viewers, where they are missing. Raises StepFailed."""
    with progress.step("demo data", "there"):
        _command("seed", ["python", "-m", "api_service", "seed"], settings, local)


def administer(name: str, words: Sequence[str], environ: Mapping[str, str], local: Path) -> int:
    """Run a command of one of our two services with the settings of the run that is alive here; return its code.

    Raises NotStarted.
    """
    alive = RunFile(local).read()
    if alive is None or alive.stores is None:
        raise NotStarted("Nothing runs here: `make run` first, then `make admin` in another terminal")
    keys = Keys.stored_in(local / "secrets.json")
    found = {one.name: one for one in services(environ, local, keys, alive.stores)}
    if name not in {"api_service", "sync_service"}:
        raise NotStarted(f"SERVICE={name} has no commands: it is api_service or sync_service")
    env = _environment(found[name], environ)
    return subprocess.run([*found[name].command, *words], cwd=ROOT, env=env, check=False).returncode


def _start(
    environ: Mapping[str, str],
    local: Path,
    progress: Progress,
    supervisor: Supervisor,
    write_run: Callable[[Run], None],
) -> None:
    keys = Keys.stored_in(local / "secrets.json")
    stores = given_or_private(environ, private_stores(local, dies_with_us=True))
    supervisor.start(stores.own)
    urls = StoreUrls(stores.postgres.url, stores.redis.url, stores.rabbitmq.url)
    write_run(Run(os.getpid(), urls))
    migrate(urls.database, local, progress)
    seed({**site_settings(environ, keys, urls), **environ}, local, progress)
    supervisor.start([_program(service, environ, local) for service in services(environ, local, keys, urls)])


def _program(service: Service, environ: Mapping[str, str], local: Path) -> WebProgram:
    return WebProgram(
        service.name,
        service.command,
        ready_url=service.ready_url,
        log=local / "log" / f"{service.name}.log",
        env=_environment(service, environ),
        cwd=str(ROOT),
        dies_with_us=True,
    )


def _environment(service: Service, environ: Mapping[str, str]) -> dict[str, str]:
    # The site's own page opens sockets too: ALLOWED_ORIGINS of the environment adds to it.
    return {**service.env, **environ, "ALLOWED_ORIGINS": addresses(environ).origins, **plain_environment()}


def _command(name: str, command: Sequence[str], env: Mapping[str, str], local: Path) -> None:
    log = local / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            command, cwd=ROOT, env={**env, **plain_environment()}, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise StepFailed(f"{name} ended with code {done.returncode}\n{tail(log)}")


def _greet(environ: Mapping[str, str], progress: Progress) -> None:
    where = addresses(environ)
    progress.say(f"\n  Open   {where.site}")
    if where.identity:
        names = [viewer["name"] for viewer in json.loads((DEMO / "viewers.json").read_text("utf-8"))]
        progress.say(f"         sign in as a demo viewer: {', '.join(names[:4])}, …; no password is needed")
    if where.inbox:
        progress.say(f"  Mail   {where.inbox}  (every e-mail of this run lands there)")
    progress.say("  Stop   Ctrl-C, or `make stop`\n")


def _short(path: Path) -> str:
    return f"{path.relative_to(ROOT)}/" if path.is_relative_to(ROOT) else str(path)
