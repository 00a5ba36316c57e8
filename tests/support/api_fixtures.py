"""What the tests of api_service drive: a small cinema in a real database, the site over HTTP, viewers who use it."""

import asyncio
import json
import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aiohttp import ClientSession, DummyCookieJar, web
from cryptography.fernet import Fernet
from openapi_schema_validator import OAS31Validator
from sqlalchemy import bindparam, func, text
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.api.openapi import document
from api_service.app import build
from api_service.broker.archive import Archive
from api_service.database import Database, Row, Statement
from api_service.identity import IdentitySettings
from api_service.settings import Settings
from api_service.site import Site
from api_service.tables import films as films_table
from api_service.tables import sessions
from api_service.usecases import films, friends, people
from api_service.usecases.people import User
from api_service.usecases.sessions import LIFETIME
from shared.broker import Broker
from shared.events.envelope import EXCHANGE, Event
from tests.support.event_contract import decode_and_check

SESSION_KEY: Final = b"session-key-of-the-tests-32-byte"
TICKET_SEED: Final = bytes(range(32))
NOBODY_LISTENS: Final = "amqp://guest:guest@127.0.0.1:1/"
ISSUER: Final = "http://127.0.0.1:1"
# How long a test waits for what must come: it is not to fail because the machine is busy.
PATIENCE_S: Final = 60.0
SITE: Final = Site(
    public_url="http://cinema.test", sync_public_url="ws://cinema.test:8081", partitions=64, link_key=SESSION_KEY
)

_SIGN_IN = Statement(
    insert(sessions)
    .values(
        id=bindparam("id"),
        user_id=bindparam("user_id"),
        by_token=bindparam("by_token"),
        expires_at=func.now() + LIFETIME,
    )
    .on_conflict_do_nothing()
)


class Cinema:
    """People and films in the database, in the domain's words."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def person(self, name: str, *, locale: str = "ru", email: str | None = "") -> User:
        """Return an account of this name; its address is made of the name unless one (or None) is given."""
        address = f"{name.lower()}@example.com" if email == "" else email
        user = await people.upsert_user(self.db, issuer=ISSUER, subject=name, name=name, email=address, locale=locale)
        await self.sign_in(user.id)
        return user

    async def sign_in(self, user_id: UUID | str) -> None:
        """Begin the session that a viewer's cookie names; it has the id of the account."""
        await self.db.run(_SIGN_IN, id=user_id, user_id=user_id, by_token=False)

    async def film(self, title: str = "Paper Whales", *, title_ru: str = "Бумажные киты", **changes: Any) -> UUID:
        film_id = uuid7()
        row = {
            "id": film_id,
            "slug": f"film-{film_id}",
            "title": {"ru": title_ru, "en": title},
            "description": {"ru": "Тихо.", "en": "Quiet."},
            "year": 2024,
            "duration_ms": 100_000,
            "media_url": "/demo/media/film.mp4",
            "poster_url": "/demo/media/film.webp",
        }
        row |= changes
        values = {name: bindparam(name, type_=films_table.c[name].type) for name in row}
        await self.db.run(Statement(insert(films_table).values(values)), **row)
        return film_id

    async def befriend(self, one: User, *others: User) -> None:
        for other in others:
            await friends.ask(self.db, one.id, other.id)
            await friends.ask(self.db, other.id, one.id)

    async def want(self, film_id: UUID, *viewers: User) -> None:
        for viewer in viewers:
            await films.want(self.db, viewer.id, film_id)

    async def rows(self, sql: str, **parameters: Any) -> list[Row]:
        return await self.db.all(Statement(text(sql)), **parameters)

    async def value(self, sql: str, **parameters: Any) -> Any:
        (row,) = await self.rows(sql, **parameters)
        return row[0]


@dataclass(frozen=True)
class Answer:
    """An answer of the API, already checked against the OpenAPI document."""

    status: int
    headers: Any
    body: Any

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])

    def fields(self) -> set[str]:
        """The fields that the problem complains of."""
        return {error["field"] for error in self.body["errors"]}


class Viewer:
    """Somebody's browser on the site; with no account, somebody who is not signed in."""

    def __init__(self, http: ClientSession, url: str, user: User | None) -> None:
        self._http = http
        self.url = url
        self.user = user

    @property
    def me(self) -> User:
        assert self.user is not None
        return self.user

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.send("GET", path, **options)

    async def put(self, path: str, **options: Any) -> Answer:
        return await self.send("PUT", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.send("POST", path, **({} if json is None else {"json": json}), **options)

    async def patch(self, path: str, json: Any, **options: Any) -> Answer:
        return await self.send("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.send("DELETE", path, **options)

    async def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        """Call an endpoint of /api/v1, and hold the answer against the document."""
        own = {"Origin": self.url, **({"Cookie": session_cookie(self.user.id)} if self.user else {}), **(headers or {})}
        async with self._http.request(method, f"{self.url}/api/v1{path}", headers=own, **options) as response:
            raw = await response.read()
            body = json.loads(raw) if raw and "json" in response.content_type else raw or None
            told = body.decode("latin-1") if isinstance(body, bytes) else body  # as the document counts bytes
            check_answer(method, path, response.status, response.content_type, told)
            return Answer(response.status, response.headers, body)

    async def raw(self, method: str, path: str, **options: Any) -> Answer:
        """Ask for any path of the site; the body comes as bytes."""
        headers = {"Origin": self.url, **({"Cookie": session_cookie(self.user.id)} if self.user else {})}
        headers.update(options.pop("headers", {}))
        async with self._http.request(method, f"{self.url}{path}", headers=headers, **options) as response:
            return Answer(response.status, response.headers, await response.read())


@dataclass
class RunningSite:
    """The site as a server of this process."""

    url: str
    app: web.Application
    http: ClientSession
    cinema: Cinema

    def viewer(self, user: User | None = None) -> Viewer:
        return Viewer(self.http, self.url, user)


def in_days(days: int) -> datetime:
    """Return a moment so many days ahead, without microseconds."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def utc(moment: datetime) -> str:
    """Return a moment as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def session_cookie(user_id: UUID) -> str:
    """Return the cookie of somebody who has signed in."""
    content = {"created": int(time.time()), "session": {"sid": str(user_id)}}
    sealed = Fernet(urlsafe_b64encode(SESSION_KEY)).encrypt(json.dumps(content).encode())
    return f"movie_together_session={sealed.decode()}"


def settings_for(database_url: str, amqp_url: str = NOBODY_LISTENS, *, port: int = 8080, **changes: Any) -> Settings:
    """Return the settings of a site at this port of the loopback address."""
    url = f"http://127.0.0.1:{port}"
    found = Settings(
        log_level="info",
        log_format="json",
        host="127.0.0.1",
        port=port,
        database_url=database_url,
        amqp_url=amqp_url,
        site=replace(SITE, public_url=url),
        identity=IdentitySettings(
            url, ISSUER, ISSUER, "movie-together", "secret", "urn:movie-together:api", SESSION_KEY
        ),
        ticket_signing_key=("test", TICKET_SEED),
        assets_dir=Path("/nonexistent"),
        demo_dir=None,
    )
    return replace(found, **changes)


@asynccontextmanager
async def running_site(settings: Settings) -> AsyncIterator[RunningSite]:
    """Serve the whole application."""
    # The broker's absence is wanted in most tests, and told of every few seconds.
    logging.getLogger("shared.broker").setLevel("ERROR")
    app = await build(settings)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    db = Database(settings.database_url, size=4, acquire_deadline_s=PATIENCE_S)
    await db.start()
    try:
        async with ClientSession(cookie_jar=DummyCookieJar()) as http:
            yield RunningSite(f"http://{settings.host}:{settings.port}", app, http, Cinema(db))
    finally:
        await db.close()
        await runner.cleanup()


_SPEC: Final = document()


def check_answer(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Hold an answer against what the OpenAPI document promises of it."""
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        return
    promised = operation["responses"].get(str(status))
    assert promised is not None, f"{method} {path} answered {status}, which the document does not know: {body}"
    if body is None:
        assert "content" not in promised
        return
    schema = promised["content"][content_type]["schema"]
    OAS31Validator({**schema, "components": _SPEC["components"]}).validate(body)


def _operation(method: str, path: str) -> Any:
    parts = path.split("/")
    for known, operations in _SPEC["paths"].items():
        names = known.split("/")
        fits = len(names) == len(parts) and all(n.startswith("{") or n == p for n, p in zip(names, parts, strict=True))
        if fits and method.lower() in operations:
            return operations[method.lower()]
    return None


class Listener:
    """Somebody else on the broker who hears every event, or those of some kinds; with a ``queue``, also later on."""

    def __init__(self, url: str, *keys: str, queue: str | None = None) -> None:
        self._url = url
        self._keys = keys or ("#",)
        self._queue = queue
        self.heard: list[Event] = []
        self._something = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect(self._url)
        channel = await self._connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(self._queue, durable=bool(self._queue), exclusive=not self._queue)
        for key in self._keys:
            await queue.bind(exchange, key)
        await queue.consume(self._hear, no_ack=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        self.heard.append(decode_and_check(message.body))
        self._something.set()

    async def until(self, number: int) -> list[Event]:
        """Wait until so many events were heard and give all of them."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < number:
                self._something.clear()
                await self._something.wait()
        return self.heard

    async def after_silence(self, silence_s: float = 0.5) -> list[Event]:
        """Wait until nothing was heard for a while and give all events."""
        while True:
            self._something.clear()
            try:
                await asyncio.wait_for(self._something.wait(), silence_s)
            except TimeoutError:
                return self.heard


class PatientBroker(Broker):
    """A broker that waits long for a confirmation: a queue that is slow for once must not make an event come twice."""

    async def publish(self, event: Event, *, deadline_s: float = PATIENCE_S) -> None:
        await super().publish(event, deadline_s=deadline_s)


@asynccontextmanager
async def connected_broker(url: str, archive: Archive | None = None) -> AsyncIterator[Broker]:
    """Return a broker that is connected, with the archive as its consumer if there is one."""
    broker = PatientBroker(url, "api_service")
    if archive is not None:
        archive.consume(broker)
    await broker.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await broker.wait_connected()
        yield broker
    finally:
        await broker.close()


async def dead_letters(url: str, queue: str) -> list[bytes]:
    """Take everything out of a queue's dead letters."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        dead = await channel.get_queue(f"{queue}.dead")
        found = []
        while (message := await dead.get(no_ack=True, fail=False)) is not None:
            found.append(message.body)
        return found
