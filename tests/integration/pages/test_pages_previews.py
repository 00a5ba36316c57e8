"""The picture that messengers show of a room's link: what it is, what it tells apart, and what it never tells."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image
from yarl import URL

from api_service.app_keys import SITE
from api_service.pages.preview_picture import BOLD, REGULAR, Told, draw
from api_service.pages.previews import Previews
from api_service.posters import MOST_BYTES, Posters
from api_service.settings import FONTS_DIR
from api_service.usecases import rooms
from api_service.usecases.rooms import RoomOrder
from deploy.local.free_ports import free_port
from deploy.local.services import DEMO
from shared.service import Problem
from tests.integration.pages.conftest import opened
from tests.support.api_fixtures import RunningSite, running_site, settings_for
from tests.support.pages_browser import look

TOLD = Told("Movie Together", "Paper Whales", "The room is open now.", "Ann invites you to watch together", "A", 1)


@asynccontextmanager
async def poster_host(**answers: Any) -> AsyncIterator[str]:
    """Serve posters by name, each a handler, at an address of its own."""
    app = web.Application()
    for name, handler in answers.items():
        app.router.add_get(f"/{name}", handler)
    runner, port = web.AppRunner(app, handler_cancellation=True), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def picture_of(colour: str, size: tuple[int, int] = (400, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def at_poster(png: bytes) -> tuple[int, ...]:
    """Return the colour in the middle of where the poster is."""
    pixel = Image.open(io.BytesIO(png)).convert("RGB").getpixel((230, 315))
    assert isinstance(pixel, tuple)
    return tuple(int(part) for part in pixel)


async def test_a_link_has_a_picture_of_its_own_that_its_page_names(site: RunningSite) -> None:
    ann, bob = await site.cinema.person("Ann"), await site.cinema.person("Боб")
    mine = await opened(site, ann)
    his = await opened(site, bob, starts_at=datetime.now(UTC) + timedelta(days=1))
    viewer, pictures = site.viewer(), set()
    for room, owner in ((mine, "Ann"), (his, "Боб")):
        metas = [one.attributes for one in (await look(viewer, f"/rooms/{room.code}")).all("meta")]
        told = {one["property"]: one["content"] for one in metas if "property" in one}
        assert (told["og:image:width"], told["og:image:height"], told["og:image:type"]) == ("1200", "630", "image/png")
        assert told["og:image:alt"].startswith(owner)
        address = URL(told["og:image"])
        assert str(address.origin()) + address.path == f"{site.app[SITE].public_url}/rooms/{room.code}/preview.png"
        answer = await viewer.raw("GET", str(address.relative()))
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert "public" in answer.headers["Cache-Control"]
        assert Image.open(io.BytesIO(answer.body)).size == (1200, 630)
        known = {"If-None-Match": answer.headers["ETag"]}
        again = await viewer.raw("GET", str(address.relative()), headers=known)
        assert (again.status, again.body) == (304, b"")
        in_russian = await viewer.raw("GET", f"{address.path}?lang=ru")
        pictures |= {answer.body, in_russian.body}
    assert len(pictures) == 4


async def test_no_picture_tells_of_a_room_for_invited_people_or_a_closed_one(site: RunningSite) -> None:
    ann = await site.cinema.person("Ann")
    invited, closed = await opened(site, ann, access="invited"), await opened(site, ann)
    await rooms.close(site.cinema.db, site.app[SITE], ann.id, "en", closed.code)
    codes = (invited.code, closed.code, "kK3v0S2nRzq0uVYb1m7E4g")
    for viewer in (site.viewer(), site.viewer(ann)):
        answers = [await viewer.raw("GET", f"/rooms/{code}/preview.png") for code in codes]
        assert [answer.status for answer in answers] == [404] * 3
        told = {answer.body.replace(code.encode(), b"") for answer, code in zip(answers, codes, strict=True)}
        assert len(told) == 1, "what is not to be known looks like what is not there"


async def test_posters_come_from_the_cinemas_hosts_alone(database_url: str) -> None:
    """Whatever address was fed: another host is not asked, and one that redirects is not followed."""
    asked: list[str] = []

    async def red(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=picture_of("red"), content_type="image/png")

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{elsewhere}/red")

    async with poster_host(red=red) as elsewhere, poster_host(red=red, away=away) as ours:
        settings = replace(settings_for(database_url, port=free_port()), film_origins=(ours,))
        async with running_site(settings) as site:
            ann = await site.cinema.person("Ann")

            async def seen(poster: str) -> tuple[int, ...]:
                film_id = await site.cinema.film(poster_url=poster)
                room = await rooms.open_room(site.cinema.db, site.app[SITE], ann, RoomOrder(film_id=film_id), "en")
                answer = await site.viewer().raw("GET", f"/rooms/{room.code}/preview.png")
                assert answer.status == 200
                return at_poster(answer.body)

            assert await seen(f"{ours}/red") == (255, 0, 0)
            assert asked == ["/red"]
            for address in (f"{elsewhere}/red", f"{ours}/away", "/demo/media/../secrets.webp"):
                red_part, *_ = await seen(address)
                assert red_part < 100
            assert asked == ["/red"]


async def test_what_is_no_poster_within_bounds_is_left_out() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        for _ in range(MOST_BYTES // 2**16 + 2):
            await response.write(b"\0" * 2**16)
        return response

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<svg/>", content_type="text/html")

    async def silent(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def small(_request: web.Request) -> web.Response:
        return web.Response(body=picture_of("blue"), content_type="image/png")

    async with poster_host(endless=endless, page=page, silent=silent, small=small) as host:
        posters = Posters(None, [host], deadline_s=0.5)
        await posters.start()
        try:
            assert await posters.poster(f"{host}/small") == picture_of("blue")
            for name in ("endless", "page", "silent", "missing"):
                assert await posters.poster(f"{host}/{name}") is None
        finally:
            await posters.close()


def test_a_poster_is_drawn_and_what_cannot_be_read_is_not() -> None:
    without = draw(TOLD, None, FONTS_DIR)
    assert at_poster(draw(TOLD, picture_of("blue"), FONTS_DIR)) == (0, 0, 255)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    for poster in (b"", b"no picture", picture_of("blue")[:60], bomb.getvalue()):
        assert draw(TOLD, poster, FONTS_DIR) == without


def test_long_texts_stay_within_the_picture_and_cyrillic_letters_are_drawn() -> None:
    long = replace(TOLD, title="Очень длинное название фильма " * 6 + "и" * 200, invites="И" * 300)
    picture = Image.open(io.BytesIO(draw(long, picture_of("blue"), FONTS_DIR))).convert("L")
    edge = picture.crop((1200 - 40, 0, 1200, 630)).getextrema()
    assert isinstance(edge[1], int)
    assert edge[1] < 120  # no letter comes near it
    # A font without the letters draws the same box for each.
    assert draw(replace(TOLD, title="Ж"), None, FONTS_DIR) != draw(replace(TOLD, title="Щ"), None, FONTS_DIR)


async def test_so_many_wait_for_a_picture_and_the_rest_is_told_to_come_later() -> None:
    drawing = Previews(FONTS_DIR, Posters(DEMO, ()), most_waiting=3)
    asked = (drawing.picture(str(n), replace(TOLD, title=str(n)), None) for n in range(6))
    came = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in came) == ["Problem"] * 3 + ["bytes"] * 3
    assert {one.code for one in came if isinstance(one, Problem)} == {"limit_reached"}
    first = next(one for one in came if isinstance(one, bytes))
    assert await drawing.picture(str(came.index(first)), TOLD, None) is first  # kept


@pytest.mark.parametrize("missing", [REGULAR, BOLD])
async def test_without_fonts_a_link_shows_the_poster_itself(database_url: str, tmp_path: Path, missing: str) -> None:
    for name in {REGULAR, BOLD} - {missing}:
        shutil.copy(FONTS_DIR / name, tmp_path / name)
    async with running_site(replace(settings_for(database_url, port=free_port()), fonts_dir=tmp_path)) as site:
        room = await opened(site, await site.cinema.person("Ann"))
        page = await look(site.viewer(), f"/rooms/{room.code}")
        assert page.one("meta", property="og:image").attributes["content"].endswith("/demo/media/film.webp")
        assert (await site.viewer().raw("GET", f"/rooms/{room.code}/preview.png")).status == 404
