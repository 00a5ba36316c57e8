"""Pages of other origins: those of ALLOWED_ORIGINS use the API by bearer token, and nobody's cookies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_service.cors import OPEN_TO_OTHERS
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import Answer, RunningSite, running_site, session_cookie, settings_for

CINEMA = "https://cinema.test"
HASHED = "player-0123456789abcdef.js"
WIDGET = ("movie-together.js", "manifest.json", HASHED, f"{HASHED}.map", "player-1.js")
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[RunningSite]:
    """The site with one other origin allowed, and one file of each kind that such a page loads."""
    for name in ("media", "widget/v1"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("media/film.mp4", "library.js", *(f"widget/v1/{name}" for name in WIDGET)):
        (tmp_path / name).write_text("0123456789")
    settings = settings_for(
        database_url, port=free_port(), allowed_origins=(CINEMA,), assets_dir=tmp_path, demo_dir=tmp_path
    )
    async with running_site(settings) as made:
        yield made


async def ask(site: RunningSite, method: str, path: str, origin: str = CINEMA, **headers: str) -> Answer:
    return await site.viewer().raw(method, path, headers={"Origin": origin, **headers})


FOREIGN = (
    "https://evil.test",
    "https://cinema.test.evil.test",
    "http://cinema.test",
    "https://cinema.test:8443",
    "https://CINEMA.test",
    "null",
    "*",
)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/films",
        "/widget/v1/movie-together.js",
        f"/widget/v1/{HASHED}",
        "/static/widget/movie-together.js",
        "/static/vendor/library.js",
        "/demo/media/film.mp4",
        f"/captions/{32 * '0'}.vtt",
    ],
)
async def test_an_allowed_page_reads_what_it_needs_and_any_other_does_not(site: RunningSite, path: str) -> None:
    mine = await ask(site, "GET", path)
    assert mine.headers["Access-Control-Allow-Origin"] == CINEMA
    assert "Access-Control-Allow-Credentials" not in mine.headers
    assert "Origin" in mine.headers["Vary"]

    for origin in FOREIGN:
        assert "Access-Control-Allow-Origin" not in (await ask(site, "GET", path, origin)).headers
    # A cache must not keep this answer for the allowed page.
    assert "Origin" in (await ask(site, "GET", path, "https://evil.test")).headers["Vary"]


async def test_the_widgets_stable_names_are_asked_for_anew_and_hashed_ones_kept_for_good(site: RunningSite) -> None:
    kept = {name: (await ask(site, "GET", f"/widget/v1/{name}")).headers["Cache-Control"] for name in WIDGET}

    assert {name for name, value in kept.items() if "immutable" in value} == {HASHED, f"{HASHED}.map"}
    assert all("no-cache" in value for name, value in kept.items() if HASHED not in name)
    script = await ask(site, "GET", "/widget/v1/movie-together.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    missing = await ask(site, "GET", "/widget/v1/player-0123456789abcde0.js")
    assert (missing.status, "immutable" in missing.headers.get("Cache-Control", "")) == (404, False)


async def test_a_film_is_sought_in_from_another_origin(site: RunningSite) -> None:
    part = await ask(site, "GET", "/demo/media/film.mp4", Range="bytes=2-4")

    assert (part.status, part.body) == (206, b"234")
    assert part.headers["Access-Control-Allow-Origin"] == CINEMA
    assert "Content-Range" in part.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/", "/rooms", "/auth/sign-in", "/healthz", "/static/js/page.js"])
async def test_pages_and_what_is_ours_alone_are_not_open(site: RunningSite, path: str) -> None:
    assert not path.startswith(OPEN_TO_OTHERS)
    answer = await site.viewer().raw("GET", path, headers={"Origin": CINEMA}, allow_redirects=False)

    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_preflight_tells_what_may_be_sent(site: RunningSite) -> None:
    told = await ask(site, "OPTIONS", "/api/v1/rooms", **PREFLIGHT)

    assert (told.status, told.body) == (204, b"")
    assert told.headers["Access-Control-Allow-Origin"] == CINEMA
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(told.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match"} <= set(
        told.headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in told.headers


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_preflight_from_elsewhere_is_told_which_setting_it_is(site: RunningSite, origin: str) -> None:
    told = await ask(site, "OPTIONS", "/api/v1/rooms", origin, **PREFLIGHT)

    assert told.status == 403
    assert told.headers["Content-Type"].startswith("application/problem+json")
    assert b"foreign_origin" in told.body
    assert b"ALLOWED_ORIGINS" in told.body
    assert not [name for name in told.headers if name.startswith("Access-Control-Allow")]


async def test_a_refusal_is_readable_for_the_allowed_page(site: RunningSite) -> None:
    refused = await ask(site, "POST", "/api/v1/rooms/none/join", Authorization="Bearer nonsense")

    assert refused.status in {401, 503}
    assert refused.headers["Access-Control-Allow-Origin"] == CINEMA
    assert {"Retry-After", "ETag", "Location"} <= set(refused.headers["Access-Control-Expose-Headers"].split(", "))


async def test_a_cookie_changes_nothing_from_an_allowed_page_either(site: RunningSite) -> None:
    anna = await site.cinema.person("Anna")

    refused = await ask(site, "POST", "/api/v1/rooms", Cookie=session_cookie(anna.id))

    assert (refused.status, b"cross_site_request" in refused.body) == (403, True)


async def test_without_the_setting_nobody_else_gets_in(database_url: str) -> None:
    async with running_site(settings_for(database_url, port=free_port())) as closed:
        assert "Access-Control-Allow-Origin" not in (await ask(closed, "GET", "/api/v1/films")).headers
        assert (await ask(closed, "OPTIONS", "/api/v1/rooms", **PREFLIGHT)).status == 403
