"""Real stores and processes for the tests.

The session's stores are private ones, started when a test first asks; where DATABASE_URL, REDIS_URL or AMQP_URL is set,
the store behind that address is used instead. Each test gets an empty corner of them.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from api_service import heartbeat
from deploy.local import free_ports
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore, PrivateStores, Stores, given_or_private, private_stores
from shared import broker
from tests.support import event_contract
from tests.support.browsers import BROWSER_NAMES, BrowserName
from tests.support.fresh_stores import Databases, empty_redis
from tests.support.processes import RunProcess, processes
from tests.support.redis_cluster import RedisCluster
from tests.support.redis_sentinels import RedisSentinels
from tests.support.shifting_redis import ShiftingRedis
from tests.support.virtual_hosts import make_vhost, remove_last_vhosts, remove_vhost

# How busy the machine is says nothing about what is tested.
settings.register_profile(
    "patient",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what some tests may be told: --store (default: both kinds of Redis where it matters) and the rest."""
    parser.addoption("--store", choices=("standalone", "cluster"), help="run the rooms' tests on this kind of Redis")
    parser.addoption("--browser-name", choices=BROWSER_NAMES, default="chromium", help="try the pages in this browser")
    parser.addoption("--short", action="store_true", help="of the films and pages, play only what is marked `short`")
    parser.addoption("--schema-at-length", action="store_true", help="test the API by thousands of requests")
    parser.addoption("--schema-seed", type=int, default=1, help="another seed makes other requests")
    parser.addoption("--schedules", type=int, default=80, help="how many schedules of a room's people are tried")
    parser.addoption("--invitations", type=int, default=300, help="how many go through killed brokers and notifiers")


# Whole, these take ten minutes each on a machine of their own; `make test` runs a short version of them.
AT_LENGTH: Final = (Path(__file__).parent / "media", Path(__file__).parent / "e2e")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long ones of the films' and pages' tests if told so, and what only Chromium can do in Firefox."""
    short = config.getoption("--short")
    firefox = config.getoption("--browser-name") == "firefox"
    left_out = [item for item in items if (short and _is_long(item)) or (firefox and _needs_chromium(item))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_long(item: pytest.Item) -> bool:
    at_length = any(folder in item.path.parents for folder in AT_LENGTH)
    return at_length and not item.get_closest_marker("short")


def _needs_chromium(item: pytest.Item) -> bool:
    return item.get_closest_marker("chromium") is not None


@pytest.fixture(scope="session")
def browser_name(pytestconfig: pytest.Config) -> BrowserName:
    """The browser in which the run tries the pages."""
    name: BrowserName = pytestconfig.getoption("--browser-name")
    return name


@pytest.fixture(scope="session", autouse=True)
def received_events() -> Iterator[list[str]]:
    """What was wrong, by docs/events/, with events that a broker of this process has received."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "decode", event_contract.decode_and_check)
        yield event_contract.violations


@pytest.fixture(autouse=True)
def events_fit_their_schemas(received_events: list[str]) -> Iterator[None]:
    """Fail a test in which an event was received that does not fit its schema."""
    received_events.clear()
    yield
    assert received_events == []


@pytest.fixture(autouse=True)
def patient_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the suite fills the machine PostgreSQL may answer nobody for a moment, which is no hang."""
    for patience in ("ANSWER_TICKS", "CONNECT_TICKS"):
        monkeypatch.setattr(heartbeat, patience, 50)


@pytest.fixture(scope="session")
def stores_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may enter (pytest's own temporary folders are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="movie-together-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def described_stores(stores_folder: Path) -> Stores:
    """The session's stores, not yet started."""
    return given_or_private(os.environ, private_stores(stores_folder / "session", durable=False))


@contextlib.contextmanager
def serving(store: Postgres | Redis | RabbitMQ | GivenStore) -> Iterator[None]:
    """Run a store for a while; it is killed at the end, as nobody needs its data (RabbitMQ takes 6 s to stop)."""
    if isinstance(store, GivenStore):
        yield
        return
    store.start()
    try:
        yield
    finally:
        store.kill()


@pytest.fixture(scope="session")
def postgres(described_stores: Stores) -> Iterator[Postgres | GivenStore]:
    """The session's PostgreSQL, serving."""
    with serving(described_stores.postgres):
        yield described_stores.postgres


@pytest.fixture(scope="session")
def redis_server(described_stores: Stores) -> Iterator[Redis | GivenStore]:
    """The session's Redis, serving."""
    with serving(described_stores.redis):
        yield described_stores.redis


@pytest.fixture(scope="session")
def rabbitmq(described_stores: Stores) -> Iterator[RabbitMQ | GivenStore]:
    """The session's RabbitMQ, serving."""
    with serving(described_stores.rabbitmq):
        yield described_stores.rabbitmq
        if isinstance(described_stores.rabbitmq, GivenStore):
            remove_last_vhosts()  # a private one is killed with all that it has


@pytest.fixture(scope="session")
def redis_cluster(stores_folder: Path) -> Iterator[RedisCluster]:
    """The session's Redis Cluster of three masters with their replicas, started when a test first asks."""
    folder = stores_folder / "cluster"
    # Nobody kills its nodes: a machine that is busy for a while must not look like a master that has died.
    cluster = RedisCluster(folder, logs=folder / "log", node_timeout_ms=15_000, durable=False).start()
    yield cluster
    cluster.kill()


@pytest.fixture(scope="session")
def stores(
    postgres: Postgres | GivenStore, redis_server: Redis | GivenStore, rabbitmq: RabbitMQ | GivenStore
) -> Stores:
    """The session's three stores, serving. A test that stops a store takes `own_stores`."""
    return Stores(postgres, redis_server, rabbitmq)


@pytest.fixture(scope="session")
def databases(postgres: Postgres | GivenStore) -> Iterator[Databases]:
    """The makers of test databases on the session's PostgreSQL."""
    made = Databases(postgres.url)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of a fresh database with every migration applied."""
    url = databases.make_migrated()
    yield url
    databases.give_back(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The address of a fresh database without any table."""
    url = databases.make_empty()
    yield url
    databases.drop(url)


@pytest.fixture
def redis_url(redis_server: Redis | GivenStore) -> str:
    """The address of an empty Redis database."""
    return empty_redis(redis_server)


@pytest.fixture
def amqp_url(rabbitmq: RabbitMQ | GivenStore) -> Iterator[str]:
    """The address of a fresh virtual host."""
    url = make_vhost(rabbitmq)
    yield url
    remove_vhost(rabbitmq, url)


@pytest.fixture(scope="session")
def breakable_stores(stores_folder: Path) -> Iterator[PrivateStores]:
    """Private stores for tests that break them; PostgreSQL and RabbitMQ, which take long to start, serve.

    Each test has a database and a virtual host of its own there.
    """
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=stores_folder))
    folder.chmod(0o711)
    own = private_stores(folder)
    Stores(own.postgres, GivenStore("redis", own.redis.url), own.rabbitmq).start()
    yield own
    own.kill()


@pytest.fixture(scope="module")
def module_stores(breakable_stores: PrivateStores, stores_folder: Path) -> Iterator[PrivateStores]:
    """Three private stores of one test module; its Redis is its own, as tests change that one's settings."""
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=stores_folder))
    own = replace(breakable_stores, redis=private_stores(folder).redis)
    own.redis.start()
    yield own
    own.redis.kill()


@pytest.fixture
def own_stores(module_stores: PrivateStores) -> PrivateStores:
    """Private stores that a test may stop, kill and start; all three serve when it begins."""
    for store in module_stores.own:
        if not store.running():
            store.restart()
    return module_stores


@pytest.fixture(scope="module")
def module_redis_cluster(stores_folder: Path) -> Iterator[RedisCluster]:
    """A Redis Cluster of one test module."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-", dir=stores_folder))
    cluster = RedisCluster(folder, logs=folder / "log").start()
    yield cluster
    cluster.kill()


@pytest.fixture
def own_redis_cluster(module_redis_cluster: RedisCluster) -> RedisCluster:
    """A Redis Cluster whose nodes a test may kill and start; it is whole, and empty, when the test begins."""
    module_redis_cluster.heal()
    module_redis_cluster.flush()
    return module_redis_cluster


@pytest.fixture
def own_redis_sentinels(tmp_path: Path) -> Iterator[RedisSentinels]:
    """A Redis master, its replica and their Sentinels, which a test may kill."""
    sentinels = RedisSentinels(tmp_path / "sentinels", logs=tmp_path / "sentinels" / "log").start()
    yield sentinels
    sentinels.kill()


@pytest.fixture
def shifting_redis(tmp_path: Path) -> Iterator[ShiftingRedis]:
    """A Redis whose clock a test may set while it runs (`set_clock`)."""
    log, port = tmp_path / "shifting.log", free_ports.free_port()
    server = ShiftingRedis(tmp_path / "shifting", clock=tmp_path / "clock", port=port, log=log).start()
    yield server
    server.kill()


@pytest.fixture
def own_database_url(own_stores: PrivateStores) -> str:
    """The address of a fresh migrated database on `own_stores` (it goes when they do, like the next two)."""
    return Databases(own_stores.postgres.url).make_migrated()


@pytest.fixture
def own_redis_url(own_stores: PrivateStores) -> str:
    """The address of an empty Redis database on `own_stores`."""
    return empty_redis(own_stores.redis)


@pytest.fixture
def own_amqp_url(own_stores: PrivateStores) -> str:
    """The address of a fresh virtual host on `own_stores`."""
    return make_vhost(own_stores.rabbitmq)


@pytest.fixture
def free_port() -> int:
    """A TCP port that nothing listens on (outside of the range that outgoing connections take theirs from)."""
    return free_ports.free_port()


@pytest.fixture
def run_process(tmp_path: Path) -> Iterator[RunProcess]:
    """Start processes of ours as a person does; all are stopped when the test ends."""
    with processes(tmp_path) as run:
        yield run
