"""What the API answers to what is no proper request, and what every answer carries."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from api_service.middlewares import database_faults, request_deadline
from deploy.local.free_ports import free_port
from shared.service import problem_middleware
from tests.support.api_fixtures import Answer, RunningSite, Viewer, running_site, settings_for

JSON = {"Content-Type": "application/json"}


async def anna_of(site: RunningSite) -> Viewer:
    return site.viewer(await site.cinema.person("Anna"))


async def sent(site: RunningSite, body: bytes, **headers: str) -> Answer:
    return await (await anna_of(site)).send("POST", "/rooms", data=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"film_id": }', b"\xff\xfe", b'{"film_id": NaN}', b'{"film_id": "\\ud800"}', b"[" * 100_000],
)
async def test_a_body_that_is_no_json_is_told_of(site: RunningSite, body: bytes) -> None:
    answer = await sent(site, body)

    assert answer.code in {"invalid_json", "body_too_large"}
    assert answer.status == (413 if len(body) > 64 * 1024 else 400)


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"room"'])
async def test_a_body_that_is_no_object_is_told_of(site: RunningSite, body: bytes) -> None:
    answer = await sent(site, body)

    assert (answer.status, answer.code) == (422, "invalid_fields")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_body_of_another_type_is_refused(site: RunningSite, content_type: str) -> None:
    answer = await sent(site, b"{}", **{"Content-Type": content_type})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


async def test_a_body_that_is_too_large_is_refused(site: RunningSite) -> None:
    answer = await sent(site, b'{"film_id": "' + b"x" * 70_000 + b'"}')

    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_several_wrong_fields_are_named_at_once(site: RunningSite) -> None:
    answer = await sent(site, json.dumps({"capacity": 0, "colour": "red"}).encode())

    assert answer.fields() == {"film_id", "capacity", "colour"}


async def test_a_problem_is_a_document_of_rfc_9457(site: RunningSite) -> None:
    answer = await (await anna_of(site)).get("/films/nonsense")

    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body == {
        "type": "/problems/film_not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such film: take an id from GET /api/v1/films.",
        "code": "film_not_found",
        "instance": "/api/v1/films/nonsense",
    }


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PATCH", "/rooms", 405)])
async def test_an_address_or_method_that_is_not_there_is_a_problem_too(
    site: RunningSite, method: str, path: str, status: int
) -> None:
    answer = await (await anna_of(site)).send(method, path)

    assert answer.status == status
    assert answer.code in {"not_found", "method_not_allowed"}


async def test_a_post_from_another_site_is_refused(site: RunningSite) -> None:
    anna = await anna_of(site)

    answer = await anna.raw("POST", "/api/v1/rooms", json={}, headers={"Origin": "https://evil.test"})

    assert answer.status == 403
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 0


async def test_every_answer_carries_the_security_headers(site: RunningSite) -> None:
    anna = await anna_of(site)

    for path in ("/", "/api/v1/me", "/api/v1/nowhere", "/healthz", "/nowhere"):
        headers = (await anna.raw("GET", path, headers={"Accept": "text/html"})).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Server"] == "movie-together"


async def test_answers_of_the_api_are_kept_by_no_cache(site: RunningSite) -> None:
    anna = await anna_of(site)

    assert (await anna.get("/me")).headers["Cache-Control"] == "private, no-store"
    assert (await anna.get("/films/nonsense")).headers["Cache-Control"] == "private, no-store"


async def test_a_page_lets_in_the_socket_the_provider_and_the_films_that_it_shows(site: RunningSite) -> None:
    anna = await anna_of(site)
    film_id = await site.cinema.film(media_url="https://cdn.test/f.m3u8", poster_url="https://img.test:8443/p.webp")
    await site.cinema.film(media_url="https://cdn.test; script-src *", poster_url="https://p.test; script-src *")

    async def policy(path: str) -> dict[str, str]:
        page = await anna.raw("GET", path, headers={"Accept": "text/html"})
        return dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))

    of_film = await policy(f"/films/{film_id}")
    assert of_film["media-src"] == "'self' blob: data: https://cdn.test https://img.test:8443", (
        "at once, on a new host too"
    )
    assert of_film["connect-src"] == "'self' ws://cinema.test:8081 https://cdn.test https://img.test:8443"
    assert of_film["script-src"] == "'self'"
    assert of_film["form-action"] == "'self' http://127.0.0.1:1"
    assert of_film["frame-ancestors"] == "'self'"
    assert (await policy("/"))["img-src"] == "'self' data: https://img.test:8443"
    assert (await policy("/friends"))["img-src"] == "'self' data:"


@pytest.fixture
async def slow() -> AsyncIterator[str]:
    """A server with the edge's middlewares and one handler that never ends."""

    async def never(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def timed_out(_request: web.Request) -> web.Response:
        raise TimeoutError("of something inside")

    app = web.Application(middlewares=[problem_middleware, request_deadline(0.1), database_faults])
    app.add_routes([web.get("/never", never), web.get("/inside", timed_out)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def test_a_request_past_its_deadline_is_given_up(slow: str) -> None:
    async with ClientSession() as http, http.get(f"{slow}/never") as response:
        body: dict[str, Any] = await response.json(content_type=None)

    assert (response.status, body["code"]) == (503, "deadline_exceeded")
    assert response.headers["Retry-After"] == "1"


async def test_a_timeout_inside_a_handler_is_not_the_deadline(slow: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        async with ClientSession() as http, http.get(f"{slow}/inside") as response:
            body: dict[str, Any] = await response.json(content_type=None)

    assert (response.status, body["code"]) == (500, "internal_error")


async def test_films_are_sent_by_ranges_and_packages_with_cache_headers(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "demo" / "media").mkdir(parents=True)
    (tmp_path / "demo" / "media" / "film.mp4").write_bytes(bytes(range(100)))
    (tmp_path / "demo" / "secret.json").write_text("{}")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "player.js").write_text("export {};")
    settings = settings_for(database_url, port=free_port(), demo_dir=tmp_path / "demo", assets_dir=tmp_path / "assets")

    async with running_site(settings) as site:
        nobody = site.viewer()
        part = await nobody.raw("GET", "/demo/media/film.mp4", headers={"Range": "bytes=10-19"})
        beyond = await nobody.raw("GET", "/demo/media/film.mp4", headers={"Range": "bytes=500-"})
        script = await nobody.raw("GET", "/static/vendor/player.js")
        versioned = await nobody.raw("GET", "/static/vendor/player.js?v=1")
        known = await nobody.raw("GET", "/static/vendor/player.js", headers={"If-None-Match": script.headers["ETag"]})
        outside = await nobody.raw("GET", "/demo/media/%2e%2e/secret.json")
        missing = await nobody.raw("GET", "/demo/media/other.mp4")

    assert (part.status, part.body, part.headers["Content-Range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert part.headers["Content-Type"] == "video/mp4"
    assert beyond.status == 416
    assert (script.status, script.headers["Cache-Control"]) == (200, "public, no-cache")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert known.status == 304
    assert outside.status in {403, 404}
    assert missing.status == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")
