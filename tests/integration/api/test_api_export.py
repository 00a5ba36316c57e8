"""One's own data as a ZIP: every file, only one's own, and a page at a time."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from api_service.broker.archive import Archive
from api_service.database import Database
from api_service.usecases import blocking, export
from api_service.usecases.people import User
from tests.support.api_fixtures import Cinema, RunningSite, Viewer
from tests.support.journalled import Journal

FILES = {
    "profile",
    "mail_preferences",
    "wishes",
    "friendships",
    "blocked",
    "rooms_owned",
    "rooms_entered",
    "invitations_sent",
    "invitations_received",
    "visits",
    "messages",
    "playback",
    "asides",
    "sessions",
}


def unpacked(raw: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}


async def exported(viewer: Viewer) -> dict[str, Any]:
    answer = await viewer.raw("GET", "/api/v1/me/export")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    return unpacked(answer.body)


async def test_each_file_has_what_is_one_s_own_and_no_address_of_others(site: RunningSite) -> None:
    cinema = site.cinema
    anna, boris = await cinema.person("Anna"), await cinema.person("Boris")
    film_id = await cinema.film()
    await cinema.befriend(anna, boris)
    await cinema.want(film_id, anna, boris)
    hers, his = site.viewer(anna), site.viewer(boris)
    order = {"film_id": str(film_id), "title": "Anna's evening", "invite": {"matches": True}}
    own = (await hers.post("/rooms", order)).body
    other = (await his.post("/rooms", {"film_id": str(film_id), "invite": {"users": [str(anna.id)]}})).body
    assert (await hers.post(f"/rooms/{other['code']}/join")).status == 200
    assert (await hers.put(f"/me/muted/{boris.id}")).status == 204
    await blocking.block(site.cinema.db, anna.id, (await site.cinema.person("Carl")).id)
    journal = Journal(UUID(other["id"]))
    for event in (
        journal.came(1, anna),
        journal.said(2, anna, "hers"),
        journal.said(3, boris, "his"),
        journal.played(4, by=anna.id),
        journal.played(5, by=boris.id),
        journal.aside(6, anna, "ad"),
        journal.aside(7, boris, "away"),
        journal.aside(8, anna, None),
    ):
        await Archive(cinema.db).write(event)

    found = await exported(hers)
    assert found.keys() == FILES
    assert (found["profile"]["email"], found["profile"]["subject"]) == (anna.email, "Anna")
    assert found["mail_preferences"]["wanted"] is True
    assert [muted["inviter"] for muted in found["mail_preferences"]["muted"]] == ["Boris"]
    assert [wish["film_id"] for wish in found["wishes"]] == [str(film_id)]
    assert [(tie["name"], tie["asked_by_you"]) for tie in found["friendships"]] == [("Boris", True)]
    assert [blocked["name"] for blocked in found["blocked"]] == ["Carl"]
    assert [(room["code"], room["title"]) for room in found["rooms_owned"]] == [(own["code"], "Anna's evening")]
    entered = {(room["code"], room["role"]) for room in found["rooms_entered"]}
    assert entered == {(own["code"], "owner"), (other["code"], "viewer")}
    assert [(sent["room"], sent["invitee"]) for sent in found["invitations_sent"]] == [(own["code"], "Boris")]
    received = [(one["room"], one["inviter"], one["answer"]) for one in found["invitations_received"]]
    assert received == [(other["code"], "Boris", "accepted")]
    assert [visit["room"] for visit in found["visits"]] == [other["code"]]
    assert [message["text"] for message in found["messages"]] == ["hers"]
    assert [event["event"] for event in found["playback"]] == ["played"]
    steps = [(step["reason"], step["position_ms"], step["film"]) for step in found["asides"]]
    assert steps == [("ad", 6_000, 0), (None, 8_000, 0)]
    assert len(found["sessions"]) == 1
    assert "boris@example.com" not in json.dumps(found)
    assert not any(name.startswith("after_") for rows in found.values() for row in rows for name in row)


async def test_nobody_s_data_is_read_without_signing_in(site: RunningSite) -> None:
    assert (await site.viewer().raw("GET", "/api/v1/me/export")).status == 401


async def _many_messages(cinema: Cinema, anna: User, count: int) -> None:
    await cinema.rows(
        """
        INSERT INTO chat_messages (room_id, epoch, seq, message_id, author_id, author_name, text, position_ms, sent_at)
        SELECT (SELECT id FROM rooms LIMIT 1), 1, n, 'm' || n, :author, 'Anna',
            (SELECT string_agg(md5((n * 40 + part)::text), '') FROM generate_series(1, 40) AS part), 0, now()
        FROM generate_series(1, :count) AS n RETURNING seq
        """,
        author=anna.id,
        count=count,
    )


async def test_pages_join_without_gaps_and_memory_is_bounded(db: Database, cinema: Cinema, site: RunningSite) -> None:
    anna = await cinema.person("Anna")
    await site.viewer(anna).post("/rooms", {"film_id": str(await cinema.film())})
    count = 10 * export.PAGE
    await _many_messages(cinema, anna, count)

    tracemalloc.start()
    try:
        size = len(b"".join([piece async for piece in _dropped(export.export(db, anna.id))]))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 0
    raw = b"".join([piece async for piece in export.export(db, anna.id)])
    messages = unpacked(raw)["messages"]
    assert [message["id"] for message in messages] == [f"m{n}" for n in range(1, count + 1)]
    assert most < len(json.dumps(messages)) / 2, "the whole is never in memory"


async def _dropped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for _ in pieces:
        yield b""
