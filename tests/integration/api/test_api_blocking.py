"""Blocking a person over the API: whoever is blocked neither finds nor asks nor invites, and is not told."""

from __future__ import annotations

from uuid import uuid4

from tests.support.api_fixtures import RunningSite


async def test_who_is_blocked_cannot_find_ask_or_invite_and_sees_no_difference_to_nobody(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = site.viewer(await site.cinema.person("Boris"))
    await site.cinema.befriend(anna.me, boris.me)
    film = str(await site.cinema.film())

    for _ in range(2):
        assert (await anna.put(f"/me/blocked/{boris.me.id}")).status == 204

    [blocked] = (await anna.get("/me/blocked")).body["items"]
    assert blocked["person"] == {"id": str(boris.me.id), "name": "Boris"}
    assert (await boris.get("/me/friends")).body["items"] == []
    assert (await boris.get("/people", params={"email": "anna@example.com"})).body["items"] == []
    asked, nobody = await boris.put(f"/me/friends/{anna.me.id}"), await boris.put(f"/me/friends/{uuid4()}")
    assert (asked.status, asked.code) == (nobody.status, nobody.code) == (404, "person_not_found")
    invited = await boris.post("/rooms", json={"film_id": film, "invite": {"users": [str(anna.me.id)]}})
    assert (invited.status, invited.code) == (409, "not_friends")
    assert (await boris.get("/me/blocked")).body["items"] == []

    # Nor does she ask him before she has lifted the block.
    assert (await anna.put(f"/me/friends/{boris.me.id}")).code == "person_not_found"
    for _ in range(2):
        assert (await anna.delete(f"/me/blocked/{boris.me.id}")).status == 204
    assert (await anna.get("/me/blocked")).body["items"] == []
    assert (await boris.put(f"/me/friends/{anna.me.id}")).body["status"] == "outgoing"


async def test_an_open_invitation_of_theirs_is_declined(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = site.viewer(await site.cinema.person("Boris"))
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "invite": {"users": [str(anna.me.id)]}}
    room = (await boris.post("/rooms", json=order)).body

    await anna.put(f"/me/blocked/{boris.me.id}")

    [invitation] = (await boris.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert invitation["status"] == "declined"


async def test_nobody_and_oneself_cannot_be_blocked(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    for who in (uuid4(), anna.me.id, "anna"):
        answer = await anna.put(f"/me/blocked/{who}")
        assert (answer.status, answer.code) == (404, "person_not_found")
