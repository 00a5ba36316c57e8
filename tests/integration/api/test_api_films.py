"""The catalogue, the list of films one wants to watch, and matches, over HTTP."""

from uuid import uuid4

import pytest

from tests.support.api_fixtures import RunningSite, Viewer


async def all_pages(viewer: Viewer, path: str, limit: int) -> list[list[str]]:
    """Follow the cursors and give the titles of each page."""
    pages, cursor = [], None
    while True:
        answer = await viewer.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})})
        pages.append([item.get("film", item)["title"] for item in answer.body["items"]])
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return pages


async def test_the_catalogue_comes_in_pages_without_gaps_or_repeats(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))
    for number in range(5):
        await site.cinema.film(f"Film {number}")

    assert await all_pages(anna, "/films", 2) == [["Film 0", "Film 1"], ["Film 2", "Film 3"], ["Film 4"]]
    assert await all_pages(anna, "/films", 5) == [[f"Film {number}" for number in range(5)]]


@pytest.mark.parametrize(
    ("query", "found"),
    [("whale", 1), ("КИТЫ", 1), ("express", 1), ("100%", 1), ("%", 1), ("_", 0), ("\\", 0), ("nothing", 0), (" ", 2)],
)
async def test_titles_are_searched_in_both_languages_and_letter_by_letter(
    site: RunningSite, query: str, found: int
) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    await site.cinema.film("Paper Whales", title_ru="Бумажные киты")
    await site.cinema.film("100% Express", title_ru="Экспресс на все 100%")

    answer = await anna.get("/films", params={"q": query})

    assert len(answer.body["items"]) == found


async def test_a_film_is_shown_in_the_viewer_s_language(site: RunningSite) -> None:
    film_id = await site.cinema.film("Paper Whales", title_ru="Бумажные киты")
    anna = site.viewer(await site.cinema.person("Anna", locale="ru"))
    boris = site.viewer(await site.cinema.person("Boris", locale="en"))

    assert (await anna.get(f"/films/{film_id}")).body["title"] == "Бумажные киты"
    assert (await boris.get(f"/films/{film_id}")).body["title"] == "Paper Whales"


@pytest.mark.parametrize("path", ["/films/{}", "/films/{}/matches"])
@pytest.mark.parametrize("film_id", [str(uuid4()), "paper-whales", "%00"], ids=["another id", "a slug", "a NUL"])
async def test_an_unknown_film_is_not_found(site: RunningSite, path: str, film_id: str) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    answer = await anna.get(path.format(film_id))

    assert (answer.status, answer.code) == (404, "film_not_found")


async def test_wanting_a_film_twice_lists_it_once(site: RunningSite) -> None:
    film_id = await site.cinema.film()
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))

    for _ in range(2):
        assert (await anna.put(f"/me/watchlist/{film_id}")).status == 204

    assert [item["id"] for item in (await anna.get("/me/watchlist")).body["items"]] == [str(film_id)]
    assert (await anna.get(f"/films/{film_id}")).body["watchlisted"] is True

    for _ in range(2):
        assert (await anna.delete(f"/me/watchlist/{film_id}")).status == 204

    assert (await anna.get("/me/watchlist")).body["items"] == []
    assert (await anna.get(f"/films/{film_id}")).body["watchlisted"] is False


async def test_the_watchlist_comes_in_pages(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))
    for number in range(3):
        await site.cinema.want(await site.cinema.film(f"Film {number}"), anna.me)
    await site.cinema.film("Not wanted")

    assert await all_pages(anna, "/me/watchlist", 2) == [["Film 0", "Film 1"], ["Film 2"]]


async def test_an_unknown_film_cannot_be_wanted(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    answer = await anna.put(f"/me/watchlist/{uuid4()}")

    assert (answer.status, answer.code) == (404, "film_not_found")


async def test_matches_are_the_accepted_friends_who_want_the_film(site: RunningSite) -> None:
    film_id, other_film = await site.cinema.film(), await site.cinema.film()
    anna, zoya, boris, stranger, asked, elsewhere = [
        await site.cinema.person(name) for name in ("Anna", "Zoya", "Boris", "Stranger", "Asked", "Elsewhere")
    ]
    await site.cinema.befriend(anna, zoya, elsewhere)
    await site.cinema.befriend(boris, anna)
    viewer = site.viewer(anna)
    await viewer.put(f"/me/friends/{asked.id}")
    await site.cinema.want(film_id, anna, zoya, boris, stranger, asked)
    await site.cinema.want(other_film, elsewhere)

    answer = await viewer.get(f"/films/{film_id}/matches")

    assert [person["name"] for person in answer.body["items"]] == ["Boris", "Zoya"]
    assert (await viewer.get(f"/films/{film_id}")).body["matches_count"] == 2


async def test_a_film_that_no_friend_wants_has_no_matches(site: RunningSite) -> None:
    film_id = await site.cinema.film()
    anna = site.viewer(await site.cinema.person("Anna"))

    assert (await anna.get(f"/films/{film_id}/matches")).body == {"items": [], "next_cursor": None}


async def test_films_are_ranked_by_how_many_friends_want_them(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))
    others = [await site.cinema.person(f"Friend{number}") for number in range(7)]
    await site.cinema.befriend(anna.me, *others)
    lone, best, same, unwanted = [await site.cinema.film(title) for title in ("Lone", "Best", "Same", "Unwanted")]
    await site.cinema.want(best, *others)
    await site.cinema.want(lone, others[0])
    await site.cinema.want(same, others[1])
    await site.cinema.want(unwanted, anna.me)

    answer = await anna.get("/me/matches")

    ranking = [(match["film"]["title"], match["friends_count"]) for match in answer.body["items"]]
    assert ranking == [("Best", 7), ("Lone", 1), ("Same", 1)]
    named = [person["name"] for person in answer.body["items"][0]["friends"]]
    assert named == sorted({*named}), "by name"
    assert len(named) == 5
    assert {*named} < {f"Friend{number}" for number in range(7)}
    assert await all_pages(anna, "/me/matches", 1) == [["Best"], ["Lone"], ["Same"]]


@pytest.mark.parametrize("path", ["/films", "/me/watchlist", "/me/matches", "/rooms"])
@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4Il0", "eyJhIjogMX0", "bnVsbA", "я", "W1tdXQ", "WzEsMl0"])
async def test_a_cursor_that_no_list_gave_is_refused(site: RunningSite, path: str, cursor: str) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    answer = await anna.get(path, params={"cursor": cursor})

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    "params", [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"q": "x" * 101}, {"q": "a\0b"}, {"page": "2"}]
)
async def test_a_wrong_query_names_its_field(site: RunningSite, params: dict[str, str]) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    answer = await anna.get("/films", params=params)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert answer.fields() == set(params)
