"""What the fixtures promise to every other test."""

import urllib.error
import urllib.request
from collections.abc import Callable

import aio_pika
import psycopg2
import pytest
import redis

from deploy.local.program import Program
from deploy.local.stores import PrivateStores
from tests.support.processes import RunProcess


def tables(url: str) -> set[str]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return {name for (name,) in cursor.fetchall()}
    finally:
        connection.close()


def execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_database_without_what_others_wrote(database_url: str, turn: str) -> None:
    assert "left_behind" not in tables(database_url), turn
    execute(database_url, "CREATE TABLE left_behind ()")
    assert "left_behind" in tables(database_url)


def test_an_empty_database_has_no_table_at_all(empty_database_url: str) -> None:
    assert tables(empty_database_url) == set()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_redis(redis_url: str, turn: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0, turn
        client.set("left", "behind")


def test_redis_keeps_a_log_and_never_evicts(own_redis_url: str) -> None:
    with redis.Redis.from_url(own_redis_url) as client:
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_gets_a_virtual_host_of_its_own(amqp_url: str, turn: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("left_behind", durable=True, arguments={"x-queue-type": "quorum"})
        assert queue.declaration_result.message_count == 0, turn
        await channel.default_exchange.publish(aio_pika.Message(b"x"), "left_behind")


@pytest.mark.parametrize("end", [lambda store: store.stop(), lambda store: store.kill()], ids=["stop", "kill"])
def test_own_stores_end_and_come_back_with_their_data(
    own_stores: PrivateStores, end: Callable[[Program], object]
) -> None:
    execute(own_stores.postgres.url, "CREATE TABLE IF NOT EXISTS kept ()")
    with redis.Redis.from_url(own_stores.redis.url) as client:
        client.set("kept", "1")

    for store in (own_stores.postgres, own_stores.redis):
        end(store)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(own_stores.postgres.url)
    with redis.Redis.from_url(own_stores.redis.url) as client, pytest.raises(redis.ConnectionError):
        client.ping()

    for store in (own_stores.postgres, own_stores.redis):
        store.start()
    assert "kept" in tables(own_stores.postgres.url)
    with redis.Redis.from_url(own_stores.redis.url) as client:
        assert client.get("kept") == b"1"


async def test_a_stopped_broker_comes_back_with_its_messages(own_stores: PrivateStores, own_amqp_url: str) -> None:
    connection = await aio_pika.connect(own_amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    message = aio_pika.Message(b"x", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, "kept")

    own_stores.rabbitmq.stop()
    with pytest.raises(aio_pika.exceptions.AMQPConnectionError):
        await aio_pika.connect(own_amqp_url)
    own_stores.rabbitmq.start()

    async with await aio_pika.connect(own_amqp_url) as again:
        queue = await (await again.channel()).get_queue("kept")
        assert (await queue.get(timeout=10)).body == b"x"


def test_a_process_runs_until_it_is_stopped(run_process: RunProcess, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/"
    server = run_process(["python", "-m", "http.server", "--bind", "127.0.0.1", str(free_port)], {}, url)
    server.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)
    server.start()
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200
