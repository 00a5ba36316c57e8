"""Rows of the feed over HTTP: results in order, one bad row spoils nothing, the newest version counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web

from api_service.api import ndjson
from api_service.usecases.feed import rows as feed_rows
from api_service.usecases.feed.rows import Feed
from tests.support.feed_fixtures import (
    NDJSON,
    FeedingProgram,
    at,
    film_row,
    friendship_row,
    person_row,
    wish_row,
)

FULL_FILM: dict[str, Any] = {
    "external_id": "tt-4711",
    "updated_at": "2026-05-01T18:30:00+02:00",
    "titles": {"de": "Papierwale", "pt-BR": "Baleias de papel"},
    "descriptions": {"de": "Leise.\nSehr leise."},
    "year": 2024,
    "duration_ms": 5_400_000,
    "poster_url": "https://img.cinema.example/p.webp",
    "backdrop_url": "https://img.cinema.example/b.webp",
    "watch_url": "https://cinema.example/watch/4711",
    "genres": ["Drama", "Meer"],
    "age_rating": "16+",
    "sources": [
        {"kind": "dash", "url": "https://cdn.cinema.example/4711.mpd", "quality": None},
        {"kind": "hls", "url": "https://cdn.cinema.example/4711.m3u8", "quality": "1080p"},
    ],
    "captions": [{"language": "de", "label": "Deutsch", "url": "https://cdn.cinema.example/de.vtt"}],
    "audio": [{"language": "de", "label": "Deutsch", "url": None}],
    "trailers": [{"url": "https://cdn.cinema.example/t.mp4", "language": None}],
    "available_from": "2020-01-01T00:00:00Z",
    "available_until": "2999-01-01T00:00:00Z",
}


async def test_a_film_shows_every_fact_that_was_fed(program: FeedingProgram) -> None:
    assert await program.feed("films", FULL_FILM) == ["created"]

    anna = program.site.viewer(await program.cinema.person("Anna", locale="en"))
    (film,) = (await anna.get("/films")).body["items"]

    same = FULL_FILM.keys() - {"updated_at", "titles", "descriptions", "available_from", "available_until"}
    assert {name: film[name] for name in same} == {name: FULL_FILM[name] for name in same}
    assert film["media_url"] == "https://cdn.cinema.example/4711.m3u8", "our page plays HLS rather than DASH"
    assert film["title"] == "Papierwale", "neither English nor Russian: the first by language"
    assert film["description"] == "Leise.\nSehr leise."
    assert film["available_until"] == "2999-01-01T00:00:00Z"


async def test_a_live_film_without_sources_can_be_watched_together(program: FeedingProgram) -> None:
    await program.feed("films", film_row("live", titles={"fr": "En direct"}))
    anna = program.site.viewer(await program.cinema.person("Anna"))
    (film,) = (await anna.get("/films")).body["items"]
    assert (film["duration_ms"], film["year"], film["media_url"], film["poster_url"]) == (None, None, None, None)

    room = await anna.post("/rooms", {"film_id": film["id"]})
    joined = await anna.post(f"/rooms/{room.body['code']}/join")
    pages = ("/", f"/films/{film['id']}", "/rooms", f"/rooms/{room.body['code']}")
    shown = [await anna.raw("GET", path, headers={"Accept": "text/html"}) for path in pages]

    assert (room.status, joined.status) == (201, 200)
    assert [page.status for page in shown] == [200] * 4
    assert all("En direct" in page.body.decode() for page in shown)


async def test_each_row_has_a_result_and_a_bad_one_spoils_nothing(program: FeedingProgram) -> None:
    answer = await program.post(
        "films",
        [
            film_row("one"),
            b"{not json",
            b"",
            film_row("two", titles={}),
            film_row("three", shoe_size=44),
            film_row("four", sources=[{"kind": "hls", "url": "javascript:alert(1)"}]),
            b'"a text"',
            film_row("five", year="2024"),
            film_row("six\0"),
            b'{"external_id": "' + b"x" * ndjson.ROW_BYTES + b'"}',
            film_row("last"),
        ],
    )

    told = [(line["line"], line["result"], (line["problem"] or {}).get("code")) for line in answer.body]
    assert told == [
        (1, "created", None),
        (2, "refused", "invalid_json"),
        *[(number, "refused", "invalid_fields") for number in (4, 5, 6, 7, 8, 9)],
        (10, "refused", "row_too_long"),
        (11, "created", None),
    ]
    fields = [line["problem"]["field"] for line in answer.body if line["problem"]]
    assert fields == [None, "titles", "shoe_size", "sources.0.url", None, "year", "external_id", None]
    assert await program.cinema.value("SELECT count(*) FROM films") == 2


async def test_a_row_that_only_the_database_refuses_stands_for_itself_alone(
    program: FeedingProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Feed.record

    def broken(feed: Feed, row: Any, n: int) -> dict[str, Any]:
        made = record(feed, row, n)
        return {**made, "year": 10**6} if row["external_id"] == "bad" else made

    monkeypatch.setattr(Feed, "record", broken)

    found = await program.feed("films", film_row("one"), film_row("bad"), film_row("two"))

    assert found == ["created", "refused", "created"]


async def test_the_newest_version_counts_whatever_the_order(program: FeedingProgram) -> None:
    newer, older = film_row("a", 2, titles={"en": "New"}), film_row("a", 1, titles={"en": "Old"})

    assert await program.feed("films", newer, older, newer) == ["created", "unchanged", "unchanged"]
    assert await program.feed("films", older) == ["unchanged"]
    assert await program.feed("films", film_row("a", 3, titles={"en": "New"})) == ["unchanged"], "nothing differs"
    assert await program.feed("films", film_row("a", 4, titles={"en": "Newest"})) == ["changed"]
    assert await program.cinema.value("SELECT title ->> 'en' FROM films") == "Newest"


async def test_what_is_deleted_goes_and_an_older_version_does_not_bring_it_back(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"), person_row("boris"))
    await program.feed("films", film_row("a"), film_row("b"))
    ties = (("friendships", friendship_row, ("anna", "boris")), ("wishes", wish_row, ("anna", "a")))
    for kind, row, key in ties:
        assert await program.feed(kind, row(*key, 2)) == ["created"]
        assert await program.feed(kind, row(*key, 1, deleted=True)) == ["unchanged"], "older than what stands"
        assert await program.feed(kind, row(*key, 3, deleted=True)) == ["changed"]
        assert await program.feed(kind, row(*key, 3, deleted=True)) == ["unchanged"]
        assert await program.feed(kind, row(*key, 3)) == ["unchanged"], "of one moment, taking back wins"
        assert await program.feed(kind, row(*key, 4)) == ["created"]
    assert await program.feed("films", {"external_id": "b", "updated_at": at(5), "deleted": True}) == ["changed"]
    assert await program.feed("films", film_row("b", 4)) == ["unchanged"]
    assert await program.feed("films", {"external_id": "never", "updated_at": at(5), "deleted": True}) == ["unchanged"]
    assert await program.feed("films", film_row("never", 4)) == ["unchanged"]

    boris = program.site.viewer(await program.cinema.person("Boris"))
    assert [film["external_id"] for film in (await boris.get("/films")).body["items"]] == ["a"]
    assert await program.feed("films", film_row("b", 6)) == ["created"]
    assert len((await boris.get("/films")).body["items"]) == 2


async def test_a_removed_person_loses_friends_and_wishes_and_is_found_by_nobody(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna", email="anna@example.com"), person_row("boris"))
    await program.feed("films", film_row("a"))
    await program.feed("friendships", friendship_row("boris", "anna"))
    await program.feed("wishes", wish_row("anna", "a"))
    boris = program.site.viewer(await program.known("boris"))
    assert [person["name"] for person in (await boris.get("/me/matches")).body["items"][0]["friends"]] == ["Anna"]

    assert await program.feed("people", {"subject": "anna", "updated_at": at(2), "deleted": True}) == ["changed"]

    assert (await boris.get("/me/matches")).body["items"] == []
    assert (await boris.get("/me/friends")).body["items"] == []
    assert (await boris.get("/people", params={"email": "anna@example.com"})).body["items"] == []
    assert (await program.send("GET", "/people/by-subject/anna")).code == "person_not_found"
    (refused,) = (await program.post("wishes", [wish_row("anna", "a", 3)])).body
    assert (refused["problem"]["code"], refused["problem"]["field"]) == ("person_not_found", "subject")


async def test_ties_name_who_and_what_is_not_known(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"))
    await program.feed("films", film_row("a"))

    friends = (await program.post("friendships", [friendship_row(*pair) for pair in ("ab", ("anna", "x"))])).body
    wishes = (await program.post("wishes", [wish_row("x", "a"), wish_row("anna", "x"), wish_row("anna", "a")])).body

    told = [(line["problem"]["code"], line["problem"]["field"]) for line in (*friends, *wishes) if line["problem"]]
    assert told == [
        ("person_not_found", "subject"),
        ("person_not_found", "friend"),
        ("person_not_found", "subject"),
        ("film_not_found", "film"),
    ]
    assert wishes[2]["result"] == "created"


async def test_nobody_is_their_own_friend(program: FeedingProgram) -> None:
    (line,) = (await program.post("friendships", [friendship_row("anna", "anna")])).body

    assert (line["problem"]["code"], line["problem"]["field"]) == ("invalid_fields", "friend")


async def test_a_version_out_of_the_future_is_refused(program: FeedingProgram) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    (line,) = (await program.post("films", [film_row("a", updated_at=ahead)])).body

    assert (line["result"], line["problem"]["field"]) == ("refused", "updated_at")


async def test_people_of_another_issuer_are_others(program: FeedingProgram) -> None:
    elsewhere = "https://elsewhere.example"
    assert await program.feed("people", person_row("anna"), person_row("anna", issuer=elsewhere)) == ["created"] * 2

    here = (await program.send("GET", "/people/by-subject/anna")).body
    there = (await program.send("GET", "/people/by-subject/anna", params={"issuer": elsewhere})).body

    assert (here["issuer"], there["issuer"]) == (program.issuer.issuer, elsewhere)
    assert here["id"] != there["id"]


async def test_what_people_do_here_themselves_is_newer_than_what_is_fed_late(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"), person_row("boris"))
    await program.feed("films", film_row("a"))
    anna, boris = [program.site.viewer(await program.known(name)) for name in ("anna", "boris")]
    (film,) = (await anna.get("/films")).body["items"]
    await program.feed("wishes", wish_row("anna", "a"))
    await program.feed("friendships", friendship_row("anna", "boris"))

    await anna.delete(f"/me/watchlist/{film['id']}")
    await anna.delete(f"/me/friends/{boris.me.id}")

    assert await program.feed("wishes", wish_row("anna", "a", 2)) == ["unchanged"]
    assert await program.feed("friendships", friendship_row("anna", "boris", 2)) == ["unchanged"]
    now = datetime.now(UTC).isoformat()
    assert await program.feed("wishes", wish_row("anna", "a", updated_at=now)) == ["created"]
    assert await program.feed("friendships", friendship_row("anna", "boris", updated_at=now)) == ["created"]


async def test_a_fed_friendship_answers_a_request_that_waits_here(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"), person_row("boris"))
    anna, boris = [program.site.viewer(await program.known(name)) for name in ("anna", "boris")]
    await anna.put(f"/me/friends/{boris.me.id}")

    assert await program.feed("friendships", friendship_row("boris", "anna")) == ["created"]

    assert [friend["status"] for friend in (await boris.get("/me/friends")).body["items"]] == ["accepted"]


async def test_a_film_comes_in_the_language_that_it_has(program: FeedingProgram) -> None:
    await program.feed("films", film_row("a", titles={"ru": "Киты", "en-GB": "Whales", "de": "Wale"}))
    await program.feed("films", film_row("b", titles={"ru": "Лес", "de": "Wald"}))
    anna = program.site.viewer(await program.cinema.person("Anna", locale="en"))

    assert [film["title"] for film in (await anna.get("/films")).body["items"]] == ["Whales", "Лес"]
    assert len((await anna.get("/films", params={"q": "wal"})).body["items"]) == 2, "searched in every language"


async def test_more_than_ten_thousand_rows_are_refused_and_those_before_were_taken(program: FeedingProgram) -> None:
    answer = await program.post("films", (film_row(str(number)) for number in range(ndjson.ROWS_MOST + 1)))

    assert (answer.status, answer.code) == (413, "too_many_rows")
    assert await program.cinema.value("SELECT count(*) FROM films") == ndjson.ROWS_MOST


async def test_rows_come_in_whatever_pieces_the_line_cuts_them(program: FeedingProgram) -> None:
    body = b"\r\n".join(orjson.dumps(film_row(f"фильм-{number}")) for number in range(20))

    async def dripping() -> Any:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    answer = await program.send("POST", "/feed/films", data=dripping(), headers={"Content-Type": NDJSON})

    assert [(line["line"], line["result"]) for line in answer.body] == [(n + 1, "created") for n in range(20)]


async def test_a_long_body_is_never_in_memory_as_a_whole(
    program: FeedingProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    real = feed_rows.apply

    async def applied(db: Any, feed: Any, rows: Any, **options: Any) -> Any:
        held.append(sum(len(str(row.values)) for row in rows))
        return await real(db, feed, rows, **options)

    monkeypatch.setattr(feed_rows, "apply", applied)
    long = {"en": "x" * 9_000}

    found = await program.feed("films", *(film_row(str(number), descriptions=long) for number in range(400)))

    assert found == ["created"] * 400
    assert len(held) > 1
    assert max(held) < 2 * ndjson.BATCH_BYTES


async def test_who_makes_progress_gets_more_time(program: FeedingProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[web.Request] = []
    monkeypatch.setattr(ndjson, "BATCH_ROWS", 2)
    monkeypatch.setattr(ndjson, "renew_deadline", renewed.append)

    await program.feed("films", *(film_row(str(number)) for number in range(7)))

    assert len(renewed) == 3


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_rows_say_what_they_are(program: FeedingProgram, kind: str) -> None:
    answer = await program.send("POST", "/feed/films", data=b"{}", headers={"Content-Type": kind})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


async def test_an_empty_body_has_no_results(program: FeedingProgram) -> None:
    assert await program.feed("films") == []
