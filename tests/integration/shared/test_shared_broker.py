"""The broker against a real RabbitMQ: confirmation, retries, dead letters, and coming back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import pytest

from shared import broker as broker_module
from shared.broker import NOTIFICATIONS, Broker, NotConfirmed, Transient, Unroutable
from shared.events.envelope import Event, InvalidEvent, encode, new_event
from shared.events.invitations import INVITATION_CREATED
from shared.events.journal import CHAT_POSTED
from shared.events.rooms import ROOM_CLOSED

QUEUE = "sync_service.lifecycle"
KEYS = ("room.*.v1",)
PATIENCE_S = 20


def room_closed() -> Event:
    data = {"version": 2, "partition": 7, "reason": "owner", "closed_at": datetime.now(UTC)}
    return new_event(ROOM_CLOSED, str(uuid4()), data, source="test")


def invitation_created() -> Event:
    person = {"id": uuid4(), "name": "Аня"}
    data = {
        "invitation_id": uuid4(),
        "link": "http://localhost:8080/rooms/abc",
        "starts_at": None,
        "film": {"id": uuid4(), "title": "Ночной поезд"},
        "title": None,
        "ends_at": None,
        "sequence": 1,
        "answer_link": "http://cinema.test/invitations/x/y",
        "unsubscribe_link": "http://cinema.test/unsubscribe/x/y",
        "inviter": person,
        "invitee": {**person, "email": "anya@example.com", "locale": "ru", "time_zone": None},
    }
    return new_event(INVITATION_CREATED, str(uuid4()), data, source="test")


@asynccontextmanager
async def started(
    url: str, handler: Callable[[Event], Awaitable[None]] | None = None, *, wait: bool = True
) -> AsyncIterator[Broker]:
    broker = Broker(url, "test")
    if handler is not None:
        broker.consume(QUEUE, KEYS, handler)
    await broker.start()
    try:
        if wait:
            async with asyncio.timeout(PATIENCE_S):
                await broker.wait_connected()
        yield broker
    finally:
        await broker.close()


@asynccontextmanager
async def channel(url: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel()


async def take(url: str, queue: str) -> aio_pika.abc.AbstractIncomingMessage:
    """Take one message off a queue, waiting for it a while."""
    async with channel(url) as look, asyncio.timeout(PATIENCE_S):
        found = await look.get_queue(queue, ensure=False)
        while (message := await found.get(fail=False)) is None:
            await asyncio.sleep(0.05)
        await message.ack()
        return message


async def is_empty(url: str, queue: str) -> bool:
    """Return whether a queue has nothing to give; what it counts is 0 too while its leader does not answer."""
    async with channel(url) as look:
        found = await look.get_queue(queue, ensure=False)
        return await found.get(fail=False) is None


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "RECONNECT_FIRST_S", 0.01)
    monkeypatch.setattr(broker_module, "RETRY_MOST_S", 0.05)


async def test_a_published_event_reaches_its_consumer_whole(amqp_url: str) -> None:
    arrived: asyncio.Queue[Event] = asyncio.Queue()
    async with started(amqp_url, arrived.put) as broker:
        event = room_closed()
        await broker.publish(event)

        assert await asyncio.wait_for(arrived.get(), PATIENCE_S) == event


async def test_an_invitation_waits_for_a_notification_service_that_has_never_started(amqp_url: str) -> None:
    async with started(amqp_url) as broker:
        event = invitation_created()
        await broker.publish(event)

    assert (await take(amqp_url, NOTIFICATIONS)).message_id == event.id
    assert await is_empty(amqp_url, NOTIFICATIONS)


async def test_an_event_that_no_queue_takes_is_not_taken_for_delivered(amqp_url: str) -> None:
    data = {
        "room_id": uuid4(),
        "epoch": 1,
        "seq": 1,
        "message_id": "m",
        "author_id": uuid4(),
        "author_name": "Аня",
        "text": "Привет",
        "position_ms": 0,
        "sent_at": datetime.now(UTC),
    }
    async with started(amqp_url) as broker:
        with pytest.raises(Unroutable, match="no queue takes"):
            await broker.publish(new_event(CHAT_POSTED, str(uuid4()), data, source="test"))
        await broker.publish(invitation_created())  # one that is returned does not spoil the channel for others


@pytest.mark.usefixtures("quick_retries")
async def test_a_transient_failure_keeps_the_event_until_the_store_is_back(amqp_url: str) -> None:
    tries: list[str] = []
    done = asyncio.Event()

    async def handler(event: Event) -> None:
        tries.append(event.id)
        if len(tries) < 8:  # more often than a surprise would be forgiven
            raise Transient("the store is away")
        done.set()

    async with started(amqp_url, handler) as broker:
        await broker.publish(room_closed())
        await asyncio.wait_for(done.wait(), PATIENCE_S)

    assert len(set(tries)) == 1
    assert await is_empty(amqp_url, f"{QUEUE}.dead")


@pytest.mark.usefixtures("quick_retries")
async def test_a_surprise_that_repeats_ends_in_the_dead_letters_and_others_go_on(amqp_url: str) -> None:
    poison, good = room_closed(), room_closed()
    arrived: asyncio.Queue[Event] = asyncio.Queue()

    async def handler(event: Event) -> None:
        if event.id == poison.id:
            raise ZeroDivisionError
        await arrived.put(event)

    async with started(amqp_url, handler) as broker:
        await broker.publish(poison)
        await broker.publish(good)
        assert await asyncio.wait_for(arrived.get(), PATIENCE_S) == good
        dead = await take(amqp_url, f"{QUEUE}.dead")

    assert dead.message_id == poison.id
    assert dead.body == encode(poison)


async def test_an_event_that_cannot_be_applied_is_dead_lettered_at_once(amqp_url: str) -> None:
    tries: list[Event] = []

    async def handler(event: Event) -> None:
        tries.append(event)
        raise InvalidEvent("no such room")

    async with started(amqp_url, handler) as broker:
        event = room_closed()
        await broker.publish(event)
        dead = await take(amqp_url, f"{QUEUE}.dead")

    assert dead.message_id == event.id
    assert len(tries) == 1


async def test_a_message_that_is_no_event_is_dead_lettered(amqp_url: str) -> None:
    async def handler(_event: Event) -> None:
        raise AssertionError("never called")

    async with started(amqp_url, handler), channel(amqp_url) as raw:
        exchange = await raw.get_exchange("movie_together")
        await exchange.publish(aio_pika.Message(b"{"), routing_key=ROOM_CLOSED)
        dead = await take(amqp_url, f"{QUEUE}.dead")

    assert dead.body == b"{"


async def test_an_event_in_hand_at_a_crash_comes_again(amqp_url: str) -> None:
    event = room_closed()
    in_hand = asyncio.Event()

    async def hang(_event: Event) -> None:
        in_hand.set()
        await asyncio.sleep(PATIENCE_S)

    async with started(amqp_url, hang) as first:
        await first.publish(event)
        await asyncio.wait_for(in_hand.wait(), PATIENCE_S)

    arrived: asyncio.Queue[Event] = asyncio.Queue()
    async with started(amqp_url, arrived.put):
        assert await asyncio.wait_for(arrived.get(), PATIENCE_S) == event


async def test_without_a_broker_publishing_fails_at_once_and_nothing_waits(free_port: int) -> None:
    async with started(f"amqp://guest:guest@127.0.0.1:{free_port}/", wait=False) as broker:
        with pytest.raises(NotConfirmed):
            await asyncio.wait_for(broker.publish(room_closed()), 1)
        assert not broker.connected
        with pytest.raises(ConnectionError, match="AMQP_URL"):
            await broker.check()


async def test_a_restarted_broker_is_found_again_with_everything_confirmed_before(own_stores: Any) -> None:
    arrived: asyncio.Queue[Event] = asyncio.Queue()
    url = own_stores.rabbitmq.url
    async with started(url, arrived.put) as broker:
        kept = invitation_created()
        await broker.publish(kept)

        # Stopped, not killed: RabbitMQ 3.10 forgets a quorum queue when it is killed within moments of its declaration.
        await asyncio.to_thread(own_stores.rabbitmq.stop)
        with pytest.raises(NotConfirmed):
            await broker.publish(room_closed())
        await asyncio.to_thread(own_stores.rabbitmq.start)

        async with asyncio.timeout(30):
            await broker.wait_connected()
        event = room_closed()
        await broker.publish(event)
        assert await asyncio.wait_for(arrived.get(), PATIENCE_S) == event

    assert (await take(url, NOTIFICATIONS)).message_id == kept.id


async def test_it_ends_at_whatever_moment_of_a_connection_that_fails(free_port: int) -> None:
    for moment in range(20):
        broker = Broker(f"amqp://guest:guest@127.0.0.1:{free_port}/", "test")
        await broker.start()
        for _ in range(moment):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await broker.close()
