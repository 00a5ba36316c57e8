from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from shared import events, feed_events, invitation_events

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


def journal(**more: Any) -> dict[str, Any]:
    return {"room_id": ROOM, "epoch": 1, "seq": 4, **more}


VISIT = journal(visit_id="v1", user_id=uuid4(), started_at=MOMENT)
BAN = {"version": 3, "partition": 7, "user_id": uuid4(), "by": uuid4(), "room": room()}
MAILED = {"invitation_id": uuid4(), "event_id": "e1", "at": MOMENT}
VALID: dict[str, dict[str, Any]] = {
    invitation_events.INVITATION_CREATED: invitation(),
    invitation_events.INVITATION_CHANGED: {**invitation(), "change": "rescheduled", "previous_starts_at": MOMENT},
    invitation_events.REMINDER_DUE: invitation(),
    invitation_events.NOTIFICATION_SENT: MAILED,
    invitation_events.NOTIFICATION_FAILED: {**MAILED, "reason": "refused", "detail": "550 no such user"},
    invitation_events.INVITATION_REVOKED: {
        key: value for key, value in invitation().items() if key not in {"link", "answer_link"}
    },
    events.ROOM_OPENED: {"version": 1, "room": room()},
    events.ROOM_REOPENED: {"version": 3, "room": room(), "position_ms": 41_000.5, "epoch": 2},
    events.ROOM_CHANGED: {
        "version": 2,
        "partition": 7,
        "changes": {"starts_at": None, "settings": {"locked": True}},
        "room": room(),
    },
    events.MEMBER_BANNED: BAN,
    events.MEMBER_UNBANNED: BAN,
    events.MEMBER_REVOKED: BAN,
    events.MEMBER_ERASED: {name: value for name, value in BAN.items() if name != "by"},
    events.SESSION_ENDED: {"user_id": uuid4(), "sessions": [uuid4()], "reason": "signed_out", "ended_at": MOMENT},
    events.ROOM_CLOSED: {"version": 2, "partition": 7, "reason": "owner", "closed_at": MOMENT},
    events.VISIT_STARTED: VISIT,
    events.VISIT_ENDED: {**VISIT, "ended_at": MOMENT, "reason": "left"},
    events.PLAYBACK_CHANGED: journal(
        event="played",
        playback={"status": "playing", "position_ms": 0.5, "rate": 1, "at_ms": 1_700_000_000_000.25},
        by=None,
        at=MOMENT,
    ),
    events.MEMBER_CHANGED: journal(user_id=uuid4(), role="guest", muted_until=MOMENT, by=None, at=MOMENT),
    events.SETTINGS_CHANGED: journal(
        control="owner",
        capacity=20,
        settings={"locked": False, "slow_mode_s": 0, "hold": True, "hold_max_s": 10, "early_start": False},
        by=uuid4(),
        at=MOMENT,
    ),
    events.VISIT_ASIDE: journal(user_id=uuid4(), reason="rewatch", position_ms=10, at=MOMENT),
    events.CHAT_DELETED: journal(message_id="m1", by=uuid4(), at=MOMENT),
    events.REACTIONS_COUNTED: journal(position_ms=60_000, count=3, at=MOMENT),
    events.CHAT_EDITED: journal(message_id="m1", text="Привет! 👋", by=uuid4(), at=MOMENT),
    events.CHAT_POSTED: journal(
        message_id="m1", author_id=uuid4(), author_name="Аня", text="Привет 👋", position_ms=10, sent_at=MOMENT
    ),
}

ACCOUNT = {"id": uuid4(), "issuer": "https://accounts.example", "subject": "u-17"}
VALID |= {
    feed_events.FEED_FILM: {"external_id": "tt-4711", "updated_at": MOMENT, "titles": {"de": "Papierwale"}},
    feed_events.FEED_PERSON: {"subject": "u-17", "updated_at": MOMENT, "name": "Anna"},
    feed_events.FEED_FRIENDSHIP: {"subject": "u-17", "friend": "u-18", "updated_at": MOMENT},
    feed_events.FEED_WISH: {"subject": "u-17", "film": "tt-4711", "updated_at": MOMENT},
    feed_events.WISH_CHANGED: {
        "person": ACCOUNT,
        "film": {"id": uuid4(), "external_id": None},
        "wanted": True,
        "at": MOMENT,
    },
    feed_events.FRIENDSHIP_CHANGED: {"people": [ACCOUNT, ACCOUNT], "friends": False, "by": uuid4(), "at": MOMENT},
}


def test_every_event_of_the_contract_has_an_example_here() -> None:
    assert set(VALID) == set(events.SCHEMAS)


@pytest.mark.parametrize("type_", sorted(VALID))
def test_an_event_comes_back_from_its_envelope_as_it_went_in(type_: str) -> None:
    event = events.new_event(type_, ROOM, VALID[type_], source="test", time=MOMENT)

    assert events.decode(events.encode(event)) == event


@pytest.mark.parametrize("type_", sorted(VALID))
def test_each_missing_field_is_named(type_: str) -> None:
    for field in VALID[type_]:
        data = {key: value for key, value in VALID[type_].items() if key != field}
        with pytest.raises(events.InvalidEvent, match=field):
            events.new_event(type_, ROOM, data, source="test")


@pytest.mark.parametrize(
    ("type_", "change", "named"),
    [
        (events.ROOM_CHANGED, {"changes": {"capacity": 1}}, "capacity"),
        (events.ROOM_CHANGED, {"changes": {"settings": {"hold": "yes"}}}, "hold"),
        (events.ROOM_CHANGED, {"room": {**room(), "settings": {"slow_mode_s": 301}}}, "slow_mode_s"),
        (events.ROOM_OPENED, {"room": {**room(), "settings": {"hold_max_s": 0}}}, "hold_max_s"),
        (events.MEMBER_CHANGED, {"role": "owner"}, "role"),
        (events.SETTINGS_CHANGED, {"settings": {"locked": True, "slow_mode_s": 0, "hold": True}}, "hold_max_s"),
        (events.PLAYBACK_CHANGED, {"event": "held"}, "event"),
        (events.CHAT_POSTED, {"reply_to": ""}, "reply_to"),
        (events.CHAT_EDITED, {"text": ""}, "text"),
    ],
)
def test_a_value_outside_its_bounds_is_named(type_: str, change: dict[str, Any], named: str) -> None:
    with pytest.raises(events.InvalidEvent, match=named):
        events.new_event(type_, ROOM, {**VALID[type_], **change}, source="test")


@pytest.mark.parametrize("subject", [{}, {"subject": "tt-4711"}])
def test_the_cinema_s_own_events_need_no_subject_of_ours(subject: dict[str, str]) -> None:
    def raw(type_: str) -> bytes:
        encoded = json.loads(events.encode(events.new_event(type_, ROOM, VALID[type_], source="cinema")))
        del encoded["subject"]
        return json.dumps({**encoded, **subject}).encode()

    assert events.decode(raw(feed_events.FEED_FILM)).subject == subject.get("subject", "")
    with pytest.raises(events.InvalidEvent, match="subject"):
        events.decode(raw(events.CHAT_DELETED))


@pytest.mark.parametrize("change", events.PLAYBACK_CHANGES)
def test_a_hold_is_told_like_any_other_change_of_playback(change: str) -> None:
    playback = {"status": "holding", "position_ms": 10, "rate": 1, "at_ms": 1}
    data = {**VALID[events.PLAYBACK_CHANGED], "event": change, "playback": playback}

    event = events.new_event(events.PLAYBACK_CHANGED, ROOM, data, source="test")

    assert events.decode(events.encode(event)).data["event"] == change


@pytest.mark.parametrize("more", [{}, {"reply_to": None}, {"reply_to": "m0"}])
def test_a_message_answers_another_or_none(more: dict[str, Any]) -> None:
    event = events.new_event(events.CHAT_POSTED, ROOM, {**VALID[events.CHAT_POSTED], **more}, source="test")

    assert events.decode(events.encode(event)).data.get("reply_to") == more.get("reply_to")


def test_the_envelope_is_structured_cloudevents() -> None:
    event = events.new_event(events.ROOM_CLOSED, ROOM, VALID[events.ROOM_CLOSED], source="api_service", time=MOMENT)

    envelope = json.loads(events.encode(event))

    assert envelope["specversion"] == "1.0"
    assert envelope["type"] == "room.closed.v1"
    assert envelope["subject"] == ROOM
    assert envelope["time"] == "2026-05-01T18:30:00Z"
    assert envelope["data"]["closed_at"] == "2026-05-01T18:30:00Z"


def test_a_reader_ignores_fields_of_a_later_minor_version() -> None:
    event = events.new_event(events.ROOM_CLOSED, ROOM, VALID[events.ROOM_CLOSED], source="test")
    envelope = json.loads(events.encode(event))
    envelope["traceparent"] = "00-…"
    envelope["data"]["mood"] = "good"

    assert events.decode(json.dumps(envelope).encode()).id == event.id


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
    event = events.new_event(events.ROOM_CLOSED, ROOM, VALID[events.ROOM_CLOSED], source="test")
    envelope = {**json.loads(events.encode(event)), **change}

    with pytest.raises(events.InvalidEvent, match=named):
        events.decode(json.dumps(envelope).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(events.InvalidEvent):
        events.decode(body)
