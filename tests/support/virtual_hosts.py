"""Virtual hosts of a running RabbitMQ: one for each test."""

import json
import time
import urllib.request
from base64 import b64encode
from collections import deque
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

from deploy.local.program import tail
from deploy.local.rabbitmq import PASSWORD, USER, RabbitMQ
from deploy.local.stores import GivenStore

REMOVED_AFTER_S: Final = 5.0
_finished: deque[tuple[float, RabbitMQ | GivenStore, str]] = deque()


def make_vhost(store: RabbitMQ | GivenStore) -> str:
    """Make an empty virtual host, all of which the store's user may use, and return its address."""
    name = f"test_{uuid4().hex[:12]}"
    _call(store, "PUT", f"vhosts/{name}", {})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    user = quote(urlsplit(store.url).username or USER, safe="")
    _call(store, "PUT", f"permissions/{name}/{user}", everything)
    return urlunsplit(urlsplit(store.url)._replace(path=f"/{name}"))


def remove_vhost(store: RabbitMQ | GivenStore, url: str) -> None:
    """Remove a virtual host with everything in it, 5 s later at the earliest.

    Where a quorum queue is being declared while its virtual host goes, RabbitMQ 3.10 can declare none any more; a
    process that a test has just killed may have been declaring one.
    """
    _finished.append((time.monotonic(), store, url))
    while _finished and time.monotonic() - _finished[0][0] > REMOVED_AFTER_S:
        _remove_oldest()


def remove_last_vhosts() -> None:
    """Remove those that `remove_vhost` has left for later."""
    while _finished:
        _remove_oldest()


def _remove_oldest() -> None:
    _, store, url = _finished.popleft()
    _call(store, "DELETE", f"vhosts/{urlsplit(url).path.strip('/')}")


def _call(store: RabbitMQ | GivenStore, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    given = urlsplit(store.url)
    if isinstance(store, GivenStore):
        # The management of a given broker is expected on RabbitMQ's usual port.
        management = f"http://{given.hostname}:15672"
    else:
        if not store.running():
            raise RuntimeError(f"the tests' RabbitMQ has ended\n{tail(store.log)}")
        management = store.management_url
    credentials = f"{given.username or USER}:{given.password or PASSWORD}"
    headers = {
        "Authorization": f"Basic {b64encode(credentials.encode()).decode()}",
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{management}/api/{path}", data, headers, method=method)  # noqa: S310 - http
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - http
