"""A mail that the server has accepted is remembered, whatever happens to RabbitMQ meanwhile."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from deploy.local.stores import PrivateStores
from tests.support.notifier_fixtures import (
    MailServer,
    MakeNotifier,
    broker,
    eventually,
    fates,
    invitation_created,
    started,
)

# RabbitMQ 3.10 finds no leader for a quorum queue that was declared within 6 s of a kill (deploy/local/rabbitmq.py).
QUEUES_SETTLE_S = 7
IN_HAND = 8


@pytest.mark.timeout(240)
async def test_mails_in_hand_while_rabbitmq_is_killed_go_out_once(
    own_stores: PrivateStores, own_amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, state: Path
) -> None:
    notifier = await started(make_notifier(own_amqp_url, mail_host.port))
    await asyncio.sleep(QUEUES_SETTLE_S)
    released = asyncio.Event()

    async def until_released() -> None:
        await released.wait()

    # The server has each mail and has not said so yet.
    mail_host.before_accepting = until_released
    events = [invitation_created(f"{number}@example.com") for number in range(IN_HAND)]
    async with broker(own_amqp_url) as cinema:
        await cinema.publish(*events)

        async def in_hand() -> bool:
            return len(mail_host.accepted) == IN_HAND

        await eventually(in_hand, "all mails in hand")
        await asyncio.to_thread(own_stores.rabbitmq.kill)

    async def noticed() -> bool:
        return '"broker away"' in notifier.log.read_text()

    await eventually(noticed, "the loss of the broker")
    released.set()

    async def remembered() -> bool:
        return fates(state) == {event["id"]: "sent" for event in events}

    await eventually(remembered, "the memory of the mails that were in hand")
    await asyncio.to_thread(own_stores.rabbitmq.restart)
    async with broker(own_amqp_url) as cinema:
        await cinema.publish(invitation_created("next@example.com"))
        await cinema.worked_off(notifier)
    mails = Counter(mail["To"].addresses[0].addr_spec for mail in mail_host.accepted)
    assert mails == {**{f"{number}@example.com": 1 for number in range(IN_HAND)}, "next@example.com": 1}
