"""Roles, settings and deletions that live rooms journalled, in whatever order they come."""

import asyncio
import itertools
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from api_service.broker import archive as archive_module
from api_service.broker.archive import Archive
from api_service.database import Database, Statement
from api_service.usecases import rooms
from api_service.usecases.people import User
from api_service.usecases.rooms import Room, RoomOrder
from shared.broker import Transient
from shared.events.envelope import Event, InvalidEvent
from shared.events.room_settings import SETTINGS_DEFAULTS
from tests.support.api_fixtures import PATIENCE_S, SITE, Cinema, connected_broker
from tests.support.journalled import NOW, Journal

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def anna(cinema: Cinema) -> User:
    return await cinema.person("Anna")


@pytest.fixture
async def room(db: Database, cinema: Cinema, anna: User) -> Room:
    return await rooms.open_room(db, SITE, anna, RoomOrder(await cinema.film()), "ru")


@pytest.fixture
def journal(room: Room) -> Journal:
    return Journal(room.id)


async def keep(db: Database, events: Iterable[Event]) -> None:
    archive = Archive(db)
    for event in events:
        await archive.write(event)


async def chat(cinema: Cinema) -> list[tuple[Any, ...]]:
    found = await cinema.rows("SELECT message_id, text, reply_to, deleted_at FROM chat_messages ORDER BY epoch, seq")
    return [tuple(row) for row in found]


async def roles(cinema: Cinema) -> dict[Any, str]:
    return {row.user_id: row.role for row in await cinema.rows("SELECT user_id, role FROM room_roles")}


async def live(cinema: Cinema) -> tuple[Any, ...]:
    (row,) = await cinema.rows("SELECT control, capacity, settings FROM rooms")
    return tuple(row)


async def test_a_role_given_in_the_room_is_known_here_in_any_order(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    boris = await cinema.person("Boris")
    events = [
        journal.made(4, boris.id, "moderator"),
        journal.made(9, boris.id, "viewer"),
        journal.made(2, boris.id, "guest", epoch=2),
    ]

    for order in itertools.permutations(events):
        await cinema.rows("WITH gone AS (DELETE FROM inbox) SELECT 1")
        await cinema.rows("WITH gone AS (DELETE FROM room_roles WHERE role <> 'owner') SELECT 1")
        await keep(db, [*order, order[0]])
        assert await roles(cinema) == {anna.id: "owner", boris.id: "guest"}


async def test_the_owner_stays_the_owner_whatever_is_told(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    await keep(db, [journal.made(4, anna.id, "guest")])

    assert await roles(cinema) == {anna.id: "owner"}


async def test_settings_of_the_room_are_known_here_in_any_order_and_tell_nobody(
    db: Database, cinema: Cinema, journal: Journal
) -> None:
    events = [
        journal.set(4, control="owner", locked=True),
        journal.set(9, capacity=7, hold=False),
        journal.set(2, epoch=2, control="moderators", capacity=3, slow_mode_s=30),
    ]
    expected = {**SETTINGS_DEFAULTS, "slow_mode_s": 30}
    before = await cinema.value("SELECT count(*) FROM outbox")

    for order in itertools.permutations(events):
        await cinema.rows("WITH gone AS (DELETE FROM inbox) SELECT 1")
        await cinema.rows("WITH n AS (UPDATE rooms SET settings_epoch = 0, settings_seq = 0, settings = '{}') SELECT 1")
        await keep(db, [*order, order[0]])
        assert await live(cinema) == ("moderators", 3, expected)

    assert await cinema.value("SELECT version FROM rooms") == 1
    assert await cinema.value("SELECT count(*) FROM outbox") == before


async def test_settings_of_one_room_are_not_another_s(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    other = await rooms.open_room(db, SITE, anna, RoomOrder(await cinema.film()), "ru")

    await keep(db, [journal.set(4, capacity=3)])

    assert await cinema.value("SELECT capacity FROM rooms WHERE id = :id", id=other.id) == 50


async def test_what_the_tables_refuse_is_a_dead_letter(db: Database, journal: Journal) -> None:
    with pytest.raises(InvalidEvent, match="out of bounds \\(ck_rooms_capacity\\)"):
        await Archive(db).write(journal.set(4, capacity=500))


async def test_a_deleted_message_loses_its_text_and_the_others_keep_theirs(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    said = [journal.said(1, anna, "one"), journal.said(2, anna, "two", reply_to="m1"), journal.deleted(3, "m1")]

    for order in itertools.permutations(said):
        await forget(cinema)
        await keep(db, [*order, *order])
        assert await chat(cinema) == [("m1", "", None, NOW), ("m2", "two", "m1", None)]


async def test_a_message_has_the_text_of_its_last_edit_whatever_comes_first(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    told = [
        journal.said(1, anna, "a wale"),
        journal.said(2, anna, "two"),
        journal.edited(3, anna, "m1", "a whale"),
        journal.edited(4, anna, "m1", "two whales", at=LATER),
    ]

    for order in itertools.permutations(told):
        await forget(cinema)
        await keep(db, [*order, *order])
        assert await chat(cinema) == [("m1", "two whales", None, None), ("m2", "two", None, None)]
        assert await cinema.value("SELECT edited_at FROM chat_messages WHERE message_id = 'm1'") == LATER


async def test_a_deleted_message_leaves_none_of_its_edits(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    told = [journal.said(1, anna, "one"), journal.edited(2, anna, "m1", "secret"), journal.deleted(3, "m1")]

    for order in itertools.permutations(told):
        await forget(cinema)
        await keep(db, [*order, *order])
        assert await chat(cinema) == [("m1", "", None, NOW)]
        assert [row.text for row in await cinema.rows("SELECT text FROM chat_edits")] == [""]


async def test_of_two_deletions_of_a_message_the_earlier_is_kept(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    for first, second in ((NOW, LATER), (LATER, NOW)):
        await forget(cinema)
        await keep(db, [journal.deleted(5, "m1", at=first), journal.said(1, anna), journal.deleted(6, "m1", at=second)])
        assert await chat(cinema) == [("m1", "", None, NOW)]


async def test_the_same_message_id_in_another_room_is_another_message(
    db: Database, cinema: Cinema, journal: Journal, anna: User
) -> None:
    other = Journal((await rooms.open_room(db, SITE, anna, RoomOrder(await cinema.film()), "ru")).id)

    await keep(db, [journal.said(1, anna), other.said(1, anna, "stays"), journal.deleted(2, "m1")])

    kept = await cinema.value("SELECT text FROM chat_messages WHERE room_id = :id", id=other.room_id)
    assert kept == "stays"


async def forget(cinema: Cinema) -> None:
    for table in ("chat_messages", "chat_deletions", "chat_edits", "inbox"):
        await cinema.rows(f"WITH gone AS (DELETE FROM {table}) SELECT 1")  # noqa: S608


def gave_up(task: asyncio.Task[None]) -> bool:
    return task.done() and isinstance(task.exception(), Transient)


async def together(db: Database, cinema: Cinema, *events: Event) -> None:
    """Archive events so that none can commit before all of them have begun to write, or wait for another that has."""
    archive = Archive(db)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with db.transaction() as locking:
                await locking.run(Statement(text("SELECT FROM rooms FOR UPDATE")))
                writing = [asyncio.create_task(archive.write(event)) for event in events]
                while await cinema.value(waiting) < len(events) and not any(map(gave_up, writing)):
                    await asyncio.sleep(0.01)
            ended = await asyncio.gather(*writing, return_exceptions=True)
            if not any(map(gave_up, writing)):
                break
            # One has waited past its deadline for the others to begin: all anew.
            await forget(cinema)
    assert ended == [None] * len(events)


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_message_and_its_deletion_at_the_same_moment_leave_no_text(
    db: Database, cinema: Cinema, journal: Journal, anna: User, *, reverse: bool
) -> None:
    events = [journal.said(1, anna, "regretted"), journal.deleted(2, "m1")]

    await together(db, cinema, *(events[::-1] if reverse else events))

    assert await chat(cinema) == [("m1", "", None, NOW)]


async def test_without_taking_turns_the_text_would_stay(
    db: Database, cinema: Cinema, journal: Journal, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "INSERT INTO inbox SELECT :event_id FROM (SELECT CAST(:turn AS text)) AS turn ON CONFLICT DO NOTHING"
    monkeypatch.setattr(archive_module, "_CONSUME_IN_TURN", Statement(text(sql)))

    await together(db, cinema, journal.said(1, anna, "regretted"), journal.deleted(2, "m1"))

    assert await chat(cinema) == [("m1", "regretted", None, None)]


async def test_all_of_it_arrives_by_the_broker_twice_and_shuffled(
    db: Database, cinema: Cinema, journal: Journal, anna: User, amqp_url: str
) -> None:
    boris = await cinema.person("Boris")
    events = [
        *(journal.said(seq, anna) for seq in range(1, 21)),
        *(journal.deleted(20 + seq, f"m{seq}") for seq in range(1, 21)),
        *(journal.set(40 + capacity, capacity=capacity) for capacity in range(2, 12)),
        *(journal.made(60 + turn, boris.id, ("viewer", "moderator")[turn % 2]) for turn in range(10)),
        journal.event(
            "playback.changed.v1",
            80,
            event="hold_started",
            playback={"status": "holding", "position_ms": 5_000, "rate": 1.0, "at_ms": NOW.timestamp() * 1000},
            by=boris.id,
            at=NOW,
        ),
    ]
    random.Random(3).shuffle(events)

    async with connected_broker(amqp_url, Archive(db)) as broker:
        await asyncio.gather(*(broker.publish(event) for event in [*events, *events]))
        async with asyncio.timeout(30):
            while await cinema.value("SELECT count(*) FROM inbox") < len(events):
                await asyncio.sleep(0.05)

    assert {row[1] for row in await chat(cinema)} == {""}
    assert (await live(cinema))[1] == 11
    assert (await roles(cinema))[boris.id] == "moderator"
    assert await cinema.value("SELECT status FROM room_events") == "holding"
