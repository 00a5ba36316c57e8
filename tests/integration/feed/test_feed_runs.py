"""Complete runs and whole lists: what is not named goes."""

from datetime import UTC, datetime

import pytest

from api_service.usecases.feed import runs
from tests.support.feed_fixtures import FeedingProgram, at, film_row, friendship_row, person_row, wish_row


async def fed_cinema(program: FeedingProgram, films: int = 10) -> None:
    """Feed two people who are friends, and films that Anna wants."""
    await program.feed("people", person_row("anna"), person_row("boris"))
    await program.feed("films", *(film_row(str(number)) for number in range(films)))
    await program.feed("friendships", friendship_row("anna", "boris"))
    await program.feed("wishes", *(wish_row("anna", str(number)) for number in range(films)))


async def finish(program: FeedingProgram, run: str, *, force: bool = False) -> dict[str, dict[str, int]]:
    answer = await program.send("POST", f"/feed/runs/{run}/finish", params={"force": "true"} if force else {})
    assert answer.status == 200, answer.body
    removed: dict[str, dict[str, int]] = answer.body["removed"]
    return removed


async def test_a_run_in_several_requests_removes_what_none_of_them_named(
    program: FeedingProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CHUNK", 3)
    await fed_cinema(program)
    mine = await program.cinema.film("Made here")
    await program.feed("films", *(film_row(str(number)) for number in range(5)), run="r1")
    await program.feed("films", *(film_row(str(number)) for number in range(5, 9)), run="r1")
    await program.feed("wishes", *(wish_row("anna", str(number)) for number in range(9)), run="r1")

    found = await finish(program, "r1")

    assert found == {"wishes": {"fed": 10, "removed": 1}, "films": {"fed": 10, "removed": 1}}
    assert await finish(program, "r1") == found, "repeating it changes nothing and says the same"
    left = await program.cinema.rows("SELECT external_id FROM films WHERE removed_at IS NULL ORDER BY 1")
    assert [row.external_id for row in left] == [*map(str, range(9)), None]
    assert await program.cinema.value("SELECT count(*) FROM films WHERE id = :id AND removed_at IS NULL", id=mine) == 1
    assert await program.cinema.value("SELECT count(*) FROM watchlist") == 9
    assert (await program.post("films", [], run="r1")).code == "run_finished"


async def test_what_a_run_removed_comes_back_with_the_version_that_it_had(program: FeedingProgram) -> None:
    await fed_cinema(program)
    await program.feed("films", *(film_row(str(number)) for number in range(9)), run="r1")
    await program.feed("people", person_row("anna"), run="r1")
    await finish(program, "r1", force=True)

    assert await program.feed("films", film_row("9")) == ["created"]
    assert await program.feed("people", person_row("boris")) == ["created"]


async def test_a_run_that_would_remove_over_a_fifth_removes_nothing_unless_it_must(program: FeedingProgram) -> None:
    await fed_cinema(program)
    await program.feed("films", *(film_row(str(number)) for number in range(7)), run="r1")
    await program.feed("wishes", *(wish_row("anna", str(number)) for number in range(9)), run="r1")

    refused = await program.send("POST", "/feed/runs/r1/finish")
    kept = await program.cinema.value("SELECT count(*) FROM films WHERE removed_at IS NULL")

    assert (refused.status, refused.code, refused.fields()) == (409, "run_removes_too_much", {"films"})
    assert kept == 10
    assert (await finish(program, "r1", force=True))["films"] == {"fed": 10, "removed": 3}


async def test_exactly_a_fifth_is_removed(program: FeedingProgram) -> None:
    await fed_cinema(program)
    await program.feed("films", *(film_row(str(number)) for number in range(8)), run="r1")

    assert (await finish(program, "r1"))["films"]["removed"] == 2


async def test_a_run_leaves_what_people_did_here_and_what_came_meanwhile(program: FeedingProgram) -> None:
    await fed_cinema(program, films=3)
    boris = program.site.viewer(await program.known("boris"))
    (film, *_) = (await boris.get("/films")).body["items"]
    await boris.put(f"/me/watchlist/{film['id']}")
    await program.feed("wishes", wish_row("anna", "0"), run="r1")
    now = datetime.now(UTC).isoformat()
    await program.feed("wishes", wish_row("anna", "1", updated_at=now))

    assert (await finish(program, "r1", force=True))["wishes"] == {"fed": 3, "removed": 1}
    assert await program.cinema.value("SELECT count(*) FROM watchlist") == 3


async def test_a_refused_row_is_named_all_the_same(program: FeedingProgram) -> None:
    await program.feed("films", *(film_row(str(number)) for number in range(4)))

    found = await program.feed("films", *(film_row(str(number), year="?") for number in range(4)), run="r1")

    assert found == ["refused"] * 4
    assert await finish(program, "r1") == {"films": {"fed": 4, "removed": 0}}


async def test_a_complete_run_without_rows_means_that_there_are_none(program: FeedingProgram) -> None:
    await fed_cinema(program)
    await program.feed("friendships", run="r1")

    assert (await program.send("POST", "/feed/runs/r1/finish")).code == "run_removes_too_much"
    assert await finish(program, "r1", force=True) == {"friendships": {"fed": 1, "removed": 1}}
    anna = program.site.viewer(await program.known("anna"))
    assert (await anna.get("/me/friends")).body["items"] == []


async def test_a_run_has_an_id_and_its_requests_say_that_they_are_complete(program: FeedingProgram) -> None:
    alone = await program.send("POST", "/feed/films?complete=true", headers={"Content-Type": "application/x-ndjson"})
    silent = await program.send(
        "POST", "/feed/films", headers={"Content-Type": "application/x-ndjson", "Feed-Run": "r1"}
    )
    unknown = await program.send("POST", "/feed/runs/none/finish")

    assert (alone.code, silent.code) == ("invalid_fields", "invalid_fields")
    assert (unknown.status, unknown.code) == (404, "run_not_found")


async def test_a_person_s_list_is_replaced_whole(program: FeedingProgram) -> None:
    await fed_cinema(program, films=4)
    await program.feed("people", person_row("clara"))

    wishes = await program.send("PUT", "/feed/people/anna/wishes", json={"items": ["0", "1", "unknown"]})
    friends = await program.send("PUT", "/feed/people/anna/friends", json={"items": ["clara", "anna"]})
    again = await program.send("PUT", "/feed/people/anna/wishes", json={"items": ["0", "1"]})

    assert {name: wishes.body[name] for name in ("created", "removed", "unchanged")} == {
        "created": 0,
        "removed": 2,
        "unchanged": 2,
    }
    (refused,) = wishes.body["refused"]
    assert (refused["index"], refused["problem"]["code"]) == (2, "film_not_found")
    assert (friends.body["created"], friends.body["removed"]) == (1, 1)
    assert friends.body["refused"][0]["index"] == 1
    assert again.body == {"created": 0, "removed": 0, "unchanged": 2, "refused": []}
    anna = program.site.viewer(await program.known("anna"))
    assert [one["person"]["name"] for one in (await anna.get("/me/friends")).body["items"]] == ["Clara"]
    assert [film["external_id"] for film in (await anna.get("/me/watchlist")).body["items"]] == ["0", "1"]


async def test_an_old_list_removes_nothing_that_is_newer(program: FeedingProgram) -> None:
    await fed_cinema(program, films=2)

    old = await program.send("PUT", "/feed/people/anna/wishes", json={"items": [], "updated_at": at(0)})
    empty = await program.send("PUT", "/feed/people/anna/wishes", json={"items": []})

    assert (old.body["removed"], empty.body["removed"]) == (0, 2)


@pytest.mark.parametrize(
    ("body", "code"),
    [({"items": "0"}, "invalid_fields"), ({}, "invalid_fields"), ([], "invalid_fields"), (None, "invalid_json")],
)
async def test_a_list_that_is_none_is_refused(program: FeedingProgram, body: object, code: str) -> None:
    await fed_cinema(program, films=1)
    sent = {"data": b"{", "headers": {"Content-Type": "application/json"}} if body is None else {"json": body}

    assert (await program.send("PUT", "/feed/people/anna/wishes", **sent)).code == code


async def test_nobody_has_a_list_whom_nobody_knows(program: FeedingProgram) -> None:
    answer = await program.send("PUT", "/feed/people/nobody/friends", json={"items": []})

    assert (answer.status, answer.code) == (404, "person_not_found")
