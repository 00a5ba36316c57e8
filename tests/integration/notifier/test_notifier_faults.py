"""The broker or the mail server away, mails refused or put off, events that nobody can understand."""

import asyncio
import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from deploy.local.rabbitmq import RabbitMQ
from tests.support.notifier_fixtures import (
    Broker,
    Inbox,
    MailServer,
    MakeNotifier,
    broker,
    eventually,
    http_status,
    invitation_created,
    started,
)


@pytest.fixture
def own_rabbitmq(tmp_path: Path) -> Iterator[RabbitMQ]:
    """A broker of the test's own, not yet started."""
    own = RabbitMQ(tmp_path / "rabbitmq", port=free_port(), log=tmp_path / "rabbitmq.log")
    yield own
    own.kill()


async def readiness(notifier: WebProgram) -> dict[str, str]:
    """What the notifier says of its readiness; asserts that it lives."""
    base = notifier.ready_url.rpartition("/")[0]
    assert await http_status(f"{base}/healthz") == (200, {"status": "ok"})
    status, body = await http_status(f"{base}/readyz")
    assert (status == 200) == (body["status"] == "ready")
    return body


async def test_mails_wait_for_the_mail_server_and_then_arrive_once(
    amqp_url: str, cinema: Broker, inbox_program: tuple[WebProgram, Inbox], make_notifier: MakeNotifier
) -> None:
    program, inbox = inbox_program
    notifier = await started(make_notifier(amqp_url, inbox.smtp_port, ready="healthz"))

    async def waiting() -> bool:
        body = await readiness(notifier)
        told = f"127.0.0.1:{inbox.smtp_port} (SMTP_URL) does not take mail" in body["smtp"]
        return body["status"] == "not ready" and body["broker"] == "ok" and told

    await eventually(waiting, "a word about the mail server")
    await cinema.publish(invitation_created(), invitation_created("vera@example.com"))
    await started(program)
    await inbox.mail("boris@example.com")
    await inbox.mail("vera@example.com")
    assert (await readiness(notifier))["status"] == "ready"
    # Away again in the middle of the work, with mails coming in meanwhile.
    await asyncio.to_thread(program.kill)
    await cinema.publish(*(invitation_created(f"late{number}@example.com") for number in range(10)))

    async def noticed() -> bool:
        return (await readiness(notifier))["status"] == "not ready"

    await eventually(noticed, "unreadiness")
    await started(program)
    for number in range(10):
        await inbox.mail(f"late{number}@example.com")
    await cinema.worked_off(notifier)
    assert len(await inbox.mails()) == 12


@pytest.mark.timeout(240)
async def test_the_broker_may_be_down_at_start_and_go_away_later(
    own_rabbitmq: RabbitMQ, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    notifier = await started(make_notifier(own_rabbitmq.url, inbox.smtp_port, ready="healthz"))

    async def away() -> bool:
        body = await readiness(notifier)
        return body["status"] == "not ready" and "the broker (AMQP_URL) is away" in body["broker"]

    async def ready() -> bool:
        return (await readiness(notifier))["status"] == "ready"

    await eventually(away, "a word about the broker")
    await asyncio.to_thread(own_rabbitmq.start)

    await eventually(ready, "readiness")
    async with broker(own_rabbitmq.url) as cinema:
        await cinema.publish(invitation_created())
    await inbox.mail("boris@example.com")
    await asyncio.to_thread(own_rabbitmq.stop)
    await eventually(away, "a word about the broker again")
    await asyncio.to_thread(own_rabbitmq.start)
    async with broker(own_rabbitmq.url) as cinema:
        await cinema.publish(invitation_created("vera@example.com"))
        await inbox.mail("vera@example.com")
        await eventually(ready, "readiness again")
        await cinema.worked_off(notifier)
    assert len(await inbox.mails()) == 2


async def test_no_mail_goes_out_while_it_could_not_be_remembered(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier, state: Path
) -> None:
    notifier = await started(make_notifier(amqp_url, inbox.smtp_port))
    with closing(sqlite3.connect(state, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await cinema.publish(invitation_created())

        async def told() -> bool:
            return "the memory (NOTIFIER_STATE) does not work" in notifier.log.read_text()

        await eventually(told, "a word in the log")
        assert await inbox.mails() == []
    await inbox.mail("boris@example.com")


async def test_a_queue_taken_away_under_the_consumer_is_declared_again(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    await cinema.channel.queue_delete("notifications")

    async def delivered() -> bool:
        event = invitation_created()
        try:
            await cinema.publish(event)
        except Exception:  # noqa: BLE001 - unroutable until the queue is back
            return False
        return True

    await eventually(delivered, "the queue back")
    await inbox.mail("boris@example.com")


async def test_a_mail_put_off_is_tried_again_with_a_growing_delay(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker
) -> None:
    await started(make_notifier(amqp_url, mail_host.port))
    mail_host.answer_to = lambda _address: "450 4.2.0 greylisted" if len(mail_host.attempts) < 4 else "250 OK"
    await cinema.publish(invitation_created())

    async def accepted() -> bool:
        return len(mail_host.accepted) == 1

    await eventually(accepted, "the mail at the fourth attempt")
    times = [moment for moment, _ in mail_host.attempts]
    delays = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(delays) == 3
    assert delays[0] >= 1
    assert min(delays[1:]) >= 2


async def test_one_mail_that_waits_does_not_hold_up_the_others(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker
) -> None:
    await started(make_notifier(amqp_url, mail_host.port, NOTIFIER_RETRY_DELAYS_S="1,2,600"))
    mail_host.answer_to = lambda address: "451 never" if address == "boris@example.com" else "250 OK"
    await cinema.publish(invitation_created(), *(invitation_created(f"{n}@example.com") for n in range(20)))

    async def others_there() -> bool:
        return len(mail_host.accepted) == 20

    await eventually(others_there, "the other mails")


async def test_a_mail_put_off_too_long_goes_to_the_dead_letters(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker
) -> None:
    await started(make_notifier(amqp_url, mail_host.port, NOTIFIER_GIVE_UP_S="2"))
    mail_host.answer_to = lambda _address: "452 4.2.2 mailbox full"
    event = invitation_created()
    await cinema.publish(event)
    letter = await cinema.dead_letter()
    assert letter.headers["x-reason"] == "gave_up"
    assert letter.headers["x-problem"] == "452 4.2.2 mailbox full"
    assert event["id"].encode() in letter.body


async def test_a_refused_mail_goes_to_the_dead_letters_and_may_be_replayed(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker
) -> None:
    await started(make_notifier(amqp_url, mail_host.port))
    mail_host.answer_to = lambda _address: "550 5.1.1 no such mailbox"
    await cinema.publish(invitation_created())
    letter = await cinema.dead_letter()
    assert letter.headers["x-reason"] == "refused"
    assert letter.headers["x-problem"] == "550 5.1.1 no such mailbox"
    assert len(mail_host.attempts) == 1
    mail_host.answer_to = lambda _address: "250 OK"
    await cinema.publish_raw(letter.body)

    async def accepted() -> bool:
        return len(mail_host.accepted) == 1

    await eventually(accepted, "the replayed mail")


async def test_events_that_nobody_understands_go_to_the_dead_letters_naming_the_field(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    problems = {
        b"\xff\x00": "body: is not JSON",
        b"[]": "body: is not a JSON object",
        b'{"specversion":"1.0","id":"1","source":"x","type":"invitation.created.v1"}': "data: is missing",
        b'{"specversion":"1.0","id":"1","source":"x","type":"invitation.created.v9","data":{}}': "type: ",
        b"{" * 5000: "body: is not JSON",
        b" " * 100_000: "body: is larger than",
    }
    for body in problems:
        await cinema.publish_raw(body)
    await cinema.publish(invitation_created())
    for _ in range(len(problems)):
        letter = await cinema.dead_letter()
        assert letter.headers["x-reason"] == "invalid_event"
        assert str(letter.headers["x-problem"]).startswith(problems.pop(letter.body))
    await inbox.mail("boris@example.com")


async def test_a_server_that_refuses_our_sender_stops_the_work_and_loses_nothing(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker
) -> None:
    notifier = await started(make_notifier(amqp_url, mail_host.port))
    mail_host.answer_to = lambda _address: "530 5.7.0 authentication required"
    await cinema.publish(invitation_created())

    async def attempted() -> bool:
        return len(mail_host.attempts) >= 2

    await eventually(attempted, "a second attempt")
    mail_host.answer_to = lambda _address: "250 OK"

    async def accepted() -> bool:
        return len(mail_host.accepted) == 1

    await eventually(accepted, "the mail once the server lets us")
    assert "authentication required" in notifier.log.read_text()


async def test_a_port_that_is_taken_is_named_with_the_remedy(
    amqp_url: str, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    taken = inbox.url.rpartition(":")[2]
    notifier = make_notifier(amqp_url, inbox.smtp_port, NOTIFIER_PORT=taken)
    notifier.spawn()

    async def ended() -> bool:
        return not notifier.running()

    await eventually(ended, "the end of the notifier")
    assert f"Cannot listen on 127.0.0.1:{taken}" in notifier.log.read_text()
    assert "set NOTIFIER_PORT to another one" in notifier.log.read_text()


async def test_a_memory_that_cannot_be_opened_is_named_with_the_remedy(
    amqp_url: str, inbox: Inbox, make_notifier: MakeNotifier, state: Path
) -> None:
    state.parent.write_text("a file where the folder should be")
    notifier = make_notifier(amqp_url, inbox.smtp_port)
    notifier.spawn()

    async def ended() -> bool:
        return not notifier.running()

    await eventually(ended, "the end of the notifier")
    assert f"NOTIFIER_STATE={state} cannot be used" in notifier.log.read_text()
