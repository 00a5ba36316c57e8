"""The cinema blocks a person: everything of theirs ends, and nothing begins until it takes the block back."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events.rooms import SESSION_ENDED
from shared.tickets import Verifier
from tests.support.api_fixtures import TICKET_SEED
from tests.support.feed_fixtures import FeedingProgram

PUBLIC = Ed25519PrivateKey.from_private_bytes(TICKET_SEED).public_key().public_bytes_raw()
BLOCK = "/people/by-subject/anna/block"


async def sid_of(person: FeedingProgram, code: str) -> str:
    joined = await person.send("POST", f"/rooms/{code}/join")
    assert joined.status == 200, joined.body
    return Verifier({"test": PUBLIC}).verify(joined.body["ticket"], time.time()).sid


async def test_a_blocked_person_has_no_session_and_gets_none(program: FeedingProgram) -> None:
    admin = program.acting_with(scope="admin")
    anna = program.acting_with(sub="anna", client_id="app", name="Anna", sid="at-the-provider")
    film_id = str(await program.cinema.film())
    code = (await anna.send("POST", "/rooms", json={"film_id": film_id})).body["code"]
    sid = await sid_of(anna, code)
    assert await sid_of(anna, code) == sid, "tokens of one session of the provider are one session"
    assert await sid_of(anna.acting_with(sid=None), code) != sid

    for _ in range(2):
        assert (await admin.send("PUT", BLOCK)).status == 204
    refused = await anna.send("POST", f"/rooms/{code}/join")
    assert (refused.status, refused.code) == (403, "account_blocked")
    events = await program.cinema.rows("SELECT data FROM outbox WHERE type = :type", type=SESSION_ENDED)
    assert len(events) == 1
    assert sid in events[0].data["sessions"]
    assert (len(events[0].data["sessions"]), events[0].data["reason"]) == (2, "blocked")

    for _ in range(2):
        assert (await admin.send("DELETE", BLOCK)).status == 204
    assert await sid_of(anna, code) not in events[0].data["sessions"], "what was ended stays so"


async def test_a_block_ends_the_session_of_a_browser(program: FeedingProgram) -> None:
    admin = program.acting_with(scope="admin")
    anna = await program.cinema.person("Anna")
    await program.cinema.rows(
        "UPDATE users SET issuer = :issuer, subject = 'anna' RETURNING id", issuer=program.issuer.issuer
    )
    browser = program.site.viewer(anna)
    assert (await browser.get("/me")).status == 200

    assert (await admin.send("PUT", BLOCK)).status == 204
    assert (await browser.get("/me")).code == "sign_in_required"
    assert (await admin.send("DELETE", BLOCK)).status == 204
    assert (await browser.get("/me")).code == "sign_in_required"


async def test_only_admins_block_and_only_whom_one_knows(program: FeedingProgram) -> None:
    assert (await program.send("PUT", BLOCK)).code == "insufficient_scope"
    assert (await program.acting_with(sub="anna", client_id="app").send("PUT", BLOCK)).code == "program_required"
    admin = program.acting_with(scope="admin")
    for method in ("PUT", "DELETE"):
        assert (await admin.send(method, "/people/by-subject/nobody/block")).code == "person_not_found"
