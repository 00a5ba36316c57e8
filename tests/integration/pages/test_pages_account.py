"""One's account: what is chosen there counts everywhere, and what is ended there is over."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api_service.pages import account
from api_service.usecases import friends, people
from api_service.usecases.invitations import Guests
from api_service.usecases.people import User
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import Answer, RunningSite, Viewer, in_days
from tests.support.pages_browser import look


async def does(viewer: Viewer, do: str, **form: str) -> Answer:
    """Send a form of the page."""
    return await viewer.raw("POST", "/account", data={"do": do, **form}, allow_redirects=False)


async def matches(viewer: Viewer, film_id: UUID) -> list[str]:
    told = await viewer.get(f"/films/{film_id}/matches")
    return [person["name"] for person in told.body["items"]]


async def test_a_chosen_language_counts_on_pages_and_in_mails(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="ru"), await site.cinema.person("Bob")
    await site.cinema.befriend(ann, bob)
    viewer = site.viewer(ann)
    assert (await look(viewer, "/account")).one("html").attributes["lang"] == "ru"

    told = await does(viewer, "language", language="en")
    await site.cinema.person("Ann", locale="ru")  # signs in again, and the auth service says what it said before
    await opened(site, bob, guests=Guests(users=(ann.id,)))

    assert (told.status, told.headers["Location"]) == (303, "/account")
    assert "lang=en" in told.headers["Set-Cookie"]
    assert (await look(viewer, "/account", language="ru")).one("html").attributes["lang"] == "en"
    asked = "SELECT data -> 'invitee' ->> 'locale' FROM outbox WHERE type = 'invitation.created.v1'"
    assert await site.cinema.value(asked) == "en"
    assert (await viewer.get("/me")).body["locale"] == "en"


async def test_the_language_chosen_before_signing_in_stays_unless_another_was_chosen(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="ru")

    async def locale() -> str:
        found = await people.user_by_id(site.cinema.db, ann.id)
        assert found is not None
        return found.locale

    await people.choose_locale(site.cinema.db, ann.id, "en", unless_chosen=True)
    assert await locale() == "en"
    await people.choose_locale(site.cinema.db, ann.id, "ru", unless_chosen=True)
    assert await locale() == "en"
    await people.choose_locale(site.cinema.db, ann.id, "ru")
    assert await locale() == "ru"


async def test_a_choice_of_language_is_no_news_of_the_auth_service(site: RunningSite) -> None:
    """Else every request with a token would write the account anew."""
    ann = await site.cinema.person("Ann", locale="ru")
    await people.choose_locale(site.cinema.db, ann.id, "en")
    issuer = await site.cinema.value("SELECT issuer FROM users WHERE name = 'Ann'")

    found = await people.account(site.cinema.db, issuer, "Ann")

    assert found is not None
    assert found.user.locale == "en"
    assert not found.lacks(people.Profile(issuer, "Ann", "Ann", "ann@example.com", "ru"))
    assert found.lacks(people.Profile(issuer, "Ann", "Ann", "ann@example.com", "en"))


async def test_a_theme_stays_in_the_browser(site: RunningSite) -> None:
    viewer = site.viewer(await site.cinema.person("Ann", locale="en"))

    async def light(cookie: str) -> tuple[Any, str]:
        own = {"Cookie": f"theme={cookie}"} if cookie else {}
        page = await look(site.viewer(), "/", **own)
        linked = [one.attributes for one in page.all("link") if one.attributes["href"].endswith("/light.css")]
        return linked and linked[0].get("media"), page.one("meta", name="color-scheme").attributes["content"]

    told = await does(viewer, "theme", theme="light")

    assert re.search(r"theme=light;.*SameSite=Lax", told.headers["Set-Cookie"])
    assert await light("light") == (None, "light")
    assert await light("dark") == ([], "dark")
    assert await light("") == await light("; x=1") == ("(prefers-color-scheme: light)", "dark light")
    assert (await does(viewer, "theme", theme="pink")).status == 422


async def test_a_hidden_list_matches_nobody(site: RunningSite) -> None:
    ann, bob, carl = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Carl")]
    await site.cinema.befriend(ann, bob, carl)
    film_id = await site.cinema.film()
    await site.cinema.want(film_id, bob, carl)
    viewer = site.viewer(ann)
    assert await matches(viewer, film_id) == ["Bob", "Carl"]

    await does(site.viewer(bob), "list", list="nobody")

    assert await matches(viewer, film_id) == ["Carl"]
    assert (await viewer.get(f"/films/{film_id}")).body["matches_count"] == 1
    ((match),) = (await viewer.get("/me/matches")).body["items"]
    assert (match["friends_count"], [one["name"] for one in match["friends"]]) == (1, ["Carl"])
    order = {"film_id": str(film_id), "invite": {"matches": True}}
    room = (await viewer.post("/rooms", json=order)).body
    assert [one["invitee"]["name"] for one in room["invitations"]] == ["Carl"]
    assert room["left_out"] == []
    assert await matches(site.viewer(bob), film_id) == []
    await does(site.viewer(bob), "list", list="friends")
    assert await matches(viewer, film_id) == ["Bob", "Carl"]


async def test_whoever_is_blocked_neither_finds_nor_asks_nor_invites(site: RunningSite) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    await site.cinema.befriend(ann, bob)
    await friends.ask(site.cinema.db, eve.id, ann.id)
    await opened(site, bob, starts_at=in_days(1), guests=Guests(users=(ann.id,)))
    viewer, blocked = site.viewer(ann), site.viewer(bob)

    told = await viewer.raw("POST", f"/friends/{eve.id}", data={"do": "block", "back": "/friends"})
    await does(viewer, "block", person=str(bob.id))

    assert told.status == 200
    page = await look(viewer, "/friends")
    assert page.all("li", class_="row") == []
    assert page.all("span", class_="count") == []
    assert (await blocked.get("/people?email=ann@example.com")).body["items"] == []
    assert (await blocked.put(f"/me/friends/{ann.id}")).code == "person_not_found"
    assert (await viewer.put(f"/me/friends/{bob.id}")).code == "person_not_found"
    film_id = str(await site.cinema.film())
    refused = await blocked.post("/rooms", json={"film_id": film_id, "invite": {"users": [str(ann.id)]}})
    assert refused.code == "not_friends"
    assert "Bob" in (await look(viewer, "/account")).text
    await does(viewer, "unblock", person=str(bob.id))
    assert (await blocked.put(f"/me/friends/{ann.id}")).body["status"] == "outgoing"
    assert (await does(viewer, "block", person=str(ann.id))).status == 404


async def session(site: RunningSite, person: User) -> UUID:
    """Begin another session of somebody's."""
    begun = uuid7()
    await site.cinema.rows(
        "INSERT INTO sessions (id, user_id, by_token, expires_at)"
        " VALUES (:id, :user_id, false, now() + interval '1 day') RETURNING id",
        id=str(begun),
        user_id=str(person.id),
    )
    return begun


async def test_sessions_are_shown_and_ended(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob")
    other, third, foreign = await session(site, ann), await session(site, ann), await session(site, bob)
    viewer = site.viewer(ann)
    standing = "SELECT count(*) FROM sessions WHERE ended_at IS NULL"
    page = await look(viewer, "/account")
    assert page.text.count("Another browser") == 2
    assert page.text.count("This browser") == 1
    before = await site.cinema.value(standing)

    await does(viewer, "end_session", session=str(foreign))
    assert await site.cinema.value(standing) == before
    await does(viewer, "end_session", session=str(other))
    assert await site.cinema.value(standing) == before - 1
    await does(viewer, "end_others")
    assert await site.cinema.value(standing) == before - 2
    ended = "SELECT array_agg(value ORDER BY value) FROM outbox, jsonb_array_elements_text(data -> 'sessions')"
    told = f"{ended} WHERE type = 'session.ended.v1'"
    assert await site.cinema.value(told) == sorted([str(other), str(third)])
    assert (await look(viewer, "/account")).text.count("Another browser") == 0


async def test_mails_are_ended_and_people_unmuted(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob")
    viewer = site.viewer(ann)
    await viewer.put(f"/me/muted/{bob.id}")
    first, *_ = (await look(viewer, "/account")).all("div", class_="row__name")
    assert first.text.startswith("Bob")

    await does(viewer, "mails", mails="no")
    await does(viewer, "unmute", person=str(bob.id))

    assert await site.cinema.value("SELECT email FROM unsubscribed") == "ann@example.com"
    page = await look(viewer, "/account")
    assert "No emails from" not in page.text
    (chosen,) = [one for one in page.all("input", name="mails") if "checked" in one.attributes]
    assert chosen.attributes["value"] == "no"


async def test_an_account_is_erased_by_whoever_is_sure(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    viewer = site.viewer(ann)
    anns = "SELECT count(*) FROM users WHERE name = 'Ann'"

    unsure = await does(viewer, "erase")
    assert (unsure.status, await site.cinema.value(anns)) == (422, 1)
    told = await does(viewer, "erase", sure="yes")

    assert (told.status, told.headers["Location"]) == (303, "/")
    assert await site.cinema.value(anns) == 0
    assert (await look(viewer, "/account")).status == 303
    assert (await does(viewer, "mails", mails="no")).status == 303


async def test_a_language_chosen_in_the_header_is_kept_in_the_account_and_one_of_a_foreign_link_is_not(
    site: RunningSite,
) -> None:
    ann = await site.cinema.person("Ann", locale="ru")
    viewer = site.viewer(ann)

    async def locale() -> str:
        return str((await viewer.get("/me")).body["locale"])

    here = await look(viewer, "/friends", language="ru")
    (english,) = here.all("a", hreflang="en")
    for led_here in ("cross-site", "none"):
        await look(viewer, english.attributes["href"], **{"Sec-Fetch-Site": led_here})
        assert await locale() == "ru"
    page = await look(viewer, english.attributes["href"], **{"Sec-Fetch-Site": "same-origin"})
    assert page.one("html").attributes["lang"] == "en"
    assert await locale() == "en"
    assert (await look(viewer, "/", language="ru")).one("html").attributes["lang"] == "en"


async def test_erasing_oneself_on_the_page_may_take_as_long_as_it_gets_on(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[object] = []
    monkeypatch.setattr(account, "renew_deadline", renewed.append)
    ann = await site.cinema.person("Ann")
    await opened(site, ann)

    told = await does(site.viewer(ann), "erase", sure="yes")

    assert told.status == 303
    assert renewed
