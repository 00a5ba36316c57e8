"""What a person sees when something is wrong: which page, with which way on, and what stays hidden."""

from __future__ import annotations

import pytest
from aiohttp import web

from api_service.app_keys import DATABASE, SITE
from api_service.broker.archive import Archive
from api_service.pages.views import MESSAGES_SHOWN
from api_service.usecases import bans, rooms
from api_service.usecases.rooms import RoomOrder
from tests.support.api_fixtures import RunningSite
from tests.support.journalled import Journal
from tests.support.pages_browser import look

LONG_GONE = "A" * 22


async def test_a_page_that_is_not_there_says_so_and_leads_on(site: RunningSite) -> None:
    page = await look(site.viewer(), "/nowhere")

    assert page.status == 404
    assert page.one("h1").text == "Page not found"
    assert "/" in page.links


@pytest.mark.parametrize("film", ["01990000-0000-7000-8000-0000000000ff", "not-an-id", "%00", "..%2f..%2fetc"])
async def test_a_film_that_is_not_there_is_a_404(site: RunningSite, film: str) -> None:
    page = await look(site.viewer(), f"/films/{film}")

    assert page.status == 404


async def test_programs_get_problem_documents_where_people_get_pages(site: RunningSite) -> None:
    answer = await site.viewer().raw("GET", "/nowhere", headers={"Accept": "application/json"})

    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    api = await site.viewer().raw("GET", "/api/v1/films/nope", headers={"Accept": "text/html"})
    assert api.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["/rooms", "/friends", f"/rooms/{LONG_GONE}"])
async def test_whoever_is_not_signed_in_signs_in_and_comes_back(site: RunningSite, path: str) -> None:
    page = await look(site.viewer(), path)

    assert page.status == 303
    assert page.headers["Location"] == f"/auth/sign-in?next={path}"


@pytest.mark.parametrize(("locale", "words"), [("en", "You have been banned"), ("ru", "Вас заблокировали в этой")])
async def test_a_banned_person_reads_so_instead_of_an_empty_room(site: RunningSite, locale: str, words: str) -> None:
    ann, eve = await site.cinema.person("Ann"), await site.cinema.person("Eve", locale=locale)
    order = RoomOrder(film_id=await site.cinema.film())
    room = await rooms.open_room(site.cinema.db, site.app[SITE], ann, order, "en")
    await bans.ban(site.cinema.db, ann, room.code, eve.id)

    page = await look(site.viewer(eve), f"/rooms/{room.code}")

    assert page.status == 403
    assert page.one("h1").text.startswith(words)
    assert page.all("movie-together") == []
    assert {"/", "/rooms"} <= set(page.links)


async def test_a_room_that_is_not_there_and_one_for_others_look_alike(site: RunningSite) -> None:
    ann, eve = await site.cinema.person("Ann"), await site.cinema.person("Eve", locale="en")
    order = RoomOrder(film_id=await site.cinema.film(), access="invited")
    room = await rooms.open_room(site.cinema.db, site.app[SITE], ann, order, "en")

    absent = await look(site.viewer(eve), f"/rooms/{LONG_GONE}")
    others = await look(site.viewer(eve), f"/rooms/{room.code}")

    assert absent.status == others.status == 404
    assert absent.text == others.text
    assert "Room not found, or closed to you" in others.text
    assert "Eve" in others.one("summary").text, "who is signed in stays visible"


async def test_a_closed_room_says_who_closed_it_and_offers_another(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    film_id = await site.cinema.film("Paper Whales")
    room = await rooms.open_room(site.cinema.db, site.app[SITE], ann, RoomOrder(film_id=film_id), "en")
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", room.code)

    owners = await look(site.viewer(ann), f"/rooms/{room.code}")
    guests = await look(site.viewer(bob), f"/rooms/{room.code}")

    assert owners.status == guests.status == 410
    assert "You ended the screening of “Paper Whales”" in owners.text
    assert "Ann has ended the screening of “Paper Whales”" in guests.text
    assert f"/films/{film_id}" in guests.links
    assert guests.all("movie-together") == []


async def test_the_chat_of_a_closed_room_stays_readable_for_who_was_there(site: RunningSite) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    room = await rooms.open_room(
        site.cinema.db, site.app[SITE], ann, RoomOrder(film_id=await site.cinema.film("Paper Whales")), "en"
    )
    journal, archive = Journal(room.id), Archive(site.cinema.db)
    said = [journal.said(seq, bob, f"line {seq}") for seq in range(2, MESSAGES_SHOWN + 3)]
    for event in (journal.came(1, bob), *said, journal.deleted(900, "m3")):
        await archive.write(event)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", room.code)

    page = await look(site.viewer(bob), f"/rooms/{room.code}")
    assert page.status == 410
    assert "Bob 0:01 line 2" in page.text
    assert "line 3 " not in page.text
    assert "The message was deleted" in page.text
    last = f"line {MESSAGES_SHOWN + 2}"
    assert last not in page.text
    [later] = [link for link in page.links if "cursor=" in link]
    assert last in (await look(site.viewer(bob), later)).text
    assert "line 2" not in (await look(site.viewer(eve), f"/rooms/{room.code}")).text, "she was never there"


async def test_a_cursor_that_no_list_gave_is_told_and_not_a_fault(site: RunningSite) -> None:
    page = await look(site.viewer(), "/?cursor=nonsense")

    assert page.status == 400
    assert "This part of the list is gone" in page.text


async def test_without_the_database_a_person_reads_that_it_will_be_back(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    await site.app[DATABASE].close()

    page = await look(site.viewer(ann), "/rooms")

    assert page.status == 503
    assert page.headers["Retry-After"]
    assert "We will be right back" in page.text
    assert "/rooms" in page.links, "the way to try again"


async def test_a_surprise_is_logged_whole_and_reveals_nothing(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fails(*_: object, **__: object) -> web.Response:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("api_service.usecases.films.catalogue", fails)

    page = await look(site.viewer(), "/")

    assert page.status == 500
    assert "Something broke on our side" in page.text
    assert "42" not in page.html
    logged = capfd.readouterr()
    assert "the secret is 42" in logged.out + logged.err


async def test_a_form_sent_to_a_page_is_refused_in_words(site: RunningSite) -> None:
    page = await look(site.viewer(), "/rooms", method="POST")

    assert page.status == 405
    assert "This does not work here" in page.text


async def test_a_sign_in_that_came_to_nothing_offers_to_start_again(site: RunningSite) -> None:
    page = await look(site.viewer(), "/auth/callback?state=forged&code=x", Cookie="lang=en")

    assert page.status == 400
    assert "This sign-in is too old" in page.text
    assert any(link.startswith("/auth/sign-in?next=") for link in page.links)


async def test_a_browser_that_keeps_no_cookies_reads_that_signing_in_needs_them(site: RunningSite) -> None:
    page = await look(site.viewer(), "/auth/callback?state=forged&code=x")

    assert page.status == 400
    assert page.one("h1").text == "Signing in needs cookies"
    assert "too old" not in page.text
    assert any(link.startswith("/auth/sign-in?next=") for link in page.links)


async def test_the_provider_being_away_stops_signing_in_only(site: RunningSite) -> None:
    page = await look(site.viewer(), "/auth/sign-in?next=/rooms")

    assert page.status == 503
    assert "Signing in does not work for now" in page.text
    assert "/auth/sign-in?next=%2Frooms" in page.links


async def test_a_closed_room_has_its_recap_for_who_was_there(site: RunningSite) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    film_id = await site.cinema.film("Paper Whales")
    room = await rooms.open_room(site.cinema.db, site.app[SITE], ann, RoomOrder(film_id=film_id), "en")
    journal, archive = Journal(room.id), Archive(site.cinema.db)
    events = [
        journal.came(1, ann, "v1"),
        journal.came(2, bob, "v2"),
        journal.played(3, by=ann.id),
        *[journal.said(seq, bob, position_ms=125_000) for seq in range(4, 7)],
        journal.said(7, ann, position_ms=5_000),
        journal.left(8, bob, "v2"),
    ]
    for event in events:
        await archive.write(event)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", room.code)

    page = await look(site.viewer(ann), f"/rooms/{room.code}")

    assert "Recap Messages: 4 · Pauses: 0" in page.text
    assert "Bob 1 min" in page.text
    assert "The liveliest minutes 2:00 messages: 3, reactions: 0 0:00 messages: 1, reactions: 0" in page.text
    assert "Recap" not in (await look(site.viewer(eve), f"/rooms/{room.code}")).text, "she was never there"
