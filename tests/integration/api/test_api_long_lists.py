"""Lists that are longer than a page or an order: they go on by cursors, and who is left out is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api_service.usecases import invitations
from tests.support.api_fixtures import Cinema, RunningSite, Viewer


async def all_items(viewer: Viewer, path: str, limit: int) -> list[list[Any]]:
    """Follow the cursors and return the items of each page."""
    pages, cursor = [], None
    while True:
        answer = await viewer.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})})
        assert answer.status == 200, answer.body
        pages.append(answer.body["items"])
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return pages


async def popular(cinema: Cinema, names: list[str]) -> tuple[Any, Any, list[Any]]:
    """Make somebody with friends of these names, who all want one film."""
    anna, friends = await cinema.person("Anna"), [await cinema.person(name) for name in names]
    await cinema.befriend(anna, *friends)
    film_id = await cinema.film()
    await cinema.want(film_id, *friends)
    return anna, film_id, friends


async def test_friends_come_in_pages_by_name_and_by_status(site: RunningSite) -> None:
    anna, _, _ = await popular(site.cinema, ["Eve", "Bob", "Dan", "Carl"])
    viewer, asker = site.viewer(anna), site.viewer(await site.cinema.person("Aaron"))
    await asker.put(f"/me/friends/{anna.id}")

    pages = await all_items(viewer, "/me/friends", 2)

    assert [[one["person"]["name"] for one in page] for page in pages] == [["Aaron", "Bob"], ["Carl", "Dan"], ["Eve"]]
    accepted = await viewer.get("/me/friends", params={"status": "accepted"})
    incoming = await viewer.get("/me/friends", params={"status": "incoming"})
    assert [one["person"]["name"] for one in accepted.body["items"]] == ["Bob", "Carl", "Dan", "Eve"]
    assert [one["person"]["name"] for one in incoming.body["items"]] == ["Aaron"]


async def test_the_page_of_friends_goes_on(site: RunningSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api_service.pages.friends.FRIENDS_SHOWN", 2)
    anna, _, _ = await popular(site.cinema, ["Bob", "Carl", "Dan"])
    viewer = site.viewer(anna)

    first = (await viewer.raw("GET", "/friends")).body.decode()
    address = first.split('data-more="accepted-list"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = (await viewer.raw("GET", address)).body.decode()

    assert [name in first for name in ("Bob", "Carl", "Dan")] == [True, True, False]
    assert [name in second for name in ("Bob", "Carl", "Dan")] == [False, False, True]
    assert "data-more" not in second


async def test_matches_come_in_pages_and_each_by_name(site: RunningSite) -> None:
    anna, film_id, friends = await popular(site.cinema, ["Eve", "Bob", "Dan", "Carl", "Zoe"])

    pages = await all_items(site.viewer(anna), f"/films/{film_id}/matches", 2)

    assert [[person["name"] for person in page] for page in pages] == [["Bob", "Eve"], ["Carl", "Dan"], ["Zoe"]]
    assert {person["id"] for page in pages for person in page} == {str(friend.id) for friend in friends}


@pytest.mark.parametrize("path", ["/me/friends", "/films/{}/matches", "/rooms/{}/invitations"])
@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WzEsMl0", "WyJcdTAwMDAiLCJ4Il0"])
async def test_a_cursor_that_no_list_gave_is_refused(site: RunningSite, path: str, cursor: str) -> None:
    anna, film_id, _ = await popular(site.cinema, [])
    viewer = site.viewer(anna)
    code = (await viewer.post("/rooms", {"film_id": str(film_id)})).body["code"]

    answer = await viewer.get(path.format(code if "rooms" in path else film_id), params={"cursor": cursor})

    assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_who_is_left_out_of_an_invitation_is_told_and_comes_next(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_AT_ONCE", 3)
    anna, film_id, friends = await popular(site.cinema, ["Bob", "Carl", "Dan", "Eve", "Finn"])
    viewer = site.viewer(anna)

    room = await viewer.post("/rooms", {"film_id": str(film_id), "invite": {"matches": True}})
    path = f"/rooms/{room.body['code']}"
    await viewer.put(f"{path}/bans/{friends[3].id}")
    more = await viewer.post(f"{path}/invitations", {"matches": True})
    again = await viewer.post(f"{path}/invitations", {"matches": True})

    assert len(room.body["invitations"]) == 3
    assert room.body["left_out"] == [{"reason": "too_many", "count": 2}]
    assert len(more.body["items"]) == 4
    assert more.body["left_out"] == again.body["left_out"] == [{"reason": "banned", "count": 1}]
    assert [len(page) for page in await all_items(viewer, f"{path}/invitations", 3)] == [3, 1]


async def test_all_of_very_many_matches_are_invited(site: RunningSite) -> None:
    anna, film_id, _ = await popular(site.cinema, [f"Friend{number}" for number in range(250)])

    room = await site.viewer(anna).post("/rooms", {"film_id": str(film_id), "invite": {"matches": True}})

    assert (len(room.body["invitations"]), room.body["left_out"]) == (250, [])
    assert await site.cinema.value("SELECT count(*) FROM outbox WHERE type = 'invitation.created.v1'") == 250


async def test_repeating_an_order_says_again_who_was_left_out(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_AT_ONCE", 1)
    anna, film_id, _ = await popular(site.cinema, ["Bob", "Carl"])
    order = {"film_id": str(film_id), "invite": {"matches": True}}

    answers = [await site.viewer(anna).post("/rooms", order, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.body["left_out"] for answer in answers] == [[{"reason": "too_many", "count": 1}]] * 2


async def test_a_film_is_watched_together_while_it_is_available(site: RunningSite) -> None:
    now = datetime.now(UTC)
    anna, film_id, _ = await popular(site.cinema, [])
    viewer = site.viewer(anna)
    await site.cinema.rows(
        "UPDATE films SET available_from = :since, available_until = :until RETURNING id",
        since=now + timedelta(days=1),
        until=now + timedelta(days=3),
    )

    async def opened(days: float | None) -> Any:
        starts_at = None if days is None else (now + timedelta(days=days)).isoformat()
        return await viewer.post("/rooms", {"film_id": str(film_id), "starts_at": starts_at})

    early, late, planned = await opened(None), await opened(4), await opened(2)
    moved = await viewer.patch(f"/rooms/{planned.body['code']}", {"starts_at": (now + timedelta(days=9)).isoformat()})

    assert (early.status, early.code) == (late.status, late.code) == (409, "film_unavailable")
    assert planned.status == 201
    assert (moved.status, moved.code) == (409, "film_unavailable")
    assert await site.cinema.value("SELECT count(*) FROM rooms") == 1


async def test_a_film_that_was_taken_out_opens_no_room_and_stays_in_those_that_show_it(site: RunningSite) -> None:
    anna, film_id, _ = await popular(site.cinema, ["Bob"])
    viewer = site.viewer(anna)
    room = (await viewer.post("/rooms", {"film_id": str(film_id)})).body
    await site.cinema.rows("UPDATE films SET removed_at = now() RETURNING id")

    opened = await viewer.post("/rooms", {"film_id": str(film_id)})
    wanted = await viewer.put(f"/me/watchlist/{film_id}")
    seen = [await viewer.get(path) for path in (f"/films/{film_id}", f"/films/{film_id}/matches")]

    assert [(one.status, one.code) for one in (opened, wanted, *seen)] == [(404, "film_not_found")] * 4
    assert (await viewer.get("/me/matches")).body["items"] == []
    assert (await viewer.post(f"/rooms/{room['code']}/join")).status == 200
