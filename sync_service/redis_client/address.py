"""REDIS_URL: one setting for a standalone Redis, one behind Sentinels, and a Cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

Address = tuple[str, int]
Kind = Literal["standalone", "sentinel", "cluster"]

EXAMPLES: Final = (
    "redis://127.0.0.1:6379/0",
    "redis+sentinel://host1:26379,host2:26379,host3:26379/master-name/0",
    "redis+cluster://host1:6379,host2:6379",
)
_KINDS: Final[dict[str, Kind]] = {"": "standalone", "sentinel": "sentinel", "cluster": "cluster"}
_PORTS: Final[dict[Kind, int]] = {"standalone": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """``hosts`` are the server itself, the Sentinels, or some of the Cluster's nodes; ``master`` is for Sentinels."""

    kind: Kind
    hosts: tuple[Address, ...]
    tls: bool = False
    user: str = "default"
    password: str = ""
    master: str = ""
    database: int = 0


def read_address(text: str) -> StoreAddress:
    """Return the address in one of the forms of EXAMPLES, ``rediss`` for TLS; raises ValueError without the text."""
    scheme, _, rest = text.partition("://")
    protocol, _, suffix = scheme.partition("+")
    if protocol not in {"redis", "rediss"} or suffix not in _KINDS or not rest:
        raise ValueError(f"must be of one of these forms (rediss for TLS), e.g. {', '.join(EXAMPLES)}")
    kind = _KINDS[suffix]
    authority, _, path = rest.partition("/")
    credentials, _, places = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    hosts = tuple(_host(place, _PORTS[kind]) for place in places.split(","))
    if kind == "standalone" and len(hosts) > 1:
        raise ValueError(f"must name one host, or say who they are, e.g. {EXAMPLES[1]} or {EXAMPLES[2]}")
    parts = path.rstrip("/").split("/") if path.rstrip("/") else []
    master = ""
    if kind == "sentinel":
        if not parts:
            raise ValueError(f"must name the master behind the Sentinels, e.g. {EXAMPLES[1]}")
        master = unquote(parts.pop(0))
    if len(parts) > 1 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"must end with the number of a database or with nothing, e.g. {EXAMPLES[0]}")
    database = int(parts[0]) if parts else 0
    if kind == "cluster" and database:
        raise ValueError(f"must not name a database, for a Cluster has only 0, e.g. {EXAMPLES[2]}")
    return StoreAddress(
        kind, hosts, protocol == "rediss", unquote(user) or "default", unquote(password), master, database
    )


def _host(place: str, port: int) -> Address:
    try:
        parts = urlsplit(f"//{place}")
        found = parts.hostname, port if parts.port is None else parts.port
    except ValueError:
        found = None, 0
    if not found[0] or not found[1] or parts.path or parts.query:
        raise ValueError(f"must name a host and a port from 1 to 65535, e.g. {EXAMPLES[0]}")
    return found[0], found[1]
