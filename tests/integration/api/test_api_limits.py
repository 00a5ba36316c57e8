"""Limits that protect people, muted inviters, and answers to invitations: over HTTP, in a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from api_service.policy import Policy
from api_service.usecases.people import User
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import RunningSite, Viewer, running_site, settings_for

STRICT = Policy(
    mails_per_day=6, mails_per_person=2, mails_per_room=4, rooms_per_hour=3, searches_per_hour=2, resend_after_s=0
)


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[RunningSite]:
    """A site with low limits."""
    settings = settings_for(database_url, port=free_port())
    async with running_site(replace(settings, site=replace(settings.site, policy=STRICT))) as made:
        yield made


async def host(site: RunningSite, *names: str) -> tuple[Viewer, UUID, list[User]]:
    """Anna, a film, and her friends of these names."""
    anna = site.viewer(await site.cinema.person("Anna"))
    friends = [await site.cinema.person(name) for name in names]
    await site.cinema.befriend(anna.me, *friends)
    return anna, await site.cinema.film(), friends


def order(film_id: UUID, *guests: User, **more: Any) -> dict[str, Any]:
    return {"film_id": str(film_id), "invite": {"users": [str(guest.id) for guest in guests]}, **more}


async def mails(site: RunningSite) -> list[str]:
    """Return to whom mails about new invitations were asked for, in their order."""
    rows = await site.cinema.rows("SELECT data FROM outbox WHERE type = 'invitation.created.v1' ORDER BY id")
    return [row.data["invitee"]["name"] for row in rows]


async def test_one_person_is_not_flooded_by_another(strict: RunningSite) -> None:
    anna, film_id, (boris,) = await host(strict, "Boris")
    path = f"/rooms/{(await anna.post('/rooms', json=order(film_id))).body['code']}/invitations"

    for _ in range(2):
        made = await anna.post(path, json={"users": [str(boris.id)]})
        await anna.delete(f"{path}/{made.body['items'][-1]['id']}")
    refused = await anna.post(path, json={"users": [str(boris.id)]})

    assert (refused.status, refused.code) == (429, "limit_reached")
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    assert refused.headers["RateLimit-Policy"] == '"mails_to_person";q=2;w=86400'
    assert refused.headers["RateLimit"] == f'"mails_to_person";r=0;t={refused.headers["Retry-After"]}'
    assert await mails(strict) == ["Boris", "Boris"]
    assert [one["status"] for one in (await anna.get(path)).body["items"]] == ["revoked", "revoked"]


async def test_simultaneous_requests_do_not_pass_a_limit_together(strict: RunningSite) -> None:
    anna, film_id, _ = await host(strict)

    answers = await asyncio.gather(*(anna.post("/rooms", json=order(film_id)) for _ in range(8)))

    assert sorted(answer.status for answer in answers) == [201] * 3 + [429] * 5
    assert await strict.cinema.value("SELECT count(*) FROM rooms") == 3


async def test_a_room_and_a_person_cause_only_so_many_mails(strict: RunningSite) -> None:
    anna, film_id, friends = await host(strict, "Boris", "Vera", "Gleb", "Dina", "Egor")

    of_room = await anna.post("/rooms", json=order(film_id, *friends))
    first = await anna.post("/rooms", json=order(film_id, *friends[:4]))
    of_person = await anna.post("/rooms", json=order(film_id, *friends[:3]))

    assert [answer.status for answer in (of_room, first, of_person)] == [429, 201, 429]
    assert "mails_of_room" in of_room.headers["RateLimit"]
    assert '"mails";' in of_person.headers["RateLimit"]
    # What was refused cost nothing: neither a room nor a mail.
    assert (await anna.post("/rooms", json=order(film_id, *friends[:2]))).status == 201
    assert (await anna.post("/rooms", json=order(film_id))).status == 201


async def test_searching_by_address_is_bounded(strict: RunningSite) -> None:
    anna, _, _ = await host(strict, "Boris")
    answers = [await anna.get("/people?email=boris@example.com") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]


async def test_a_window_that_is_over_counts_anew(strict: RunningSite) -> None:
    anna, film_id, _ = await host(strict)
    for _ in range(3):
        await anna.post("/rooms", json=order(film_id))
    assert (await anna.post("/rooms", json=order(film_id))).status == 429

    await strict.cinema.rows("UPDATE limit_uses SET resets_at = now() - interval '1 s' RETURNING 1")

    assert (await anna.post("/rooms", json=order(film_id))).status == 201


async def test_an_inviter_whom_one_has_muted_causes_no_mail_and_learns_nothing(site: RunningSite) -> None:
    anna, film_id, (boris, _) = await host(site, "Boris", "Vera")
    guest = site.viewer(boris)
    assert (await guest.put(f"/me/muted/{anna.me.id}")).status == 204

    room = (await anna.post("/rooms", json=order(film_id, boris))).body

    assert await mails(site) == []
    assert [one["status"] for one in room["invitations"]] == ["pending"]
    invited = (await guest.get("/me/invitations")).body["items"]
    assert [(one["room"]["code"], one["inviter"]["name"]) for one in invited] == [(room["code"], "Anna")]
    assert [one["person"]["name"] for one in (await guest.get("/me/mails")).body["muted"]] == ["Anna"]

    assert (await guest.delete(f"/me/muted/{anna.me.id}")).status == 204
    await anna.post("/rooms", json=order(film_id, boris))
    assert await mails(site) == ["Boris"]


async def test_who_wants_no_mails_gets_none_from_anybody(site: RunningSite) -> None:
    anna, film_id, (boris, vera) = await host(site, "Boris", "Vera")
    guest = site.viewer(boris)
    assert (await guest.put("/me/mails", json={"wanted": False})).body == {"wanted": False, "muted": []}

    await anna.post("/rooms", json=order(film_id, boris, vera))

    assert await mails(site) == ["Vera"]
    assert (await guest.put("/me/mails", json={"wanted": True})).body["wanted"] is True
    await anna.post("/rooms", json=order(film_id, boris))
    assert await mails(site) == ["Vera", "Boris"]


async def test_an_invitation_is_mailed_once_more_after_a_pause(site: RunningSite, strict: RunningSite) -> None:
    anna, film_id, (boris,) = await host(site, "Boris")
    room = (await anna.post("/rooms", json=order(film_id, boris))).body
    path = f"/rooms/{room['code']}/invitations/{room['invitations'][0]['id']}/resend"

    early = await anna.post(path)
    patient = Viewer(strict.http, strict.url, anna.user)
    keyed = [await patient.post(path, headers={"Idempotency-Key": "again"}) for _ in range(2)]

    assert (early.status, early.code) == (429, "limit_reached")
    assert 0 < int(early.headers["Retry-After"]) <= 600
    assert [answer.status for answer in keyed] == [204, 204]
    assert await mails(site) == ["Boris", "Boris"]
    assert (await patient.post(path)).code == "limit_reached"  # two mails to one person are the limit here

    await site.viewer(boris).put(f"/me/invitations/{room['invitations'][0]['id']}", json={"answer": "declined"})
    assert (await patient.post(path)).code == "invitation_over"
