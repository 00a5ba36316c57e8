"""Home and the page My rooms: what goes on for a person, and answers that are given there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from uuid_utils.compat import uuid7

from api_service.app_keys import SITE
from api_service.database import Connection
from api_service.usecases import friends, rooms
from api_service.usecases.invitations import Guests
from api_service.usecases.people import User
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import RunningSite, in_days
from tests.support.pages_browser import Page, look


async def comes(site: RunningSite, room_id: UUID, person: User, *, left: bool = False) -> None:
    """Be in a room, or have been."""
    ended = {"ended": datetime.now(UTC), "reason": "left"} if left else {"ended": None, "reason": None}
    await site.cinema.rows(
        "INSERT INTO visits (id, room_id, user_id, epoch, seq, started_at, ended_at, end_reason)"
        " VALUES (:id, :room_id, :user_id, 1, 1, now(), :ended, :reason) RETURNING id",
        id=uuid7().hex,
        room_id=str(room_id),
        user_id=str(person.id),
        **ended,
    )
    await site.cinema.rows(
        "INSERT INTO room_roles (room_id, user_id, role) VALUES (:room_id, :user_id, 'viewer')"
        " ON CONFLICT DO NOTHING RETURNING role",
        room_id=str(room_id),
        user_id=str(person.id),
    )


async def plays(site: RunningSite, room_id: UUID, position_ms: int) -> None:
    """Be paused at a place of the film."""
    await site.cinema.rows(
        "INSERT INTO room_events (room_id, epoch, seq, event, status, position_ms, rate, playback_at, happened_at)"
        " VALUES (:room_id, 1, 2, 'paused', 'paused', :position_ms, 1, now(), now()) RETURNING seq",
        room_id=str(room_id),
        position_ms=position_ms,
    )


def groups(page: Page) -> dict[str, list[str]]:
    """Return the codes of the rooms under each heading, in order."""
    found: dict[str, list[str]] = {}
    for one in page.elements:
        if one.tag == "h2":
            found[one.text] = heading = []
        elif "room-card" in one.attributes.get("class", "").split():
            heading.append(one.attributes["data-room"])
    return {name: codes for name, codes in found.items() if codes}


def counts(page: Page) -> list[str]:
    return [one.text for one in page.all("span", class_="count")]


async def test_home_tells_what_goes_on(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    await site.cinema.befriend(ann, bob)
    invited = await opened(site, bob, guests=Guests(users=(ann.id,)))
    live, later = await opened(site, bob), await opened(site, ann, starts_at=in_days(3))
    sooner = await opened(site, ann, starts_at=in_days(1))
    untouched, paused = await opened(site, ann), await opened(site, ann)
    await comes(site, live.id, ann)
    await comes(site, live.id, bob)
    await comes(site, paused.id, ann, left=True)
    await plays(site, paused.id, 50_000)
    closed = await opened(site, ann)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", closed.code)

    page = await look(site.viewer(ann), "/")
    own = await look(site.viewer(ann), "/rooms")

    going_on = {
        "You are invited": [invited.code],
        "On now": [live.code],
        "Coming up": [sooner.code, later.code],
        "Continue": [paused.code, untouched.code],
    }
    assert groups(page) == going_on
    assert groups(own) == {**going_on, "Ended": [closed.code]}
    assert "Bob invites you" in page.text
    assert "Inside now: Ann, Bob" in page.text
    assert "0:50 / 1:40" in page.text
    (progress,) = page.all("progress")
    assert (progress.attributes["value"], progress.attributes["max"]) == ("50", "100")


async def test_an_invitation_is_answered_where_it_is_seen(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    await site.cinema.befriend(ann, bob)
    room = await opened(site, bob, starts_at=in_days(1), guests=Guests(users=(ann.id,)))
    viewer = site.viewer(ann)
    page = await look(viewer, "/")
    (form,) = [one for one in page.all("form") if one.attributes["action"].startswith("/invitations/")]
    assert counts(page) == ["1"]

    async def answers(given: str) -> Page:
        sent = {"answer": given, "back": "/rooms"}
        told = await viewer.raw("POST", form.attributes["action"], data=sent, allow_redirects=False)
        assert (told.status, told.headers["Location"]) == (303, "/rooms")
        return await look(viewer, "/rooms")

    declined = await answers("declined")
    assert groups(declined) == {"You are not coming": [room.code]}
    assert groups(await look(viewer, "/")) == {}
    accepted = await answers("accepted")
    assert groups(accepted) == {"Coming up": [room.code]}
    assert counts(accepted) == []


async def test_nobody_answers_for_others_or_leads_elsewhere(site: RunningSite) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    await site.cinema.befriend(ann, bob)
    await opened(site, bob, guests=Guests(users=(ann.id,)))
    invitation_id = await site.cinema.value("SELECT id FROM invitations")
    path = f"/invitations/{invitation_id}"

    others = await site.viewer(eve).raw("POST", path, data={"answer": "accepted"})
    elsewhere = await site.viewer(ann).raw(
        "POST", path, data={"answer": "accepted", "back": "//evil.example/"}, allow_redirects=False
    )
    foreign = await site.viewer(ann).raw(
        "POST", path, data={"answer": "declined"}, headers={"Origin": "http://evil.example"}
    )

    assert others.status == 404
    assert (elsewhere.status, elsewhere.headers["Location"]) == (303, "/")
    assert foreign.status == 403
    assert await site.cinema.value("SELECT answer FROM invitations") == "accepted"


async def test_the_navigation_counts_only_what_waits(site: RunningSite) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    await site.cinema.befriend(ann, bob)
    await friends.ask(site.cinema.db, eve.id, ann.id)
    await friends.ask(site.cinema.db, ann.id, (await site.cinema.person("Zed")).id)
    shut = await opened(site, bob, guests=Guests(users=(ann.id,)))
    await rooms.close(site.cinema.db, site.app[SITE], bob.id, "en", shut.code)
    past = await opened(site, bob, guests=Guests(users=(ann.id,)))
    banned = await opened(site, bob, guests=Guests(users=(ann.id,)))
    await opened(site, bob, guests=Guests(users=(ann.id,)))
    await site.cinema.rows(
        "UPDATE rooms SET starts_at = now() - interval '1 day' WHERE id = :id RETURNING id", id=str(past.id)
    )
    await site.cinema.rows(
        "INSERT INTO bans (room_id, user_id) VALUES (:room_id, :user_id) RETURNING user_id",
        room_id=str(banned.id),
        user_id=str(ann.id),
    )

    page = await look(site.viewer(ann), "/friends")

    assert counts(page) == ["1", "1"]
    assert "1 friend request" in page.text
    assert "1 invitation" in page.text
    assert banned.code not in str(groups(await look(site.viewer(ann), "/rooms")))
    assert counts(await look(site.viewer(bob), "/friends")) == []


async def test_home_asks_as_little_however_much_goes_on(site: RunningSite, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    await site.cinema.befriend(ann, bob)
    viewer, asked = site.viewer(ann), []
    execute = Connection._execute

    async def counted(self: Connection, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return await execute(self, sql, *rest)

    monkeypatch.setattr(Connection, "_execute", counted)

    async def home() -> int:
        numbers = []
        for _ in range(3):  # the service asks by itself too, now and then
            asked.clear()
            await look(viewer, "/")
            numbers.append(len([sql for sql in asked if "SELECT" in sql]))
        return min(numbers)

    one = await opened(site, bob, guests=Guests(users=(ann.id,)))
    await comes(site, one.id, bob)
    before = await home()
    for _ in range(5):
        room = await opened(site, bob, guests=Guests(users=(ann.id,)))
        await comes(site, room.id, bob)
        await opened(site, ann, starts_at=in_days(1))

    assert await home() <= before <= 9


async def test_a_planned_screening_goes_into_a_calendar(site: RunningSite) -> None:
    ann, eve = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Eve")
    starts_at = in_days(2)
    room = await opened(site, ann, access="invited", starts_at=starts_at, title="Film, night; with Bob")

    told = await site.viewer(ann).raw("GET", f"/rooms/{room.code}/calendar")
    strangers = await site.viewer(eve).raw("GET", f"/rooms/{room.code}/calendar")

    calendar = Calendar.from_ical(told.body)
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    assert told.headers["Content-Type"].startswith("text/calendar")
    assert event.start == starts_at
    assert event.end - event.start == timedelta(milliseconds=100_000)
    assert str(event["summary"]) == "Watch together: Film, night; with Bob"
    assert event["url"] == room.link
    assert strangers.status == 404
    assert (await site.viewer(ann).raw("GET", f"/rooms/{(await opened(site, ann)).code}/calendar")).status == 404


async def test_films_are_sorted_and_of_one_genre(site: RunningSite) -> None:
    old = await site.cinema.film("Beta", title_ru="Бета", year=1990, age_rating="16+")
    new = await site.cinema.film("Alpha", title_ru="Эй", year=2020)
    dateless = await site.cinema.film("Gamma", title_ru="Гамма", year=None)
    for film_id, genres in ((old, '["drama"]'), (new, '["comedy", "drama"]')):
        put = "UPDATE films SET genres = CAST(:genres AS jsonb) WHERE id = :id RETURNING id"
        await site.cinema.rows(put, genres=genres, id=str(film_id))
    viewer = site.viewer(await site.cinema.person("Ann", locale="en"))

    async def films(query: str) -> list[str]:
        page = await look(viewer, f"/?{query}")
        return [link.rpartition("/")[2] for link in page.links if link.startswith("/films/")]

    assert await films("order=catalogue") == [str(old), str(new), str(dateless)]
    assert await films("order=newest") == [str(new), str(old), str(dateless)]
    assert await films("order=title") == [str(new), str(old), str(dateless)]
    assert await films("order=title&lang=ru") == [str(old), str(dateless), str(new)]
    assert await films("genre=comedy") == [str(new)]
    assert await films("genre=drama&order=newest") == [str(new), str(old)]
    page = await look(viewer, "/?genre=western")
    assert "There are no films of this genre: western." in page.text
    assert [one.text for one in page.all("option")][:3] == ["All genres", "drama", "comedy"]
    assert "1990 · 2 min · 16+" in (await look(viewer, "/")).text


async def test_a_sorted_list_goes_on_from_where_it_ended(site: RunningSite) -> None:
    titles = [f"Film {number:02}" for number in range(26)]
    for number, title in enumerate(reversed(titles)):
        await site.cinema.film(title, title_ru=title, year=1990 + number // 13)
    viewer = site.viewer(await site.cinema.person("Ann", locale="en"))

    for order, expected in (("title", titles), ("newest", titles[12::-1] + titles[:12:-1])):
        page = await look(viewer, f"/?order={order}&q=film")
        shown = [one.text for one in page.all("h2")]
        more = await look(viewer, page.one("a", data_more="films-list").attributes["href"])
        shown += [one.text for one in more.all("h2")]
        assert shown == expected, order
    assert (await look(viewer, "/?order=title&cursor=WzFd")).status == 400
