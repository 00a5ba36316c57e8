"""Guests by e-mail: addresses that are no account yet, invited where the cinema allows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api_service import housekeeping
from api_service.policy import Policy
from api_service.usecases import mail_guests, people
from api_service.usecases.people import User
from deploy.local.free_ports import free_port
from shared.events.envelope import new_event
from tests.support.api_fixtures import ISSUER, RunningSite, Viewer, running_site, settings_for

ADDRESS = "Zoe.New@Example.com"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[RunningSite]:
    """A site whose cinema lets people invite by e-mail address."""
    settings = settings_for(database_url, port=free_port())
    allowing = replace(settings, site=replace(settings.site, policy=Policy(invite_by_email=True)))
    async with running_site(allowing) as made:
        yield made


async def mails(site: RunningSite, type_: str = "invitation.created.v1") -> list[dict[str, Any]]:
    rows = await site.cinema.rows("SELECT type, subject, data FROM outbox WHERE type = :type ORDER BY id", type=type_)
    return [new_event(row.type, row.subject, row.data, source="test").data for row in rows]


async def inviting(site: RunningSite, *emails: str, **order: Any) -> tuple[Viewer, dict[str, Any]]:
    """Return Anna and her room, to which she has invited these addresses."""
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))
    body = {"film_id": str(await site.cinema.film()), "invite": {"emails": list(emails)}, **order}
    answer = await anna.post("/rooms", json=body)
    assert answer.status == 201, answer.body
    return anna, answer.body


async def signs_in(site: RunningSite, email: str | None, name: str = "Zoe") -> Viewer:
    """Return somebody who signs in for the first time, with an address that they have confirmed."""
    user: User = await people.upsert_user(
        site.cinema.db, issuer=ISSUER, subject=name, name=name, email=email, locale="en"
    )
    await mail_guests.claim(site.cinema.db, user.id, user.email)
    await site.cinema.sign_in(user.id)
    return site.viewer(user)


async def test_an_address_gets_a_mail_with_the_room_s_link(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)

    (mail,) = await mails(site)
    assert (mail["invitee"]["email"], mail["invitee"]["name"]) == (ADDRESS.lower(), ADDRESS.lower())
    assert (mail["invitee"]["locale"], mail["link"]) == ("en", room["link"])
    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert (one["invitee"]["name"], one["status"]) == (ADDRESS.lower(), "pending")


async def test_an_address_is_invited_once_however_it_is_written(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)

    for _ in range(2):
        answer = await anna.post(f"/rooms/{room['code']}/invitations", json={"emails": [ADDRESS, ADDRESS.lower()]})
        assert (answer.status, len(answer.body["items"])) == (201, 1)

    assert len(await mails(site)) == 1


async def test_an_address_answers_without_signing_in(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    (mail,) = await mails(site)
    path = mail["answer_link"].removeprefix(site.url).removeprefix("http://cinema.test")
    stranger = site.viewer()

    page = await stranger.raw("GET", path, headers={"Accept": "text/html"})
    answer = await stranger.raw("POST", path, data={"answer": "accepted"}, allow_redirects=False)

    assert (page.status, answer.status) == (200, 303)
    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert one["status"] == "accepted"


async def test_whoever_signs_in_with_the_address_has_the_invitation(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS, access="invited")
    stranger = await signs_in(site, "other@example.com", "Stranger")
    assert (await stranger.get(f"/rooms/{room['code']}")).code == "room_not_found"

    zoe = await signs_in(site, ADDRESS)

    assert [one["room"]["code"] for one in (await zoe.get("/me/invitations")).body["items"]] == [room["code"]]
    assert (await zoe.post(f"/rooms/{room['code']}/join")).status == 200
    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert (one["invitee"], one["status"]) == ({"id": str(zoe.me.id), "name": "Zoe"}, "accepted")
    assert await site.cinema.value("SELECT count(*) FROM users WHERE issuer = 'mailto:'") == 0


async def test_an_address_that_was_not_confirmed_brings_nothing(site: RunningSite) -> None:
    _, room = await inviting(site, ADDRESS, access="invited")

    zoe = await signs_in(site, None)

    assert (await zoe.get(f"/rooms/{room['code']}")).code == "room_not_found"


async def test_who_is_invited_already_keeps_their_one_invitation(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    zoe = await signs_in(site, None)
    await site.cinema.befriend(anna.me, zoe.me)
    await anna.post(f"/rooms/{room['code']}/invitations", json={"users": [str(zoe.me.id)]})

    await mail_guests.claim(site.cinema.db, zoe.me.id, ADDRESS)

    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert one["invitee"]["id"] == str(zoe.me.id)


async def test_the_address_of_a_friend_is_the_friend_and_of_another_account_is_refused(site: RunningSite) -> None:
    anna, room = await inviting(site)
    boris, _ = await site.cinema.person("Boris"), await site.cinema.person("Vera")
    await site.cinema.befriend(anna.me, boris)
    path = f"/rooms/{room['code']}/invitations"

    answer = await anna.post(path, json={"emails": ["BORIS@example.com"]})
    refused = await anna.post(path, json={"emails": [ADDRESS, "vera@example.com"]})

    assert [one["invitee"]["id"] for one in answer.body["items"]] == [str(boris.id)]
    assert (refused.code, refused.fields()) == ("not_friends", {"emails.1"})
    assert len(await mails(site)) == 1, "nobody was invited"


async def test_nobody_finds_or_befriends_an_address(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    (one,) = room["invitations"]

    assert (await anna.get(f"/people?email={ADDRESS}")).body["items"] == []
    transfer = await anna.post(f"/rooms/{room['code']}/transfer", json={"user_id": one["invitee"]["id"]})
    assert transfer.code == "cannot_transfer"


async def test_the_limits_count_addresses_like_others(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    path = f"/rooms/{room['code']}/invitations"
    await site.cinema.rows("UPDATE limit_uses SET used = 10000 WHERE name = 'mails' RETURNING 1")
    assert (await anna.post(path, json={"emails": ["more@example.com"]})).code == "limit_reached"
    await site.cinema.rows("UPDATE limit_uses SET used = 0 WHERE name = 'mails' RETURNING 1")
    searches = [f"n{number}@example.com" for number in range(50)]
    statuses = [(await anna.post(path, json={"emails": searches})).status for _ in range(2)]
    assert statuses == [201, 429], "trying addresses is searching"


async def test_whoever_wants_no_mails_gets_none(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    await site.cinema.rows("INSERT INTO unsubscribed (email) VALUES (:email) RETURNING 1", email=ADDRESS.lower())

    other = (await anna.post("/rooms", json={"film_id": room["film"]["id"], "invite": {"emails": [ADDRESS]}})).body

    assert len(other["invitations"]) == 1
    assert len(await mails(site)) == 1


async def test_mutes_of_an_address_are_the_account_s(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    guest = UUID(room["invitations"][0]["invitee"]["id"])
    await site.cinema.rows(
        "INSERT INTO muted_inviters (user_id, inviter_id) VALUES (:guest, :anna) RETURNING 1",
        guest=guest,
        anna=anna.me.id,
    )

    zoe = await signs_in(site, ADDRESS)

    assert [one["person"]["name"] for one in (await zoe.get("/me/mails")).body["muted"]] == ["Anna"]


async def test_many_who_invite_the_same_addresses_at_once_all_do(site: RunningSite) -> None:
    addresses = [f"guest{number}@example.com" for number in range(8)]
    hosts = [site.viewer(await site.cinema.person(f"Host{number}")) for number in range(6)]
    film_id = str(await site.cinema.film())

    async def invite(number: int, host: Viewer) -> int:
        emails = addresses if number % 2 else addresses[::-1]
        return (await host.post("/rooms", json={"film_id": film_id, "invite": {"emails": emails}})).status

    assert set(await asyncio.gather(*(invite(number, host) for number, host in enumerate(hosts)))) == {201}
    assert await site.cinema.value("SELECT count(*) FROM users WHERE issuer = 'mailto:'") == len(addresses)


async def test_addresses_are_forgotten_once_their_rooms_are_long_over(site: RunningSite) -> None:
    anna, room = await inviting(site, ADDRESS)
    old = timedelta(days=31)
    await site.cinema.rows("UPDATE users SET updated_at = now() - :old RETURNING 1", old=old)

    async def kept() -> Any:
        await housekeeping.purge(site.cinema.db)
        return await site.cinema.value("SELECT count(*) FROM users WHERE issuer = 'mailto:'")

    assert await kept() == 1, "the room is open"
    await anna.delete(f"/rooms/{room['code']}")
    assert await kept() == 1, "it was closed just now"
    await site.cinema.rows("UPDATE rooms SET closed_at = now() - :old RETURNING 1", old=old)
    assert await kept() == 0
    assert await site.cinema.value("SELECT count(*) FROM users") == 1, "accounts stay"


async def test_without_the_cinema_s_leave_no_address_is_invited(database_url: str) -> None:
    async with running_site(settings_for(database_url, port=free_port())) as site:
        anna = site.viewer(await site.cinema.person("Anna"))
        body = {"film_id": str(await site.cinema.film()), "invite": {"emails": [ADDRESS]}}

        refused = await anna.post("/rooms", json=body)

        assert (refused.status, refused.code) == (403, "email_invitations_off")
        assert await site.cinema.value("SELECT count(*) FROM users") == 1
