"""Invitations over HTTP, and the mails that they cause."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from api_service.usecases.people import User
from shared.events.envelope import Event, decode, encode, new_event
from tests.support.api_fixtures import Cinema, RunningSite, Viewer


async def mails(cinema: Cinema, kind: str = "invitation.created.v1") -> list[dict[str, Any]]:
    """Return the events of this kind in the outbox, each checked against the contract."""
    rows = await cinema.rows("SELECT type, subject, data FROM outbox WHERE type = :kind ORDER BY id", kind=kind)
    events: list[Event] = [new_event(row.type, row.subject, row.data, source="test") for row in rows]
    return [decode(encode(event)).data for event in events]


async def gathering(site: RunningSite) -> tuple[Viewer, UUID, list[User]]:
    """Anna, a film, and her friends: Boris and Vera want to watch it, Gleb does not."""
    anna = site.viewer(await site.cinema.person("Anna"))
    film_id = await site.cinema.film("Paper Whales", title_ru="Бумажные киты")
    friends = [await site.cinema.person("Boris", locale="en"), await site.cinema.person("Vera")]
    gleb = await site.cinema.person("Gleb")
    await site.cinema.befriend(anna.me, *friends, gleb)
    await site.cinema.want(film_id, *friends, anna.me)
    return anna, film_id, [*friends, gleb]


def names(invitations: list[dict[str, Any]]) -> list[str]:
    return sorted(invitation["invitee"]["name"] for invitation in invitations)


async def test_friends_who_want_the_film_are_invited_with_one_word(site: RunningSite) -> None:
    anna, film_id, (boris, vera, _) = await gathering(site)

    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"matches": True}})).body

    assert names(room["invitations"]) == ["Boris", "Vera"]
    sent = {mail["invitee"]["name"]: mail for mail in await mails(site.cinema)}
    assert sent.keys() == {"Boris", "Vera"}
    assert sent["Boris"] == {
        "invitation_id": next(i["id"] for i in room["invitations"] if i["invitee"]["id"] == str(boris.id)),
        "link": room["link"],
        "answer_link": sent["Boris"]["answer_link"],
        "unsubscribe_link": sent["Boris"]["unsubscribe_link"],
        "title": None,
        "starts_at": None,
        "ends_at": None,
        "sequence": 1,
        "film": {"id": str(film_id), "title": "Paper Whales"},
        "inviter": {"id": str(anna.me.id), "name": "Anna"},
        "invitee": {
            "id": str(boris.id),
            "name": "Boris",
            "email": "boris@example.com",
            "locale": "en",
            "time_zone": None,
        },
    }
    assert sent["Vera"]["film"]["title"] == "Бумажные киты"
    assert sent["Vera"]["invitee"]["email"] == vera.email


async def test_a_friend_named_who_also_matches_is_invited_once(site: RunningSite) -> None:
    anna, film_id, (boris, _, gleb) = await gathering(site)
    users = [str(boris.id), str(gleb.id), str(boris.id)]

    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"matches": True, "users": users}})).body

    assert names(room["invitations"]) == ["Boris", "Gleb", "Vera"]
    assert len(await mails(site.cinema)) == 3


async def test_whoever_is_no_friend_stops_the_whole_order_and_is_named(site: RunningSite) -> None:
    anna, film_id, (boris, _, _) = await gathering(site)
    stranger = await site.cinema.person("Stranger")
    asked = await site.cinema.person("Asked")
    await anna.put(f"/me/friends/{asked.id}")
    users = [str(one) for one in (boris.id, stranger.id, asked.id, anna.me.id, uuid4())]

    answer = await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": users}})

    assert (answer.status, answer.code) == (409, "not_friends")
    assert answer.fields() == {f"invite.users.{place}" for place in (1, 2, 3, 4)}
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 0
    assert await mails(site.cinema) == []


async def test_a_friend_without_an_address_is_invited_but_gets_no_letter(site: RunningSite) -> None:
    anna, film_id, _ = await gathering(site)
    mute = await site.cinema.person("Mute", email=None)
    await site.cinema.befriend(anna.me, mute)

    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(mute.id)]}})).body

    assert names(room["invitations"]) == ["Mute"]
    assert await mails(site.cinema) == []
    assert (await site.viewer(mute).get("/rooms")).body["items"][0]["code"] == room["code"]


async def test_more_friends_are_invited_later_and_nobody_twice(site: RunningSite) -> None:
    anna, film_id, (boris, vera, gleb) = await gathering(site)
    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(boris.id)]}})).body
    path = f"/rooms/{room['code']}/invitations"
    order = {"users": [str(boris.id), str(vera.id), str(gleb.id)]}

    answers = await asyncio.gather(*(anna.post(path, json=order) for _ in range(4)))

    assert {answer.status for answer in answers} == {201}
    assert names((await anna.get(path)).body["items"]) == ["Boris", "Gleb", "Vera"]
    assert sorted(mail["invitee"]["name"] for mail in await mails(site.cinema)) == ["Boris", "Gleb", "Vera"]


async def test_inviting_a_stranger_later_names_the_field(site: RunningSite) -> None:
    anna, film_id, _ = await gathering(site)
    room = (await anna.post("/rooms", json={"film_id": str(film_id)})).body

    answer = await anna.post(f"/rooms/{room['code']}/invitations", json={"users": [str(uuid4())]})

    assert (answer.status, answer.code, answer.fields()) == (409, "not_friends", {"users.0"})


async def test_a_revoked_invitation_is_told_of_once_and_may_be_made_anew(site: RunningSite) -> None:
    anna, film_id, (boris, _, _) = await gathering(site)
    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(boris.id)]}})).body
    path = f"/rooms/{room['code']}/invitations"
    invitation_id = room["invitations"][0]["id"]

    revocations = await asyncio.gather(*(anna.delete(f"{path}/{invitation_id}") for _ in range(4)))

    assert {answer.status for answer in revocations} == {204}
    (revoked,) = await mails(site.cinema, "invitation.revoked.v1")
    assert (revoked["invitation_id"], revoked["invitee"]["name"]) == (invitation_id, "Boris")
    (shown,) = (await anna.get(path)).body["items"]
    assert shown["revoked_at"] is not None

    await anna.post(path, json={"users": [str(boris.id)]})
    again = (await anna.get(path)).body["items"]
    assert [one["revoked_at"] is None for one in again] == [False, True]
    assert len(await mails(site.cinema)) == 2


async def test_only_the_owner_sees_makes_and_revokes_invitations(site: RunningSite) -> None:
    anna, film_id, (boris, vera, _) = await gathering(site)
    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(boris.id)]}})).body
    path = f"/rooms/{room['code']}/invitations"
    guest = site.viewer(boris)

    answers = [
        await guest.get(path),
        await guest.post(path, json={"users": [str(vera.id)]}),
        await guest.delete(f"{path}/{room['invitations'][0]['id']}"),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(403, "not_room_owner")] * 3


async def test_an_invitation_of_another_room_is_not_found(site: RunningSite) -> None:
    anna, film_id, (boris, _, _) = await gathering(site)
    one = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(boris.id)]}})).body
    other = (await anna.post("/rooms", json={"film_id": str(film_id)})).body

    for invitation_id in (one["invitations"][0]["id"], uuid4(), "first"):
        answer = await anna.delete(f"/rooms/{other['code']}/invitations/{invitation_id}")
        assert (answer.status, answer.code) == (404, "invitation_not_found")
    assert await mails(site.cinema, "invitation.revoked.v1") == []


async def test_nobody_is_invited_to_a_closed_room(site: RunningSite) -> None:
    anna, film_id, (boris, _, _) = await gathering(site)
    room = (await anna.post("/rooms", json={"film_id": str(film_id)})).body
    await anna.delete(f"/rooms/{room['code']}")

    answer = await anna.post(f"/rooms/{room['code']}/invitations", json={"users": [str(boris.id)]})

    assert (answer.status, answer.code) == (410, "room_closed")
    assert await mails(site.cinema) == []


async def test_my_rooms_are_rooms_that_one_may_read(site: RunningSite) -> None:
    anna, film_id, (boris, vera, _) = await gathering(site)
    order = {"film_id": str(film_id), "access": "invited", "invite": {"users": [str(boris.id)]}}
    revoked = (await anna.post("/rooms", json=order)).body
    by_link = (await anna.post("/rooms", json={"film_id": str(film_id)})).body
    guest, passer_by = site.viewer(boris), site.viewer(vera)
    for viewer, room in ((guest, revoked), (passer_by, by_link)):
        assert (await viewer.post(f"/rooms/{room['code']}/join")).status == 200
        assert [one["code"] for one in (await viewer.get("/rooms")).body["items"]] == [room["code"]]

    await anna.delete(f"/rooms/{revoked['code']}/invitations/{revoked['invitations'][0]['id']}")
    await anna.patch(f"/rooms/{by_link['code']}", {"access": "invited"})

    for viewer, room in ((guest, revoked), (passer_by, by_link)):
        assert (await viewer.get(f"/rooms/{room['code']}")).status == 404
        assert (await viewer.get("/rooms")).body["items"] == []


async def test_a_revocation_in_a_room_for_invited_people_is_published_for_the_live_room(site: RunningSite) -> None:
    anna, film_id, (boris, _, _) = await gathering(site)
    for access, published in (("invited", 1), ("link", 0)):
        order = {"film_id": str(film_id), "access": access, "invite": {"users": [str(boris.id)]}}
        room = (await anna.post("/rooms", json=order)).body
        await anna.delete(f"/rooms/{room['code']}/invitations/{room['invitations'][0]['id']}")
        told = [mail for mail in await mails(site.cinema, "member.revoked.v1") if mail["room"]["id"] == room["id"]]
        assert [(one["user_id"], one["version"]) for one in told] == [(str(boris.id), 2)] * published
