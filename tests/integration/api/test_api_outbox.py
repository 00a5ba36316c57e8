"""The outbox and its relay against a real broker: nothing lost, nothing doubled while leases hold."""

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from api_service.broker import outbox_relay
from api_service.broker.outbox_relay import Relay
from api_service.database import Database
from api_service.usecases.outbox import add
from shared.broker import Broker, NotConfirmed
from shared.events.envelope import Event, new_event
from shared.events.invitations import INVITATION_CREATED
from shared.events.rooms import ROOM_CLOSED
from tests.support.api_fixtures import PATIENCE_S, Cinema, Listener, PatientBroker, connected_broker

ROOT = Path(__file__).parents[3]


def an_invitation() -> Event:
    person = {"id": uuid4(), "name": "Anna"}
    return new_event(
        INVITATION_CREATED,
        str(uuid4()),
        {
            "invitation_id": uuid4(),
            "link": "http://cinema.test/rooms/x",
            "starts_at": None,
            "film": {"id": uuid4(), "title": "Бумажные киты"},
            "title": None,
            "ends_at": None,
            "sequence": 1,
            "answer_link": "http://cinema.test/invitations/x/y",
            "unsubscribe_link": "http://cinema.test/unsubscribe/x/y",
            "inviter": person,
            "invitee": {**person, "email": "anna@example.com", "locale": "ru", "time_zone": None},
        },
        source="api_service",
    )


def a_closing() -> Event:
    data = {"version": 2, "partition": 1, "reason": "owner", "closed_at": "2026-01-02T03:04:05Z"}
    return new_event(ROOM_CLOSED, str(uuid4()), data, source="api_service")


async def write(db: Database, *events: Event) -> None:
    async with db.transaction() as transaction:
        await add(transaction, events)


async def unpublished(cinema: Cinema) -> int:
    return int(await cinema.value("SELECT count(*) FROM outbox WHERE published_at IS NULL"))


async def until_published(cinema: Cinema) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await unpublished(cinema):
            await asyncio.sleep(0.02)


async def test_an_event_leaves_soon_after_its_commit_and_whole(
    db: Database, cinema: Cinema, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "LOOK_EVERY_S", 600)  # it is announced, not found by looking
    async with Listener(amqp_url) as listener, connected_broker(amqp_url) as broker:
        relay = Relay(db, broker)
        await relay.start()
        events = [an_invitation() for _ in range(9)]
        for number, event in enumerate(events):
            await write(db, event)
            await listener.until(number + 1)
        await until_published(cinema)
        await relay.close()

    assert [(heard.id, heard.type, heard.subject, heard.data) for heard in listener.heard] == [
        (event.id, event.type, event.subject, event.data) for event in events
    ]


async def test_rows_of_other_processes_are_found_by_looking(
    db: Database, cinema: Cinema, database_url: str, amqp_url: str
) -> None:
    other = Database(database_url)
    await other.start()
    async with Listener(amqp_url) as listener, connected_broker(amqp_url) as broker:
        relay = Relay(db, broker)
        await relay.start()
        await write(other, an_invitation())
        await listener.until(1)
        await until_published(cinema)
        await relay.close()
    await other.close()


async def test_what_is_rolled_back_is_never_told(db: Database, cinema: Cinema, amqp_url: str) -> None:
    async def fail() -> None:
        async with db.transaction() as transaction:
            await add(transaction, [an_invitation()])
            raise LookupError

    async with Listener(amqp_url) as listener, connected_broker(amqp_url) as broker:
        with pytest.raises(LookupError):
            await fail()
        assert await Relay(db, broker).relay() == 0

    assert listener.heard == []
    assert await cinema.value("SELECT count(*) FROM outbox") == 0


async def test_two_relays_share_the_rows_and_publish_each_once(db: Database, database_url: str, amqp_url: str) -> None:
    other_db = Database(database_url)
    await other_db.start()
    await write(db, *(an_invitation() for _ in range(200)))

    async def drain(relay: Relay) -> None:
        while await relay.relay():
            pass

    async with (
        Listener(amqp_url) as listener,
        connected_broker(amqp_url) as one,
        connected_broker(amqp_url) as other,
    ):
        await asyncio.gather(drain(Relay(db, one, batch=7)), drain(Relay(other_db, other, batch=7)))
        await listener.until(200)
        times = Counter(event.id for event in await listener.after_silence())
    await other_db.close()

    assert len(times) == 200
    assert set(times.values()) == {1}


class HeldBroker(PatientBroker):
    """A connection whose publishes wait until they are let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "api_service")
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def publish(self, event: Event, *, deadline_s: float = PATIENCE_S) -> None:
        self.reached.set()
        await self.let_go.wait()
        await super().publish(event, deadline_s=deadline_s)


@pytest.mark.parametrize(("lease_s", "times"), [(30, 1), (0, 2)])
async def test_the_lease_alone_keeps_a_second_relay_from_publishing_again(
    db: Database, amqp_url: str, lease_s: float, times: int
) -> None:
    held = HeldBroker(amqp_url)
    await held.start()
    async with Listener(amqp_url) as listener, connected_broker(amqp_url) as broker:
        await write(db, an_invitation())
        slow = asyncio.create_task(Relay(db, held, lease_s=lease_s).relay())
        await held.reached.wait()

        await Relay(db, broker).relay()
        held.let_go.set()
        await slow

        await listener.until(times)
        assert len(await listener.after_silence()) == times
    await held.close()


async def test_an_event_that_no_queue_takes_waits_alone(db: Database, cinema: Cinema, amqp_url: str) -> None:
    lonely, fine = a_closing(), an_invitation()
    async with connected_broker(amqp_url) as broker:
        await write(db, lonely, fine)
        relay = Relay(db, broker)

        async def put_off() -> tuple[Any, float, float]:
            """Have it tried; gives the row that waits, and for how many seconds at least and at most it was put off."""
            before = await cinema.value("SELECT clock_timestamp()")
            await relay.relay()
            (row,) = await cinema.rows("SELECT *, clock_timestamp() AS now FROM outbox WHERE published_at IS NULL")
            return row, (row.due_at - row.now).total_seconds(), (row.due_at - before).total_seconds()

        row, least_s, most_s = await put_off()
        assert (row.id, row.attempts) == (UUID(lonely.id), 1)
        assert row.last_error == "Unroutable: no queue takes room.closed.v1"
        assert least_s <= outbox_relay.BACKOFF_FIRST_S <= most_s

        await asyncio.sleep(1.1)
        row, least_s, most_s = await put_off()
        assert row.attempts == 2
        assert least_s <= 2 * outbox_relay.BACKOFF_FIRST_S <= most_s

        async with Listener(amqp_url, "room.*.v1") as listener:
            await asyncio.sleep(2.1)
            await relay.relay()
            assert [event.id for event in await listener.until(1)] == [lonely.id]
    assert await unpublished(cinema) == 0


async def test_no_transaction_is_open_while_the_broker_is_waited_for(
    db: Database, cinema: Cinema, amqp_url: str
) -> None:
    broker = HeldBroker(amqp_url)
    await broker.start()
    await broker.wait_connected()
    await write(db, an_invitation())

    task = asyncio.create_task(Relay(db, broker).relay())
    await broker.reached.wait()
    states = await cinema.rows(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND (state <> 'idle' OR backend_xid IS NOT NULL)"
    )
    broker.let_go.set()
    await task
    await broker.close()

    assert states == []
    assert await unpublished(cinema) == 0


async def test_a_relay_frozen_past_its_lease_does_not_cut_short_the_next_one_s(
    db: Database, cinema: Cinema, amqp_url: str
) -> None:
    await write(db, an_invitation())
    async with connected_broker(amqp_url) as broker:
        frozen, next_one = Relay(db, broker, lease_s=0), Relay(db, broker, lease_s=30)
        (before,) = await frozen.claim()
        (after,) = await next_one.claim()
        assert (before.id, before.attempts, after.attempts) == (after.id, 1, 2)

        leased = await cinema.value("SELECT due_at FROM outbox")
        await frozen.settle([before], ["NotConfirmed: no answer"])

        assert await cinema.value("SELECT due_at FROM outbox") == leased


class StumblingBroker(PatientBroker):
    """A connection that cannot bear one of the events."""

    unbearable = ""

    async def publish(self, event: Event, *, deadline_s: float = PATIENCE_S) -> None:
        if event.id == self.unbearable:
            raise ZeroDivisionError("a mistake of ours")
        await super().publish(event, deadline_s=deadline_s)


async def test_a_mistake_over_one_event_stops_neither_the_others_nor_the_relay(
    db: Database, cinema: Cinema, amqp_url: str
) -> None:
    broker = StumblingBroker(amqp_url, "api_service")
    await broker.start()
    bad, good, later = an_invitation(), an_invitation(), an_invitation()
    broker.unbearable = bad.id
    relay = Relay(db, broker)
    async with Listener(amqp_url) as listener:
        await relay.start()
        await write(db, bad, good)
        await listener.until(1)
        await write(db, later)
        assert [event.id for event in await listener.until(2)] == [good.id, later.id]
        async with asyncio.timeout(PATIENCE_S):
            while await cinema.value("SELECT count(*) FROM outbox WHERE published_at IS NULL AND last_error IS NULL"):
                await asyncio.sleep(0.02)
    await relay.close()
    await broker.close()

    (row,) = await cinema.rows("SELECT id, last_error FROM outbox WHERE published_at IS NULL")
    assert (row.id, row.last_error) == (UUID(bad.id), "ZeroDivisionError: a mistake of ours")


async def test_a_relay_that_stumbles_itself_goes_on(
    db: Database, cinema: Cinema, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected_broker(amqp_url) as broker:
        relay = Relay(db, broker)
        claim, stumbles = relay.claim, iter([True, False])

        async def stumble_once() -> list[Any]:
            if next(stumbles, False):
                raise ZeroDivisionError
            return await claim()

        monkeypatch.setattr(relay, "claim", stumble_once)
        await relay.start()
        await write(db, an_invitation())
        await until_published(cinema)
        await relay.close()


async def test_closing_finishes_the_round_under_way(
    db: Database, cinema: Cinema, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "STOP_WITHIN_S", PATIENCE_S)
    broker = HeldBroker(amqp_url)
    await broker.start()
    relay = Relay(db, broker)
    await relay.start()
    await write(db, an_invitation())
    await broker.reached.wait()

    closing = asyncio.create_task(relay.close())
    await asyncio.sleep(0.1)
    assert not closing.done()
    broker.let_go.set()
    await closing
    await broker.close()

    assert await unpublished(cinema) == 0


async def test_closing_does_not_wait_for_an_absent_broker(
    db: Database, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "STOP_WITHIN_S", 600)
    broker = Broker(f"amqp://guest:guest@127.0.0.1:{free_port}/", "api_service")
    await broker.start()
    relay = Relay(db, broker)
    await relay.start()
    await asyncio.sleep(0.05)

    async with asyncio.timeout(PATIENCE_S):
        await relay.close()

    await broker.close()
    with pytest.raises(NotConfirmed):
        await broker.publish(an_invitation())


KILLED_RELAY = """
import asyncio, os, signal, sys
from api_service.database import Database
from api_service.broker.outbox_relay import Relay
from tests.support.api_fixtures import PatientBroker

class KilledRelay(Relay):
    async def settle(self, claimed, outcomes):
        assert outcomes == [None], outcomes
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    db, broker = Database(sys.argv[1]), PatientBroker(sys.argv[2], "api_service")
    await db.start()
    await broker.start()
    await KilledRelay(db, broker, lease_s=1).relay()

asyncio.run(main())
"""


async def test_a_process_killed_between_publish_and_mark_loses_nothing(
    db: Database, cinema: Cinema, database_url: str, amqp_url: str
) -> None:
    event = an_invitation()
    async with Listener(amqp_url) as listener, connected_broker(amqp_url) as broker:
        await write(db, event)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED_RELAY, database_url, amqp_url, cwd=ROOT
        )
        assert await process.wait() == -signal.SIGKILL
        assert [heard.id for heard in await listener.until(1)] == [event.id]
        assert await unpublished(cinema) == 1

        relay = Relay(db, broker)
        await relay.start()
        heard = await listener.until(2)
        await until_published(cinema)
        await relay.close()

    assert [again.id for again in heard] == [event.id, event.id]


async def measured(db: Database) -> float:
    await outbox_relay.measure(db)
    value = REGISTRY.get_sample_value("outbox_oldest_seconds")
    assert value is not None
    return value


async def test_the_age_of_the_oldest_waiting_event_is_measured(db: Database, cinema: Cinema) -> None:
    assert await measured(db) == 0

    await write(db, an_invitation())
    ((written,),) = await cinema.rows("UPDATE outbox SET created_at = now() - interval '90 s' RETURNING created_at")

    before = await cinema.value("SELECT clock_timestamp()")
    age_s = await measured(db)
    after = await cinema.value("SELECT clock_timestamp()")
    assert 90 <= (before - written).total_seconds() <= age_s <= (after - written).total_seconds()
