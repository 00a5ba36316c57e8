"""A room's link to whoever is not signed in: the page, Open Graph and oEmbed; and links with something after them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from yarl import URL

from api_service.app_keys import SITE
from api_service.usecases import rooms
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import RunningSite
from tests.support.pages_browser import look


async def test_whoever_has_a_link_sees_who_invites_to_what_and_when_before_signing_in(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    starts_at = datetime.now(UTC) + timedelta(days=1)
    room = await opened(site, ann, starts_at=starts_at)
    poster = room.film.poster_url

    page = await look(site.viewer(), f"/rooms/{room.code}")

    assert page.status == 200
    assert page.one("h1").text == "The Honey Noon Express"
    assert "Ann invites you to watch “The Honey Noon Express” together." in page.text
    assert page.one("time").attributes["datetime"] == starts_at.isoformat()
    assert page.one("img").attributes["src"] == poster
    assert page.one("a", id="enter").attributes["href"] == f"/auth/sign-in?next=%2Frooms%2F{room.code}"
    assert page.all("movie-together") == []
    metas = [one.attributes for one in page.all("meta")]
    told = {one["property"]: one["content"] for one in metas if "property" in one}
    assert told["og:title"] == "The Honey Noon Express"
    assert told["og:description"].startswith("Ann invites you to watch")
    assert str(starts_at.year) in told["og:description"]
    assert told["og:image"] == f"{site.app[SITE].public_url}/rooms/{room.code}/preview.png?lang=en"
    assert told["og:url"] == room.link


async def test_a_stranger_is_told_nothing_of_rooms_for_invited_people_and_closed_ones(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    invited, closed = await opened(site, ann, access="invited"), await opened(site, ann)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", closed.code)

    for code in (invited.code, closed.code, "kK3v0S2nRzq0uVYb1m7E4g"):
        page = await look(site.viewer(), f"/rooms/{code}")
        assert (page.status, page.headers["Location"]) == (303, f"/auth/sign-in?next=/rooms/{code}")
        assert "Ann" not in page.html


@pytest.mark.parametrize("after", ["/", ".", ",", ")", ").", "%C2%BB"])
async def test_a_link_leads_to_the_room_whatever_a_sentence_has_put_after_it(site: RunningSite, after: str) -> None:
    room = await opened(site, await site.cinema.person("Ann"))

    page = await look(site.viewer(), f"/rooms/{room.code}{after}?lang=en")

    assert (page.status, page.headers["Location"]) == (301, f"/rooms/{room.code}?lang=en")


async def test_sites_that_show_a_link_learn_what_it_is_by_oembed(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    room = await opened(site, ann)
    page = await look(site.viewer(), f"/rooms/{room.code}")
    address = URL(page.one("link", type="application/json+oembed").attributes["href"])
    public = site.app[SITE].public_url

    async def ask(**query: str) -> tuple[int, dict[str, Any]]:
        answer = await site.viewer().raw("GET", str(address.relative().update_query(query)))
        return answer.status, json.loads(answer.body)

    status, told = await ask(format="json", maxwidth="1200")
    assert status == 200
    poster = f"{public}{room.film.poster_url}"
    assert told == {
        "version": "1.0",
        "type": "link",
        "title": "Полуденный медовый",
        "author_name": "Ann",
        "provider_name": "Кино вместе",
        "provider_url": public,
        "thumbnail_url": poster,
        "thumbnail_width": 600,
        "thumbnail_height": 900,
    }
    assert "thumbnail_url" not in (await ask(maxwidth="599"))[1]
    assert (await ask(format="xml"))[0] == 501
    assert (await ask(url=f"https://elsewhere.example/rooms/{room.code}"))[0] == 404
    assert (await ask(url=f"{public}/rooms/kK3v0S2nRzq0uVYb1m7E4g"))[0] == 404


async def test_oembed_tells_no_more_than_the_page_does(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    invited, closed = await opened(site, ann, access="invited"), await opened(site, ann)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", closed.code)

    for room in (invited, closed):
        answer = await site.viewer().raw("GET", f"/oembed?url={site.app[SITE].public_url}/rooms/{room.code}")
        assert answer.status == 404
