"""The commands behind the Makefile: `python -m deploy.local run|stop|migrate|seed|token|admin|clean`."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.keys import Keys
from deploy.local.ports import BadPort
from deploy.local.postgres import remove_cluster
from deploy.local.program import NotStarted, PortTaken
from deploy.local.progress import Progress
from deploy.local.run import StepFailed, administer, database, migrate, run, seed
from deploy.local.running import AlreadyRuns, RunFile, end
from deploy.local.services import ROOT, StoreUrls, site_settings
from deploy.local.supervisor import StopRequested
from deploy.local.tokens import NoToken, program_token

STOP_S = 90

EXPECTED = (AlreadyRuns, BadPort, NoToken, NotStarted, PortTaken, StepFailed)


def local_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the run's data: LOCAL_DIR, else `.local` in the repository."""
    return Path(environ.get("LOCAL_DIR") or ROOT / ".local").absolute()


def run_migrate(environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Bring the database up to date."""
    with database(environ, local, progress) as url:
        migrate(url, local, progress)


def run_seed(environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Bring the database up to date and fill in the demo."""
    with database(environ, local, progress) as url:
        migrate(url, local, progress)
        settings = site_settings(environ, Keys.stored_in(local / "secrets.json"), StoreUrls(url, "", ""))
        seed({**settings, **environ}, local, progress)


def stop(_environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """End the run that is alive in this folder, if one is."""
    alive = RunFile(local).read()
    if alive is None:
        progress.say("Nothing runs here")
    elif end(alive.pid, STOP_S):
        progress.say(f"Stopped (process {alive.pid})")
    else:
        raise NotStarted(f"process {alive.pid} has not ended in {STOP_S} s; see {local / 'log'}")


def token(environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Print an access token of the demo's program with the scope SCOPE, for the run that is alive in this folder."""
    if RunFile(local).read() is None:
        raise NotStarted("Nothing runs here: `make run` first, then `make token SCOPE=feed` in another terminal")
    print(program_token(environ, Keys.stored_in(local / "secrets.json")))


def admin(environ: Mapping[str, str], local: Path, _progress: Progress) -> None:
    """Run the command ARGS of the service SERVICE (api_service) with the settings of the run that is alive here."""
    words = shlex.split(environ.get("ARGS", "")) or ["--help"]
    if code := administer(environ.get("SERVICE") or "api_service", words, environ, local):
        raise SystemExit(code)


def clean(_environ: Mapping[str, str], local: Path, progress: Progress) -> None:
    """Remove the data of the local run. Raises AlreadyRuns."""
    if not local.exists():
        return
    with RunFile(local).locked():
        remove_cluster(local / "postgres")
        shutil.rmtree(local)
    progress.say(f"Removed {local}")


COMMANDS: dict[str, Callable[[Mapping[str, str], Path, Progress], None]] = {
    "run": run,
    "stop": stop,
    "migrate": run_migrate,
    "seed": run_seed,
    "token": token,
    "admin": admin,
    "clean": clean,
}


def main() -> int:
    """Run one command; what can go wrong is said in a few lines, with code 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = COMMANDS[parser.parse_args().command]
    try:
        command(os.environ, local_folder(os.environ), Progress())
    except EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except StopRequested:
        return 130  # as a shell reports Ctrl-C
    return 0


if __name__ == "__main__":
    sys.exit(main())
