"""How the pages' bundles and the pages themselves travel: compressed, kept for a year, and telling no secrets."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import pytest

from deploy.local import bootstrap
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import RunningSite, running_site, session_cookie, settings_for
from tests.support.pages_browser import Page, look


@pytest.fixture
async def bundled(database_url: str) -> AsyncIterator[RunningSite]:
    """The site with what `make setup` has bundled."""
    bootstrap.bundle_pages()
    async with running_site(settings_for(database_url, port=free_port(), assets_dir=bootstrap.ASSETS)) as made:
        yield made


def addresses(page: Page) -> set[str]:
    return set(re.findall(r'(?:href|src)="(/static/pages/[^"#]+)', page.html))


async def test_a_bundle_is_kept_for_a_year_and_comes_as_the_browser_takes_it(bundled: RunningSite) -> None:
    page = await look(bundled.viewer(), "/")
    files = addresses(page)
    assert {file.rpartition("/")[2].partition("-")[0] for file in files} >= {"page", "site", "films", "early"}
    assert [one for one in page.all("link", rel="stylesheet") if one.attributes["href"] not in files] == []

    (style,) = (file for file in files if "/site-" in file)
    sizes = {}
    for taken, sent in (("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("identity", None)):
        async with bundled.http.get(
            f"{bundled.url}{style}", headers={"Accept-Encoding": taken}, auto_decompress=False
        ) as answer:
            assert answer.status == 200
            assert answer.headers.get("Content-Encoding") == sent
            assert answer.headers["Content-Type"].startswith("text/css")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Accept-Encoding"
            sizes[sent] = len(await answer.read())
    assert sizes["br"] < sizes["gzip"] < sizes[None] / 2


async def test_a_library_that_is_compressed_still_says_that_it_depends_on_the_origin(bundled: RunningSite) -> None:
    library = f"{bundled.url}/static/vendor/hls.js/hls.min.mjs"

    async with bundled.http.get(library, headers={"Accept-Encoding": "br"}, auto_decompress=False) as answer:
        assert answer.headers["Content-Encoding"] == "br"
        assert answer.headers["Vary"] == "Accept-Encoding, Origin"


async def test_without_bundles_the_sources_are_loaded(site: RunningSite) -> None:
    page = await look(site.viewer(await site.cinema.person("Ann")), "/friends")

    assert {script.attributes["src"] for script in page.all("script") if "src" in script.attributes} == {
        "/static/js/early.js",
        "/static/js/page.js",
        "/static/js/friends.js",
        "/static/js/in-place.js",
    }
    for address in ("/static/css/site.css", "/static/css/people.css"):
        assert len(page.all("link", rel="stylesheet", href=address)) == 1
        assert (await site.viewer().raw("GET", address)).headers["Cache-Control"] == "public, no-cache"


async def test_a_page_is_compressed_unless_another_site_leads_somebody_signed_in_to_it(site: RunningSite) -> None:
    cookie = {"Cookie": session_cookie((await site.cinema.person("Ann")).id)}
    for headers, compressed in (
        ({**cookie, "Sec-Fetch-Site": "none"}, True),
        ({**cookie, "Sec-Fetch-Site": "same-origin"}, True),
        ({**cookie, "Sec-Fetch-Site": "cross-site"}, False),
        ({**cookie, "Sec-Fetch-Site": "same-site"}, False),
        (cookie, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
    ):
        sent = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br", **headers}
        async with site.http.get(f"{site.url}/?q=whales", headers=sent, auto_decompress=False) as answer:
            body = await answer.read()
        assert answer.status == 200
        assert answer.headers.get("Content-Encoding") == ("gzip" if compressed else None), headers
        assert b"whales" in (gzip.decompress(body) if compressed else body)
        assert answer.headers["Vary"] == "Accept-Encoding, Cookie, Sec-Fetch-Site"
