"""What each page shows, to whom, in which language."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from api_service.app_keys import SITE
from api_service.usecases import friends, rooms
from api_service.usecases.invitations import Guests
from api_service.usecases.people import MAIL_ISSUER
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import RunningSite
from tests.support.pages_browser import Page, look


async def test_someone_not_signed_in_sees_what_it_is_and_the_films(site: RunningSite) -> None:
    film_id = await site.cinema.film("Paper Whales")

    page = await look(site.viewer(), "/")

    assert page.status == 200
    assert "A film together, even when you are apart" in page.text
    assert f"/films/{film_id}" in page.links
    assert "/auth/sign-in?next=%2F" in page.links
    assert page.all("button", class_="want") == []


async def test_films_that_friends_want_come_first_with_their_names(site: RunningSite) -> None:
    cinema = site.cinema
    ann, bob, eve = await cinema.person("Ann"), await cinema.person("Bob"), await cinema.person("Eve")
    await cinema.befriend(ann, bob)
    film_id, unwanted = await cinema.film("Paper Whales"), await cinema.film("Nobody's Film")
    await cinema.want(film_id, bob, eve)

    page = await look(site.viewer(ann), "/")

    assert "1 друг хочет посмотреть" in page.text, "the account's language is Russian"
    assert page.one("div", class_="faces").attributes["aria-label"] == "Bob"
    assert page.one("button", data_want=str(film_id)).attributes["aria-pressed"] == "false"
    assert page.one("button", data_want=str(unwanted)).attributes["aria-pressed"] == "false"


async def test_films_one_wants_are_marked_and_listed_apart(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    wanted, other = await site.cinema.film("Paper Whales"), await site.cinema.film("Other")
    await site.cinema.want(wanted, ann)

    page = await look(site.viewer(ann), "/?show=wanted")

    assert page.one("button", data_want=str(wanted)).attributes["aria-pressed"] == "true"
    assert f"/films/{other}" not in page.links


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/?q=no+such+film", "There is no film called “no such film”"),
        ("/?show=wanted", "Your list is empty"),
        ("/rooms", "No rooms yet"),
        ("/friends", "No friends here yet"),
        ("/", "There are no films yet"),
    ],
)
async def test_an_empty_place_says_why_and_what_to_do(site: RunningSite, path: str, words: str) -> None:
    ann = await site.cinema.person("Ann", locale="en")

    page = await look(site.viewer(ann), path)

    assert page.status == 200
    assert words in page.text


async def test_a_long_list_goes_on_from_where_it_ended(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    for number in range(26):
        await site.cinema.film(f"Film {number:02}")

    first = await look(site.viewer(ann), "/?q=film")
    more = first.one("a", data_more="films-list").attributes["href"]
    second = await look(site.viewer(ann), more)

    assert len(first.all("li", class_="film")) == 24
    assert len(second.all("li", class_="film")) == 2
    assert second.all("a", data_more="films-list") == []


async def test_names_and_titles_are_never_read_as_markup(site: RunningSite) -> None:
    cinema = site.cinema
    ann, bob = await cinema.person("<script>alert(1)</script>", locale="en", email=None), await cinema.person("Bob")
    await cinema.befriend(ann, bob)
    film_id = await cinema.film('</script><img src=x onerror="alert(2)">')
    await cinema.want(film_id, ann, bob)

    for path in ("/", f"/films/{film_id}", "/friends", "/?q=%3Cscript%3Ealert(3)%3C%2Fscript%3E&lang=en"):
        page = await look(site.viewer(ann), path)
        assert page.status == 200
        assert "alert(1)</script>" not in page.html
        assert [image for image in page.all("img") if "onerror" in image.attributes] == []
        assert all("alert(" not in script.text for script in page.all("script"))


async def test_no_page_has_scripts_or_styles_of_its_own(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    film_id = await site.cinema.film()
    room = await opened(site, ann)

    for path in ("/", f"/films/{film_id}", "/friends", "/rooms", f"/rooms/{room.code}", "/api/docs", "/nowhere"):
        page = await look(site.viewer(ann), path)
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        for script in page.all("script"):
            assert script.attributes.get("type") == "application/json" or script.attributes["src"].startswith(
                "/static/"
            )
        assert page.all("style") == []
        handlers = [
            name for one in page.elements for name in one.attributes if name.startswith("on") or name == "style"
        ]
        assert handlers == []


async def test_friends_and_requests_stand_apart(site: RunningSite) -> None:
    cinema = site.cinema
    ann = await cinema.person("Ann", locale="en")
    bob, carl, dora = await cinema.person("Bob"), await cinema.person("Carl"), await cinema.person("Dora")
    await cinema.befriend(ann, bob)
    await friends.ask(cinema.db, carl.id, ann.id)
    await friends.ask(cinema.db, ann.id, dora.id)

    page = await look(site.viewer(ann), "/friends")

    standing = {row.attributes["data-name"]: row.attributes["data-status"] for row in page.all("li", class_="row")}
    assert standing == {"Bob": "accepted", "Carl": "incoming", "Dora": "outgoing"}
    assert [button.text for button in page.all("button", data_do="accept")] == ["Accept"]


async def test_a_room_shows_its_film_and_its_link(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    room = await opened(site, ann, control="owner")

    owners = await look(site.viewer(ann), f"/rooms/{room.code}")
    guests = await look(site.viewer(bob), f"/rooms/{room.code}")

    assert owners.one("movie-together").attributes["join-url"] == f"/api/v1/rooms/{room.code}/join"
    assert owners.one("input", id="room-link").attributes["value"] == room.link
    assert len(owners.all("button", id="close-now")) == 1
    assert guests.all("button", id="close-now") == []
    assert guests.all("form", id="invite-more") == []
    assert guests.one("h1").text == "The Honey Noon Express"


async def test_a_room_names_who_is_invited_and_may_come_but_no_addresses(site: RunningSite) -> None:
    cinema = site.cinema
    ann, *invited = [await cinema.person(name) for name in ("Ann", "Bob", "Carl", "Dora", "Emil", "fay@example.com")]
    bob, _, dora, emil, fay = invited
    for friend in invited:
        await cinema.befriend(ann, friend)
    room = await opened(site, ann, guests=Guests(users=tuple(friend.id for friend in invited)))
    owner = site.viewer(ann)
    await cinema.rows("UPDATE users SET issuer = :issuer WHERE id = :id RETURNING id", issuer=MAIL_ISSUER, id=fay.id)
    by_name = {one.invitee.name: one.id for one in room.invitations or []}
    assert (await owner.delete(f"/rooms/{room.code}/invitations/{by_name['Carl']}")).status == 204
    assert (await owner.put(f"/rooms/{room.code}/bans/{dora.id}")).status == 204
    declined = await site.viewer(emil).put(f"/me/invitations/{by_name['Emil']}", json={"answer": "declined"})
    assert declined.status in (200, 204), declined.body

    page = await look(site.viewer(bob), f"/rooms/{room.code}")
    assert expected_on(page) == [{"id": str(bob.id), "name": "Bob", "answer": None}]
    await site.viewer(bob).put(f"/me/invitations/{by_name['Bob']}", json={"answer": "accepted"})
    assert expected_on(await look(owner, f"/rooms/{room.code}"))[0]["answer"] == "accepted"


def expected_on(page: Page) -> list[dict[str, str | None]]:
    """Return whom a room's page tells its player to expect."""
    found: list[dict[str, str | None]] = json.loads(page.one("div", id="hall").attributes["data-expected"])
    return found


async def test_a_planned_room_says_when_it_starts(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    room = await opened(site, ann, starts_at=datetime.now(UTC) + timedelta(days=1))

    page = await look(site.viewer(ann), f"/rooms/{room.code}")
    mine = await look(site.viewer(ann), "/rooms")

    assert "The screening is planned for:" in page.one("p", id="note").text
    assert "hidden" not in page.one("p", id="note").attributes
    assert [one.text for one in mine.all("h2")] == ["Coming up"]
    assert f"/rooms/{room.code}/calendar" in mine.links


async def test_my_rooms_hold_those_i_opened_and_those_i_am_invited_to(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    await site.cinema.befriend(ann, bob)
    invited = await opened(site, ann, access="invited", guests=Guests(users=(bob.id,)))
    own = await opened(site, bob)
    await rooms.close(site.cinema.db, site.app[SITE], bob.id, "en", own.code)

    page = await look(site.viewer(bob), "/rooms")

    assert {f"/rooms/{invited.code}", f"/rooms/{own.code}"} <= set(page.links)
    assert "Opened by Ann · only those invited" in page.text
    assert len(page.all("li", class_="room-card room-card--closed")) == 1


async def test_the_language_chosen_in_the_address_stays(site: RunningSite) -> None:
    page = await look(site.viewer(), "/?lang=en", language="ru")

    assert page.one("html").attributes["lang"] == "en"
    assert page.headers["Content-Language"] == "en"
    assert re.search(r"lang=en;.*SameSite=Lax", page.headers["Set-Cookie"])
    again = await look(site.viewer(), "/", language="ru", Cookie="lang=en")
    assert again.one("html").attributes["lang"] == "en"
    assert "/?lang=ru" in again.links


async def test_the_language_switch_keeps_the_place(site: RunningSite) -> None:
    page = await look(site.viewer(), "/?q=whales&lang=en")

    assert "/?q=whales&lang=ru" in page.links


async def test_the_api_can_be_read_as_a_page(site: RunningSite) -> None:
    page = await look(site.viewer(), "/api/docs")

    assert page.status == 200
    assert "/api/v1/rooms/{code}/join" in page.text
    assert "Idempotency-Key" in page.text
    anchors = {one.attributes["id"] for one in page.elements if "id" in one.attributes}
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= anchors


async def test_the_type_of_a_problem_leads_to_its_explanation(site: RunningSite) -> None:
    told = await site.viewer(await site.cinema.person("Ann")).get("/rooms/none-of-that")

    page = await look(site.viewer(), told.body["type"])
    programs = await look(site.viewer(), "/problems/invalid_json")
    unknown = await look(site.viewer(), "/problems/never_heard_of")

    assert "Room not found, or closed to you" in page.text
    assert "room_not_found" in page.text
    assert "invalid_json" in programs.text
    assert unknown.status == 404
