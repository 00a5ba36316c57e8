"""One event, one mail: through repeated deliveries, through kills, and with two notifiers."""

import asyncio
import os
import signal
from pathlib import Path

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from tests.support.cut import cut_before
from tests.support.notifier_fixtures import (
    Broker,
    Inbox,
    MailServer,
    MakeNotifier,
    eventually,
    fates,
    http_status,
    invitation_created,
    invitation_revoked,
    started,
)


def forget_everything(state: Path) -> None:
    for file in state.parent.glob(f"{state.name}*"):
        file.unlink()


async def test_an_event_delivered_many_times_makes_one_mail(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    notifier = await started(make_notifier(amqp_url, inbox.smtp_port))
    event, last = invitation_created(), invitation_created("last@example.com")
    await cinema.publish(*[event] * 20, last)
    await inbox.mail("last@example.com")
    await cinema.worked_off(notifier)
    assert len(await inbox.mails("boris@example.com")) == 1


async def killed_between_memory_and_acknowledgement(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    """Send one mail, lose the acknowledgement on its way to the broker, and kill the notifier with -9."""
    async with cut_before(amqp_url, free_port()) as cut:

        async def fall_silent() -> None:
            cut.silent = True

        mail_host.before_accepting = fall_silent
        notifier = await started(make_notifier(cut.url, mail_host.port))
        event = invitation_created()
        await cinema.publish(event)

        async def remembered() -> bool:
            return bool(mail_host.accepted) and fates(state).get(event["id"]) == "sent"

        await eventually(remembered, "the memory of the sent mail")
        await asyncio.to_thread(notifier.kill)
    mail_host.before_accepting = None

    async def redeliverable() -> bool:
        return await cinema.depth() == 1

    await eventually(redeliverable, "the event back in the queue")


async def test_a_kill_between_the_memory_and_the_acknowledgement_makes_no_second_mail(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    await killed_between_memory_and_acknowledgement(amqp_url, mail_host, make_notifier, cinema, state)
    successor = await started(make_notifier(amqp_url, mail_host.port))
    await cinema.publish(invitation_created("next@example.com"))
    await cinema.worked_off(successor)
    assert [mail["To"].addresses[0].addr_spec for mail in mail_host.accepted] == [
        "boris@example.com",
        "next@example.com",
    ]


async def test_the_same_kill_without_the_memory_makes_a_second_mail(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    await killed_between_memory_and_acknowledgement(amqp_url, mail_host, make_notifier, cinema, state)
    forget_everything(state)
    await cinema.worked_off(await started(make_notifier(amqp_url, mail_host.port)))
    assert len(mail_host.accepted) == 2


async def test_a_kill_while_the_server_accepts_repeats_the_mail_under_the_same_message_id(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    # The window that no memory can close (RFC 5321, 4.5.3.2.6 tells of it): accepted, but the sender never heard so.
    notifier = await started(make_notifier(amqp_url, mail_host.port))
    pid = notifier.pid
    assert pid is not None

    async def kill() -> None:
        os.kill(pid, signal.SIGKILL)
        mail_host.before_accepting = None

    mail_host.before_accepting = kill
    event = invitation_created()
    await cinema.publish(event)

    async def accepted_once() -> bool:
        return len(mail_host.accepted) == 1 and fates(state) == {event["id"]: "sending"}

    await eventually(accepted_once, "the first mail, and a memory that knows no more than that it was being sent")
    successor = await started(make_notifier(amqp_url, mail_host.port))

    async def accepted_twice() -> bool:
        return len(mail_host.accepted) == 2

    await eventually(accepted_twice, "the repeated mail")
    first, second = (mail["Message-ID"] for mail in mail_host.accepted)
    assert first == second == f"<{event['id']}@cinema.example>"
    assert "may be a second mail" in successor.log.read_text()


async def test_a_second_notifier_stands_by_and_takes_over_when_the_first_is_killed(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier, state: Path
) -> None:
    first: WebProgram = await started(make_notifier(amqp_url, inbox.smtp_port))
    second = await started(make_notifier(amqp_url, inbox.smtp_port))
    assert "standing by" in (await http_status(second.ready_url))[1]["status"]
    event = invitation_created()
    await cinema.publish(event)
    await inbox.mail("boris@example.com")

    async def remembered() -> bool:
        return fates(state).get(event["id"]) == "sent"

    # The inbox shows a mail before its sender has heard of that: killed in between, another one would send it again.
    await eventually(remembered, "the memory of the sent mail")
    await asyncio.to_thread(first.kill)
    await cinema.publish(event, invitation_created("later@example.com"))
    await inbox.mail("later@example.com")
    await cinema.worked_off(second)
    assert len(await inbox.mails("boris@example.com")) == 1


async def test_a_stop_finishes_the_mail_in_hand(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    notifier = await started(make_notifier(amqp_url, mail_host.port))
    pid = notifier.pid
    assert pid is not None

    async def stop_in_the_middle() -> None:
        os.kill(pid, signal.SIGTERM)
        await asyncio.sleep(0.5)

    mail_host.before_accepting = stop_in_the_middle
    event = invitation_created()
    await cinema.publish(event)

    async def ended() -> bool:
        return not notifier.running()

    await eventually(ended, "the end of the notifier")
    assert fates(state) == {event["id"]: "sent"}
    assert await cinema.depth() == 0
    assert "notifier stopped" in notifier.log.read_text()


async def test_an_invitation_withdrawn_before_its_mail_could_go_makes_no_mail_at_all(
    amqp_url: str, mail_host: MailServer, make_notifier: MakeNotifier, cinema: Broker, state: Path
) -> None:
    await started(make_notifier(amqp_url, mail_host.port))
    mail_host.answer_to = lambda address: "450 later" if address == "boris@example.com" else "250 OK"
    event = invitation_created()
    await cinema.publish(event)

    async def waiting() -> bool:
        return fates(state).get(event["id"]) == "waiting"

    await eventually(waiting, "the first attempt")
    revoked = invitation_revoked(event)
    await cinema.publish(revoked, invitation_created("other@example.com"))

    async def withdrawn() -> bool:
        return fates(state).get(revoked["id"]) == "needless"

    await eventually(withdrawn, "the withdrawal of what was not told")
    mail_host.answer_to = lambda _address: "250 OK"

    async def needless() -> bool:
        found = fates(state)
        return found[event["id"]] == "needless" and "sent" in found.values()

    await eventually(needless, "the invitation taken as needless too, and the other one sent")
    assert [mail["To"].addresses[0].addr_spec for mail in mail_host.accepted] == ["other@example.com"]
