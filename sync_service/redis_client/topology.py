"""Which master serves which slots, as the servers themselves report it: standalone, Sentinel or Cluster."""

from __future__ import annotations

import asyncio
import random
from binascii import crc_hqx
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from sync_service.redis_client.address import Address, StoreAddress
from sync_service.redis_client.client import RedisLink, StoreError
from sync_service.redis_client.wire import ask_once

log = structlog.get_logger(__name__)

SLOTS: Final = 16_384
ASK_S: Final = 0.7
ASKED_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A master with its replicas; ``slots`` are the ranges that it serves."""

    master: Address
    nodes: frozenset[Address]
    slots: tuple[range, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All masters and their slots. Of two layouts of one Cluster the one with the higher ``version`` is later.

    ``version`` is the highest config epoch, ``ids`` are the masters' node ids (both only in a Cluster).
    """

    groups: tuple[Group, ...]
    version: int = 0
    ids: frozenset[str] = frozenset()


class Topology(Protocol):
    """A way to find the layout; ``moves`` where it may change."""

    moves: bool

    async def find(self, links: Sequence[RedisLink], known: Iterable[Address]) -> Layout | None:
        """Return the layout by the open connections or the known addresses; None if no server answered."""


def topology_of(store: StoreAddress) -> Topology:
    """Return the topology of this kind of store."""
    match store.kind:
        case "standalone":
            return _Alone(store)
        case "sentinel":
            return _Sentinels(store)
        case "cluster":
            return _Cluster(store)


def slot_of(tag: bytes) -> int:
    """Return the slot of all keys with this hash tag (CRC-16/XMODEM, by the Redis Cluster specification)."""
    return crc_hqx(tag, 0) % SLOTS


def everything(master: Address) -> Layout:
    """Return the layout in which one master serves all slots."""
    return Layout((Group(master, frozenset({master}), (range(SLOTS),)),))


class _Alone:
    moves = False

    def __init__(self, store: StoreAddress) -> None:
        self._layout = everything(store.hosts[0])

    async def find(self, links: Sequence[RedisLink], known: Iterable[Address]) -> Layout | None:
        return self._layout


class _Sentinels:
    """Takes the master that most Sentinels name: one that was partitioned still names the old one."""

    moves = True

    def __init__(self, store: StoreAddress) -> None:
        self._store = store

    async def find(self, links: Sequence[RedisLink], known: Iterable[Address]) -> Layout | None:
        words = "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._store.master
        answers = await asyncio.gather(*(_ask(self._store, host, *words) for host in self._store.hosts))
        named = Counter((answer[0].decode(), int(answer[1])) for answer in answers if answer)
        return everything(named.most_common(1)[0][0]) if named else None


class _Cluster:
    """Asks a few nodes and takes the latest layout: one that was partitioned reports an old one."""

    moves = True

    def __init__(self, store: StoreAddress) -> None:
        self._store = store

    async def find(self, links: Sequence[RedisLink], known: Iterable[Address]) -> Layout | None:
        open_ = random.sample(links, min(len(links), ASKED_MOST))
        others = {*known, *self._store.hosts} - {link.address for link in links}
        # The open connections may all be on the smaller side of a partition: other nodes are asked too.
        hosts = random.sample(sorted(others), min(len(others), ASKED_MOST - len(open_)))
        answers = await asyncio.gather(
            *(_ask_over(link) for link in open_), *(_ask(self._store, host, "CLUSTER", "NODES") for host in hosts)
        )
        asked = [link.address for link in open_] + hosts
        layouts = [read_nodes(text, host[0]) for host, text in zip(asked, answers, strict=True) if text is not None]
        return max(layouts, key=lambda layout: layout.version, default=None)


def read_nodes(text: bytes, asked: str) -> Layout:
    """Return the layout in an answer to CLUSTER NODES; ``asked`` is the host of a node that does not know its own."""
    masters: dict[str, tuple[Address, tuple[range, ...]]] = {}
    members: dict[str, set[Address]] = {}
    epochs = [0]
    for line in text.decode().splitlines():
        id_, address, flags, master, _, _, epoch, _, *slots = line.split(" ")
        epochs.append(int(epoch))
        if {"noaddr", "handshake"} & set(flags.split(",")):
            continue
        place = _place(address, asked)
        if master == "-":
            masters[id_] = place, tuple(_span(slot) for slot in slots if not slot.startswith("["))
            master = id_
        members.setdefault(master, set()).add(place)
    groups = tuple(
        Group(place, frozenset(members[id_]), slots) for id_, (place, slots) in sorted(masters.items()) if slots
    )
    return Layout(groups, max(epochs), frozenset(masters))


def _place(address: str, asked: str) -> Address:
    # ip:port@bus-port, and behind a comma the host name where one is announced (for certificates it must be that one).
    numbers, _, names = address.partition(",")
    host, _, port = numbers.partition("@")[0].rpartition(":")
    return names.partition(",")[0] or host or asked, int(port)


def _span(slots: str) -> range:
    first, _, last = slots.partition("-")
    return range(int(first), int(last or first) + 1)


async def _ask_over(link: RedisLink) -> Any:
    try:
        async with asyncio.timeout(ASK_S):
            return await link.call("CLUSTER", "NODES")
    except (TimeoutError, StoreError):
        return None


async def _ask(store: StoreAddress, host: Address, *words: str) -> Any:
    try:
        async with asyncio.timeout(ASK_S):
            return await ask_once(store, host, *words)
    except (OSError, TimeoutError, StoreError) as error:
        log.info("a server does not name its master", address=f"{host[0]}:{host[1]}", reason=str(error) or repr(error))
        return None
