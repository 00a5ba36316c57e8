"""What the tests of the notifier and the inbox drive: events as the cinema sends them, mail servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aiohttp import ClientSession
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from tests.support.processes import RunProcess

QUEUE = "notifications"
NOTIFIER = ("python", "-W", "error", "-m", "deploy.neighbours.notifier")
# How long a test waits for what must come: it is not to fail because the machine is busy.
PATIENCE_S = 60
Event = dict[str, Any]
# The broker's address, the mail server's port and other settings → the notifier, not yet started.
MakeNotifier = Callable[..., WebProgram]


def invitation_created(email: str = "boris@example.com", **changes: Any) -> Event:
    """An event `invitation.created.v1` as the contract has it; `changes` replace fields of its data or of the event."""
    data = {
        "invitation_id": str(uuid.uuid4()),
        "link": "http://localhost:8080/rooms/q8Zt3VnK2mXw7RbLpY4sJd",
        "answer_link": "http://localhost:8080/invitations/1/abc?lang=ru",
        "unsubscribe_link": "http://localhost:8080/unsubscribe/1/abc?lang=ru",
        "title": None,
        "starts_at": None,
        "ends_at": None,
        "sequence": 1,
        "film": {"id": str(uuid.uuid4()), "title": "Ночной трамвай"},
        "inviter": {"id": str(uuid.uuid4()), "name": "Анна Светлова"},
        "invitee": {"id": str(uuid.uuid4()), "email": email, "name": "Борис Климов", "locale": "ru", "time_zone": None},
    }
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "api_service",
        "type": "invitation.created.v1",
        "subject": str(uuid.uuid4()),
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    for name, value in changes.items():
        (data if name in data else event)[name] = value
    return event


def invitation_revoked(created: Event) -> Event:
    """The event `invitation.revoked.v1` that ends the invitation of `created`."""
    kept = {name: value for name, value in created["data"].items() if name not in ("link", "answer_link")}
    kept["sequence"] += 1
    now = datetime.now(UTC).isoformat()
    return {**created, "id": str(uuid.uuid4()), "type": "invitation.revoked.v1", "time": now, "data": kept}


def notifier_maker(run_process: RunProcess, state: Path) -> MakeNotifier:
    """Return what makes notifiers that remember in `state`."""

    def make(amqp_url: str, smtp_port: int, *, ready: str = "readyz", **settings: str) -> WebProgram:
        port = free_port()
        env = {
            "AMQP_URL": amqp_url,
            "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "MAIL_FROM": "Кино вместе <kino@cinema.example>",
            "NOTIFIER_STATE": str(state),
            "NOTIFIER_PORT": str(port),
            "NOTIFIER_RETRY_DELAYS_S": "1,2",
            **settings,
        }
        return run_process(NOTIFIER, env, f"http://127.0.0.1:{port}/{ready}", name="notifier", start=False)

    return make


def fates(state: Path) -> dict[str, str]:
    """Return event id → what the notifier remembers of it."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as connection:
        return dict(connection.execute("SELECT event_id, fate FROM mails").fetchall())


def invitation_changed(created: Event, change: str = "rescheduled", **changes: Any) -> Event:
    """The event `invitation.changed.v1` that moves or cancels the screening of `created`."""
    was = created["data"]["starts_at"]
    data = {**created["data"], "change": change, "previous_starts_at": was, **changes}
    data["sequence"] = created["data"]["sequence"] + 1
    now = datetime.now(UTC).isoformat()
    return {**created, "id": str(uuid.uuid4()), "type": "invitation.changed.v1", "time": now, "data": data}


async def started(program: WebProgram) -> WebProgram:
    """Start it without stopping this process's own event loop (its servers may have to answer meanwhile)."""
    await asyncio.to_thread(program.start)
    return program


async def eventually(check: Callable[[], Awaitable[bool]], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until `check` holds; fails naming `what`."""
    deadline = time.monotonic() + timeout_s
    while not await check():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        await asyncio.sleep(0.05)


class Broker:
    """The broker as the cinema's services see it."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel, exchange: aio_pika.abc.AbstractExchange) -> None:
        self.channel = channel
        self._exchange = exchange

    async def publish(self, *events: Event) -> None:
        """Publish each event as the outbox does; returns when the broker has confirmed all."""
        for event in events:
            await self.publish_raw(json.dumps(event).encode(), event["type"])

    async def publish_raw(self, body: bytes, routing_key: str = "invitation.created.v1") -> None:
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self._exchange.publish(message, routing_key)

    async def depth(self, queue: str = QUEUE) -> int:
        """How many messages wait in a queue, in nobody's hand."""
        declared = await self.channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0

    async def worked_off(self, notifier: WebProgram) -> None:
        """Wait until the notifier has taken everything, have it finish what it holds and stop, and see nothing left."""

        async def empty() -> bool:
            # The main queue last: what has waited long enough goes there, and is not to be missed on its way.
            depths = [await self.depth(queue) for queue in (f"{QUEUE}.retry.1s", f"{QUEUE}.retry.2s", QUEUE)]
            return not any(depths)

        async def ended() -> bool:
            return not notifier.running()

        await eventually(empty, "empty queues")
        # Not `stop`, which kills a notifier that takes its time to finish what it holds.
        assert notifier.pid is not None
        os.kill(notifier.pid, signal.SIGTERM)
        await eventually(ended, "the end of the notifier")
        # What was taken and not acknowledged would be back by now: the connection is closed.
        assert await empty()

    async def dead_letter(self) -> AbstractIncomingMessage:
        """Wait for a dead letter and take it."""
        queue = await self.channel.declare_queue(f"{QUEUE}.dead", passive=True)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            letter = await queue.get(fail=False)
            if letter is not None:
                await letter.ack()
                return letter
            await asyncio.sleep(0.05)
        raise AssertionError("no dead letter came")


@asynccontextmanager
async def broker(url: str) -> AsyncIterator[Broker]:
    """Connect as a publisher, with returned messages raised as errors."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        yield Broker(channel, await channel.declare_exchange("movie_together", "topic", durable=True))


@dataclass
class Inbox:
    """The inbox through its HTTP interface."""

    url: str
    smtp_port: int

    async def get(self, path: str, **params: str) -> bytes:
        async with ClientSession() as http, http.get(self.url + path, params=params) as response:
            assert response.status == 200
            return await response.read()

    async def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        body = await self.get("/api/messages", **({"to": to} if to else {}))
        items: list[dict[str, Any]] = json.loads(body)["items"]
        return items

    async def mail(self, to: str, count: int = 1, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until `count` mails to one address are there, and give the newest."""

        async def enough() -> bool:
            return len(await self.mails(to)) >= count

        await eventually(enough, f"{count} mail(s) to {to}", timeout_s)
        mails = await self.mails(to)
        assert len(mails) == count
        return mails[0]


async def http_status(url: str) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as http, http.get(url) as response:
        return response.status, await response.json()


@dataclass
class MailServer:
    """An SMTP server (aiosmtpd) whose answers a test chooses, and which keeps what it accepted.

    `answer_to` gives the reply to RCPT for an address, `before_accepting` runs after a mail was stored and before the
    server says so: the moment in which a crash leaves the sender in the dark.
    """

    port: int
    accepted: list[EmailMessage] = field(default_factory=list)
    attempts: list[tuple[float, str]] = field(default_factory=list)
    answer_to: Callable[[str], str] = lambda _address: "250 OK"
    before_accepting: Callable[[], Awaitable[None]] | None = None
    connections: list[asyncio.Transport] = field(default_factory=list)

    def session(self) -> SMTP:
        """The protocol of one connection."""
        return SMTP(self, hostname="mail.test", loop=asyncio.get_running_loop())

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.attempts.append((time.monotonic(), address))
        answer = self.answer_to(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content
        assert content is not None
        assert isinstance(server.transport, asyncio.Transport)
        self.connections = [server.transport]
        self.accepted.append(message_from_bytes(content, policy=policy.default))
        if self.before_accepting is not None:
            await self.before_accepting()
        return "250 accepted"


@asynccontextmanager
async def listening(served: MailServer) -> AsyncIterator[MailServer]:
    """Have the mail server listen on its port while the block runs."""
    server = await asyncio.get_running_loop().create_server(served.session, "127.0.0.1", served.port)
    try:
        yield served
    finally:
        server.close()
