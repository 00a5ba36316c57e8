"""What makes the site an app, and what robots may read."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from api_service.app_keys import SITE
from api_service.pages.share_target import room_in, title_in
from tests.integration.pages.conftest import opened, signs_in
from tests.support.api_fixtures import SITE as CINEMA
from tests.support.api_fixtures import RunningSite
from tests.support.pages_browser import look


async def test_the_manifest_speaks_the_pages_language_and_names_icons_that_are_there(site: RunningSite) -> None:
    page = await look(site.viewer(), "/", language="ru")
    address = page.one("link", rel="manifest").attributes["href"]
    answer = await site.viewer().raw("GET", address)
    manifest = json.loads(answer.body)

    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    assert (manifest["name"], manifest["lang"], manifest["start_url"]) == ("Кино вместе", "ru", "/")
    assert {"any", "maskable"} == {icon["purpose"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        image = await site.viewer().raw("GET", icon["src"])
        width, height = struct.unpack(">II", image.body[16:24])  # of a PNG's IHDR
        assert (image.headers["Content-Type"], f"{width}x{height}") == ("image/png", icon["sizes"])
    for shortcut in manifest["shortcuts"]:
        assert shortcut["url"] in {"/rooms", "/friends"}
    english = json.loads((await site.viewer().raw("GET", "/manifest.webmanifest?lang=en")).body)
    assert english["name"] == "Movie Together"


async def test_the_service_worker_is_asked_for_anew_and_in_charge_of_the_whole_site(site: RunningSite) -> None:
    answer = await site.viewer().raw("GET", "/service-worker.js?lang=ru")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_the_page_for_lack_of_a_connection_needs_nobody(site: RunningSite) -> None:
    page = await look(site.viewer(), "/offline?lang=en")

    assert page.status == 200
    assert page.one("h1").text == "No connection"
    assert page.one("a", class_="button button--lamp").attributes["href"] == "", "it tries the same address again"


async def test_robots_are_kept_from_what_is_a_persons_own(site: RunningSite) -> None:
    rules = (await site.viewer().raw("GET", "/robots.txt")).body.decode()

    assert "Disallow: /auth/" in rules
    assert "/rooms" not in rules, "messengers show what is behind a link"
    icon = await site.viewer().raw("GET", "/favicon.ico")
    assert icon.body[:4] == b"\x00\x00\x01\x00"


async def test_what_is_shared_to_the_app_leads_to_the_room_the_film_or_a_search(site: RunningSite) -> None:
    manifest = json.loads((await site.viewer().raw("GET", "/manifest.webmanifest")).body)["share_target"]
    assert (manifest["method"], set(manifest["params"])) == ("GET", {"title", "text", "url"})
    ann = await site.cinema.person("Ann")
    room = await opened(site, ann)  # and with it a film, The Honey Noon Express
    for title in ("Paper Whales", "Paper Boats"):
        await site.cinema.film(title, title_ru=title)
    public, sheet = site.app[SITE].public_url, f"/films/{room.film.id}#watch-together"

    async def leads(**shared: str) -> str:
        page = await look(site.viewer(ann), f"{manifest['action']}?{urlencode(shared)}")
        assert page.status == 303
        return str(page.headers["Location"])

    there = f"/rooms/{room.code}"
    assert await leads(url=room.link) == there
    assert await leads(title="Кино вместе", text=f"Приходи: {room.link}). До встречи") == there
    assert await leads(text=f"{public}/films/{room.film.id}?lang=en") == sheet
    assert await leads(title="The Honey Noon Express", text="https://cinema.example/x") == sheet
    assert await leads(text="«honey noon»\nhttps://cinema.example/x") == sheet
    assert await leads(title="paper") == "/?q=paper"
    assert await leads(text="https://elsewhere.example/rooms/" + room.code) == "/"
    assert await leads() == "/"


@pytest.mark.parametrize(
    "text", ["https://evil.example/?x={link}x", "{link}AA", "http://cinema.test.evil.example/rooms/{code}"]
)
def test_what_only_looks_like_a_rooms_link_is_none(text: str) -> None:
    code = "kK3v0S2nRzq0uVYb1m7E4g"
    assert room_in(text.format(link=f"{CINEMA.public_url}/rooms/{code}", code=code), CINEMA) is None


def test_links_of_the_cinemas_own_pages_are_known_and_titles_are_found_in_texts() -> None:
    code = "kK3v0S2nRzq0uVYb1m7E4g"
    cinemas = replace(CINEMA, room_url_template="https://cinema.example/watch/{film}?together={code}&again={code}")
    assert room_in(f"Come: {cinemas.room_link(code, 'tt-1')}.", cinemas) == code
    assert room_in(f"https://cinema.example/watch/tt-1?together={code}", CINEMA) is None
    assert title_in("https://x.example/1\n «Бумажные киты» — https://x.example/2") == "Бумажные киты"
    assert title_in("  \n https://x.example ") == ""


async def test_a_shared_film_opens_its_sheet(page: Page, site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    film_id = await site.cinema.film()
    await signs_in(page, site, ann)
    await page.goto(f"{site.url}/share?text=Paper+Whales")
    assert page.url == f"{site.url}/films/{film_id}#watch-together"
    await expect(page.locator("dialog#watch-together #open")).to_be_visible()
