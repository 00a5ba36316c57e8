"""Many invitations from the outbox to the mail server, while RabbitMQ and the notifier are killed again and again.

`make test-faults` sends 300 through two kills of each; `make test-mails` 10,000 through five (`--invitations`).
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from api_service.broker.outbox_relay import Relay
from api_service.database import Database
from api_service.usecases.outbox import SOURCE, add
from deploy.local.stores import PrivateStores
from shared.broker import Broker
from shared.events.envelope import Event, new_event
from shared.events.invitations import INVITATION_CREATED
from tests.support.notifier_fixtures import (
    PATIENCE_S,
    MailServer,
    MakeNotifier,
    broker,
    fates,
    invitation_created,
    started,
)

KILLS, SHORT_KILLS, MANY = 5, 2, 10_000  # of RabbitMQ, and as many of the notifier
# RabbitMQ 3.10 finds no leader for a quorum queue that was declared within 6 s of a kill (deploy/local/rabbitmq.py).
QUEUES_SETTLE_S = 7
# So that mails are in hand when something is killed.
ACCEPTING_TAKES_S = 0.02


def an_invitation(number: int) -> Event:
    data = invitation_created(f"{number}@example.com", link="http://cinema.test/rooms/q8Zt3VnK2mXw7RbLpY4sJd")["data"]
    return new_event(INVITATION_CREATED, str(uuid4()), data, source=SOURCE)


@asynccontextmanager
async def relayed(database_url: str, amqp_url: str) -> AsyncIterator[Database]:
    """Have api_service's relay bring the outbox to the broker while the block runs."""
    db, outgoing = Database(database_url, acquire_deadline_s=PATIENCE_S), Broker(amqp_url, SOURCE)
    relay = Relay(db, outgoing)
    for resource in (db, outgoing, relay):
        await resource.start()
    try:
        yield db
    finally:
        for resource in (relay, outgoing, db):
            await resource.close()


class Mailbox:
    """Which event's mail was accepted how often, by its Message-ID."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._counted: Counter[str] = Counter()

    def times(self) -> Counter[str]:
        for mail in self._server.accepted[self._counted.total() :]:
            self._counted[str(mail["Message-ID"]).strip("<>").partition("@")[0]] += 1
        return self._counted

    async def until(self, event_ids: set[str], count: int) -> None:
        """Wait until the mails of so many of these events were accepted; fails when for a while none comes at all."""
        seen, since = -1, time.monotonic()
        while len(event_ids & self.times().keys()) < count:
            if len(self._counted) > seen:
                seen, since = len(self._counted), time.monotonic()
            assert time.monotonic() - since < PATIENCE_S, f"no mail comes after {seen}"
            await asyncio.sleep(0.01)


@pytest.mark.timeout(3600)
async def test_each_invitation_is_mailed_once_through_kills_of_rabbitmq_and_of_the_notifier(
    own_stores: PrivateStores,
    own_database_url: str,
    own_amqp_url: str,
    mail_host: MailServer,
    make_notifier: MakeNotifier,
    state: Path,
    pytestconfig: pytest.Config,
) -> None:
    number = int(pytestconfig.getoption("--invitations"))
    events = [an_invitation(one) for one in range(number)]
    parts = 2 * (KILLS if number >= MANY else SHORT_KILLS) + 1
    portions = [events[first::parts] for first in range(parts)]

    async def accepting() -> None:
        await asyncio.sleep(ACCEPTING_TAKES_S)

    mail_host.before_accepting = accepting
    mailbox = Mailbox(mail_host)
    notifier = await started(make_notifier(own_amqp_url, mail_host.port))
    # In hand when the notifier was killed: accepted perhaps, and nobody could note it.
    unknown: Counter[str] = Counter()

    async with relayed(own_database_url, own_amqp_url) as db:
        await asyncio.sleep(QUEUES_SETTLE_S)
        for turn, portion in enumerate(portions):
            async with db.transaction() as transaction:
                await add(transaction, portion)
            if turn == len(portions) - 1:
                break
            await mailbox.until({event.id for event in portion}, 1)
            if turn % 2:
                await asyncio.to_thread(notifier.kill)
                unknown.update(event_id for event_id, fate in fates(state).items() if fate == "sending")
                await started(notifier)
            else:
                await asyncio.to_thread(own_stores.rabbitmq.kill)
                await asyncio.to_thread(own_stores.rabbitmq.restart)
        await mailbox.until({event.id for event in events}, number)
        async with broker(own_amqp_url) as cinema:
            await cinema.worked_off(notifier)
            assert await cinema.depth("notifications.dead") == 0

    times = mailbox.times()
    assert times.keys() == {event.id for event in events}
    again = {event_id: count for event_id, count in times.items() if count > 1}
    print(f"{number} invitations, {len(mail_host.accepted)} mails, {sum(unknown.values())} in hand at a kill")
    # A mail may only be repeated, under its Message-ID, for each kill that it was in hand at.
    assert {event_id: count for event_id, count in again.items() if count > 1 + unknown[event_id]} == {}
