"""Guests on the pages: a name on the link's page, the room without what is its people's, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass

from api_service.app_keys import SITE
from api_service.usecases import rooms
from api_service.usecases.invitations import Guests
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import RunningSite
from tests.support.pages_browser import Page, look


@dataclass
class Given:
    status: int
    location: str
    cookie: str
    html: str


async def give_name(site: RunningSite, code: str, name: str, *, language: str = "en") -> Given:
    headers = {"Accept": "text/html", "Accept-Language": language}
    answer = await site.viewer().raw(
        "POST", f"/rooms/{code}/guests", data={"name": name}, headers=headers, allow_redirects=False
    )
    cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
    return Given(answer.status, answer.headers.get("Location", ""), cookie, answer.body.decode())


async def test_a_stranger_gives_a_name_and_is_in_the_room_without_its_peoples_things(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann"), await site.cinema.person("Bob")
    await site.cinema.befriend(ann, bob)
    room = await opened(site, ann, settings={"guests": "watch"}, guests=Guests(users=(bob.id,)))
    address = f"/rooms/{room.code}"

    link = await look(site.viewer(), address)
    form = link.one("form", id="guest")
    assert form.attributes["action"] == f"{address}/guests"
    assert link.one("label", for_="guest-name").text == "Your name"
    assert "the chat is read only" in link.text
    assert link.one("a", id="enter").text == "Sign in to watch together"

    given = await give_name(site, room.code, "Zoe")
    assert (given.status, given.location) == (303, f"{address}?entered=1")
    inside = await look(site.viewer(), address, Cookie=given.cookie)
    assert inside.status == 200
    assert inside.one("movie-together").attributes["join-url"] == f"/api/v1/rooms/{room.code}/join"
    assert [one.attributes["data-opens"] for one in inside.all("button") if "data-opens" in one.attributes] == []
    assert "/rooms" not in inside.links
    assert "Bob" not in inside.html  # who is invited is the owner's and theirs


async def test_whose_browser_keeps_no_cookie_reads_so_and_the_others_get_the_room_s_own_address(
    site: RunningSite,
) -> None:
    room = await opened(site, await site.cinema.person("Ann"), settings={"guests": "watch"})
    given = await give_name(site, room.code, "Zoe")

    without = await look(site.viewer(), given.location)
    kept = await site.viewer().raw("GET", given.location, headers={"Cookie": given.cookie}, allow_redirects=False)

    assert "Joining as a guest needs cookies" in without.one("p", id="guest-error").text
    assert without.one("form", id="guest")
    assert (kept.status, kept.headers["Location"]) == (303, f"/rooms/{room.code}")
    assert (await look(site.viewer(), f"/rooms/{room.code}")).all("p", id="guest-error") == []


async def test_a_guest_who_is_banned_is_not_sent_to_rooms_of_their_own(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    room = await opened(site, ann, settings={"guests": "watch"})
    given = await give_name(site, room.code, "Zoe")
    (zoe,) = await site.cinema.rows("SELECT id FROM users WHERE name = 'Zoe'")
    assert (await site.viewer(ann).put(f"/rooms/{room.code}/bans/{zoe.id}")).status == 204

    page = await look(site.viewer(), f"/rooms/{room.code}", Cookie=given.cookie)

    assert page.status == 403
    assert "/" in page.links
    assert "/rooms" not in page.links


async def test_a_name_of_which_nothing_is_seen_is_asked_for_again(site: RunningSite) -> None:
    room = await opened(site, await site.cinema.person("Ann"), settings={"guests": "chat"})

    refused = await give_name(site, room.code, "\u2800")

    assert (refused.status, refused.cookie) == (422, "")
    assert 'aria-invalid="true"' in refused.html
    assert "Guests watch and write in the chat" in refused.html


async def test_rooms_without_guests_offer_none_and_end_those_who_were(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    without, room = await opened(site, ann), await opened(site, ann, settings={"guests": "chat"})
    assert (await look(site.viewer(), f"/rooms/{without.code}")).all("form", id="guest") == []
    assert (await give_name(site, without.code, "Zoe")).status == 403
    given = await give_name(site, room.code, "Zoe")

    async def seen() -> Page:
        return await look(site.viewer(), f"/rooms/{room.code}", Cookie=given.cookie)

    assert (await seen()).all("movie-together")
    await rooms.change_room(site.cinema.db, site.app[SITE], ann, "en", room.code, {"settings": {"guests": "nobody"}})
    after = await seen()
    assert (after.status, after.all("movie-together"), after.all("form", id="guest")) == (200, [], [])
    assert after.one("a", id="enter")


async def test_a_guest_of_a_closed_room_reads_that_it_is_closed(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    room = await opened(site, ann, settings={"guests": "chat"})
    given = await give_name(site, room.code, "Zoe")
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", room.code)

    page = await look(site.viewer(), f"/rooms/{room.code}", Cookie=given.cookie)

    assert page.status == 410
    assert "/rooms" not in page.links
