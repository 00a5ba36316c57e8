"""Oneself, others and friendships over HTTP."""

import asyncio
from uuid import uuid4

import pytest

from api_service.database import Database
from api_service.usecases import people
from api_service.usecases.friends import ask
from tests.support.api_fixtures import ISSUER, Cinema, RunningSite


async def test_one_reads_one_s_own_account(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna", locale="en"))

    answer = await anna.get("/me")

    assert answer.status == 200
    assert answer.body == {"id": str(anna.me.id), "name": "Anna", "email": "anna@example.com", "locale": "en"}


async def test_who_is_not_signed_in_is_told_how(site: RunningSite) -> None:
    answer = await site.viewer().get("/me")

    assert (answer.status, answer.code) == (401, "sign_in_required")
    assert "/auth/sign-in" in answer.body["detail"]


async def test_a_later_sign_in_brings_the_mirror_up_to_date(cinema: Cinema, db: Database) -> None:
    before = await cinema.person("Anna")

    after = await people.upsert_user(
        db, issuer=ISSUER, subject="Anna", name="Anna Belova", email="new@example.com", locale="en"
    )

    assert after == people.User(before.id, "Anna Belova", "new@example.com", "en")
    assert await people.user_by_id(db, before.id) == after
    assert await people.user_by_subject(db, ISSUER, "Anna") == after


async def test_the_same_subject_of_another_issuer_is_somebody_else(cinema: Cinema, db: Database) -> None:
    anna = await cinema.person("Anna")

    other = await people.upsert_user(
        db, issuer="https://elsewhere.test", subject="Anna", name="Anna", email=None, locale="ru"
    )

    assert other.id != anna.id


async def test_two_first_sign_ins_at_once_make_one_account(cinema: Cinema) -> None:
    found = await asyncio.gather(*(cinema.person("Anna") for _ in range(8)))

    assert len({user.id for user in found}) == 1


@pytest.mark.parametrize("email", ["not an address", "a@b", "", " "])
async def test_an_address_that_no_mail_reaches_is_left_out(db: Database, email: str) -> None:
    user = await people.upsert_user(db, issuer=ISSUER, subject="x", name="X", email=email, locale="ru")

    assert user.email is None


async def test_people_are_found_by_their_whole_address_in_any_case(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = await site.cinema.person("Boris")

    answer = await anna.get("/people", params={"email": "BORIS@Example.com"})
    nobody = await anna.get("/people", params={"email": "oris@example.com"})

    assert answer.body == {"items": [{"id": str(boris.id), "name": "Boris"}]}
    assert nobody.body == {"items": []}


async def test_a_search_without_an_address_is_refused(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    for params in ({}, {"email": "boris"}, {"email": "b@example.com", "name": "x"}):
        answer = await anna.get("/people", params=params)
        assert (answer.status, answer.code) == (422, "invalid_fields")
        assert answer.fields() <= {"email", "name"}


async def test_a_friendship_is_asked_for_by_one_and_accepted_by_the_other(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = site.viewer(await site.cinema.person("Boris"))

    asked = await anna.put(f"/me/friends/{boris.me.id}")
    seen = await boris.get("/me/friends")
    again = await anna.put(f"/me/friends/{boris.me.id}")
    accepted = await boris.put(f"/me/friends/{anna.me.id}")

    assert asked.body["status"] == "outgoing"
    assert asked.body["person"] == {"id": str(boris.me.id), "name": "Boris"}
    assert [friend["status"] for friend in seen.body["items"]] == ["incoming"]
    assert again.body["status"] == "outgoing"
    assert accepted.body["status"] == "accepted"
    assert [friend["status"] for friend in (await anna.get("/me/friends")).body["items"]] == ["accepted"]


async def test_accepting_twice_keeps_the_first_moment(cinema: Cinema, db: Database) -> None:
    anna, boris = await cinema.person("Anna"), await cinema.person("Boris")
    await cinema.befriend(anna, boris)
    first = await ask(db, anna.id, boris.id)

    assert (await ask(db, boris.id, anna.id)).since == first.since


async def test_requests_that_cross_each_other_make_friends(cinema: Cinema, db: Database) -> None:
    for number in range(20):
        one, other = await cinema.person(f"One{number}"), await cinema.person(f"Other{number}")

        answers = await asyncio.gather(ask(db, one.id, other.id), ask(db, other.id, one.id))

        assert sorted(answer.status for answer in answers) == ["accepted", "outgoing"]


async def test_a_friendship_ends_for_both_and_ending_it_again_changes_nothing(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = site.viewer(await site.cinema.person("Boris"))
    await site.cinema.befriend(anna.me, boris.me)

    for _ in range(2):
        assert (await boris.delete(f"/me/friends/{anna.me.id}")).status == 204

    assert (await anna.get("/me/friends")).body["items"] == []


async def test_one_cannot_befriend_oneself_or_nobody(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))

    oneself = await anna.put(f"/me/friends/{anna.me.id}")
    nobody = await anna.put(f"/me/friends/{uuid4()}")
    nonsense = await anna.put("/me/friends/anna")

    assert (oneself.status, oneself.code) == (409, "friend_yourself")
    assert (nobody.status, nobody.code) == (404, "person_not_found")
    assert (nonsense.status, nonsense.code) == (404, "person_not_found")
