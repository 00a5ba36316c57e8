"""The cinema's programs read what happened in any room."""

from uuid import UUID

import pytest

from api_service.broker.archive import Archive
from api_service.usecases.people import DELETED_ID
from tests.support.feed_fixtures import FeedingProgram
from tests.support.journalled import Journal


@pytest.mark.parametrize("part", ["recap", "messages", "visits", "playback"])
async def test_programs_read_any_room_with_the_scope_admin(program: FeedingProgram, part: str) -> None:
    anna = await program.cinema.person("Anna")
    order = {"film_id": str(await program.cinema.film()), "access": "invited"}
    room = (await program.site.viewer(anna).post("/rooms", order)).body
    journal = Journal(UUID(room["id"]))
    for event in (journal.came(1, anna), journal.said(2, anna), journal.played(3, by=anna.id)):
        await Archive(program.cinema.db).write(event)

    path = f"/rooms/{room['code']}/{part}"
    assert (await program.send("GET", path)).code == "insufficient_scope"
    admin = program.acting_with(scope="admin")
    found = (await admin.send("GET", path)).body
    assert len(found["people"] if part == "recap" else found["items"]) == 1
    assert (await admin.send("GET", f"/rooms/{'x' * 22}/{part}")).code == "room_not_found"
    person = program.acting_with(sub="boris", client_id="app", scope="admin")
    assert (await person.send("GET", path)).code == "room_not_found", "the scope is of programs, not of people"


async def test_a_deleted_viewer_has_a_name_in_the_reader_s_language(program: FeedingProgram) -> None:
    anna, boris = await program.cinema.person("Anna"), await program.cinema.person("Boris")
    room = (await program.site.viewer(anna).post("/rooms", {"film_id": str(await program.cinema.film())})).body
    journal = Journal(UUID(room["id"]))
    for event in (journal.came(1, boris), journal.said(2, boris), journal.played(3, by=boris.id)):
        await Archive(program.cinema.db).write(event)
    assert (await program.site.viewer(boris).delete("/me")).status == 204

    admin = program.acting_with(scope="admin")
    for language, name in (("ru", "Удалённый зритель"), ("en", "Deleted viewer")):
        nobody = {"id": str(DELETED_ID), "name": name}
        said = {"Accept-Language": language}
        path = f"/rooms/{room['code']}"
        (message,) = (await admin.send("GET", f"{path}/messages", headers=said)).body["items"]
        assert (message["author"], message["text"], message["deleted"]) == (nobody, None, True)
        (visit,) = (await admin.send("GET", f"{path}/visits", headers=said)).body["items"]
        (played,) = (await admin.send("GET", f"{path}/playback", headers=said)).body["items"]
        (presence,) = (await admin.send("GET", f"{path}/recap", headers=said)).body["people"]
        assert visit["person"] == played["by"] == presence["person"] == nobody
