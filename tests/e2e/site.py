"""The whole product, running: the local stack, or (SITE_URL set) a compose stack that somebody else started."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg2

from deploy.local import bootstrap, ports
from deploy.local.free_ports import free_port
from deploy.local.keys import Keys
from deploy.local.program import WebProgram, plain_environment, tail
from deploy.local.services import ROOT, Service, StoreUrls, addresses, services, site_settings
from deploy.local.stores import private_stores
from deploy.local.tokens import program_token


class Site(Protocol):
    """What the tests do to a running product, in the words of its operator."""

    url: str
    inbox_url: str

    def kill_sync(self) -> None:
        """Kill every sync_service process without warning and have it started again."""

    def restart_redis(self) -> None: ...

    def stop_rabbitmq(self) -> None: ...

    def start_rabbitmq(self) -> None: ...

    def rows(self, sql: str, *values: str) -> list[dict[str, Any]]:
        """Return the rows that ``sql`` finds in PostgreSQL, each value bound to one ``%s``."""


# The tests' viewers open more rooms in an hour than people do.
_ALLOWED = {"ROOMS_PER_HOUR": "10000", "INVITE_BY_EMAIL": "on"}


class LocalSite:
    """The local stack of ``make run`` on free ports, its processes at hand."""

    def __init__(self, folder: Path, **given: str) -> None:
        self._folder = folder
        self._given = given
        self._stores = private_stores(folder)
        fixed = (ports.SITE, ports.SYNC, ports.IDENTITY, ports.INBOX, ports.NOTIFIER, ports.SMTP)
        self._ports = {**{port.variable: str(free_port()) for port in fixed}, **given}
        self._programs: dict[str, WebProgram] = {}
        where = addresses(self._ports)
        self.url = where.site
        self.inbox_url = str(where.inbox)
        self.issuer = str(where.identity)
        self.keys = Keys.make()

    def start(self) -> None:
        bootstrap.bundle_pages()
        self._stores.start()
        urls = StoreUrls(self._stores.postgres.url, self._stores.redis.url, self._stores.rabbitmq.url)
        keys = self.keys
        self._once(["alembic", "upgrade", "head"], {"DATABASE_URL": urls.database})
        self._once(["python", "-m", "api_service", "seed"], site_settings(self._ports, keys, urls))
        described = services(self._ports, self._folder, keys, urls)
        for service in described:
            self._programs[service.name] = self._program(service).spawn()
        for program in self._programs.values():
            program.wait_ready()

    def stop(self) -> None:
        for program in reversed(self._programs.values()):
            program.stop()
        self._stores.kill()  # nobody needs their data, and RabbitMQ takes 6 s to stop

    def logs(self) -> str:
        """Return the end of every process's output, for a test that failed."""
        return "\n".join(f"--- {program.name}\n{tail(program.log)}" for program in self._programs.values())

    def program_token(self) -> str:
        """Return an access token with which the cinema's program may feed."""
        return program_token(self._ports, self.keys)

    def kill_sync(self) -> None:
        self._programs["sync_service"].kill()
        self._programs["sync_service"].start()

    def restart_redis(self) -> None:
        self._stores.redis.stop()
        self._stores.redis.start()

    def stop_rabbitmq(self) -> None:
        self._stores.rabbitmq.stop()

    def start_rabbitmq(self) -> None:
        self._stores.rabbitmq.start()

    def rows(self, sql: str, *values: str) -> list[dict[str, Any]]:
        with (
            contextlib.closing(psycopg2.connect(self._stores.postgres.url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _program(self, service: Service) -> WebProgram:
        return WebProgram(
            service.name,
            service.command,
            ready_url=service.ready_url,
            log=self._folder / "log" / f"{service.name}.log",
            env=plain_environment(**{**self._given, **service.env, **_ALLOWED}),
            cwd=ROOT,
        )

    def _once(self, command: list[str], env: dict[str, str]) -> None:
        done = subprocess.run(
            command, cwd=ROOT, env=plain_environment(**env), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{shlex.join(command)} ended with code {done.returncode}\n{done.stdout}{done.stderr}")


class ComposeSite:
    """A stack of docker-compose.yml that runs already; faults are made with ``docker-compose`` (COMPOSE names it)."""

    def __init__(self, url: str, inbox_url: str) -> None:
        self.url = url
        self.inbox_url = inbox_url
        self._compose = shlex.split(os.environ.get("COMPOSE", "docker-compose"))

    def kill_sync(self) -> None:
        self._run("kill", "-s", "KILL", "sync")
        self._run("up", "-d", "--no-deps", "--no-recreate", "sync")

    def restart_redis(self) -> None:
        self._run("restart", "redis")

    def stop_rabbitmq(self) -> None:
        self._run("stop", "rabbitmq")

    def start_rabbitmq(self) -> None:
        self._run("start", "rabbitmq")

    def rows(self, sql: str, *values: str) -> list[dict[str, Any]]:
        for value in values:
            if not value.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"only plain words can be bound here, not {value!r}")
            sql = sql.replace("%s", f"'{value}'", 1)
        query = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"  # noqa: S608 - checked above
        psql = (
            "exec",
            "-T",
            "db",
            "psql",
            "-U",
            os.environ.get("POSTGRES_USER", "movie"),
            "-d",
            "movie_together",
            "-Atc",
        )
        found: list[dict[str, Any]] = json.loads(self._run(*psql, query))
        return found

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._compose, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Yield a running product: the one at SITE_URL and INBOX_URL, else a local one that ends with the block."""
    if url := os.environ.get("SITE_URL"):
        yield ComposeSite(url, os.environ["INBOX_URL"])
        return
    site = LocalSite(folder, MAILS_PER_PERSON="1000")  # the tests of a folder invite the same few people
    try:
        site.start()
        yield site
    finally:
        print(site.logs())
        site.stop()
