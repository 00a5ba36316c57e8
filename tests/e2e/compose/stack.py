"""The running stack as these tests look at it: compose's own commands, the edge over HTTP, the edge's upstreams."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

SITE = os.environ["SITE_URL"]


def compose(*arguments: str) -> str:
    command = [*shlex.split(os.environ["COMPOSE"]), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(SITE).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def upstream_nodes(name: str) -> set[str]:
    blocks = compose("exec", "-T", "nginx", "cat", "/tmp/upstreams.conf")  # noqa: S108 - the container's own
    block = re.search(rf"upstream {name} {{(.*?)}}", blocks, re.DOTALL)
    assert block is not None, blocks
    return set(re.findall(r"server ([0-9.]+):", block[1]))


def addresses(service: str) -> set[str]:
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    ids = compose("ps", "-q", service).split()
    found = subprocess.run(["docker", "inspect", "-f", template, *ids], check=True, stdout=subprocess.PIPE, text=True)
    return set(found.stdout.split())


def wait_until(condition: Callable[[], bool], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.3)


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def containers(service: str) -> list[str]:
    """Return the ids of a service's containers."""
    return compose("ps", "-q", service).split()


def within(service: str, *command: str) -> str:
    """Run a command in a service's first container (`exec` of 1.29 knows only number 1, which may be gone)."""
    return docker("exec", containers(service)[0], *command)
