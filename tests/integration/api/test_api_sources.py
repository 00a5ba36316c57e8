"""Where a film plays: the address that the cinema gives each viewer and visit, or the film's own."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from api_service.cinema_hook import HookSettings
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import ISSUER, Answer, RunningSite, Viewer, in_days, running_site, settings_for, utc
from tests.support.cinema_hook import KEY, Hook
from tests.support.pages_browser import look

EXPIRES: Final = utc(in_days(1))


@pytest.fixture
async def asking_site(database_url: str, hook: Hook) -> AsyncIterator[RunningSite]:
    """A site whose cinema has an address for each viewer."""
    hooked = HookSettings(hook.url, KEY)
    async with running_site(settings_for(database_url, port=free_port(), source_hook=hooked)) as made:
        yield made


async def in_a_room(site: RunningSite, *, locale: str = "en", **film: Any) -> tuple[Viewer, dict[str, Any]]:
    """Return somebody with the room that they have opened for a film of the cinema's."""
    anna = site.viewer(await site.cinema.person("Anna", locale=locale))
    film_id = await site.cinema.film(external_id="tt-1", **film)
    return anna, (await anna.post("/rooms", json={"film_id": str(film_id), "access": "invited"})).body


async def source_of(viewer: Viewer, room: dict[str, Any], **params: str) -> Answer:
    return await viewer.get(f"/films/{room['film']['id']}/source", params=params or {"room": room["code"]})


async def test_the_cinema_gives_each_viewer_and_visit_an_address(asking_site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(asking_site)
    given = []
    for token in ("1", "2"):
        hook.answers({"url": f"https://cdn.test/f?token={token}", "type": "video/mp4", "expires": EXPIRES})
        given.append((await source_of(anna, room)).body)
    hook.answers({"url": "https://cdn.test/f.mp4"})

    alone = await anna.get(f"/films/{room['film']['id']}/source")

    assert given == [
        {"url": f"https://cdn.test/f?token={token}", "type": "video/mp4", "expires": EXPIRES} for token in ("1", "2")
    ]
    assert alone.body == {"url": "https://cdn.test/f.mp4", "type": None, "expires": None}
    question = {
        "person": {"issuer": ISSUER, "subject": "Anna", "locale": "en"},
        "film": {"id": room["film"]["id"], "external_id": "tt-1"},
        "room": {"code": room["code"]},
    }
    assert hook.questions == [question, question, {**question, "room": None}]
    assert all("webhook-signature" in headers for headers, _ in hook.asked)


async def test_the_cinema_may_refuse_with_a_reason(asking_site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(asking_site, locale="ru")
    hook.answers({"allowed": False, "reason": {"ru": "Не в вашей стране.", "en": "Not in your country."}})

    refused = await source_of(anna, room)

    assert (refused.status, refused.code, refused.body["detail"]) == (403, "not_entitled", "Не в вашей стране.")


async def test_what_is_no_address_is_silence(asking_site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(asking_site)
    for body, status in (
        ({"url": "https://cdn.test/f.mp4"}, 500),
        ({}, 200),
        ({"url": "ftp://cdn.test/f.mp4"}, 200),
        ({"url": "/f.mp4"}, 200),
        ({"url": "https://cdn.test/f.mp4", "expires": utc(in_days(-1))}, 200),
        ({"url": "https://cdn.test/f.mp4", "type": 5}, 200),
    ):
        hook.answers(body, status)
        answer = await source_of(anna, room)
        assert (answer.status, answer.code) == (503, "source_unavailable"), body
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_rooms_page_has_the_viewers_address_and_lets_its_host_in(asking_site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(asking_site, media_url=None)
    hook.answers({"url": "https://fresh.test/f?a=1&b=2", "type": "application/dash+xml", "expires": EXPIRES})

    page = await look(anna, f"/rooms/{room['code']}")

    film = page.one("video").attributes
    assert (film["data-source"], film["data-type"]) == ("https://fresh.test/f?a=1&b=2", "application/dash+xml")
    assert film["data-expires"].startswith(EXPIRES[:19])
    assert page.headers["Content-Security-Policy"].count(" https://fresh.test;") == 3

    hook.answers({}, 500)
    page = await look(anna, f"/rooms/{room['code']}")
    assert page.status == 200, "the script asks again"
    assert page.one("video").attributes["data-film"] == room["film"]["id"]
    assert "data-source" not in page.one("video").attributes


async def test_without_a_hook_everybody_gets_the_films_own_address(site: RunningSite) -> None:
    anna, room = await in_a_room(site, media_url="https://cdn.test/stream")
    streams = '[{"kind": "hls", "url": "https://cdn.test/stream", "quality": null}]'
    await site.cinema.rows("UPDATE films SET sources = CAST(:streams AS jsonb) RETURNING id", streams=streams)
    ours = await site.cinema.film(media_url="/demo/media/film.mp4")
    nowhere = await site.cinema.film(media_url=None)

    hls = await source_of(anna, room)

    assert hls.body == {"url": "https://cdn.test/stream", "type": "application/vnd.apple.mpegurl", "expires": None}
    assert (await anna.get(f"/films/{ours}/source")).body["url"] == f"{site.url}/demo/media/film.mp4"
    assert (await anna.get(f"/films/{nowhere}/source")).code == "no_source"
    assert (await look(anna, f"/rooms/{room['code']}")).one("video").attributes["data-type"] == hls.body["type"]


async def test_a_room_goes_on_with_a_film_that_was_taken_out_until_it_closes(site: RunningSite) -> None:
    anna, room = await in_a_room(site)
    await site.cinema.rows("UPDATE films SET removed_at = now() RETURNING id")
    another = str(await site.cinema.film())

    assert (await source_of(anna, room)).status == 200
    assert (await anna.get(f"/films/{room['film']['id']}/source")).code == "film_not_found"
    assert (await anna.get(f"/films/{another}/source", params={"room": room["code"]})).code == "film_not_found"
    await anna.delete(f"/rooms/{room['code']}")
    assert (await source_of(anna, room)).code == "room_closed"
