"""The archive: rows out of journalled events, once, in whatever order they come."""

import asyncio
import itertools
import json
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from api_service.broker.archive import QUEUE, Archive
from api_service.database import Database
from api_service.usecases import rooms
from api_service.usecases.people import User
from api_service.usecases.rooms import RoomOrder
from shared.broker import Transient
from shared.events.envelope import Event, InvalidEvent
from shared.events.journal import PLAYBACK_CHANGED
from tests.support.api_fixtures import SITE, Cinema, connected_broker, dead_letters
from tests.support.journalled import NOW, Journal


@pytest.fixture
async def anna(cinema: Cinema) -> User:
    return await cinema.person("Anna")


@pytest.fixture
async def journal(db: Database, cinema: Cinema, anna: User) -> Journal:
    room = await rooms.open_room(db, SITE, anna, RoomOrder(await cinema.film()), "ru")
    return Journal(room.id)


async def archived(cinema: Cinema) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the archive."""
    placed = ("room_events", "chat_messages", "asides", "reaction_counts")
    tables = {"visits": "id", **dict.fromkeys(placed, "epoch, seq")}
    return {
        table: [tuple(row) for row in await cinema.rows(f"SELECT * FROM {table} ORDER BY {order}")]  # noqa: S608
        for table, order in tables.items()
    }


async def keep(db: Database, events: Iterable[Event]) -> None:
    archive = Archive(db)
    for event in events:
        await archive.write(event)


async def test_each_kind_of_event_becomes_a_row(db: Database, cinema: Cinema, journal: Journal, anna: User) -> None:
    await keep(
        db,
        [
            journal.came(1, anna),
            journal.played(2, 500, by=anna.id),
            journal.said(3, anna),
            journal.left(4, anna),
            journal.aside(5, anna, "rewatch"),
            journal.aside(6, anna, None),
            (counted := journal.reacted(6, 60_000, 3)),
        ],
    )

    found = await archived(cinema)
    room = journal.room_id
    assert found["visits"] == [("v1", room, anna.id, 1, 4, NOW, NOW + timedelta(seconds=4), "left")]
    assert found["room_events"] == [(room, 1, 2, "played", "playing", 500, 1, NOW, anna.id, NOW, None, None, None)]
    assert found["asides"] == [
        (room, 1, 5, anna.id, "rewatch", 5_000, NOW + timedelta(seconds=5)),
        (room, 1, 6, anna.id, None, 6_000, NOW + timedelta(seconds=6)),
    ]
    assert found["reaction_counts"] == [(counted.id, room, 1, 6, 60_000, 3, NOW)]
    assert found["chat_messages"] == [(room, 1, 3, "m3", anna.id, "Anna", "Привет!", 1_500.5, NOW, None, None, None)]


async def test_a_visit_that_goes_on_has_no_end(db: Database, cinema: Cinema, journal: Journal, anna: User) -> None:
    await keep(db, [journal.came(1, anna)])

    assert (await archived(cinema))["visits"] == [("v1", journal.room_id, anna.id, 1, 1, NOW, None, None)]


async def test_any_order_and_any_repetition_archive_the_same(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    events = [
        journal.came(1, anna),
        journal.played(2),
        journal.said(3, anna),
        journal.left(4, anna),
        journal.played(1, 700, epoch=2),
        journal.aside(5, anna, "ad"),
        journal.reacted(5, 0, 2),
    ]
    await keep(db, events)
    expected = await archived(cinema)

    orders = list(itertools.permutations(events))
    for order in random.Random(7).sample(orders, 12):
        for table in (*expected, "inbox"):
            await cinema.rows(f"WITH gone AS (DELETE FROM {table}) SELECT 1")  # noqa: S608
        await keep(db, [*order, *order[:3]])
        assert await archived(cinema) == expected


async def test_the_same_event_at_the_same_moment_is_kept_once(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    archive = Archive(db)

    await asyncio.gather(*(archive.write(journal.said(1, anna)) for _ in range(10)))

    assert len((await archived(cinema))["chat_messages"]) == 1


async def test_a_place_in_the_journal_is_taken_once_whatever_the_event_s_id(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    await keep(db, [journal.said(1, anna, "first"), journal.said(1, anna, "second", id_="another")])

    assert [row[6] for row in (await archived(cinema))["chat_messages"]] == ["first"]


async def test_of_two_ends_of_a_visit_the_later_in_the_journal_counts(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    ends = [
        journal.left(9, anna, reason="lost"),
        journal.left(2, anna, epoch=2, reason="left"),
        journal.left(4, anna, reason="lost"),
    ]

    await keep(db, ends)

    ((*_, end_reason),) = (await archived(cinema))["visits"]
    assert end_reason == "left"


async def test_a_kind_that_is_not_archived_is_let_go(db: Database, cinema: Cinema) -> None:
    await Archive(db).write(Event("1", "chat.pinned.v1", str(uuid4()), {}, NOW, "sync_service"))

    assert await cinema.value("SELECT count(*) FROM inbox") == 0


async def test_an_unknown_room_or_person_goes_to_the_dead_letters_and_the_rest_goes_on(
    db: Database, cinema: Cinema, journal: Journal, anna: User, amqp_url: str
) -> None:
    nobody = User(uuid4(), "Nobody", None, "ru")
    lost = [Journal(uuid4()).played(1), journal.said(2, nobody), journal.said(3, anna, "a\0b")]

    async with connected_broker(amqp_url, Archive(db)) as broker:
        for event in (*lost, journal.said(4, anna)):
            await broker.publish(event)
        dead: list[bytes] = []
        async with asyncio.timeout(20):
            while not (await archived(cinema))["chat_messages"] or len(dead) < len(lost):
                dead += await dead_letters(amqp_url, QUEUE)
                await asyncio.sleep(0.02)

    assert {json.loads(body)["id"] for body in dead} == {event.id for event in lost}
    assert await cinema.value("SELECT count(*) FROM inbox") == 1


async def test_events_of_the_broker_arrive_in_the_archive(
    db: Database, cinema: Cinema, journal: Journal, anna: User, amqp_url: str
) -> None:
    archive = Archive(db)
    async with connected_broker(amqp_url, archive) as broker:
        events = [journal.came(1, anna), *(journal.said(seq, anna) for seq in range(2, 102)), journal.left(102, anna)]
        random.Random(1).shuffle(events)
        await asyncio.gather(*(broker.publish(event) for event in [*events, *events[:20]]))
        async with asyncio.timeout(20):
            while await cinema.value("SELECT count(*) FROM inbox") < len(events):
                await asyncio.sleep(0.05)

    found = await archived(cinema)
    assert [row[2] for row in found["chat_messages"]] == list(range(2, 102))
    assert [row[-1] for row in found["visits"]] == ["left"]


async def test_events_wait_in_the_queue_while_nobody_consumes(
    db: Database, cinema: Cinema, journal: Journal, anna: User, amqp_url: str
) -> None:
    async with connected_broker(amqp_url, Archive(db)):
        pass
    async with connected_broker(amqp_url) as elsewhere:
        await elsewhere.publish(journal.said(1, anna))

    async with connected_broker(amqp_url, Archive(db)), asyncio.timeout(10):
        while not (await archived(cinema))["chat_messages"]:
            await asyncio.sleep(0.02)


async def test_without_postgresql_an_event_is_kept_for_later(journal: Journal, anna: User, free_port: int) -> None:
    away = Database(f"postgresql://movie@127.0.0.1:{free_port}/movie_together")
    await away.start()

    with pytest.raises(Transient):
        await Archive(away).write(journal.said(1, anna))

    await away.close()


async def test_a_burst_leaves_connections_for_requests(db: Database, journal: Journal, anna: User) -> None:
    archive = Archive(db)
    async with asyncio.timeout(20):
        burst = asyncio.gather(*(archive.write(journal.said(seq, anna)) for seq in range(1, 300)))
        most = 0
        while not burst.done():
            assert db._pool is not None
            most = max(most, len(db._pool._used))
            await asyncio.sleep(0.001)
        await burst

    assert 0 < most <= 4


async def test_a_moment_that_no_calendar_has_is_invalid(db: Database, journal: Journal) -> None:
    playback = {"status": "playing", "position_ms": 0, "rate": 1.0, "at_ms": 1e300}
    event = journal.event(PLAYBACK_CHANGED, 1, event="played", playback=playback, by=None, at=NOW)

    with pytest.raises(InvalidEvent, match="at_ms"):
        await Archive(db).write(event)
