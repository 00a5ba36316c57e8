from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from shared.events import feed, invitations, journal, rooms
from shared.events.envelope import SCHEMAS, InvalidEvent, decode, encode, new_event

ROOM = str(uuid4())
MOMENT = datetime(2026, 5, 1, 18, 30, tzinfo=UTC)


def person(**more: Any) -> dict[str, Any]:
    return {"id": uuid4(), "name": "Аня", **more}


def invitation() -> dict[str, Any]:
    return {
        "invitation_id": uuid4(),
        "link": "http://localhost:8080/rooms/abc",
        "starts_at": None,
        "ends_at": None,
        "title": None,
        "sequence": 1,
        "film": {"id": uuid4(), "title": "Ночной поезд"},
        "inviter": person(),
        "invitee": person(email="anya@example.com", locale="ru", time_zone=None),
        "answer_link": "http://localhost:8080/invitations/1/abc",
        "unsubscribe_link": "http://localhost:8080/unsubscribe/1/abc",
    }


def room() -> dict[str, Any]:
    return {
        "id": ROOM,
        "code": "abc",
        "version": 1,
        "partition": 7,
        "owner": uuid4(),
        "film": {"id": uuid4(), "title": "Ночной поезд", "duration_ms": 90_000},
        "access": "link",
        "control": "everyone",
        "capacity": 50,
        "starts_at": None,
        "settings": {},
    }


def entry(**more: Any) -> dict[str, Any]:
    return {"room_id": ROOM, "epoch": 1, "seq": 4, **more}


VISIT = entry(visit_id="v1", user_id=uuid4(), started_at=MOMENT)
BAN = {"version": 3, "partition": 7, "user_id": uuid4(), "by": uuid4(), "room": room()}
MAILED = {"invitation_id": uuid4(), "event_id": "e1", "at": MOMENT}
VALID: dict[str, dict[str, Any]] = {
    invitations.INVITATION_CREATED: invitation(),
    invitations.INVITATION_CHANGED: {**invitation(), "change": "rescheduled", "previous_starts_at": MOMENT},
    invitations.REMINDER_DUE: invitation(),
    invitations.NOTIFICATION_SENT: MAILED,
    invitations.NOTIFICATION_FAILED: {**MAILED, "reason": "refused", "detail": "550 no such user"},
    invitations.INVITATION_REVOKED: {
        key: value for key, value in invitation().items() if key not in {"link", "answer_link"}
    },
    rooms.ROOM_OPENED: {"version": 1, "room": room()},
    rooms.ROOM_REOPENED: {"version": 3, "room": room(), "position_ms": 41_000.5, "epoch": 2},
    rooms.ROOM_CHANGED: {
        "version": 2,
        "partition": 7,
        "changes": {"starts_at": None, "settings": {"locked": True}},
        "room": room(),
    },
    rooms.MEMBER_BANNED: BAN,
    rooms.MEMBER_UNBANNED: BAN,
    rooms.MEMBER_REVOKED: BAN,
    rooms.MEMBER_ERASED: {name: value for name, value in BAN.items() if name != "by"},
    rooms.SESSION_ENDED: {"user_id": uuid4(), "sessions": [uuid4()], "reason": "signed_out", "ended_at": MOMENT},
    rooms.ROOM_CLOSED: {"version": 2, "partition": 7, "reason": "owner", "closed_at": MOMENT},
    journal.VISIT_STARTED: VISIT,
    journal.VISIT_ENDED: {**VISIT, "ended_at": MOMENT, "reason": "left"},
    journal.PLAYBACK_CHANGED: entry(
        event="played",
        playback={"status": "playing", "position_ms": 0.5, "rate": 1, "at_ms": 1_700_000_000_000.25},
        by=None,
        at=MOMENT,
    ),
    journal.MEMBER_CHANGED: entry(user_id=uuid4(), role="guest", muted_until=MOMENT, by=None, at=MOMENT),
    journal.SETTINGS_CHANGED: entry(
        control="owner",
        capacity=20,
        settings={"locked": False, "slow_mode_s": 0, "hold": True, "hold_max_s": 10, "early_start": False},
        by=uuid4(),
        at=MOMENT,
    ),
    journal.VISIT_ASIDE: entry(user_id=uuid4(), reason="rewatch", position_ms=10, at=MOMENT),
    journal.CHAT_DELETED: entry(message_id="m1", by=uuid4(), at=MOMENT),
    journal.REACTIONS_COUNTED: entry(position_ms=60_000, count=3, at=MOMENT),
    journal.CHAT_EDITED: entry(message_id="m1", text="Привет! 👋", by=uuid4(), at=MOMENT),
    journal.CHAT_POSTED: entry(
        message_id="m1", author_id=uuid4(), author_name="Аня", text="Привет 👋", position_ms=10, sent_at=MOMENT
    ),
}

ACCOUNT = {"id": uuid4(), "issuer": "https://accounts.example", "subject": "u-17"}
VALID |= {
    feed.FEED_FILM: {"external_id": "tt-4711", "updated_at": MOMENT, "titles": {"de": "Papierwale"}},
    feed.FEED_PERSON: {"subject": "u-17", "updated_at": MOMENT, "name": "Anna"},
    feed.FEED_FRIENDSHIP: {"subject": "u-17", "friend": "u-18", "updated_at": MOMENT},
    feed.FEED_WISH: {"subject": "u-17", "film": "tt-4711", "updated_at": MOMENT},
    feed.WISH_CHANGED: {
        "person": ACCOUNT,
        "film": {"id": uuid4(), "external_id": None},
        "wanted": True,
        "at": MOMENT,
    },
    feed.FRIENDSHIP_CHANGED: {"people": [ACCOUNT, ACCOUNT], "friends": False, "by": uuid4(), "at": MOMENT},
}


def test_every_event_of_the_contract_has_an_example_here() -> None:
    assert set(VALID) == set(SCHEMAS)


@pytest.mark.parametrize("type_", sorted(VALID))
def test_an_event_comes_back_from_its_envelope_as_it_went_in(type_: str) -> None:
    event = new_event(type_, ROOM, VALID[type_], source="test", time=MOMENT)

    assert decode(encode(event)) == event


@pytest.mark.parametrize("type_", sorted(VALID))
def test_each_missing_field_is_named(type_: str) -> None:
    for field in VALID[type_]:
        data = {key: value for key, value in VALID[type_].items() if key != field}
        with pytest.raises(InvalidEvent, match=field):
            new_event(type_, ROOM, data, source="test")


@pytest.mark.parametrize(
    ("type_", "change", "named"),
    [
        (rooms.ROOM_CHANGED, {"changes": {"capacity": 1}}, "capacity"),
        (rooms.ROOM_CHANGED, {"changes": {"settings": {"hold": "yes"}}}, "hold"),
        (rooms.ROOM_CHANGED, {"room": {**room(), "settings": {"slow_mode_s": 301}}}, "slow_mode_s"),
        (rooms.ROOM_OPENED, {"room": {**room(), "settings": {"hold_max_s": 0}}}, "hold_max_s"),
        (journal.MEMBER_CHANGED, {"role": "owner"}, "role"),
        (journal.SETTINGS_CHANGED, {"settings": {"locked": True, "slow_mode_s": 0, "hold": True}}, "hold_max_s"),
        (journal.PLAYBACK_CHANGED, {"event": "held"}, "event"),
        (journal.CHAT_POSTED, {"reply_to": ""}, "reply_to"),
        (journal.CHAT_EDITED, {"text": ""}, "text"),
    ],
)
def test_a_value_outside_its_bounds_is_named(type_: str, change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidEvent, match=named):
        new_event(type_, ROOM, {**VALID[type_], **change}, source="test")


@pytest.mark.parametrize("subject", [{}, {"subject": "tt-4711"}])
def test_the_cinema_s_own_events_need_no_subject_of_ours(subject: dict[str, str]) -> None:
    def raw(type_: str) -> bytes:
        encoded = json.loads(encode(new_event(type_, ROOM, VALID[type_], source="cinema")))
        del encoded["subject"]
        return json.dumps({**encoded, **subject}).encode()

    assert decode(raw(feed.FEED_FILM)).subject == subject.get("subject", "")
    with pytest.raises(InvalidEvent, match="subject"):
        decode(raw(journal.CHAT_DELETED))


@pytest.mark.parametrize("change", journal.PLAYBACK_CHANGES)
def test_a_hold_is_told_like_any_other_change_of_playback(change: str) -> None:
    playback = {"status": "holding", "position_ms": 10, "rate": 1, "at_ms": 1}
    data = {**VALID[journal.PLAYBACK_CHANGED], "event": change, "playback": playback}

    event = new_event(journal.PLAYBACK_CHANGED, ROOM, data, source="test")

    assert decode(encode(event)).data["event"] == change


@pytest.mark.parametrize("more", [{}, {"reply_to": None}, {"reply_to": "m0"}])
def test_a_message_answers_another_or_none(more: dict[str, Any]) -> None:
    event = new_event(journal.CHAT_POSTED, ROOM, {**VALID[journal.CHAT_POSTED], **more}, source="test")

    assert decode(encode(event)).data.get("reply_to") == more.get("reply_to")


def test_the_envelope_is_structured_cloudevents() -> None:
    event = new_event(rooms.ROOM_CLOSED, ROOM, VALID[rooms.ROOM_CLOSED], source="api_service", time=MOMENT)

    message = json.loads(encode(event))

    assert message["specversion"] == "1.0"
    assert message["type"] == "room.closed.v1"
    assert message["subject"] == ROOM
    assert message["time"] == "2026-05-01T18:30:00Z"
    assert message["data"]["closed_at"] == "2026-05-01T18:30:00Z"


def test_a_reader_ignores_fields_of_a_later_minor_version() -> None:
    event = new_event(rooms.ROOM_CLOSED, ROOM, VALID[rooms.ROOM_CLOSED], source="test")
    message = json.loads(encode(event))
    message["traceparent"] = "00-…"
    message["data"]["mood"] = "good"

    assert decode(json.dumps(message).encode()).id == event.id


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"type": "room.exploded.v1"}, "room.exploded.v1"),
        ({"subject": "not-a-room"}, "subject"),
        ({"data": [1]}, "data"),
        ({"time": "2026-05-01T18:30:00"}, "time"),
    ],
)
def test_a_bad_envelope_is_refused_by_the_name_of_its_field(change: dict[str, Any], named: str) -> None:
    event = new_event(rooms.ROOM_CLOSED, ROOM, VALID[rooms.ROOM_CLOSED], source="test")
    message = {**json.loads(encode(event)), **change}

    with pytest.raises(InvalidEvent, match=named):
        decode(json.dumps(message).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(body)
