"""What those invited are told of a planned screening, and rooms that close by themselves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api_service.usecases import screenings
from shared.events.envelope import new_event
from tests.support.api_fixtures import SITE, RunningSite, Viewer, in_days, utc


async def told(site: RunningSite, type_: str) -> list[dict[str, Any]]:
    """Return the events of this type in the outbox, each checked against the contract."""
    rows = await site.cinema.rows("SELECT type, subject, data FROM outbox WHERE type = :type ORDER BY id", type=type_)
    return [new_event(row.type, row.subject, row.data, source="test").data for row in rows]


async def planned(site: RunningSite, starts_at: datetime | None) -> tuple[Viewer, list[Viewer], dict[str, Any]]:
    """Anna's room for a film of 100 s, and her friends Boris, who has not answered, and Vera, who has declined."""
    anna, *guests = [site.viewer(await site.cinema.person(name)) for name in ("Anna", "Boris", "Vera")]
    await site.cinema.befriend(anna.me, *(guest.me for guest in guests))
    users = [str(guest.me.id) for guest in guests]
    start = None if starts_at is None else utc(starts_at)
    order = {"film_id": str(await site.cinema.film()), "starts_at": start, "invite": {"users": users}}
    room = (await anna.post("/rooms", json=order)).body
    mine = {one["invitee"]["name"]: one["id"] for one in room["invitations"]}
    await guests[1].put(f"/me/invitations/{mine['Vera']}", json={"answer": "declined"})
    return anna, guests, room


async def test_another_start_is_told_to_who_has_not_declined(site: RunningSite) -> None:
    before, after = in_days(2), in_days(3)
    anna, _, room = await planned(site, before)
    path = f"/rooms/{room['code']}"

    for _ in range(2):
        assert (await anna.patch(path, {"starts_at": utc(after)})).status == 200
    await anna.patch(path, {"capacity": 9})

    (change,) = await told(site, "invitation.changed.v1")
    created = {one["invitee"]["name"]: one for one in await told(site, "invitation.created.v1")}["Boris"]
    assert (change["change"], change["invitee"]["name"]) == ("rescheduled", "Boris")
    assert (change["previous_starts_at"], change["starts_at"]) == (utc(before), utc(after))
    assert datetime.fromisoformat(change["ends_at"]) - after == timedelta(seconds=100) + timedelta(minutes=10)
    assert change["invitation_id"] == created["invitation_id"]
    assert change["sequence"] > created["sequence"]


async def test_moving_a_screening_over_and_over_meets_the_limit_of_mails(site: RunningSite) -> None:
    anna, _, room = await planned(site, in_days(2))
    statuses = [
        (await anna.patch(f"/rooms/{room['code']}", {"starts_at": utc(in_days(3 + day))})).status for day in range(12)
    ]
    assert set(statuses) == {200, 429}
    assert len(await told(site, "invitation.changed.v1")) == statuses.count(200)
    assert statuses.count(200) < 10  # the invitation itself was a mail too


@pytest.mark.parametrize("days", [2, None])
async def test_a_screening_called_off_before_it_began_is_told(site: RunningSite, days: int | None) -> None:
    anna, _, room = await planned(site, None if days is None else in_days(days))

    for _ in range(2):
        await anna.delete(f"/rooms/{room['code']}")

    cancelled = await told(site, "invitation.changed.v1")
    expected = [] if days is None else [("cancelled", "Boris")]
    assert [(one["change"], one["invitee"]["name"]) for one in cancelled] == expected


async def test_a_screening_that_has_begun_is_closed_without_a_word(site: RunningSite) -> None:
    anna, _, room = await planned(site, in_days(2))
    await start_at(site, room, timedelta(minutes=-1))
    await anna.delete(f"/rooms/{room['code']}")
    assert await told(site, "invitation.changed.v1") == []


async def start_at(site: RunningSite, room: dict[str, Any], ahead: timedelta) -> None:
    sql = "UPDATE rooms SET starts_at = now() + :ahead, created_at = created_at - interval '3 days' WHERE id = :id"
    await site.cinema.rows(f"{sql} RETURNING 1", ahead=ahead, id=UUID(room["id"]))
    await site.cinema.rows("UPDATE invitations SET created_at = created_at - interval '3 days' RETURNING 1")


async def test_who_has_not_declined_is_reminded_once_of_each_start(site: RunningSite) -> None:
    anna, _, room = await planned(site, in_days(2))
    db, cinema_site = site.cinema.db, SITE
    await screenings.remind(db, cinema_site)
    assert await told(site, "screening.reminder_due.v1") == []

    await start_at(site, room, timedelta(minutes=14))
    # Several processes at once, and again and again.
    for _ in range(2):
        await asyncio.gather(*(screenings.remind(db, cinema_site) for _ in range(4)))

    (reminder,) = await told(site, "screening.reminder_due.v1")
    assert reminder["invitee"]["name"] == "Boris"
    assert reminder["link"].endswith(room["code"])

    await start_at(site, room, timedelta(minutes=10))
    await screenings.remind(db, cinema_site)
    assert len(await told(site, "screening.reminder_due.v1")) == 2
    await anna.delete(f"/rooms/{room['code']}")
    await start_at(site, room, timedelta(minutes=5))
    await screenings.remind(db, cinema_site)
    assert len(await told(site, "screening.reminder_due.v1")) == 2


async def test_whoever_was_invited_just_before_the_start_is_not_reminded_beside_it(site: RunningSite) -> None:
    await planned(site, datetime.now(UTC) + timedelta(minutes=10))
    await screenings.remind(site.cinema.db, SITE)
    assert await told(site, "screening.reminder_due.v1") == []


async def an_old_room(
    site: RunningSite,
    *,
    hours: float,
    starts_at: float | None = None,
    left: float | None = None,
    here: float | None = None,
) -> dict[str, Any]:
    """Return a room opened ``hours`` ago; somebody ``left`` so many hours ago, or has been ``here`` since."""
    anna = site.viewer(await site.cinema.person("Anna"))
    room: dict[str, Any] = (await anna.post("/rooms", json={"film_id": str(await site.cinema.film())})).body
    await site.cinema.rows(
        "UPDATE rooms SET created_at = now() - :age, starts_at = now() - cast(:since as interval) WHERE id = :id "
        "RETURNING 1",
        age=timedelta(hours=hours),
        since=None if starts_at is None else timedelta(hours=starts_at),
        id=UUID(room["id"]),
    )
    if left is not None or here is not None:
        await site.cinema.rows(
            "INSERT INTO visits (id, room_id, user_id, epoch, seq, started_at, ended_at, end_reason) VALUES "
            "(:visit, :room, :user, 1, 1, now() - :began, now() - cast(:left as interval), :reason) RETURNING 1",
            visit=str(uuid4()),
            room=UUID(room["id"]),
            user=anna.me.id,
            began=timedelta(hours=(here or 0) if left is None else left + 1),
            left=None if left is None else timedelta(hours=left),
            reason=None if left is None else "left",
        )
    return room


@pytest.mark.parametrize(
    ("room", "closes"),
    [
        ({"hours": 25}, True),
        ({"hours": 23}, False),
        ({"hours": 90, "left": 25}, True),
        ({"hours": 90, "left": 23}, False),
        ({"hours": 90, "here": 30}, False),
        ({"hours": 90, "here": 80}, True),  # whose end was never archived
        ({"hours": 90, "starts_at": 13}, True),
        ({"hours": 90, "starts_at": 11}, False),
        ({"hours": 90, "starts_at": -48}, False),
        ({"hours": 90, "starts_at": 13, "left": 12}, False),
    ],
    ids=str,
)
async def test_a_room_that_nobody_uses_is_closed(site: RunningSite, room: dict[str, float], closes: bool) -> None:
    old = await an_old_room(site, **room)

    closed = await screenings.close_abandoned(site.cinema.db, SITE)

    anna = site.viewer(await site.cinema.person("Anna"))
    seen = (await anna.get(f"/rooms/{old['code']}")).body
    assert (closed, seen["status"]) == ((1, "closed") if closes else (0, "open"))
    assert seen["closed_reason"] == ("abandoned" if closes else None)
    assert [one["reason"] for one in await told(site, "room.closed.v1")] == ["abandoned"] * closes
    assert await screenings.close_abandoned(site.cinema.db, SITE) == 0


async def test_my_rooms_show_what_runs_now_who_is_inside_and_where_the_film_stands(site: RunningSite) -> None:
    room = await an_old_room(site, hours=1, here=0.5)
    await an_old_room(site, hours=1)
    anna = site.viewer(await site.cinema.person("Anna"))
    at = datetime.now(UTC) - timedelta(seconds=30)
    await site.cinema.rows(
        "INSERT INTO room_events (room_id, epoch, seq, event, status, position_ms, rate, playback_at, happened_at) "
        "VALUES (:room, 1, 2, 'played', 'playing', 1500.5, 2, :at, :at) RETURNING 1",
        room=UUID(room["id"]),
        at=at,
    )

    (now,) = (await anna.get("/rooms?status=now")).body["items"]

    assert now["code"] == room["code"]
    assert (now["now"]["people_count"], [one["name"] for one in now["now"]["people"]]) == (1, ["Anna"])
    assert (now["now"]["status"], now["now"]["position_ms"], now["now"]["rate"]) == ("playing", 1500, 2.0)
    assert now["now"]["at"] == utc(at)


async def test_my_rooms_are_listed_by_status(site: RunningSite) -> None:
    anna, _, room = await planned(site, in_days(2))
    closed = (await anna.post("/rooms", json={"film_id": room["film"]["id"]})).body
    await anna.delete(f"/rooms/{closed['code']}")
    usual = (await anna.post("/rooms", json={"film_id": room["film"]["id"]})).body

    async def listed(status: str) -> list[str]:
        return [one["code"] for one in (await anna.get(f"/rooms{status}")).body["items"]]

    assert await listed("") == [usual["code"], closed["code"], room["code"]]
    assert await listed("?status=open") == [usual["code"], room["code"]]
    assert await listed("?status=planned") == [room["code"]]
    assert await listed("?status=closed") == [closed["code"]]
    assert await listed("?status=now") == []
    assert (await anna.get("/rooms?status=gone")).fields() == {"status"}
