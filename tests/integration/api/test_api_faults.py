"""The whole process while its neighbours stop, restart, or are not there at all."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar

from api_service.database import ACQUIRE_DEADLINE_S, Database
from deploy.local.program import WebProgram, plain_environment
from deploy.local.stores import PrivateStores
from tests.support.api_fixtures import PATIENCE_S, SESSION_KEY, TICKET_SEED, Answer, Cinema, Listener, Viewer
from tests.support.processes import RunProcess, frozen

ROOT = Path(__file__).parents[3]


def environment(port: int, database_url: str, amqp_url: str, **changes: str) -> dict[str, str]:
    return {
        "API_PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SYNC_PUBLIC_URL": "ws://127.0.0.1:8081",
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "OIDC_CLIENT_ID": "movie-together",
        "OIDC_CLIENT_SECRET": "secret",
        "SESSION_KEY": base64.urlsafe_b64encode(SESSION_KEY).decode(),
        "TICKET_SIGNING_KEY": f"k1:{base64.urlsafe_b64encode(TICKET_SEED).decode()}",
        **changes,
    }


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as made:
        yield made


@pytest.fixture
async def cinema(own_database_url: str) -> AsyncIterator[Cinema]:
    db = Database(own_database_url, acquire_deadline_s=PATIENCE_S)
    await db.start()
    yield Cinema(db)
    await db.close()


@pytest.fixture
def url(free_port: int) -> str:
    return f"http://127.0.0.1:{free_port}"


@pytest.fixture
def start_api(
    run_process: RunProcess, free_port: int, own_database_url: str, own_amqp_url: str, url: str
) -> Callable[[], WebProgram]:
    """Start the process at `url` on the test's own stores, and wait until it lives."""
    env = environment(free_port, own_database_url, own_amqp_url)
    return lambda: run_process(["python", "-m", "api_service"], env, f"{url}/healthz")


async def readiness(http: ClientSession, url: str) -> tuple[int, dict[str, str]]:
    async with http.get(f"{url}/readyz") as response:
        body: dict[str, Any] = await response.json()
        return response.status, body["checks"]


async def until_ready(http: ClientSession, url: str, status: int) -> dict[str, str]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found, checks = await readiness(http, url)
            if found == status:
                return checks
            await asyncio.sleep(0.1)


async def many(viewer: Viewer) -> list[Answer]:
    return await asyncio.gather(*(viewer.get("/films") for _ in range(20)))


async def until_many_are_served(viewer: Viewer, process: WebProgram) -> None:
    """Ask many times at once until all are served; whoever was not, has only waited too long for a new connection."""
    before = len(process.log.read_text())
    async with asyncio.timeout(PATIENCE_S):
        while {answer.status for answer in await many(viewer)} != {200}:
            await asyncio.sleep(0.1)
    for line in process.log.read_text()[before:].splitlines():
        assert "database unavailable" not in line or "no connection to PostgreSQL within" in line


@pytest.mark.timeout(240)
async def test_postgresql_may_restart_under_a_running_process(
    own_stores: PrivateStores,
    cinema: Cinema,
    start_api: Callable[[], WebProgram],
    url: str,
    http: ClientSession,
) -> None:
    anna = Viewer(http, url, await cinema.person("Anna"))
    process = start_api()

    for stop in (own_stores.postgres.stop, own_stores.postgres.kill):
        await until_many_are_served(anna, process)

        await asyncio.to_thread(stop)
        refused = await many(anna)
        assert {(answer.status, answer.code) for answer in refused} == {(503, "database_unavailable")}
        assert refused[0].headers["Retry-After"] == "1"
        checks = await until_ready(http, url, 503)
        assert "onnect" in checks["postgresql"]

        await asyncio.to_thread(own_stores.postgres.restart)
        await until_ready(http, url, 200)
        await until_many_are_served(anna, process)


@pytest.mark.timeout(240)
async def test_a_postgresql_that_hangs_is_answered_503_before_any_deadline_and_served_when_it_goes_on(
    own_stores: PrivateStores,
    cinema: Cinema,
    start_api: Callable[[], WebProgram],
    url: str,
    http: ClientSession,
) -> None:
    anna = Viewer(http, url, await cinema.person("Anna"))
    film_id = await cinema.film()
    process = start_api()
    await until_many_are_served(anna, process)
    room = (await anna.post("/rooms", json={"film_id": str(film_id)})).body

    async def answered(method: str, path: str, **options: Any) -> tuple[str, int, float]:
        began_s = time.monotonic()
        answer = await anna.raw(method, path, **options)
        return f"{method} {path}", answer.status, time.monotonic() - began_s

    page: dict[str, Any] = {"headers": {"Accept": "text/html"}}
    pages = ["/", f"/films/{film_id}", "/friends", "/rooms", f"/rooms/{room['code']}"]
    reads = ["films", "rooms", "me/friends", "me/matches", f"rooms/{room['code']}", f"films/{film_id}/matches"]
    calls = [
        *(("GET", path, page) for path in pages),
        *(("GET", f"/api/v1/{path}", {}) for path in reads),
        ("POST", "/api/v1/rooms", {"json": {"film_id": str(film_id)}}),
        ("POST", f"/api/v1/rooms/{room['code']}/join", {}),
        ("PUT", f"/api/v1/me/watchlist/{film_id}", {}),
        ("GET", "/readyz", {}),
    ]
    with frozen(own_stores.postgres):
        # First those that find connections open, then those who have to wait for one; then while it is known.
        for _ in range(3):
            answers = await asyncio.gather(*(answered(method, path, **options) for method, path, options in calls))
            assert {name: status for name, status, _ in answers if status != 503} == {}
            # Nobody waited for the end of the shortest deadline that a database can be given up by.
            assert {name: took_s for name, _, took_s in answers if took_s >= ACQUIRE_DEADLINE_S} == {}

    async with asyncio.timeout(PATIENCE_S):
        while {answer.status for answer in await many(anna)} != {200}:
            await asyncio.sleep(0.1)
    assert "PostgreSQL answers again" in process.log.read_text()


@pytest.mark.timeout(240)
async def test_without_postgresql_the_process_starts_says_so_and_serves_when_it_comes(
    own_stores: PrivateStores,
    start_api: Callable[[], WebProgram],
    url: str,
    http: ClientSession,
) -> None:
    await asyncio.to_thread(own_stores.postgres.stop)

    process = start_api()

    await until_ready(http, url, 503)
    async with asyncio.timeout(PATIENCE_S):
        while "PostgreSQL (DATABASE_URL) is away, trying again" not in process.log.read_text():
            await asyncio.sleep(0.05)
    await asyncio.to_thread(own_stores.postgres.restart)
    assert (await until_ready(http, url, 200))["postgresql"] == "ok"


@pytest.mark.timeout(240)
async def test_while_rabbitmq_is_away_everything_works_and_later_each_letter_arrives_once(
    own_stores: PrivateStores,
    cinema: Cinema,
    own_amqp_url: str,
    start_api: Callable[[], WebProgram],
    url: str,
    http: ClientSession,
) -> None:
    anna, *friends = [await cinema.person(name) for name in ("Anna", "Boris", "Vera")]
    await cinema.befriend(anna, *friends)
    film_id = await cinema.film()
    await cinema.want(film_id, *friends)
    async with Listener(own_amqp_url, "invitation.#", queue="mails"):
        pass  # from now on the queue stores them, also those that are published before anybody listens
    await asyncio.to_thread(own_stores.rabbitmq.stop)
    start_api()

    checks = await until_ready(http, url, 200)
    viewer = Viewer(http, url, anna)
    room = await viewer.post("/rooms", json={"film_id": str(film_id), "invite": {"matches": True}})
    joined = await viewer.post(f"/rooms/{room.body['code']}/join")

    assert "AMQP_URL" in checks["rabbitmq"]
    assert (room.status, joined.status) == (201, 200)
    await asyncio.to_thread(own_stores.rabbitmq.restart)
    async with Listener(own_amqp_url, "invitation.#", queue="mails") as listener:
        async with asyncio.timeout(PATIENCE_S):
            while len({event.id for event in listener.heard}) < 2:
                await listener.until(len(listener.heard) + 1)
        await asyncio.sleep(1.5)
    # A broker that has just come up may confirm too late, and gets the event again, under the same id.
    mails = {event.id: event.data["invitee"]["name"] for event in listener.heard}
    assert sorted(mails.values()) == ["Boris", "Vera"]


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "api_service"],
        cwd=ROOT,
        env=plain_environment(**variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


NOWHERE = "postgresql://movie:s3cret@127.0.0.1:1/movie_together"


def test_missing_and_wrong_settings_stop_the_start_together_with_names_and_remedies() -> None:
    variables = environment(8080, NOWHERE, "amqp://127.0.0.1:1/", SESSION_KEY="short", OIDC_ISSUER="id.example")
    del variables["SYNC_PUBLIC_URL"]

    refused = start(**variables)

    assert refused.returncode == 78
    for name in ("SYNC_PUBLIC_URL", "SESSION_KEY", "OIDC_ISSUER"):
        assert f"\n{name}: " in refused.stderr
        assert f"e.g. {name}=" in refused.stderr
    assert "OIDC_BACKCHANNEL_URL" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_port_stops_the_start_and_names_the_variable(free_port: int) -> None:
    listener = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(free_port)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert listener.stdout is not None
        listener.stdout.readline()
        done = start(**environment(free_port, NOWHERE, "amqp://127.0.0.1:1/"))
    finally:
        listener.terminate()
        listener.communicate()

    assert done.returncode == 1
    assert f"127.0.0.1:{free_port}" in done.stderr
    assert "API_PORT" in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_process_ends_in_order_when_asked(database_url: str, run_process: RunProcess, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    process = run_process(
        ["python", "-W", "error", "-m", "api_service"],
        environment(free_port, database_url, "amqp://guest:guest@127.0.0.1:1/"),
        f"{url}/readyz",
    )
    assert process.pid is not None
    child = process.process
    os.kill(process.pid, signal.SIGTERM)
    assert child is not None

    assert await asyncio.to_thread(child.wait, 30) == 0
    assert "Traceback" not in process.log.read_text()
    assert "Warning" not in process.log.read_text()
