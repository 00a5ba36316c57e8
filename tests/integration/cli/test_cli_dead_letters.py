"""Dead letters over AMQP alone, as `dead-letters` of either service shows them and puts them back."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import aio_pika

from api_service.broker.feed import QUEUE
from shared.broker import Broker
from shared.events.envelope import Event, InvalidEvent, decode
from shared.events.feed import FEED_FILM
from tests.support.api_fixtures import PATIENCE_S, dead_letters
from tests.support.commands import Ended, command


def a_film(external_id: str) -> Event:
    row = {"external_id": external_id, "updated_at": "2026-01-01T00:00:00Z", "titles": {"en": "A film"}}
    return Event(str(uuid4()), FEED_FILM, "", row, datetime.now(UTC), "cinema")


async def refuse(amqp_url: str, *events: Event) -> None:
    """Bring events into the queue's dead letters, as a consumer does that cannot apply them."""

    async def handle(_event: Event) -> None:
        raise InvalidEvent("not today")

    broker = Broker(amqp_url, "cinema")
    broker.consume(QUEUE, (FEED_FILM,), handle)
    await broker.start()
    async with asyncio.timeout(PATIENCE_S):
        await broker.wait_connected()
        for event in events:
            await broker.publish(event)
        while not await counted(amqp_url, len(events)):
            await asyncio.sleep(0.1)
    await broker.close()


async def applied(amqp_url: str, number: int) -> set[str]:
    """Return the ids of so many events that a consumer of the queue can apply now."""
    ids: set[str] = set()
    enough = asyncio.Event()

    async def handle(event: Event) -> None:
        ids.add(event.id)
        if len(ids) == number:
            enough.set()

    broker = Broker(amqp_url, "cinema")
    broker.consume(QUEUE, (FEED_FILM,), handle)
    await broker.start()
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    await broker.close()
    return ids


async def run(amqp_url: str, *words: str) -> Ended:
    # No other setting is needed: RabbitMQ may be the only store that is up.
    return await command("api_service", {"AMQP_URL": amqp_url}, "dead-letters", *words)


async def counted(amqp_url: str, number: int) -> bool:
    lines = (await run(amqp_url, "list")).out.splitlines()
    return [QUEUE, str(number)] in [line.split() for line in lines]


async def test_dead_letters_are_listed_whole_and_stay(amqp_url: str) -> None:
    events = [a_film("tt-1"), a_film("tt-2")]
    await refuse(amqp_url, *events)

    listed = await run(amqp_url, "list", QUEUE, "--bodies")
    again = await run(amqp_url, "list", QUEUE, "--limit", "1")

    assert listed.code == 0, listed.err
    assert all(event.id in listed.out for event in events)
    assert '"external_id":"tt-2"' in listed.out
    assert "1 of feed listed" in again.out
    kept = [decode(body) for body in await dead_letters(amqp_url, QUEUE)]
    assert sorted(one.id for one in kept) == sorted(event.id for event in events)
    assert {one.id: one.data for one in kept} == {event.id: event.data for event in events}


async def test_what_is_replayed_is_applied_by_its_own_consumer_alone(amqp_url: str) -> None:
    event = a_film("tt-1")
    await refuse(amqp_url, event)

    replayed = await run(amqp_url, "replay", QUEUE)

    assert replayed.code == 0, replayed.err
    assert "1 moved to feed, 0 left" in replayed.out
    assert await applied(amqp_url, 1) == {event.id}
    assert await dead_letters(amqp_url, QUEUE) == []


async def test_a_replay_moves_no_more_than_it_is_told_and_says_which(amqp_url: str) -> None:
    events = [a_film(f"tt-{number}") for number in range(3)]
    await refuse(amqp_url, *events)

    replayed = await run(amqp_url, "replay", QUEUE, "--limit", "2")

    assert "2 moved to feed, 1 left" in replayed.out
    (kept,) = [decode(body).id for body in await dead_letters(amqp_url, QUEUE)]
    moved = {event.id for event in events} - {kept}
    assert {line.split()[0] for line in replayed.out.splitlines()[:2]} == moved
    assert await applied(amqp_url, 2) == moved


async def test_a_letter_that_its_queue_does_not_take_stays(amqp_url: str) -> None:
    event = a_film("tt-1")
    await refuse(amqp_url, event)
    async with await aio_pika.connect(amqp_url) as connection:
        await (await connection.channel()).queue_delete(QUEUE)

    replayed = await run(amqp_url, "replay", QUEUE)

    assert replayed.code == 1
    assert f"feed did not take {event.id}" in replayed.err
    assert "0 were moved before" in replayed.err
    assert [decode(body).id for body in await dead_letters(amqp_url, QUEUE)] == [event.id]


async def test_a_queue_that_was_never_declared_and_one_that_is_none_of_ours_are_told(amqp_url: str) -> None:
    absent = await run(amqp_url, "replay", QUEUE)
    foreign = await run(amqp_url, "replay", "somebody.else")
    of_sync = await command("sync_service", {"AMQP_URL": amqp_url}, "dead-letters", "list")

    assert absent.code == 1
    assert "there is no queue feed.dead yet" in absent.err
    assert foreign.code == 2
    assert of_sync.code == 0
    assert "sync_service.lifecycle" in of_sync.out
