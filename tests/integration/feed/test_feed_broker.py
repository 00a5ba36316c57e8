"""The feed as broker events, and what the cinema is told of in turn, over a real RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aio_pika
import orjson
import pytest

from api_service.broker.feed import QUEUE, FeedConsumer
from api_service.broker.outbox_relay import Relay
from api_service.database import Database
from api_service.usecases import films, friends
from shared.events.envelope import EXCHANGE
from shared.events.feed import FEED_FILM, FEED_FRIENDSHIP, FEED_PERSON, FEED_WISH, FRIENDSHIP_CHANGED, WISH_CHANGED
from tests.support.api_fixtures import ISSUER, PATIENCE_S, Cinema, Listener, PatientBroker, dead_letters
from tests.support.feed_fixtures import film_row, friendship_row, person_row, wish_row

ROWS = {
    FEED_FILM: film_row("a", genres=["Drama"]),
    FEED_PERSON: person_row("anna"),
    FEED_FRIENDSHIP: friendship_row("anna", "boris"),
    FEED_WISH: wish_row("anna", "a"),
}


@asynccontextmanager
async def consuming(url: str, db: Database, *, known_within_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Take the queue of the feed for a while."""
    broker = PatientBroker(url, "api_service")
    FeedConsumer(db, ISSUER, known_within_s=known_within_s).consume(broker)
    await broker.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await broker.wait_connected()
        yield
    finally:
        await broker.close()


async def publish(url: str, type_: str, data: Any) -> None:
    """Publish an event as the cinema's own service does, which knows the contract and none of our code."""
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "cinema",
        "type": type_,
        "time": "2026-01-01T00:00:00Z",
    }
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        message = aio_pika.Message(orjson.dumps({**event, "data": data}))
        await exchange.publish(message, routing_key=type_)


async def until(cinema: Cinema, sql: str, wanted: Any) -> None:
    """Wait until the database says so."""
    async with asyncio.timeout(PATIENCE_S):
        while await cinema.value(sql) != wanted:
            await asyncio.sleep(0.05)


async def until_dead(url: str, number: int) -> list[bytes]:
    """Wait for so many dead letters of the feed."""
    found: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < number:
            found += await dead_letters(url, QUEUE)
            await asyncio.sleep(0.05)
    return found


async def test_events_bring_in_what_rows_do_in_whatever_order_they_come(amqp_url: str, db: Database) -> None:
    cinema = Cinema(db)
    async with consuming(amqp_url, db):
        for type_ in (FEED_WISH, FEED_FRIENDSHIP, FEED_FILM, FEED_PERSON, FEED_WISH):
            await publish(amqp_url, type_, ROWS[type_])
        await publish(amqp_url, FEED_PERSON, {**person_row("boris"), "a_later_field": 1})

        await until(cinema, "SELECT count(*) FROM watchlist", 1)
        await until(cinema, "SELECT count(*) FROM friendships WHERE accepted_at IS NOT NULL", 1)
        await publish(amqp_url, FEED_WISH, wish_row("anna", "a", 2, deleted=True))
        await until(cinema, "SELECT count(*) FROM watchlist", 0)

    assert await dead_letters(amqp_url, QUEUE) == []


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (FEED_FILM, {"external_id": "a"}),
        (FEED_FILM, film_row("a", titles={})),
        (FEED_PERSON, person_row("anna", email="nowhere")),
        (FEED_FRIENDSHIP, friendship_row("anna", "anna")),
        (FEED_WISH, wish_row("nobody", "nothing")),
    ],
)
async def test_what_can_never_be_applied_goes_to_the_dead_letters(
    amqp_url: str, db: Database, type_: str, data: Any
) -> None:
    async with consuming(amqp_url, db, known_within_s=0.1):
        await publish(amqp_url, type_, data)
        await publish(amqp_url, FEED_FILM, ROWS[FEED_FILM])

        (dead,) = await until_dead(amqp_url, 1)
        await until(Cinema(db), "SELECT count(*) FROM films", 1)

    assert orjson.loads(dead)["data"] == data


async def test_the_cinema_is_told_of_what_people_do_here_and_not_of_what_it_fed(amqp_url: str, db: Database) -> None:
    cinema = Cinema(db)
    broker = PatientBroker(amqp_url, "api_service")
    FeedConsumer(db, ISSUER, known_within_s=PATIENCE_S).consume(broker)
    relay = Relay(db, broker)
    await broker.start()
    await relay.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await broker.wait_connected()
        async with Listener(amqp_url, WISH_CHANGED, FRIENDSHIP_CHANGED) as listener:
            for type_ in (FEED_FILM, FEED_PERSON):
                await publish(amqp_url, type_, ROWS[type_])
            await publish(amqp_url, FEED_PERSON, person_row("boris"))
            await publish(amqp_url, FEED_FRIENDSHIP, ROWS[FEED_FRIENDSHIP])
            await publish(amqp_url, FEED_WISH, ROWS[FEED_WISH])
            await until(cinema, "SELECT count(*) FROM watchlist", 1)
            await until(cinema, "SELECT count(*) FROM friendships", 1)
            film_id = await cinema.value("SELECT id FROM films")
            ids = {row.subject: row.id for row in await cinema.rows("SELECT id, subject FROM users")}

            await films.unwant(db, ids["anna"], film_id)
            await films.unwant(db, ids["anna"], film_id)
            await films.want(db, ids["anna"], film_id)
            await films.want(db, ids["anna"], film_id)
            await friends.end(db, ids["boris"], ids["anna"])
            await friends.ask(db, ids["anna"], ids["boris"])
            await friends.ask(db, ids["boris"], ids["anna"])
            await friends.ask(db, ids["anna"], ids["boris"])

            told = await listener.until(4)
            told = await listener.after_silence()
    finally:
        await relay.close()
        await broker.close()

    wishes = [event.data for event in told if event.type == WISH_CHANGED]
    ties = [event.data for event in told if event.type == FRIENDSHIP_CHANGED]
    assert sorted(wish["wanted"] for wish in wishes) == [False, True]
    assert sorted(tie["friends"] for tie in ties) == [False, True]
    assert wishes[0]["person"] == {"id": str(ids["anna"]), "issuer": ISSUER, "subject": "anna"}
    assert wishes[0]["film"] == {"id": str(film_id), "external_id": "a"}
    assert {person["subject"] for person in ties[0]["people"]} == {"anna", "boris"}


async def test_a_change_that_nobody_listens_to_does_not_stay_in_the_outbox(amqp_url: str, db: Database) -> None:
    cinema = Cinema(db)
    anna, film_id = await cinema.person("Anna"), await cinema.film()
    broker = PatientBroker(amqp_url, "api_service")
    await broker.start()
    relay = Relay(db, broker)
    await relay.start()
    try:
        await films.want(db, anna.id, film_id)

        await until(cinema, "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL", 1)
    finally:
        await relay.close()
        await broker.close()
