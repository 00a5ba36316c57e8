"""What makes the site an app, and what robots may read."""

from __future__ import annotations

import json
import struct

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
