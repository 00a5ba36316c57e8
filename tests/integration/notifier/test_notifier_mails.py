"""From an event on the broker to a mail in the box."""

from html import unescape

from icalendar import Calendar

from shared.broker import queue_arguments
from shared.events.envelope import decode, encode, new_event
from shared.events.invitations import INVITATION_CREATED
from tests.support.notifier_fixtures import (
    QUEUE,
    Broker,
    Inbox,
    MailServer,
    MakeNotifier,
    eventually,
    invitation_created,
    invitation_revoked,
    started,
)


async def test_an_invitation_becomes_a_mail_with_its_link_in_text_and_html(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    event = invitation_created()
    await cinema.publish(event)
    mail = await inbox.mail("boris@example.com")
    assert mail["subject"] == "Анна Светлова зовёт вас смотреть «Ночной трамвай» вместе"
    assert mail["from"] == "kino@cinema.example"
    assert mail["to"] == "boris@example.com"
    assert mail["links"] == [event["data"][name] for name in ("link", "answer_link", "unsubscribe_link")]
    assert event["data"]["link"] in mail["text"]
    assert f'href="{event["data"]["link"]}"' in mail["html"]


async def test_an_event_of_our_own_encoder_is_understood(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    sample = invitation_created("own@example.com")
    event = new_event(INVITATION_CREATED, sample["subject"], sample["data"], source="api_service")
    assert decode(encode(event)) == event
    await cinema.publish_raw(encode(event))
    assert sample["data"]["link"] in (await inbox.mail("own@example.com"))["links"]


async def test_both_sides_declare_the_queue_alike(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    declared = await cinema.channel.declare_queue(QUEUE, durable=True, arguments=queue_arguments(QUEUE))
    assert declared.name == QUEUE


async def test_a_screening_with_a_start_brings_the_time_and_a_calendar_event(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    event = invitation_created(starts_at="2026-11-28T17:00:00Z")
    event["data"]["invitee"]["locale"] = "en"
    await cinema.publish(event)
    mail = await inbox.mail("boris@example.com")
    assert mail["subject"] == "Анна Светлова invites you to watch “Ночной трамвай” together"
    assert "Saturday, 28 November 2026, 20:00 (MSK, UTC+3)" in mail["text"]
    assert mail["attachments"] == [{"name": "movie-together.ics", "content_type": "text/calendar"}]
    calendar = Calendar.from_ical(await inbox.get(f"/messages/{mail['id']}/attachments/0"))
    (screening,) = calendar.events
    assert screening.start.isoformat() == "2026-11-28T17:00:00+00:00"


async def test_a_withdrawn_invitation_is_told_to_whom_it_was_sent(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    event = invitation_created()
    await cinema.publish(event, invitation_revoked(event))
    mail = await inbox.mail("boris@example.com", count=2)
    assert mail["subject"] == "Приглашение на «Ночной трамвай» отозвано"
    assert mail["links"] == [event["data"]["unsubscribe_link"]]


async def test_names_cannot_break_out_of_headers_or_html(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    evil = "Eve\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>"
    event = invitation_created(inviter={"id": "1", "name": evil}, film={"id": "2", "title": f"Film\n{evil}"})
    event["data"]["invitee"]["name"] = evil
    await cinema.publish(event)
    mail = await inbox.mail("boris@example.com")
    assert "\n" not in mail["subject"]
    assert await inbox.mails("victim@example.com") == []
    assert "<script" not in mail["html"]
    assert "&lt;script&gt;" in mail["html"]


async def test_mails_about_one_invitation_form_one_conversation(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    await started(make_notifier(amqp_url, inbox.smtp_port))
    event = invitation_created()
    await cinema.publish(event, invitation_revoked(event))
    await inbox.mail("boris@example.com", count=2)
    ancestor = f"References: <invitation-{event['data']['invitation_id']}@cinema.example>"
    for mail in await inbox.mails("boris@example.com"):
        assert ancestor in unescape((await inbox.get(f"/messages/{mail['id']}", view="source")).decode())


async def test_a_hundred_invitations_all_arrive(
    amqp_url: str, cinema: Broker, inbox: Inbox, make_notifier: MakeNotifier
) -> None:
    notifier = await started(make_notifier(amqp_url, inbox.smtp_port))
    await cinema.publish(*(invitation_created(f"viewer{number}@example.com") for number in range(100)))

    async def all_there() -> bool:
        return len(await inbox.mails()) == 100

    await eventually(all_there, "100 mails", 60)
    await cinema.worked_off(notifier)
    assert len(await inbox.mails()) == 100


async def test_each_mail_is_answered_with_what_became_of_it(
    amqp_url: str, cinema: Broker, mail_host: MailServer, make_notifier: MakeNotifier
) -> None:
    answers = await cinema.channel.declare_queue("answers", durable=True)
    await answers.bind("movie_together", "notification.*.v1")
    mail_host.answer_to = lambda address: "550 no such user" if address.startswith("nobody") else "250 OK"
    good, bad = invitation_created(), invitation_created("nobody@example.com")
    await started(make_notifier(amqp_url, mail_host.port))

    await cinema.publish(good, bad)
    await cinema.dead_letter()
    await cinema.publish(good)  # once more: it is not mailed again, and its answer is the same

    told: dict[str, dict[str, object]] = {}

    async def all_told() -> bool:
        message = await answers.get(no_ack=True, fail=False)
        if message is not None:
            answer = decode(message.body)  # fits the contract
            assert told.setdefault(answer.id, answer.data)["event_id"] == answer.data["event_id"]
            assert message.routing_key == answer.type
            subjects.append((answer.type, answer.subject))
        return len(subjects) == 3

    subjects: list[tuple[str, str]] = []
    await eventually(all_told, "three answers")
    assert len(told) == 2
    assert sorted(set(subjects)) == [
        ("notification.failed.v1", bad["subject"]),
        ("notification.sent.v1", good["subject"]),
    ]
    by_event = {str(answer["event_id"]): answer for answer in told.values()}
    assert by_event[bad["id"]]["reason"] == "refused"
    assert by_event[good["id"]]["invitation_id"] == good["data"]["invitation_id"]
    assert len(mail_host.accepted) == 1
