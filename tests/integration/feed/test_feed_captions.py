"""Captions that are fed as files: taken in any encoding, served to everybody, named by films."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from api_service import housekeeping
from api_service.api.captions import FILE_BYTES
from tests.support.feed_fixtures import FeedingProgram, film_row

FILE = Path(__file__).parents[3] / "docs" / "examples" / "feed" / "tt-4711.ru.srt"
AS_IT_IS = {"Content-Type": "application/octet-stream"}


async def test_russian_captions_in_cp1251_are_served_as_webvtt_and_named_by_a_film(program: FeedingProgram) -> None:
    taken = await program.send("POST", "/feed/captions", data=FILE.read_bytes(), headers=AS_IT_IS)

    assert taken.status == 201
    assert {**taken.body, "url": None} == {"url": None, "format": "srt", "encoding": "cp1251", "cues": 3}
    url = taken.body["url"]
    captions = [{"language": "ru", "label": "Русские", "url": url}]
    assert await program.feed("films", film_row("a", captions=captions)) == ["created"]
    anna = program.site.viewer(await program.cinema.person("Anna"))
    assert (await anna.get("/films")).body["items"][0]["captions"] == captions

    async with program.http.get(url) as served:
        text = await served.text("utf-8")
        assert served.headers["Content-Type"] == "text/vtt; charset=utf-8"
        assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert text.startswith("WEBVTT\n")
    assert "Бумажные киты плывут над городом." in text

    again = FILE.read_bytes().decode("cp1251").encode("utf-8")
    headers = {"Content-Type": "application/x-subrip; charset=utf-8"}
    assert (await program.send("POST", "/feed/captions", data=again, headers=headers)).body["url"] == url


@pytest.mark.parametrize(
    ("data", "kind", "status", "told"),
    [
        (b"no captions", "text/plain", 422, "file"),
        (FILE.read_bytes(), "text/plain; charset=utf-8", 422, "charset"),
        (FILE.read_bytes(), "application/json", 415, "application/x-subrip"),
        (b"a" * (FILE_BYTES + 1), "text/plain", 413, "1 MiB"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_told_why(
    program: FeedingProgram, data: bytes, kind: str, status: int, told: str
) -> None:
    refused = await program.send("POST", "/feed/captions", data=BytesIO(data), headers={"Content-Type": kind})

    assert refused.status == status
    if status == 422:
        (error,) = refused.body["errors"]
        assert error["field"] == told
        assert ": " in error["message"], "what is wrong, then what to do"
    else:
        assert told in refused.body["detail"]


async def test_captions_that_no_film_names_are_deleted_after_a_week(program: FeedingProgram) -> None:
    urls = []
    for text in ("named", "old", "young"):
        file = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode()
        urls.append((await program.send("POST", "/feed/captions", data=file, headers=AS_IT_IS)).body["url"])
    await program.feed("films", film_row("a", captions=[{"language": "en", "label": "English", "url": urls[0]}]))
    await program.cinema.rows(
        "UPDATE caption_files SET fed_at = now() - interval '8 days' WHERE webvtt NOT LIKE '%young%' RETURNING id"
    )

    await housekeeping.purge(program.cinema.db)

    statuses = []
    for url in urls:
        async with program.http.get(url) as served:
            statuses.append(served.status)
    assert statuses == [200, 404, 200]
