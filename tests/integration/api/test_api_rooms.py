"""Rooms over HTTP: who may open, see, list and close them."""

import asyncio
import base64
from datetime import timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api_fixtures import RunningSite, Viewer, in_days, utc


async def people(site: RunningSite, *names: str) -> list[Viewer]:
    return [site.viewer(await site.cinema.person(name)) for name in names]


async def opened(viewer: Viewer, **order: Any) -> dict[str, Any]:
    answer = await viewer.post("/rooms", json=order)
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def test_a_new_room_is_its_owner_s_with_a_link_that_cannot_be_guessed(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    film_id = await site.cinema.film("Paper Whales", title_ru="Бумажные киты")

    answer = await anna.post("/rooms", json={"film_id": str(film_id)})

    assert answer.status == 201
    room = answer.body
    assert answer.headers["Location"] == f"/api/v1/rooms/{room['code']}"
    assert room["link"] == f"{site.url}/rooms/{room['code']}"
    assert len(base64.urlsafe_b64decode(room["code"] + "==")) == 16
    assert (room["access"], room["control"], room["capacity"], room["starts_at"]) == ("link", "everyone", 50, None)
    assert (room["status"], room["version"], room["role"]) == ("open", 1, "owner")
    assert room["owner"] == {"id": str(anna.me.id), "name": "Anna"}
    assert room["film"]["title"] == "Бумажные киты"
    assert room["invitations"] == []
    assert (await anna.get(f"/rooms/{room['code']}")).body == room


async def test_a_room_keeps_what_its_owner_asked_for(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    film_id = await site.cinema.film()

    start = in_days(30)
    room = await opened(
        anna,
        film_id=str(film_id),
        access="invited",
        control="owner",
        capacity=2,
        starts_at=start.astimezone(timezone(timedelta(hours=3))).isoformat(),
        invite={},
    )

    assert (room["access"], room["control"], room["capacity"]) == ("invited", "owner", 2)
    assert room["starts_at"] == utc(start)


async def test_rooms_spread_over_the_partitions_and_keep_theirs(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    film_id = await site.cinema.film()

    for _ in range(40):
        await opened(anna, film_id=str(film_id))

    partitions = [row.partition for row in await site.cinema.rows("SELECT partition FROM rooms")]
    assert all(0 <= partition < 64 for partition in partitions)
    assert len(set(partitions)) > 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"film_id": "paper-whales"}, "film_id"),
        ({"film_id": None}, "film_id"),
        ({"access": "public"}, "access"),
        ({"control": "guests"}, "control"),
        ({"capacity": 1}, "capacity"),
        ({"capacity": 201}, "capacity"),
        ({"capacity": "20"}, "capacity"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "2030-01-02T21:00:00"}, "starts_at"),
        ({"starts_at": 1893621600}, "starts_at"),
        ({"starts_at": utc(in_days(-1))}, "starts_at"),
        ({"starts_at": utc(in_days(400))}, "starts_at"),
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "\u3164\u2800\u200b\u0301"}, "title"),
        ({"moderators": ["boris"]}, "moderators.0"),
        ({"invite": []}, "invite"),
        ({"invite": {"users": "all"}}, "invite.users"),
        ({"invite": {"users": ["boris"]}}, "invite.users.0"),
        ({"invite": {"matches": "yes"}}, "invite.matches"),
        ({"invite": {"everybody": True}}, "invite.everybody"),
        ({"invite": {"users": [str(uuid4()) for _ in range(1_001)]}}, "invite.users"),
        ({"password": "x"}, "password"),
    ],
)
async def test_a_wrong_order_names_its_field(site: RunningSite, change: dict[str, Any], field: str) -> None:
    (anna,) = await people(site, "Anna")

    answer = await anna.post("/rooms", json={"film_id": str(await site.cinema.film()), **change})

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert answer.fields() == {field}
    assert all(error["message"] for error in answer.body["errors"])
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 0


async def test_a_room_for_an_unknown_film_is_refused_whole(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")

    answer = await anna.post("/rooms", json={"film_id": str(uuid4())})

    assert (answer.status, answer.code) == (404, "film_not_found")
    assert await site.cinema.value("SELECT count(*) FROM outbox") == 0


async def test_a_link_room_is_seen_by_anybody_who_is_signed_in_and_has_the_link(site: RunningSite) -> None:
    anna, stranger = await people(site, "Anna", "Stranger")
    room = await opened(anna, film_id=str(await site.cinema.film()))

    seen = await stranger.get(f"/rooms/{room['code']}")

    assert (seen.status, seen.body["role"], seen.body["invitations"]) == (200, "viewer", None)
    assert (await site.viewer().get(f"/rooms/{room['code']}")).status == 401


async def test_a_room_for_the_invited_does_not_exist_for_others(site: RunningSite) -> None:
    anna, boris, stranger = await people(site, "Anna", "Boris", "Stranger")
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "access": "invited", "invite": {"users": [str(boris.me.id)]}}
    room = await opened(anna, **order)
    path = f"/rooms/{room['code']}"

    assert (await boris.get(path)).status == 200
    for method, below in (("GET", ""), ("DELETE", ""), ("POST", "/join"), ("GET", "/invitations")):
        answer = await stranger.send(method, path + below)
        assert (answer.status, answer.code) == (404, "room_not_found")
    assert (await stranger.get(path)).body["detail"] == (await stranger.get(f"/rooms/{'x' * 22}")).body["detail"]

    await anna.delete(f"{path}/invitations/{room['invitations'][0]['id']}")
    assert (await boris.get(path)).status == 404


@pytest.mark.parametrize("code", ["x" * 22, "short", "%00", "x" * 500, "..%2f", "'; DROP TABLE rooms"])
async def test_an_unknown_code_is_no_room(site: RunningSite, code: str) -> None:
    (anna,) = await people(site, "Anna")

    answer = await anna.get(f"/rooms/{code}")

    assert answer.status == 404


async def test_only_the_owner_closes_a_room_and_closing_again_changes_nothing(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(anna, film_id=str(await site.cinema.film()))
    path = f"/rooms/{room['code']}"

    refused = await boris.delete(path)
    assert (refused.status, refused.code) == (403, "not_room_owner")
    closings = await asyncio.gather(*(anna.delete(path) for _ in range(5)))
    assert [answer.status for answer in closings] == [204] * 5

    closed = (await boris.get(path)).body
    assert (closed["status"], closed["version"]) == ("closed", 2)
    assert closed["closed_at"] is not None
    events = await site.cinema.rows("SELECT data FROM outbox WHERE type = 'room.closed.v1'")
    partition = await site.cinema.value("SELECT partition FROM rooms")
    assert [row.data for row in events] == [
        {"version": 2, "partition": partition, "reason": "owner", "closed_at": closed["closed_at"]}
    ]


async def test_one_s_rooms_are_those_owned_entered_or_invited_to_newest_first(site: RunningSite) -> None:
    anna, boris, stranger = await people(site, "Anna", "Boris", "Stranger")
    await site.cinema.befriend(anna.me, boris.me)
    film_id = str(await site.cinema.film())
    own = await opened(boris, film_id=film_id)
    invited = await opened(anna, film_id=film_id, invite={"users": [str(boris.me.id)]})
    entered = await opened(stranger, film_id=film_id)
    await opened(stranger, film_id=film_id)
    await boris.post(f"/rooms/{entered['code']}/join")

    first = await boris.get("/rooms", params={"limit": 2})
    second = await boris.get("/rooms", params={"limit": 2, "cursor": first.body["next_cursor"]})

    shown = [room["code"] for answer in (first, second) for room in answer.body["items"]]
    assert shown == [entered["code"], invited["code"], own["code"]]
    assert second.body["next_cursor"] is None
    assert [room["role"] for room in first.body["items"]] == ["viewer", "viewer"]


async def test_an_order_repeated_with_its_key_gives_the_same_room_once(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "invite": {"users": [str(boris.me.id)]}}

    answers = [await anna.post("/rooms", json=order, headers={"Idempotency-Key": "k1"}) for _ in range(3)]

    assert [answer.status for answer in answers] == [201] * 3
    assert [answer.body for answer in answers] == [answers[0].body] * 3
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 1
    assert await site.cinema.value("SELECT count(*) FROM outbox WHERE type = 'invitation.created.v1'") == 1


async def test_orders_with_one_key_at_the_same_moment_make_one_room(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    order = {"film_id": str(await site.cinema.film())}

    answers = await asyncio.gather(
        *(anna.post("/rooms", json=order, headers={"Idempotency-Key": "k1"}) for _ in range(8))
    )

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 1


async def test_without_a_key_each_order_makes_a_room(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    order = {"film_id": str(await site.cinema.film())}

    answers = [await anna.post("/rooms", json=order) for _ in range(2)]

    assert len({answer.body["id"] for answer in answers}) == 2


async def test_a_key_used_for_another_order_is_refused(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    order = {"film_id": str(await site.cinema.film())}
    await anna.post("/rooms", json=order, headers={"Idempotency-Key": "k1"})

    answer = await anna.post("/rooms", json={**order, "capacity": 3}, headers={"Idempotency-Key": "k1"})

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 1


async def test_two_people_s_keys_do_not_meet(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    order = {"film_id": str(await site.cinema.film())}

    answers = [await who.post("/rooms", json=order, headers={"Idempotency-Key": "k1"}) for who in (anna, boris)]

    assert len({answer.body["id"] for answer in answers}) == 2


async def test_a_refused_order_leaves_its_key_free(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    order = {"film_id": str(await site.cinema.film()), "invite": {"users": [str(boris.me.id)]}}
    headers = {"Idempotency-Key": "k1"}
    assert (await anna.post("/rooms", json=order, headers=headers)).code == "not_friends"
    await site.cinema.befriend(anna.me, boris.me)

    assert (await anna.post("/rooms", json=order, headers=headers)).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\tb"])
async def test_a_key_that_is_no_key_is_refused(site: RunningSite, key: str) -> None:
    (anna,) = await people(site, "Anna")

    answer = await anna.post(
        "/rooms", json={"film_id": str(await site.cinema.film())}, headers={"Idempotency-Key": key}
    )

    assert (answer.status, answer.fields()) == (422, {"Idempotency-Key"})
