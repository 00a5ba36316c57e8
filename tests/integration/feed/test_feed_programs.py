"""Who may feed: programs with the scope, and nobody else."""

from typing import Any

import pytest

from tests.support.feed_fixtures import NDJSON, FeedingProgram, feeding, film_row, person_row

CALLS = [
    ("POST", "/feed/films"),
    ("POST", "/feed/people"),
    ("POST", "/feed/friendships"),
    ("POST", "/feed/wishes"),
    ("POST", "/feed/captions"),
    ("PUT", "/feed/people/anna/friends"),
    ("PUT", "/feed/people/anna/wishes"),
    ("POST", "/feed/runs/x/finish"),
    ("GET", "/people/by-subject/anna"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_people_and_programs_without_the_scope_are_refused(
    program: FeedingProgram, method: str, path: str
) -> None:
    anna = program.site.viewer(await program.cinema.person("Anna"))
    session = await anna.send(method, path)
    person = await program.acting_with(sub="somebody", client_id="app").send(method, path)
    unscoped = await program.acting_with(scope="other").send(method, path)
    nobody = await program.site.viewer().send(method, path)

    assert (session.status, session.code) == (403, "program_required")
    assert (person.status, person.code) == (403, "program_required")
    assert (unscoped.status, unscoped.code) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="feed"' in unscoped.headers["WWW-Authenticate"]
    assert (nobody.status, nobody.code) == (401, "sign_in_required")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/me"), ("GET", "/films"), ("GET", "/me/matches"), ("POST", "/rooms"), ("GET", "/people?email=a@b.cc")],
)
async def test_programs_are_refused_everywhere_else(program: FeedingProgram, method: str, path: str) -> None:
    answer = await program.send(method, path)

    assert (answer.status, answer.code) == (403, "person_required")


async def test_admin_alone_may_look_people_up_and_not_feed(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna"))
    admin = program.acting_with(scope="admin")

    assert (await admin.send("GET", "/people/by-subject/anna")).body["name"] == "Anna"
    assert (await admin.post("films", [film_row("a")])).code == "insufficient_scope"


async def test_a_subject_may_be_any_text(program: FeedingProgram) -> None:
    await program.feed("people", person_row("auth0|a/b ü%2F", name="Anna"))

    answer = await program.send("GET", "/people/by-subject/auth0%7Ca%2Fb%20%C3%BC%252F")

    assert answer.body["subject"] == "auth0|a/b ü%2F"


@pytest.mark.parametrize(
    ("claim", "spelled", "claims"),
    [
        ("scope", "feed", {"scope": "openid feed"}),
        ("scope", "feed", {"scope": ["openid", "feed"]}),
        ("scp", "feed", {"scp": ["feed"], "scope": None, "cid": "cinema"}),
        ("roles", "MovieTogether.Feed", {"roles": ["MovieTogether.Feed"], "scope": None}),
        ("aud", "urn:cinema:feed", {"aud": ["urn:movie-together:api", "urn:cinema:feed"], "scope": None}),
        ("realm_access.roles", "feed", {"realm_access": {"roles": ["feed"]}, "scope": None}),
        ("https://cinema.example/roles", "feed", {"https://cinema.example/roles": ["feed"], "scope": None}),
        ("scope", "feed", {"sub": "cinema@clients", "gty": "client-credentials"}),
        ("scope", "feed", {"sub": "0b5d", "preferred_username": "service-account-cinema"}),
    ],
)
async def test_a_program_says_what_it_may_in_the_claim_that_the_setting_names(
    database_url: str, claim: str, spelled: str, claims: dict[str, Any]
) -> None:
    async with feeding(database_url, program_claim=claim, feed_scope=spelled) as program:
        told = program.acting_with(**claims)
        silent = told.acting_with(**dict.fromkeys(("scope", "scp", "roles", "realm_access"), None))
        silent = silent.acting_with(**{"aud": "urn:movie-together:api", "https://cinema.example/roles": None})

        assert await told.feed("films", film_row("a")) == ["created"]
        assert (await silent.post("films", [])).code == "insufficient_scope"


async def test_a_bad_token_feeds_nothing(program: FeedingProgram) -> None:
    headers = {"Content-Type": NDJSON, "Authorization": "Bearer nonsense"}
    answer = await program.send("POST", "/feed/films", data=b"{}", headers=headers)

    assert (answer.status, answer.code) == (401, "invalid_token")


async def test_a_person_who_was_fed_signs_in_to_the_same_account(program: FeedingProgram) -> None:
    await program.feed("people", person_row("anna", name="Anna B.", email="anna@cinema.example", locale="en-GB"))
    fed = await program.known("anna")

    silent = program.acting_with(sub="anna", client_id="app", name=None)
    program.issuer.userinfo = {"sub": "anna"}
    me = (await silent.send("GET", "/me")).body

    assert (me["id"], me["name"], me["email"], me["locale"]) == (fed.id, "Anna B.", "anna@cinema.example", "en")
