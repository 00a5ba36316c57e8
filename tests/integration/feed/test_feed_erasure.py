"""The cinema erases a person: their tokens count no more, a later sign-in and a row of the feed make a new one."""

import asyncio
import time
from typing import Any

import pytest

from api_service.usecases import erasing
from tests.support.api_fixtures import PATIENCE_S
from tests.support.feed_fixtures import FeedingProgram, person_row, wish_row

ERASE = "/feed/people/anna"


async def test_a_program_erases_a_person_and_may_repeat_it(program: FeedingProgram) -> None:
    assert (await program.send("DELETE", ERASE)).code == "person_not_found"
    await program.feed("people", person_row("anna"))
    for _ in range(2):
        assert (await program.send("DELETE", ERASE)).status == 204
    assert (await program.send("GET", "/people/by-subject/anna")).code == "person_not_found"
    await program.feed("people", person_row("boris"))
    assert (await program.acting_with(scope="admin").send("DELETE", "/feed/people/boris")).status == 204
    assert (await program.acting_with(scope="").send("DELETE", ERASE)).code == "insufficient_scope"
    assert (await program.acting_with(sub="anna", client_id="app").send("DELETE", ERASE)).code == "program_required"


async def test_the_feed_makes_a_new_person_of_whom_it_names_again(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"))
    before = await program.known("anna")
    assert (await program.send("DELETE", ERASE)).status == 204

    assert await program.feed("wishes", wish_row("anna", "whales")) == ["refused"], "nothing else brings them back"
    assert await program.feed("people", person_row("anna")) == ["created"]
    assert (await program.known("anna")).id != before.id


async def test_a_token_from_before_brings_nobody_back_and_a_later_sign_in_begins_anew(program: FeedingProgram) -> None:
    anna = program.acting_with(sub="anna", client_id="app", name="Anna", email="anna@example.com", email_verified=True)
    old = anna.token()
    film_id = str(await program.cinema.film())
    before = (await anna.send("GET", "/me")).body["id"]
    assert (await anna.send("PUT", f"/me/watchlist/{film_id}")).status == 204
    assert (await program.send("DELETE", ERASE)).status == 204

    refused = await anna.send("GET", "/me", headers={"Authorization": f"Bearer {old}"})
    assert (refused.status, refused.code) == (401, "invalid_token")
    assert await program.cinema.value("SELECT count(*) FROM users WHERE subject = 'anna'") == 0
    later = anna.token(iat=int(time.time()) + 5)
    signed_in = {"Authorization": f"Bearer {later}"}
    me = await anna.send("GET", "/me", headers=signed_in)
    assert (me.status, me.body["name"]) == (200, "Anna")
    assert me.body["id"] != before
    assert (await anna.send("GET", "/me/watchlist", headers=signed_in)).body["items"] == []


async def test_a_request_under_way_while_its_person_is_erased_makes_no_new_account(
    program: FeedingProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = program.acting_with(sub="anna", client_id="app", name="Anna", email="anna@example.com", email_verified=True)
    await anna.send("GET", "/me")
    renamed = anna.token(name="Anna Nova")
    almost, goes_on = asyncio.Event(), asyncio.Event()
    real = erasing._untell

    async def slow(*arguments: Any) -> None:
        almost.set()
        await goes_on.wait()
        await real(*arguments)

    monkeypatch.setattr(erasing, "_untell", slow)
    erasure = asyncio.create_task(program.send("DELETE", ERASE))
    await asyncio.wait_for(almost.wait(), PATIENCE_S)
    # The account still stands for everybody else, so the token counts; what it says is newer, and to be written.
    request = asyncio.create_task(anna.send("GET", "/me", headers={"Authorization": f"Bearer {renamed}"}))
    async with asyncio.timeout(PATIENCE_S):
        while not await program.cinema.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)
    goes_on.set()

    assert (await erasure).status == 204
    assert (await request).code == "invalid_token"
    assert await program.cinema.value("SELECT count(*) FROM users WHERE subject = 'anna'") == 0
