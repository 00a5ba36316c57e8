"""A private RabbitMQ broker."""

import json
import urllib.request
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from mirakuru import TCPExecutor

from deploy.local.free_ports import free_port
from deploy.local.program import Program, plain_environment

# Debian's /usr/sbin/rabbitmq-server changes to the account of the system's own broker; the script behind it does not.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER = PASSWORD = "guest"  # noqa: S105 - RabbitMQ lets guest in from this machine only


class RabbitMQ(Program, TCPExecutor):
    """A RabbitMQ broker with its data in `folder`; user guest, who may come from this machine only.

    It has a port mapper (epmd) of its own, so that brokers do not see each other, and nothing stays behind.
    """

    def __init__(self, folder: Path, *, port: int, log: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.management = Management(f"http://127.0.0.1:{free_port()}")
        mapper_port = free_port()
        env = plain_environment(
            ERL_CRASH_DUMP=str(self.folder / "erl_crash.dump"),
            ERL_EPMD_PORT=str(mapper_port),
            ERL_EPMD_ADDRESS="127.0.0.1",
            HOME=str(self.folder),
            RABBITMQ_CONFIG_FILE=str(self.folder / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(self.folder / "rabbitmq-env.conf"),
            RABBITMQ_DIST_PORT=str(free_port()),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "enabled_plugins"),
            RABBITMQ_FEATURE_FLAGS_FILE=str(self.folder / "feature_flags"),
            RABBITMQ_LOG_BASE=str(self.folder / "log"),
            RABBITMQ_LOGS="-",
            RABBITMQ_MNESIA_BASE=str(self.folder / "mnesia"),
            RABBITMQ_NODENAME="movie_together@localhost",
            RABBITMQ_PID_FILE=str(self.folder / "pid"),
        )
        self._mapper = PortMapper(mapper_port, log=log.with_name("epmd.log"), **options)
        server = SERVER if SERVER.exists() else "rabbitmq-server"
        super().__init__(
            "rabbitmq", [str(server)], log=log, env=env, timeout_s=120, host="127.0.0.1", port=port, **options
        )

    @property
    def url(self) -> str:
        """The address of the default virtual host."""
        return self.url_of("/")

    def url_of(self, vhost: str) -> str:
        """Give the address of another virtual host."""
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def spawn(self) -> Self:
        """Start the port mapper and the broker. Raises PortTaken, NotStarted."""
        self._configure()
        if not self._mapper.running():
            self._mapper.start()
        return super().spawn()

    def after_start_check(self) -> bool:
        """Say whether the broker takes clients and its management answers."""
        return self.management.listens(self.port)

    def stop(self, stop_signal: int | None = None, expected_returncode: int | None = None) -> Self:
        """End the broker in order, then its port mapper."""
        super().stop(stop_signal, expected_returncode)
        self._mapper.stop()
        return self

    def kill(self, wait: bool = True, sig: int | None = None) -> Self:
        """Kill the broker and its port mapper.

        RabbitMQ 3.10 never again finds a leader for a quorum queue that was declared in the last seconds before
        (rabbitmq-server issue 10070): a test that kills it waits until its queues are older than 6 s, or uses `stop`.
        """
        super().kill(wait, sig)
        self._mapper.kill()
        return self

    def _configure(self) -> None:
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {urlsplit(self.management.url).port}\n"
        )


class PortMapper(Program, TCPExecutor):
    """Erlang's epmd in the foreground: it tells where the nodes of this machine listen."""

    def __init__(self, port: int, *, log: Path, **options: Any) -> None:
        command = ["epmd", "-address", "127.0.0.1", "-port", str(port)]
        super().__init__("epmd", command, log=log, host="127.0.0.1", port=port, **options)


class Management:
    """The management API of a broker, as far as used here."""

    def __init__(self, url: str, user: str = USER, password: str = PASSWORD) -> None:
        self.url = url
        self._user = user
        self._authorization = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def listens(self, port: int) -> bool:
        """Say whether the broker takes clients on `port`."""
        try:
            self._call("GET", f"health/checks/port-listener/{port}")
        except (OSError, HTTPException):
            return False
        return True

    def make_vhost(self, name: str) -> None:
        """Make an empty virtual host that our user may use."""
        self._call("PUT", f"vhosts/{quote(name, safe='')}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._call("PUT", f"permissions/{quote(name, safe='')}/{quote(self._user, safe='')}", everything)

    def remove_vhost(self, name: str) -> None:
        """Remove a virtual host with everything in it."""
        self._call("DELETE", f"vhosts/{quote(name, safe='')}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/{path}", data, headers, method=method)  # noqa: S310 - http
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - http
            pass
