"""What the notifier accepts as an event, and how it names what it does not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.neighbours.notifier.events import InvalidEvent, Kind, parse
from tests.support.notifier_fixtures import Event, invitation_created, invitation_revoked


def body_of(event: Event) -> bytes:
    return json.dumps(event).encode()


def with_value(event: Event, path: str, value: Any) -> Event:
    """A copy of the event with one field replaced (`...` removes it)."""
    copy: Event = json.loads(json.dumps(event))
    *parents, last = path.split(".")
    target = copy
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return copy


def test_an_invitation_is_read_whole() -> None:
    event = invitation_created(starts_at="2026-11-28T20:00:00+03:00")
    read = parse(body_of(event))
    assert read.kind is Kind.CREATED
    assert read.event_id == event["id"]
    assert read.event_time == datetime.fromisoformat(event["time"])
    assert read.starts_at == datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
    assert read.link == event["data"]["link"]
    assert read.film_title == "Ночной трамвай"
    assert read.inviter_name == "Анна Светлова"
    assert str(read.invitee.address) == "Борис Климов <boris@example.com>"
    assert read.invitee.language == "ru"


def test_a_withdrawal_has_neither_link_nor_start() -> None:
    read = parse(body_of(invitation_revoked(invitation_created())))
    assert (read.kind, read.link, read.starts_at) == (Kind.REVOKED, None, None)


def test_attributes_of_later_versions_are_ignored() -> None:
    event = invitation_created(traceparent="00-abc")
    event["data"]["more"] = {"of": "it"}
    assert parse(body_of(event)).event_id == event["id"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("specversion", ...),
        ("specversion", "2.0"),
        ("id", ...),
        ("id", 7),
        ("id", "x" * 256),
        ("id", "line\nbreak"),
        ("id", "half \ud800"),
        ("source", ""),
        ("time", "yesterday"),
        ("type", "room.opened.v1"),
        ("data", ...),
        ("data", []),
        ("data.invitation_id", ...),
        ("data.link", ...),
        ("data.link", "javascript:alert(1)"),
        ("data.link", "/rooms/abc"),
        ("data.link", "http://localhost/\r\nBcc: x"),
        ("data.link", 'http://localhost/"onclick="x'),
        ("data.link", "http://[broken"),
        ("data.link", "http://localhost/" + "x" * 2000),
        ("data.starts_at", "2026-11-28T20:00:00"),
        ("data.starts_at", 1764345600),
        ("data.film", None),
        ("data.film.title", ...),
        ("data.inviter.name", " \r\n\t "),
        ("data.inviter.name", "\u202e"),
        ("data.invitee.id", ...),
        ("data.invitee.name", None),
        ("data.invitee.locale", 5),
        ("data.invitee.email", ...),
        ("data.invitee.email", "nobody"),
        ("data.invitee.email", "@example.com"),
        ("data.invitee.email", "a@example.com, b@example.com"),
        ("data.invitee.email", "a@example.com\r\nBcc: b@example.com"),
        ("data.invitee.email", "A <a@example.com>"),
        ("data.invitee.email", "a@" + "x" * 260),
        ("data.invitee.email", "борис@example.com"),
    ],
)
def test_a_broken_field_is_refused_by_its_name(path: str, value: Any) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse(body_of(with_value(invitation_created(), path, value)))
    assert refused.value.field == path
    assert str(refused.value).startswith(f"{path}: ")


def test_a_reminder_needs_a_start() -> None:
    with pytest.raises(InvalidEvent, match=r"^data\.starts_at: is missing"):
        parse(body_of(invitation_created(type=Kind.REMINDER.value)))


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"null", b'"text"', b"[" * 100_000, b'{"id": NaN}', b"{" + b" " * 70_000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match=r"^body: "):
        parse(body)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Анна \n\r\n Светлова\u2028", "Анна Светлова"),
        ("an\u202ena\u2066", "anna"),
        ("\x00\x1b[31mred", "[31mred"),
        ("👩‍🚀 Zoë", "👩‍🚀 Zoë"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_name_becomes_one_clean_line(name: str, shown: str) -> None:
    event = with_value(invitation_created(), "data.inviter.name", name)
    assert parse(body_of(event)).inviter_name == shown


@pytest.mark.parametrize(
    ("locale", "language"), [("ru", "ru"), ("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("de", "ru"), (None, "ru")]
)
def test_the_language_is_that_of_the_invitee(locale: str | None, language: str) -> None:
    event = with_value(invitation_created(), "data.invitee.locale", locale)
    assert parse(body_of(event)).invitee.language == language
