"""From an event on the broker to a mail in the box."""

from html import unescape

from icalendar import Calendar

from shared.broker import queue_arguments
from shared.events import decode, encode, new_event
from shared.invitation_events import INVITATION_CREATED
from tests.support.notifier_fixtures import (
    QUEUE,
    Broker,
    Inbox,
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
    assert mail["links"] == [event["data"]["link"]]
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
    assert (await inbox.mail("own@example.com"))["links"] == [sample["data"]["link"]]


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
    assert mail["links"] == []


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
