"""A cinema that opens rooms, and sync processes that serve them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from shared.broker import Broker, NotConfirmed, Unroutable
from shared.events.envelope import Event
from shared.tickets import Minter
from sync_service.protocol.codes import CloseCode
from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess, processes

ORIGIN = "http://localhost:8080"
# A room of which something is counted starts as late as this (the year 2100): else its film would start by itself,
# five seconds after somebody came, and be counted too.
NEVER_MS = 4_102_444_800_000
# Closes after which people come again: the node, its store or the client itself was too busy just then.
BUSY: Final = frozenset({CloseCode.HELLO_TIMEOUT, CloseCode.TRY_AGAIN})
_SEED = bytes(range(32))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def person() -> str:
    """The id of somebody new."""
    return str(uuid.uuid4())


class Cinema:
    """What api_service would do: keep the signing key, open rooms, mint tickets."""

    def __init__(self) -> None:
        self._minter = Minter("test", _SEED)
        self.forger = Minter("test", bytes(32))
        public = Ed25519PrivateKey.from_private_bytes(_SEED).public_key().public_bytes_raw()
        self.settings = {
            "TICKET_VERIFY_KEYS": f"test:{_base64(public)}",
            "RESUME_KEYS": f"test:{_base64(b'resume' * 8)}",
            "ALLOWED_ORIGINS": ORIGIN,
            "LOG_FORMAT": "console",
        }

    def room(self, **claims: Any) -> dict[str, Any]:
        """A room's claim, as in the ticket; two minutes of film."""
        return {
            "id": str(uuid.uuid4()),
            "code": uuid.uuid4().hex,
            "version": 1,
            "partition": 5,
            "owner": person(),
            "film": {"id": str(uuid.uuid4()), "title": "Фильм", "duration_ms": 120_000},
            "access": "link",
            "control": "everyone",
            "capacity": 50,
            "starts_at": None,
            "settings": {},
            **claims,
        }

    def ticket(
        self,
        room: dict[str, Any],
        id_: str | None = None,
        name: str = "Anna",
        *,
        role: str | None = None,
        now_s: float | None = None,
        restore: dict[str, Any] | None = None,
        sid: str = "",
    ) -> str:
        """A join ticket for somebody (default: somebody new)."""
        id_ = id_ or person()
        role = role or ("owner" if id_ == room["owner"] else "viewer")
        user = {"id": id_, "name": name, "role": role}
        return self._minter.mint(user=user, room=room, now_s=now_s, restore=restore, sid=sid)


class SyncNode:
    """One sync process."""

    def __init__(self, process: WebProgram, port: int) -> None:
        self.process = process
        self.port = port

    def url(self, partition: int = 5) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/p{partition}"

    def http(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


def start_node(
    run: RunProcess,
    cinema: Cinema,
    redis_url: str,
    amqp_url: str,
    *,
    until: str = "/readyz",
    program: Sequence[str] = ("python", "-m", "sync_service"),
    **settings: str,
) -> SyncNode:
    """Start a sync process and wait until it is ready (or, without its Redis, alive: ``until="/healthz"``)."""
    port = free_port()
    environment = {
        **cinema.settings,
        "REDIS_URL": redis_url,
        "AMQP_URL": amqp_url,
        "SYNC_PORT": str(port),
        **settings,
    }
    ready_url = f"http://127.0.0.1:{port}{until}"
    process = run(program, environment, ready_url, name=f"sync-{port}", timeout_s=60)
    return SyncNode(process, port)


async def publish(broker: Broker, event: Event) -> None:
    """Bring an event to the broker as the outbox does: again under the same id until it is confirmed.

    A node that is ready may still be declaring its queues.
    """
    for _ in range(60):
        try:
            await broker.publish(event)
        except (NotConfirmed, Unroutable):
            await asyncio.sleep(0.5)
        else:
            return
    raise AssertionError("the broker confirms nothing")


class Crowd:
    """The clients of a test; all of them hang up when it ends."""

    def __init__(self, cinema: Cinema) -> None:
        self._cinema = cinema
        self.clients: list[RoomClient] = []

    def ticket(self, room: dict[str, Any], id_: str | None = None, **ticket: Any) -> str:
        """A join ticket of the cinema's."""
        return self._cinema.ticket(room, id_, **ticket)

    async def enter(
        self, node: SyncNode, room: dict[str, Any], id_: str | None = None, name: str = "Anna", **ticket: Any
    ) -> RoomClient:
        """Bring somebody into a room through a node; they come again where it could not let them in just then."""
        id_ = id_ or person()
        for _ in range(10):
            client = self.stranger(node, room)
            try:
                return await client.hello(self._cinema.ticket(room, id_, name, **ticket))
            except Disconnected as ended:
                if ended.code not in BUSY:
                    raise
            await asyncio.sleep(0.5)
        raise AssertionError("the node lets nobody in")

    def stranger(self, node: SyncNode, room: dict[str, Any], *, origin: str | None = ORIGIN) -> RoomClient:
        """Somebody who has not said hello yet."""
        client = RoomClient(node.url(room["partition"]), origin=origin)
        self.clients.append(client)
        return client

    async def go_home(self) -> None:
        for client in self.clients:
            with contextlib.suppress(OSError):
                await client.drop()


async def come_back(client: RoomClient, url: str | None = None) -> None:
    """Reconnect until it works."""
    for _ in range(300):
        try:
            await client.reconnect(url=url)
        except (Disconnected, OSError, aiohttp.ClientError):
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("could not come back")


async def same_for_all(clients: list[RoomClient]) -> None:
    """Wait until all clients stand at the same point, with the same film and chat."""
    for _ in range(500):
        if len({client.point for client in clients}) == 1:
            break
        # What comes meanwhile comes to one of them before it comes to another.
        end = max(client.point[1] for client in clients)
        await asyncio.gather(*(client.reaches(end) for client in clients))
        await asyncio.sleep(0.02)
    assert len({client.point for client in clients}) == 1
    for client in clients:
        assert client.playback == clients[0].playback
        assert client.messages[-20:] == clients[0].messages[-20:]


async def status(node: SyncNode, path: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(node.http(path)) as answer:
        return answer.status


async def until_ready(node: SyncNode, *, ready: bool = True) -> None:
    """Wait until a node is ready or, else, says that it is not."""
    started = time.monotonic()
    while await status(node, "/readyz") != (200 if ready else 503):
        assert time.monotonic() - started < 30, "not ready" if ready else "still ready"
        await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def cinema() -> Cinema:
    """The cinema."""
    return Cinema()


@pytest.fixture
async def crowd(cinema: Cinema) -> AsyncIterator[Crowd]:
    """The test's clients."""
    people = Crowd(cinema)
    yield people
    await people.go_home()


@pytest.fixture
def room(cinema: Cinema) -> dict[str, Any]:
    """A room that nobody has entered yet."""
    return cinema.room()


@pytest.fixture(scope="module")
def run_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunProcess]:
    """`run_process` for processes that serve a whole module."""
    folder: Path = tmp_path_factory.mktemp("processes")
    with processes(folder) as run:
        yield run
