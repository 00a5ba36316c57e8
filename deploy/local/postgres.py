"""A private PostgreSQL server."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import psycopg2

from deploy.local.accounts import Account, unprivileged_account
from deploy.local.program import NotStarted, Program, plain_environment

USER = "movie"
DATABASE = "movie_together"
OLDEST = 15
# What a database of a few seconds of life can do without.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL server on this machine (Debian keeps it out of PATH), or None."""
    versions = sorted(
        (int(folder.parent.name), folder)
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "postgres").exists()
    )
    if versions and versions[-1][0] >= OLDEST:
        return versions[-1][1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class Postgres(Program):
    """A PostgreSQL server whose cluster lies in `folder`; made at the first start, kept until `remove_cluster`.

    `durable=False` gives up safety against a crash of the machine (not of the server) for speed.
    """

    def __init__(self, folder: Path, *, port: int, log: Path, durable: bool = True, **options: Any) -> None:
        found = binaries()
        if found is None:
            raise NotStarted(f"PostgreSQL {OLDEST} or newer is not on this machine; `make setup` installs it")
        self._bin = found
        self._account = unprivileged_account()
        self._data = _place(folder, self._account) / "data"
        settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"]
        settings += [] if durable else FORGETFUL
        words = [word for setting in settings for word in ("-c", setting)]
        super().__init__(
            "postgres",
            [str(found / "postgres"), "-D", str(self._data), *words],
            port=port,
            log=log,
            account=self._account,
            # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait until every client has left.
            stop_signal=signal.SIGINT,
            cwd="/",
            **options,
        )

    @property
    def url(self) -> str:
        """The address of the database `movie_together`, with its owner's name and password."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the address of another database of this server."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def _password_file(self) -> Path:
        return self._data.with_name("password")

    def spawn(self) -> Self:
        """Start the server, with a new cluster if there is none yet. Raises PortTaken, NotStarted."""
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        return super().spawn()

    def wait_ready(self) -> Self:
        """Wait until the server answers, and make the database if it is missing. Raises NotStarted."""
        super().wait_ready()
        connection = psycopg2.connect(self.url_of("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.rowcount:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()
        return self

    def serves(self) -> bool:
        """Return whether the server lets its owner in (it listens before it does)."""
        try:
            psycopg2.connect(self.url_of("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _make_cluster(self) -> None:
        home = self._data.parent
        # A cluster without PG_VERSION is one whose making was cut short.
        shutil.rmtree(self._data, ignore_errors=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        if self._account is not None:
            for path in (home, self._password_file):
                os.chown(path, self._account.uid, self._account.gid)
        command = [str(self._bin / "initdb"), f"--pgdata={self._data}", f"--username={USER}", "--auth=scram-sha-256"]
        command += [f"--pwfile={self._password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        made = subprocess.run(
            command,
            cwd="/",
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            **(self._account.popen_arguments() if self._account else {}),
        )
        if made.returncode:
            raise NotStarted(f"postgres: initdb ended with code {made.returncode}\n{made.stderr}")


def remove_cluster(folder: Path) -> None:
    """Remove the data of a stopped server, wherever it lies."""
    shutil.rmtree(folder.resolve(), ignore_errors=True)
    if folder.is_symlink():
        folder.unlink()


def _place(folder: Path, account: Account | None) -> Path:
    """Make `folder`; where `account` may not enter it, make it a link to a folder that it may enter."""
    if folder.is_dir():
        return folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if account is None or account.can_enter(folder.parent):
        folder.unlink(missing_ok=True)
        folder.mkdir(mode=0o700)
        return folder.resolve()
    elsewhere = Path(tempfile.mkdtemp(prefix="movie-together-postgres-", dir="/var/tmp"))
    folder.unlink(missing_ok=True)
    folder.symlink_to(elsewhere)
    return elsewhere
