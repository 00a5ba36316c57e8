"""Join tickets over HTTP, as sync_service reads them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api_service.broker.archive import Archive
from api_service.database import Database
from shared.events.envelope import Event, new_event
from shared.events.journal import CHAT_POSTED, PLAYBACK_CHANGED, VISIT_STARTED
from shared.events.room_settings import SETTINGS_DEFAULTS
from shared.tickets import Ticket, Verifier
from tests.support.api_fixtures import TICKET_SEED, RunningSite, Viewer, in_days, utc
from tests.support.journalled import Journal

PUBLIC = Ed25519PrivateKey.from_private_bytes(TICKET_SEED).public_key().public_bytes_raw()
VERIFIER = Verifier({"test": PUBLIC})
NOW = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)


async def a_room(
    site: RunningSite, *, film: dict[str, Any] | None = None, **order: Any
) -> tuple[Viewer, dict[str, Any]]:
    anna = site.viewer(await site.cinema.person("Anna"))
    film_id = await site.cinema.film(title_ru="Бумажные киты", **{"duration_ms": 100_000, **(film or {})})
    answer = await anna.post("/rooms", json={"film_id": str(film_id), **order})
    return anna, answer.body


async def ticket_of(viewer: Viewer, room: dict[str, Any]) -> Ticket:
    answer = await viewer.post(f"/rooms/{room['code']}/join")
    assert answer.status == 200, answer.body
    return VERIFIER.verify(answer.body["ticket"], time.time())


def journalled(room: dict[str, Any], type_: str, seq: int, *, epoch: int = 1, **data: Any) -> Event:
    place = {"room_id": room["id"], "epoch": epoch, "seq": seq}
    return new_event(type_, room["id"], {**place, **data}, source="test", id_=f"{room['id']}:{epoch}:{seq}")


def playback(
    room: dict[str, Any], seq: int, status: str, position_ms: float, *, epoch: int = 1, at: datetime = NOW
) -> Event:
    return journalled(
        room,
        PLAYBACK_CHANGED,
        seq,
        epoch=epoch,
        event="played" if status == "playing" else "paused",
        playback={"status": status, "position_ms": position_ms, "rate": 1.0, "at_ms": at.timestamp() * 1000},
        by=None,
        at=at,
    )


async def test_the_ticket_says_who_comes_and_into_what(site: RunningSite) -> None:
    start = in_days(30)
    anna, room = await a_room(site, control="moderators", starts_at=utc(start))

    answer = await anna.post(f"/rooms/{room['code']}/join")

    ticket = VERIFIER.verify(answer.body["ticket"], time.time())
    partition = await site.cinema.value("SELECT partition FROM rooms")
    assert answer.body["expires_in_s"] == 30
    assert answer.body["socket_url"] == f"ws://cinema.test:8081/ws/p{partition}"
    assert answer.body["room"]["code"] == room["code"]
    assert ticket.user == {"id": str(anna.me.id), "name": "Anna", "role": "owner"}
    assert ticket.room == {
        "id": room["id"],
        "code": room["code"],
        "version": 1,
        "partition": partition,
        "owner": str(anna.me.id),
        "film": {"id": room["film"]["id"], "title": "Бумажные киты", "duration_ms": 100_000},
        "access": "link",
        "control": "moderators",
        "capacity": 50,
        "starts_at": int(start.timestamp()) * 1000,
        "settings": {},
        "title": None,
    }
    assert ticket.restore is None


async def test_the_opened_room_s_event_says_the_same_as_the_ticket(site: RunningSite) -> None:
    anna, room = await a_room(site)

    (row,) = await site.cinema.rows("SELECT data FROM outbox WHERE type = 'room.opened.v1'")

    assert row.data == {"version": 1, "room": (await ticket_of(anna, room)).room}


async def test_a_guest_comes_as_a_viewer_and_each_ticket_is_another(site: RunningSite) -> None:
    _, room = await a_room(site)
    boris = site.viewer(await site.cinema.person("Boris", locale="en"))

    tickets = [await ticket_of(boris, room) for _ in range(2)]

    assert [ticket.user["role"] for ticket in tickets] == ["viewer", "viewer"]
    assert tickets[0].jti != tickets[1].jti
    assert tickets[0].room["film"]["title"] == "Бумажные киты"
    roles = await site.cinema.rows("SELECT role FROM room_roles ORDER BY role")
    assert [row.role for row in roles] == ["owner", "viewer"]


async def test_a_closed_room_gives_no_tickets(site: RunningSite) -> None:
    anna, room = await a_room(site)
    await anna.delete(f"/rooms/{room['code']}")

    answer = await anna.post(f"/rooms/{room['code']}/join")

    assert (answer.status, answer.code) == (410, "room_closed")


async def test_the_ticket_restores_the_newest_archived_position(site: RunningSite, db: Database) -> None:
    anna, room = await a_room(site)
    archive = Archive(db)
    for event in (
        playback(room, 9, "paused", 30_000),
        playback(room, 2, "paused", 50_000, epoch=2),
        playback(room, 5, "paused", 10_000),
    ):
        await archive.write(event)

    assert (await ticket_of(anna, room)).restore == {"position_ms": 50_000, "epoch": 2, "seq": 2, "length_ms": None}


async def test_a_film_that_was_playing_is_restored_where_its_room_was_last_alive(
    site: RunningSite, db: Database
) -> None:
    anna, room = await a_room(site)
    archive = Archive(db)
    await archive.write(playback(room, 3, "playing", 1_000))
    assert (await ticket_of(anna, room)).restore == {"position_ms": 1_000, "epoch": 1, "seq": 3, "length_ms": None}

    await archive.write(
        journalled(
            room,
            CHAT_POSTED,
            4,
            message_id="m",
            author_id=UUID(str(anna.me.id)),
            author_name="Anna",
            text="hi",
            position_ms=21_000,
            sent_at=NOW + timedelta(seconds=20),
        )
    )

    assert (await ticket_of(anna, room)).restore == {"position_ms": 21_000, "epoch": 1, "seq": 3, "length_ms": None}


async def test_a_film_that_was_waiting_for_somebody_is_restored_where_it_stood(site: RunningSite, db: Database) -> None:
    anna, room = await a_room(site)
    held = {"status": "holding", "position_ms": 7_000, "rate": 1.0, "at_ms": NOW.timestamp() * 1000}
    late = NOW + timedelta(minutes=5)
    for event in (
        journalled(room, PLAYBACK_CHANGED, 3, event="hold_started", playback=held, by=None, at=NOW),
        journalled(room, VISIT_STARTED, 4, visit_id="v1", user_id=anna.me.id, started_at=late),
    ):
        await Archive(db).write(event)

    assert (await ticket_of(anna, room)).restore == {"position_ms": 7_000, "epoch": 1, "seq": 3, "length_ms": None}


async def test_the_ticket_restores_the_length_that_the_players_had_agreed_on(site: RunningSite, db: Database) -> None:
    anna, room = await a_room(site)  # a hundred seconds by the catalogue
    at_ms = NOW.timestamp() * 1000
    longer = {"status": "paused", "position_ms": 140_000, "rate": 1.0, "at_ms": at_ms, "length_ms": 150_000}
    await Archive(db).write(
        journalled(room, PLAYBACK_CHANGED, 3, event="paused", playback=longer, by=None, at=NOW),
    )

    restore = (await ticket_of(anna, room)).restore

    assert restore == {"position_ms": 140_000, "epoch": 1, "seq": 3, "length_ms": 150_000}


async def test_a_film_whose_length_nobody_knows_has_none_in_the_ticket_and_no_end(
    site: RunningSite, db: Database
) -> None:
    anna, room = await a_room(site, film={"duration_ms": None})
    three_days_ms = 72 * 3_600_000
    await Archive(db).write(playback(room, 3, "paused", three_days_ms))

    ticket = await ticket_of(anna, room)

    assert ticket.room["film"]["duration_ms"] is None
    assert ticket.restore == {"position_ms": three_days_ms, "epoch": 1, "seq": 3, "length_ms": None}


async def test_the_ticket_carries_the_role_and_the_settings_that_the_live_room_gave(
    site: RunningSite, db: Database
) -> None:
    anna, room = await a_room(site)
    boris = site.viewer(await site.cinema.person("Boris"))
    journal = Journal(UUID(room["id"]))
    for event in (journal.made(3, boris.me.id, "guest"), journal.set(4, control="owner", capacity=9, locked=True)):
        await Archive(db).write(event)

    answer = await boris.post(f"/rooms/{room['code']}/join")

    ticket = VERIFIER.verify(answer.body["ticket"], time.time())
    assert ticket.user["role"] == answer.body["room"]["role"] == "guest"
    assert (ticket.room["control"], ticket.room["capacity"]) == ("owner", 9)
    assert ticket.room["settings"] == {**SETTINGS_DEFAULTS, "locked": True}
    assert (await anna.get(f"/rooms/{room['code']}")).body["settings"] == ticket.room["settings"]
