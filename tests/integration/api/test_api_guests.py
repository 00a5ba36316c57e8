"""Guests without an account: where a room's owner allows it, by a name alone, for a day and this room."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from api_service.broker.archive import Archive
from api_service.policy import Policy
from api_service.usecases import room_guests
from api_service.usecases.people import DELETED_ID, User
from deploy.local.free_ports import free_port
from tests.integration.api.test_api_joining import VERIFIER
from tests.support.api_fixtures import SITE, Answer, RunningSite, Viewer, running_site, settings_for
from tests.support.journalled import Journal
from tests.support.traces import places_of

STRICT = Policy(guests_per_hour=2, trusted_proxies=1)


@dataclass
class Guest:
    """Somebody's browser without an account; ``cookie`` is what it keeps of the room that it entered."""

    viewer: Viewer
    id: str
    name: str
    cookie: str

    async def post(self, path: str, **headers: str) -> Answer:
        return await self.viewer.post(path, headers={"Cookie": self.cookie, **headers})

    async def get(self, path: str) -> Answer:
        return await self.viewer.get(path, headers={"Cookie": self.cookie})

    @property
    def me(self) -> User:
        return User(UUID(self.id), self.name, None, "ru")


async def opened(site: RunningSite, guests: str = "chat", **order: Any) -> tuple[Viewer, dict[str, Any], str]:
    """Return Anna, a room of hers, and its path."""
    anna = site.viewer(await site.cinema.person("Anna"))
    settings = {"guests": guests}
    film_id = str(await site.cinema.film())
    room = (await anna.post("/rooms", json={"film_id": film_id, "settings": settings, **order})).body
    return anna, room, f"/rooms/{room['code']}"


async def entered(site: RunningSite, path: str, name: str = "Zoe", **headers: str) -> Guest:
    answer = await site.viewer().post(f"{path}/guests", json={"name": name}, headers=headers)
    assert answer.status == 201, answer.body
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    return Guest(site.viewer(), answer.body["id"], answer.body["name"], cookie.partition(";")[0])


async def test_a_guest_comes_by_a_name_and_is_marked_in_the_ticket(site: RunningSite) -> None:
    _, room, path = await opened(site)

    zoe = await entered(site, path, " Zo\u0065\u0301\u202e ")
    joined = await zoe.post(f"{path}/join")

    assert zoe.name == "Zo\u00e9"
    ticket = VERIFIER.verify(joined.body["ticket"], time.time())
    assert ticket.user == {"id": zoe.id, "name": "Zo\u00e9", "role": "guest", "guest": True}
    assert ticket.sid == ""
    assert joined.body["room"]["role"] == "guest"
    source = await zoe.get(f"/films/{room['film']['id']}/source?room={room['code']}")
    assert source.body["url"].endswith("/demo/media/film.mp4")


async def test_a_guest_stays_the_same_one_and_whoever_has_an_account_is_none(site: RunningSite) -> None:
    anna, _, path = await opened(site)
    zoe = await entered(site, path)

    again = await zoe.viewer.post(f"{path}/guests", json={"name": "Another"}, headers={"Cookie": zoe.cookie})
    assert (again.body["id"], again.body["name"]) == (zoe.id, "Zoe")
    assert (await entered(site, path)).id != zoe.id

    joined = await anna.post(f"{path}/join")
    assert VERIFIER.verify(joined.body["ticket"], time.time()).user == {
        "id": str(anna.me.id),
        "name": "Anna",
        "role": "owner",
    }


async def test_a_guest_has_one_room_and_nothing_else(site: RunningSite) -> None:
    _, room, path = await opened(site)
    anna = site.viewer(await site.cinema.person("Anna"))
    film_id = str(await site.cinema.film())
    other = (await anna.post("/rooms", json={"film_id": film_id, "settings": {"guests": "chat"}})).body
    zoe = await entered(site, path)
    name, _, value = zoe.cookie.partition("=")

    # The cookie as it is, and under the name that the other room's has.
    theirs = (await entered(site, f"/rooms/{other['code']}")).cookie.partition("=")[0]
    for cookie in (zoe.cookie, f"{theirs}={value}"):
        answer = await zoe.viewer.post(f"/rooms/{other['code']}/join", headers={"Cookie": cookie})
        assert (answer.status, answer.code) == (401, "sign_in_required")
    for path_of_others in ("/me", "/rooms", "/films", path, f"/films/{room['film']['id']}/source"):
        assert (await zoe.get(path_of_others)).status == 401
    forged = await zoe.viewer.post(f"{path}/join", headers={"Cookie": f"{name}={value[:-4]}AAA="})
    assert forged.status == 401


async def test_a_room_lets_in_no_guests_unless_its_owner_says_so(site: RunningSite) -> None:
    refused = {"nobody": (403, "guests_off"), "invited": (404, "room_not_found"), "closed": (410, "room_closed")}
    for kind, wanted in refused.items():
        guests = "nobody" if kind == "nobody" else "chat"
        anna, _, path = await opened(site, guests, access="invited" if kind == "invited" else "link")
        if kind == "closed":
            await anna.delete(path)
        answer = await site.viewer().post(f"{path}/guests", json={"name": "Zoe"})
        assert (answer.status, answer.code) == wanted

    _, _, path = await opened(site)
    unseen = await site.viewer().post(f"{path}/guests", json={"name": "\u2800"})
    assert (unseen.status, unseen.fields()) == (422, {"name"})
    assert await site.cinema.value("SELECT count(*) FROM users WHERE issuer = 'guest:'") == 0


async def test_the_owner_ends_and_begins_it_and_a_day_ends_it_too(site: RunningSite) -> None:
    anna, _, path = await opened(site, "watch")
    zoe = await entered(site, path)

    async def may_join() -> bool:
        return (await zoe.post(f"{path}/join")).status == 200

    assert await may_join()
    await anna.patch(path, json={"settings": {"guests": "nobody"}})
    assert not await may_join()
    await anna.patch(path, json={"settings": {"guests": "chat"}})
    assert await may_join()
    await site.cinema.rows(
        "UPDATE users SET created_at = created_at - interval '25 hours' WHERE id = :id RETURNING 1", id=zoe.id
    )
    assert not await may_join()


async def test_a_ban_holds_a_guest(site: RunningSite) -> None:
    anna, _, path = await opened(site)
    zoe = await entered(site, path)

    assert (await anna.put(f"{path}/bans/{zoe.id}")).status == 204
    refused = await zoe.post(f"{path}/join")
    assert (refused.status, refused.code) == (403, "banned")
    bans = (await anna.get(f"{path}/bans")).body["items"]
    assert [ban["person"]["name"] for ban in bans] == ["Zoe"]
    await anna.delete(f"{path}/bans/{zoe.id}")
    assert (await zoe.post(f"{path}/join")).status == 200


async def test_other_sites_do_nothing_by_a_guests_cookie(site: RunningSite) -> None:
    _, _, path = await opened(site)
    zoe = await entered(site, path)

    refused = await zoe.post(f"{path}/join", Origin="https://elsewhere.example")

    assert (refused.status, refused.code) == (403, "cross_site_request")


async def test_nobody_befriends_a_guest_or_hands_them_the_room(site: RunningSite) -> None:
    anna, _, path = await opened(site)
    zoe = await entered(site, path)
    await zoe.post(f"{path}/join")

    asked = await anna.put(f"/me/friends/{zoe.id}")
    assert (asked.status, asked.code) == (404, "person_not_found")
    handed = await anna.post(f"{path}/transfer", json={"user_id": zoe.id})
    assert (handed.status, handed.code) == (409, "cannot_transfer")
    assert (await anna.get("/me/friends")).body["items"] == []


async def test_guests_are_forgotten_after_a_month_and_their_places_stay_nameless(site: RunningSite) -> None:
    anna, room, path = await opened(site)
    zoe, yan = await entered(site, path, "Zoe Nightingale"), await entered(site, path, "Yan")
    await zoe.post(f"{path}/join")
    journal, archive = Journal(UUID(room["id"])), Archive(site.cinema.db)
    for event in (journal.came(1, zoe.me), journal.said(2, zoe.me, "Hello, it is me"), journal.left(3, zoe.me)):
        await archive.write(event)
    await site.cinema.rows(
        "UPDATE users SET created_at = created_at - interval '31 days' WHERE id = :id RETURNING 1", id=zoe.id
    )

    assert await room_guests.forget_old(site.cinema.db, SITE) == 1

    for trace in (zoe.name, "Hello, it is me"):
        assert await places_of(site.cinema, trace) == set()
    assert await site.cinema.value("SELECT count(*) FROM users WHERE id = :id", id=yan.id) == 1
    (message,) = (await anna.get(f"{path}/messages")).body["items"]
    assert (message["author"]["id"], message["text"], message["deleted"]) == (str(DELETED_ID), None, True)


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[RunningSite]:
    """A site behind one proxy, to which two guests come from one address within an hour."""
    settings = settings_for(database_url, port=free_port())
    async with running_site(replace(settings, site=replace(settings.site, policy=STRICT))) as made:
        yield made


async def test_so_many_guests_come_from_one_address_and_no_header_of_theirs_helps(strict: RunningSite) -> None:
    _, _, path = await opened(strict)

    async def asks(*told: str) -> int:
        headers = {"X-Forwarded-For": ", ".join(told)}
        return (await strict.viewer().post(f"{path}/guests", json={"name": "Zoe"}, headers=headers)).status

    came = await asyncio.gather(*(asks(f"198.51.100.{n}", "203.0.113.7") for n in range(4)))
    assert sorted(came) == [201, 201, 429, 429]
    assert await asks("203.0.113.8") == 201  # the neighbour's
    assert await asks("2001:db8::1") == await asks("2001:db8::2") == 201
    assert await asks("2001:db8::3") == 429  # one network has as many addresses as it likes
    assert await asks("2001:db8:0:1::3") == 201
    stored = await strict.cinema.rows("SELECT key FROM limit_uses WHERE name = 'guests'")
    assert not any("203.0.113" in row.key or "2001" in row.key for row in stored)
