"""A private RabbitMQ broker."""

import urllib.request
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from deploy.local.free_ports import free_port
from deploy.local.program import Program, plain_environment

# Debian's /usr/sbin/rabbitmq-server changes to the account of the system's own broker; the script behind it does not.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER = PASSWORD = "guest"  # noqa: S105 - RabbitMQ lets guest in from this machine only


class RabbitMQ(Program):
    """A RabbitMQ broker with its data in `folder`; user guest, who may come from this machine only.

    It has a port mapper (epmd) of its own, so that brokers do not see each other, and nothing stays behind.
    """

    def __init__(self, folder: Path, *, port: int, log: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.management_url = f"http://127.0.0.1:{free_port()}"
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
        # Erlang's epmd in the foreground: it knows on which ports the nodes of this machine listen.
        mapper = ["epmd", "-address", "127.0.0.1", "-port", str(mapper_port)]
        self._mapper = Program("epmd", mapper, port=mapper_port, log=log.with_name("epmd.log"), **options)
        server = SERVER if SERVER.exists() else "rabbitmq-server"
        super().__init__("rabbitmq", [str(server)], port=port, log=log, env=env, timeout_s=120, **options)

    @property
    def url(self) -> str:
        """The address of the default virtual host."""
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/%2F"

    def spawn(self) -> Self:
        """Start the port mapper and the broker. Raises PortTaken, NotStarted."""
        self._configure()
        self._mapper.start()
        return super().spawn()

    def serves(self) -> bool:
        """Return whether the broker takes clients and its management answers."""
        address = f"{self.management_url}/api/health/checks/port-listener/{self.port}"
        authorization = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(address, headers={"Authorization": authorization})  # noqa: S310 - http
        try:
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - http
        except (OSError, HTTPException):
            return False
        return True

    def stop(self) -> Self:
        """End the broker in order, then its port mapper."""
        super().stop()
        self._mapper.stop()
        return self

    def kill(self) -> Self:
        """Kill the broker and its port mapper.

        RabbitMQ 3.10 never again finds a leader for a quorum queue that was declared in the last seconds before
        (rabbitmq-server issue 10070): a test that kills it waits until its queues are older than 6 s, or uses `stop`.
        """
        super().kill()
        self._mapper.kill()
        return self

    def _configure(self) -> None:
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {urlsplit(self.management_url).port}\n"
        )
