"""Bans over HTTP: who may, of whom, what it does to tickets and invitations, and what is published of it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from api_service.usecases.people import User
from shared.events.envelope import Event, decode, encode, new_event
from tests.support.api_fixtures import RunningSite, Viewer

NOBODY = uuid4()


class Hall:
    """Anna's room, with those who are or were in it."""

    def __init__(self, site: RunningSite, anna: Viewer, room: dict[str, Any]) -> None:
        self.site = site
        self.anna = anna
        self.room = room
        self.path = f"/rooms/{room['code']}"

    async def somebody(self, name: str, role: str = "viewer") -> Viewer:
        """Return somebody who has been in the room, in this role."""
        viewer = self.site.viewer(await self.site.cinema.person(name))
        await viewer.post(f"{self.path}/join")
        await self.site.cinema.rows(
            "WITH n AS (UPDATE room_roles SET role = :role WHERE user_id = :id) SELECT 1", role=role, id=viewer.me.id
        )
        return viewer

    def ban_of(self, user: User | Viewer) -> str:
        return f"{self.path}/bans/{user.me.id if isinstance(user, Viewer) else user.id}"

    async def published(self) -> list[tuple[str, int, str, str]]:
        """Return (type, version, whom, by whom) of the published events about bans."""
        rows = await self.site.cinema.rows(
            "SELECT type, subject, data FROM outbox WHERE type LIKE 'member.%' ORDER BY id"
        )
        events: list[Event] = [new_event(row.type, row.subject, row.data, source="test") for row in rows]
        read = [decode(encode(event)) for event in events]
        for event in read:
            assert event.data["room"]["version"] == event.data["version"]
            assert event.data["room"]["partition"] == event.data["partition"]
            assert event.data["room"]["code"] == self.room["code"]
        return [(event.type, event.data["version"], event.data["user_id"], event.data["by"]) for event in read]


@pytest.fixture
async def hall(site: RunningSite) -> Hall:
    anna = site.viewer(await site.cinema.person("Anna"))
    answer = await anna.post("/rooms", json={"film_id": str(await site.cinema.film())})
    return Hall(site, anna, answer.body)


async def test_the_banned_get_no_ticket_and_are_told_so(hall: Hall) -> None:
    boris = await hall.somebody("Boris")

    assert (await hall.anna.put(hall.ban_of(boris))).status == 204

    refused = await boris.post(f"{hall.path}/join")
    assert (refused.status, refused.code) == (403, "banned")
    assert (await boris.get(hall.path)).body["banned"] is True
    assert [room["banned"] for room in (await boris.get("/rooms")).body["items"]] == [True]
    assert (await hall.anna.get(hall.path)).body["banned"] is False
    assert await hall.published() == [("member.banned.v1", 2, str(boris.me.id), str(hall.anna.me.id))]


async def test_a_lifted_ban_lets_in_again(hall: Hall) -> None:
    boris = await hall.somebody("Boris")
    await hall.anna.put(hall.ban_of(boris))

    assert (await hall.anna.delete(hall.ban_of(boris))).status == 204

    assert (await boris.post(f"{hall.path}/join")).status == 200
    assert (await hall.anna.get(f"{hall.path}/bans")).body["items"] == []
    assert [(type_, version) for type_, version, _, _ in await hall.published()] == [
        ("member.banned.v1", 2),
        ("member.unbanned.v1", 3),
    ]


async def test_banning_and_lifting_again_change_nothing_also_at_once(hall: Hall) -> None:
    boris = await hall.somebody("Boris")

    bans = await asyncio.gather(*(hall.anna.put(hall.ban_of(boris)) for _ in range(5)))
    lifts = await asyncio.gather(*(hall.anna.delete(hall.ban_of(boris)) for _ in range(5)))

    assert {answer.status for answer in (*bans, *lifts)} == {204}
    assert [version for _, version, _, _ in await hall.published()] == [2, 3]
    assert (await hall.anna.get(hall.path)).body["version"] == 3


async def test_bans_of_several_at_once_have_versions_of_their_own(hall: Hall) -> None:
    people = [await hall.site.cinema.person(f"Guest{number}") for number in range(6)]

    await asyncio.gather(*(hall.anna.put(hall.ban_of(one)) for one in people))

    assert sorted(version for _, version, _, _ in await hall.published()) == [2, 3, 4, 5, 6, 7]


async def test_the_list_says_who_by_whom_and_since_when(hall: Hall) -> None:
    moderator, boris = await hall.somebody("Mod", "moderator"), await hall.somebody("Boris")
    await moderator.put(hall.ban_of(boris))

    for reader in (hall.anna, moderator):
        (ban,) = (await reader.get(f"{hall.path}/bans")).body["items"]
        assert ban["person"] == {"id": str(boris.me.id), "name": "Boris"}
        assert ban["banned_by"] == {"id": str(moderator.me.id), "name": "Mod"}
        assert ban["banned_at"]


async def test_a_ban_outlasts_the_account_of_whoever_made_it(hall: Hall) -> None:
    boris = await hall.somebody("Boris")
    moderator = await hall.somebody("Mod", "moderator")
    await moderator.put(hall.ban_of(boris))

    await hall.site.cinema.rows("WITH gone AS (DELETE FROM users WHERE id = :id) SELECT 1", id=moderator.me.id)

    (ban,) = (await hall.anna.get(f"{hall.path}/bans")).body["items"]
    assert ban["banned_by"] is None


async def test_a_moderator_bans_viewers_and_guests_but_no_equals_and_nobody_bans_the_owner(hall: Hall) -> None:
    mod, other = await hall.somebody("Mod", "moderator"), await hall.somebody("Other", "moderator")
    viewer, guest = await hall.somebody("Viewer"), await hall.somebody("Guest", "guest")

    allowed = [await mod.put(hall.ban_of(one)) for one in (viewer, guest)]
    refused = [await mod.put(hall.ban_of(one)) for one in (other, mod, hall.anna)]
    refused.append(await hall.anna.put(hall.ban_of(hall.anna)))

    assert [answer.status for answer in allowed] == [204, 204]
    assert [(answer.status, answer.code) for answer in refused] == [(409, "cannot_ban")] * 4
    assert (await hall.anna.put(hall.ban_of(mod))).status == 204
    assert len(await hall.published()) == 3


async def test_viewers_guests_and_strangers_have_no_say(hall: Hall) -> None:
    boris = await hall.somebody("Boris")
    others = [
        await hall.somebody("Viewer"),
        await hall.somebody("Guest", "guest"),
        hall.site.viewer(await hall.site.cinema.person("Stranger")),
    ]

    for other in others:
        answers = [
            await other.get(f"{hall.path}/bans"),
            await other.put(hall.ban_of(boris)),
            await other.delete(hall.ban_of(boris)),
        ]
        assert [(answer.status, answer.code) for answer in answers] == [(403, "not_room_moderator")] * 3
    assert await hall.published() == []


async def test_a_banned_moderator_has_no_say_either(hall: Hall) -> None:
    mod, boris = await hall.somebody("Mod", "moderator"), await hall.somebody("Boris")
    await hall.anna.put(hall.ban_of(mod))

    answers = [
        await mod.get(f"{hall.path}/bans"),
        await mod.put(hall.ban_of(boris)),
        await mod.delete(hall.ban_of(mod)),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(403, "banned")] * 3


@pytest.mark.parametrize("who", [str(NOBODY), "somebody"], ids=["another id", "no id"])
async def test_whoever_does_not_exist_is_not_banned(hall: Hall, who: str) -> None:
    answer = await hall.anna.put(f"{hall.path}/bans/{who}")

    assert (answer.status, answer.code) == (404, "person_not_found")
    assert (await hall.anna.get(hall.path)).body["version"] == 1


async def test_in_a_closed_room_bans_are_read_only(hall: Hall) -> None:
    boris, vera = await hall.somebody("Boris"), await hall.somebody("Vera")
    await hall.anna.put(hall.ban_of(boris))
    await hall.anna.delete(hall.path)

    answers = [await hall.anna.put(hall.ban_of(vera)), await hall.anna.delete(hall.ban_of(boris))]

    assert [(answer.status, answer.code) for answer in answers] == [(410, "room_closed")] * 2
    assert len((await hall.anna.get(f"{hall.path}/bans")).body["items"]) == 1
    assert len(await hall.published()) == 1
    assert (await boris.post(f"{hall.path}/join")).code == "room_closed"


async def test_a_room_for_the_invited_shows_itself_to_a_banned_one_only_while_invited(site: RunningSite) -> None:
    anna, boris = [site.viewer(await site.cinema.person(name)) for name in ("Anna", "Boris")]
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "access": "invited", "invite": {"users": [str(boris.me.id)]}}
    room = (await anna.post("/rooms", json=order)).body
    path = f"/rooms/{room['code']}"
    await anna.put(f"{path}/bans/{boris.me.id}")

    assert (await boris.post(f"{path}/join")).code == "banned"
    await anna.delete(f"{path}/invitations/{room['invitations'][0]['id']}")
    answer = await boris.post(f"{path}/join")
    assert (answer.status, answer.code) == (404, "room_not_found")


async def test_a_banned_friend_is_not_invited_by_name_nor_by_matching(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris, vera = await site.cinema.person("Boris"), await site.cinema.person("Vera")
    await site.cinema.befriend(anna.me, boris, vera)
    film_id = await site.cinema.film()
    await site.cinema.want(film_id, boris, vera)
    path = f"/rooms/{(await anna.post('/rooms', json={'film_id': str(film_id)})).body['code']}"
    await anna.put(f"{path}/bans/{boris.id}")

    named = await anna.post(f"{path}/invitations", json={"users": [str(vera.id), str(boris.id)]})
    matching = await anna.post(f"{path}/invitations", json={"matches": True})

    assert (named.status, named.code, named.fields()) == (409, "guest_banned", {"users.1"})
    assert [one["invitee"]["name"] for one in matching.body["items"]] == ["Vera"]
    mails = await site.cinema.rows("SELECT data FROM outbox WHERE type = 'invitation.created.v1'")
    assert [row.data["invitee"]["name"] for row in mails] == ["Vera"]

    await anna.delete(f"{path}/bans/{boris.id}")
    again = await anna.post(f"{path}/invitations", json={"users": [str(boris.id)]})
    assert again.status == 201


async def test_a_ban_in_one_room_says_nothing_of_another(hall: Hall) -> None:
    boris = await hall.somebody("Boris")
    other = (await hall.anna.post("/rooms", json={"film_id": str(await hall.site.cinema.film())})).body
    await hall.anna.put(hall.ban_of(boris))

    assert (await boris.post(f"/rooms/{other['code']}/join")).status == 200


async def test_whoever_asks_for_a_ticket_while_being_banned_gets_none_after(hall: Hall) -> None:
    boris = await hall.somebody("Boris")

    async def join_until_refused() -> str:
        async with asyncio.timeout(20):
            while (answer := await boris.post(f"{hall.path}/join")).status == 200:
                pass
        return answer.code

    joining = asyncio.create_task(join_until_refused())
    assert (await hall.anna.put(hall.ban_of(boris))).status == 204
    after = await boris.post(f"{hall.path}/join")

    assert (after.status, after.code, await joining) == (403, "banned", "banned")
