"""The mail made of an event: headers, texts, HTML, calendar."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from deploy.neighbours.notifier.events import InvalidEvent, Kind, parse
from deploy.neighbours.notifier.mail import SECTIONS, compose
from deploy.neighbours.notifier.wire import WIRE, ascii_address, header_text
from deploy.neighbours.notifier.wording import TEXTS, texts, time_text
from tests.support.notifier_fixtures import Event, invitation_changed, invitation_created, invitation_revoked

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
SENDER = Address("Кино вместе", addr_spec="kino@cinema.example")


def raw_mail(event: Event, sender: Address = SENDER) -> bytes:
    return compose(parse(json.dumps(event).encode()), sender=sender, zone=MOSCOW, now=NOW).content


def mail_of(event: Event) -> EmailMessage:
    return message_from_bytes(raw_mail(event), policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def in_english(event: Event) -> Event:
    event["data"]["invitee"]["locale"] = "en"
    return event


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("starts_at", [None, "2026-11-28T17:00:00Z"])
def test_every_mail_renders_in_both_languages_without_a_leftover(
    kind: Kind, language: str, starts_at: str | None
) -> None:
    if kind is Kind.REMINDER and starts_at is None:
        starts_at = "2026-11-28T17:00:00Z"
    event = invitation_created(starts_at=starts_at)
    if kind is Kind.REVOKED:
        event = invitation_revoked(event)
    if kind is Kind.CHANGED:
        event = invitation_changed(event)
    event["type"] = kind.value
    event["data"]["invitee"]["locale"] = language
    mail = mail_of(event)
    told = texts(language)["rescheduled" if kind is Kind.CHANGED else SECTIONS[kind]]
    text, html = part(mail, "plain"), part(mail, "html")
    for shown in (text, html):
        assert told["heading"] in shown
        assert "Ночной трамвай" in shown
        assert "Анна Светлова" in shown
        assert "None" not in shown
    assert "{" not in text
    assert "}" not in mail["Subject"]
    assert mail["Content-Language"] == language
    assert html.startswith("<!DOCTYPE html>")
    assert f'lang="{language}"' in html
    has_link = kind is not Kind.REVOKED
    assert ("http://localhost:8080/rooms/" in text) == has_link
    assert (told.get("button", "\0") in html) == has_link


def test_both_languages_have_the_same_texts() -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        return len(value) if isinstance(value, list) else type(value)

    assert {file.stem for file in TEXTS.glob("*.toml")} == {"ru", "en"}
    assert shape(texts("ru")) == shape(texts("en"))


def test_the_headers_are_those_of_an_automatic_mail() -> None:
    event = invitation_created()
    mail = mail_of(event)
    assert mail["From"] == "Кино вместе <kino@cinema.example>"
    assert mail["To"] == "Борис Климов <boris@example.com>"
    assert mail["Message-ID"] == f"<{event['id']}@cinema.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW


@pytest.mark.parametrize(("language", "brand"), [("ru", "Кино вместе"), ("en", "Movie Together")])
def test_a_sender_without_a_name_has_the_site_s_in_the_reader_s_language(language: str, brand: str) -> None:
    event = invitation_created()
    event["data"]["invitee"]["locale"] = language
    mail = message_from_bytes(raw_mail(event, Address(addr_spec="kino@cinema.example")), policy=policy.default)
    assert mail["From"] == f"{brand} <kino@cinema.example>"


def test_an_event_always_gives_the_same_message_id_and_odd_ids_give_valid_ones() -> None:
    odd = invitation_created(id="комната: 1 <>@")
    assert mail_of(odd)["Message-ID"] == mail_of(odd)["Message-ID"]
    assert mail_of(odd)["Message-ID"] != mail_of(invitation_created(id="комната: 2 <>@"))["Message-ID"]
    assert mail_of(odd)["Message-ID"].isascii()


@pytest.mark.parametrize("field", ["film", "inviter"])
def test_markup_and_braces_in_names_stay_text(field: str) -> None:
    evil = "<img src=x onerror=alert(1)> {inviter} {{ 7 * 7 }} </td>"
    event = in_english(invitation_created())
    event["data"][field] = {"id": "1", "name": evil, "title": evil}
    html = part(mail_of(event), "html")
    assert "<img" not in html
    assert "&lt;img" in html
    assert "49" not in html
    assert "{{ 7 * 7 }}" in part(mail_of(event), "plain")


def test_a_name_that_looks_like_an_address_is_no_link() -> None:
    event = invitation_created(
        inviter={"id": "1", "name": "Go to evil.example/login or a@b.example or http://c.example"}
    )
    text = part(mail_of(event), "plain")
    for address in ("evil.example", "a@b.example", "http://c"):
        assert address not in text
        assert address in text.replace("\u2060", "")
    assert "Go to evil.example/login" in mail_of(event)["Subject"]


def test_line_breaks_in_names_make_no_header() -> None:
    evil = "Eve\r\nBcc: victim@example.com\r\n\r\nbody"
    event = invitation_created(film={"id": "1", "title": evil}, inviter={"id": "1", "name": evil})
    event["data"]["invitee"]["name"] = evil
    mail = mail_of(event)
    assert mail["Bcc"] is None
    assert [address.addr_spec for address in mail["To"].addresses] == ["boris@example.com"]
    assert mail["To"].addresses[0].display_name == "Eve Bcc: victim@example.com body"


def clean(text: str) -> str | None:
    """The text as a name of an event, or None where the event would be refused."""
    try:
        return parse(json.dumps(invitation_created(inviter={"id": "1", "name": text})).encode()).inviter_name
    except InvalidEvent:
        return None


LINE = st.text(min_size=1, max_size=220).map(clean).filter(lambda line: line is not None)


@given(subject=LINE, name=LINE)
@example(subject="Приглашение на «Ночной трамвай» отозвано", name="Анна Светлова")
@example(subject="Anna invites you to watch the very good old film “The Night Tram” together", name='A "B" \\ C, D')
@example(subject="=?utf-8?q?not_mine?= " + "x" * 150, name="=?utf-8?q?not_mine?=")
def test_every_text_comes_through_the_headers_as_it_was(subject: str, name: str) -> None:
    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = header_text(subject)
    mail["To"] = Address(name, addr_spec="boris@example.com")
    mail.set_content("x")
    raw = mail.as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78  # RFC 5322, 2.1.1
    read = message_from_bytes(raw)
    # Decoded by the letter of RFC 2047: the parser of policy.default puts a space into long names of its own accord.
    assert str(make_header(decode_header(read["Subject"]))) == subject
    told = str(make_header(decode_header(read["To"])))
    assert (parseaddr(told)[0] if '"' in read["To"] else told.removesuffix(" <boris@example.com>")) == name
    assert message_from_bytes(raw, policy=policy.default)["To"].addresses[0].addr_spec == "boris@example.com"


def test_domains_that_are_not_ascii_go_as_idna() -> None:
    mail = mail_of(invitation_created("boris@почта.example"))
    assert mail["To"].addresses[0].addr_spec == "boris@xn--80a1acny.example"
    raw = raw_mail(invitation_created(id="abc"), ascii_address("Кино", "kino@кино.example"))
    assert raw.isascii()
    assert b"Message-ID: <abc@xn--" in raw


@given(st.text(max_size=40) | st.from_regex(r"[a-z\"\\.<>(), @\n]{0,20}@[a-zа-я.\[\]:\-@ ]{0,20}", fullmatch=True))
@example("0@[")
@example('""@0')
def test_an_address_is_one_plain_address_or_refused(text: str) -> None:
    try:
        address = ascii_address("Name", text)
    except ValueError:
        return
    mail = EmailMessage(policy=WIRE)
    mail["To"] = address
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert read.keys() == ["To"]
    assert [one.addr_spec for one in read["To"].addresses] == [address.addr_spec]
    assert address.addr_spec.isascii()


def test_the_calendar_event_tells_when_where_and_who() -> None:
    event = invitation_created(starts_at="2026-11-28T20:00:00+03:00", film={"id": "1", "title": "A; B, C\\D"})
    (attached,) = mail_of(event).iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "REQUEST"
    assert attached.get_filename() == "kino-vmeste.ics"
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    (screening,) = calendar.events
    assert screening.start == datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
    assert screening.end - screening.start == timedelta(hours=2)
    assert str(screening["summary"]) == "Смотрим «A; B, C\\D» вместе"
    assert str(screening["url"]) == event["data"]["link"]
    assert str(screening["uid"]) == f"invitation-{event['data']['invitation_id']}@cinema.example"
    assert screening.stamp == NOW
    assert len(screening.alarms.times) == 1


START, END = "2026-11-28T17:00:00Z", "2026-11-28T17:12:00Z"


def entry_of(event: Event) -> tuple[str, Any]:
    """The calendar's method and its one entry, as a calendar program reads them."""
    (attached,) = mail_of(event).iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    (entry,) = calendar.events
    assert attached.get_param("method") == str(calendar["method"])
    return str(calendar["method"]), entry


def test_the_entry_ends_when_the_film_ends() -> None:
    _, entry = entry_of(invitation_created(starts_at=START, ends_at=END))
    assert entry.end - entry.start == timedelta(minutes=12)


def test_a_change_moves_the_same_entry_and_a_cancellation_takes_it_away() -> None:
    created = invitation_created(starts_at=START, ends_at=END)
    moved = invitation_changed(created, starts_at="2026-11-29T18:00:00Z", ends_at="2026-11-29T18:12:00Z")
    open_now = invitation_changed(created, starts_at=None, ends_at=None)
    cancelled = invitation_changed(created, "cancelled")
    entries = [entry_of(event) for event in (created, moved, open_now, cancelled, invitation_revoked(created))]

    assert [method for method, _ in entries] == ["REQUEST", "REQUEST", "CANCEL", "CANCEL", "CANCEL"]
    assert len({str(entry["uid"]) for _, entry in entries}) == 1
    assert [int(entry["sequence"]) for _, entry in entries] == [1, 2, 2, 2, 2]
    assert [str(entry["status"]) for _, entry in entries] == ["CONFIRMED"] * 2 + ["CANCELLED"] * 3
    assert {str(entry["attendee"]) for _, entry in entries} == {"mailto:boris@example.com"}
    assert entries[1][1].start == datetime(2026, 11, 29, 18, 0, tzinfo=UTC)
    assert entries[2][1].start == entries[3][1].start == datetime(2026, 11, 28, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_cancelled_screening_says_when_it_would_have_been_and_leads_nowhere(language: str) -> None:
    event = invitation_changed(invitation_created(starts_at=START), "cancelled")
    event["data"]["invitee"]["locale"] = language
    mail = mail_of(event)
    for shown in (part(mail, "plain"), part(mail, "html")):
        assert texts(language)["cancelled"]["heading"] in shown
        assert "2026" in shown
        assert event["data"]["link"] not in shown
        assert event["data"]["answer_link"] not in shown
        assert "None" not in shown


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("change", ["film_changed", "reopened"])
def test_another_film_and_a_room_opened_again_bring_the_entry_up_to_date(change: str, language: str) -> None:
    event = invitation_changed(invitation_created(starts_at=START), change)
    event["data"]["invitee"]["locale"] = language
    mail = mail_of(event)
    for shown in (part(mail, "plain"), part(mail, "html")):
        assert texts(language)[change]["heading"] in shown
        assert event["data"]["link"] in shown
        assert texts(language)["was"] not in shown, "the start is as it was"
        assert "None" not in shown
    assert entry_of(event)[0] == "REQUEST"


def test_another_film_at_another_time_says_both() -> None:
    event = invitation_changed(invitation_created(starts_at=START), "film_changed", starts_at="2026-11-29T18:00:00Z")
    assert texts("ru")["was"] in part(mail_of(event), "plain")


def test_times_are_told_in_the_person_s_zone() -> None:
    event = invitation_changed(invitation_created(starts_at=START), starts_at="2026-11-29T18:00:00Z")
    event["data"]["invitee"]["time_zone"] = "Asia/Tokyo"
    text = part(mail_of(event), "plain")
    assert "воскресенье, 29 ноября 2026 г., 02:00 (JST, UTC+9)" in text  # when it was to be
    assert "понедельник, 30 ноября 2026 г., 03:00 (JST, UTC+9)" in text
    event["data"]["invitee"]["time_zone"] = "Mars/Olympus"
    assert "(MSK, UTC+3)" in part(mail_of(event), "plain")


def test_a_mail_program_can_end_the_mails_with_one_click() -> None:
    event = invitation_created()
    mail = mail_of(event)
    assert mail["List-Unsubscribe"] == f"<{event['data']['unsubscribe_link']}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert event["data"]["unsubscribe_link"] in part(mail, "plain")


def test_a_room_s_own_name_is_said() -> None:
    event = in_english(invitation_created(title="Friday with <friends>"))
    assert "Friday with <friends>" in part(mail_of(event), "plain")
    assert "Friday with &lt;friends&gt;" in part(mail_of(event), "html")


def test_no_start_means_no_calendar_event_and_an_open_room() -> None:
    mail = mail_of(invitation_created())
    assert list(mail.iter_attachments()) == []
    assert "Комната уже открыта" in part(mail, "plain")


@pytest.mark.parametrize(
    ("zone", "language", "told"),
    [
        ("Europe/Moscow", "ru", "суббота, 28 ноября 2026 г., 20:00 (MSK, UTC+3)"),
        ("Europe/Moscow", "en", "Saturday, 28 November 2026, 20:00 (MSK, UTC+3)"),
        ("Asia/Kolkata", "en", "Saturday, 28 November 2026, 22:30 (IST, UTC+5:30)"),
        ("Asia/Yekaterinburg", "ru", "суббота, 28 ноября 2026 г., 22:00 (UTC+5)"),
        ("America/New_York", "en", "Saturday, 28 November 2026, 12:00 (EST, UTC−5)"),
        ("UTC", "en", "Saturday, 28 November 2026, 17:00 (UTC)"),
        ("Pacific/Auckland", "ru", "воскресенье, 29 ноября 2026 г., 06:00 (NZDT, UTC+13)"),
    ],
)
def test_a_time_is_told_in_the_zone_with_its_distance_from_utc(zone: str, language: str, told: str) -> None:
    assert time_text(datetime(2026, 11, 28, 17, 0, tzinfo=UTC), ZoneInfo(zone), language) == told
