"""Where the site is: PUBLIC_URL with a path, rooms on the cinema's own page, and frames around the room's page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from api_service.identity.cookies import PENDING_PATH, PendingSignIns
from api_service.site import Site, room_url_template
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import RunningSite, running_site, settings_for
from tests.support.pages_browser import look

FRAMING = "https://cinema.test"
TEMPLATE = "https://cinema.test/watch/{film}?together={code}"


@pytest.fixture
async def below(database_url: str) -> AsyncIterator[RunningSite]:
    """The site at a path of another one, whose proxy takes the path off; framed by the cinema, with rooms there."""
    given = settings_for(database_url, port=free_port(), frame_ancestors=(FRAMING,))
    url = f"{given.site.public_url}/kino/together"
    settings = replace(
        given,
        site=replace(given.site, public_url=url, room_url_template=TEMPLATE),
        identity=replace(given.identity, public_url=url),
    )
    async with running_site(settings) as made:
        yield made


async def test_every_address_of_a_page_is_below_the_path(below: RunningSite) -> None:
    anna = await below.cinema.person("Anna", locale="en")
    film_id = await below.cinema.film('"/films/" href="/')
    viewer = below.viewer(anna)
    code = (await viewer.post("/rooms", json={"film_id": str(film_id)})).body["code"]

    for path in ("/", f"/films/{film_id}", "/friends", "/rooms", f"/rooms/{code}", "/api/docs", "/nowhere"):
        page = await look(viewer, path)
        own = re.findall(r'(?:href|src|action|url|poster|source)="(/[^"]*)"', page.html)
        assert len(own) > 5
        assert [address for address in own if not address.startswith("/kino/together/")] == []
    assert (await look(viewer, f"/films/{film_id}")).one("h1").text == '"/films/" href="/'


async def test_redirects_and_new_things_are_below_the_path(below: RunningSite) -> None:
    to_sign_in = await look(below.viewer(), "/friends")
    anna = below.viewer(await below.cinema.person("Anna"))
    made = await anna.post("/rooms", json={"film_id": str(await below.cinema.film())})

    assert to_sign_in.headers["Location"] == "/kino/together/auth/sign-in?next=/friends"
    assert made.headers["Location"].startswith("/kino/together/api/v1/rooms/")
    document = await below.viewer().get("/openapi.json")
    assert document.body["servers"] == [{"url": "/kino/together/api/v1"}]


def test_the_cookie_of_a_sign_in_under_way_goes_to_where_the_browser_sees_the_callback() -> None:
    assert PendingSignIns(b"k" * 32, secure=True, path="/kino")._path == "/kino" + PENDING_PATH
    assert PendingSignIns(b"k" * 32, secure=True)._path == PENDING_PATH


async def test_links_of_rooms_lead_to_the_cinemas_own_page(below: RunningSite) -> None:
    anna = below.viewer(await below.cinema.person("Anna"))
    boris = await below.cinema.person("Boris")
    await below.cinema.befriend(anna.me, boris)
    film_id = await below.cinema.film()

    room = (await anna.post("/rooms", json={"film_id": str(film_id), "invite": {"users": [str(boris.id)]}})).body

    link = f"https://cinema.test/watch/{film_id}?together={room['code']}"
    assert room["link"] == link
    mailed = await below.cinema.rows("SELECT data FROM outbox WHERE type = 'invitation.created.v1'")
    assert [row.data["link"] for row in mailed] == [link]
    assert (await look(anna, f"/rooms/{room['code']}")).one("input", id="room-link").attributes["value"] == link


@pytest.mark.parametrize(
    "template",
    [
        "https://cinema.test/watch/{film}",
        "https://cinema.test/{code}/{room}",
        "https://cinema.test/{code!r}",
        "https://cinema.test/{code:>40}",
        "https://cinema.test/{code.__class__}",
        "https://cinema.test/{}",
        "https://cinema.test/{code",
        "https://{code}.cinema.test/",
        "cinema.test/{code}",
        "javascript:alert('{code}')",
    ],
)
def test_a_template_that_makes_no_address_of_every_room_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"must|brace"):
        room_url_template(template)


def test_what_a_link_is_made_of_is_encoded() -> None:
    site = Site("https://together.test", "wss://together.test", 64, b"", room_url_template=room_url_template(TEMPLATE))

    assert site.room_link("a-b_c", "фильм/1?x&y") == (
        "https://cinema.test/watch/%D1%84%D0%B8%D0%BB%D1%8C%D0%BC%2F1%3Fx%26y?together=a-b_c"
    )
    plain = Site("https://together.test", "wss://together.test", 64, b"", room_url_template=room_url_template(""))
    assert plain.room_link("c", "f") == ("https://together.test/rooms/c")


async def test_only_a_rooms_page_may_be_framed_and_only_by_the_cinema(below: RunningSite) -> None:
    anna = below.viewer(await below.cinema.person("Anna"))
    room = (await anna.post("/rooms", json={"film_id": str(await below.cinema.film())})).body

    async def ancestors(path: str) -> str:
        policy = (await look(anna, path)).headers["Content-Security-Policy"]
        return str(dict(part.split(" ", 1) for part in policy.split("; "))["frame-ancestors"])

    assert await ancestors(f"/rooms/{room['code']}") == f"'self' {FRAMING}"
    for path in ("/", "/friends", "/rooms"):
        assert await ancestors(path) == "'self'"
    page = await look(anna, f"/rooms/{room['code']}")
    assert page.one("div", id="hall").attributes["data-embedders"] == FRAMING
