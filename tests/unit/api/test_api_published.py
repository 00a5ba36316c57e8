"""The published events fit the contract: ids, times and all."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import orjson
import pytest

from api_service.usecases import published
from api_service.usecases.people import User
from api_service.usecases.published import Invitee
from shared.events.envelope import SCHEMAS, Event, InvalidEvent, decode, encode
from shared.tickets import Minter
from tests.support.api_fixtures import SITE

AT = datetime(2026, 5, 1, 20, 0, 0, 500_000, tzinfo=UTC)
ANNA = User(uuid4(), "Anna", "anna@example.com", "ru")
BORIS = Invitee(uuid4(), "Boris", "boris@example.com", "en")
ROOM = SimpleNamespace(
    id=uuid4(),
    code="x" * 22,
    version=3,
    partition=17,
    owner_id=ANNA.id,
    owner_name="Anna",
    owner_locale="ru",
    title=None,
    film_id=uuid4(),
    film_external_id=None,
    film_title={"ru": "Бумажные киты", "en": "Paper Whales"},
    film_duration_ms=90_000,
    access="link",
    control="everyone",
    capacity=50,
    starts_at=AT,
    settings={"slow_mode_s": 5, "hold": False},
)
EVENTS = [
    published.room_opened(ROOM),
    published.room_closed(ROOM.id, 4, 17, "owner", AT),
    published.invitation_created(SITE, ROOM, ANNA, uuid4(), BORIS),
    published.invitation_revoked(SITE, ROOM, ANNA, uuid4(), BORIS),
    published.room_changed(ROOM, ["starts_at", "capacity"], ["hold"]),
    published.room_changed(ROOM, ["film", "owner"], []),
    published.room_reopened(ROOM, 41_000.5, 2),
    published.member_banned(ROOM, uuid4(), ANNA.id),
    published.member_unbanned(ROOM, uuid4(), ANNA.id),
    published.member_revoked(ROOM, uuid4(), ANNA.id),
    published.member_erased(ROOM, uuid4()),
    published.invitation_changed(SITE, ROOM, uuid4(), BORIS, change="cancelled", previous=AT),
    published.reminder_due(SITE, ROOM, uuid4(), BORIS),
]


def on_the_wire(event: Event) -> bytes:
    """Return the event as the relay sends it: its data has been through the outbox's JSON."""
    stored = orjson.loads(orjson.dumps(event.data, option=orjson.OPT_UTC_Z))
    return encode(replace(event, data=stored))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_every_event_fits_its_schema(event: Event) -> None:
    read = decode(on_the_wire(event))

    assert (read.id, read.type, read.subject, read.source) == (event.id, event.type, str(ROOM.id), "api_service")
    assert UUID(read.id).version == 7


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_an_event_that_lacks_any_of_its_data_would_be_noticed(event: Event) -> None:
    for name in SCHEMAS[event.type].fields:
        lacking = replace(event, data={key: value for key, value in event.data.items() if key != name})
        with pytest.raises(InvalidEvent, match=name):
            decode(on_the_wire(lacking))


def test_moments_are_rfc_3339_in_utc() -> None:
    closed = decode(on_the_wire(EVENTS[1]))

    assert closed.data["closed_at"] == "2026-05-01T20:00:00.500000Z"


def test_an_invitation_speaks_the_invitee_s_language_and_a_room_its_owner_s() -> None:
    assert EVENTS[2].data["film"]["title"] == "Paper Whales"
    assert EVENTS[0].data["room"]["film"]["title"] == "Бумажные киты"


def test_a_change_names_what_changed_and_nothing_else() -> None:
    changed = decode(on_the_wire(EVENTS[4]))

    assert changed.data["changes"] == {"starts_at": 1_777_665_600_500, "capacity": 50, "settings": {"hold": False}}
    assert changed.data["room"] == published.room_claim(ROOM)
    assert published.room_changed(ROOM, ["title"], []).data["changes"] == {"title": None}
    handed = decode(on_the_wire(EVENTS[5])).data["changes"]
    assert handed == {"owner": str(ANNA.id), "film": published.room_claim(ROOM)["film"]}
    assert "settings" not in published.room_changed(ROOM, ["access"], []).data["changes"]


def test_the_ticket_takes_the_same_claim() -> None:
    assert published.room_claim(ROOM)["starts_at"] == 1_777_665_600_500
    assert published.room_claim(ROOM)["settings"] == {"slow_mode_s": 5, "hold": False}
    assert Minter("k", bytes(32)).mint(
        user={"id": ANNA.id, "name": "Anna", "role": "owner"}, room=published.room_claim(ROOM)
    )
