"""Access tokens of the real provider on the API."""

from __future__ import annotations

from collections.abc import Callable

import jwt

from tests.support.identity_fixtures import AUDIENCE, SERVICE, Browser, IdentityProvider, running_site

NewBrowser = Callable[..., Browser]


async def test_an_access_token_is_the_same_person_as_the_session(
    browser: Browser, site: str, new_browser: NewBrowser, shared_provider: IdentityProvider
) -> None:
    await browser.sign_in("anna")
    program = new_browser(site)
    tokens = await program.tokens(shared_provider, "anna", resource=AUDIENCE)

    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    assert (await program.who(tokens["access_token"]))["id"] == (await browser.who())["id"]


async def test_someone_seen_first_by_token_gets_an_account_then(
    new_browser: NewBrowser, shared_provider: IdentityProvider, database_url: str
) -> None:
    program = new_browser(shared_provider.site)
    token = (await program.tokens(shared_provider, "boris", resource=AUDIENCE))["access_token"]

    async with running_site(shared_provider.settings(), database_url):
        who = await program.who(token)
        assert (who["name"], who["email"], who["locale"]) == ("Boris O'Neil <b>", "boris@example.com", "en")
        assert await program.who(token) == who


async def test_a_token_changes_things_without_a_page_of_ours(
    site: str, new_browser: NewBrowser, shared_provider: IdentityProvider
) -> None:
    program = new_browser(site)
    token = (await program.tokens(shared_provider, "anna", resource=AUDIENCE))["access_token"]
    await program.open("/auth/sign-in")
    assert (await program.who())["name"] == "Анна Белова", "there is a session beside the token"

    changed = await program.post("/who", headers={"Authorization": f"bearer {token}", "Origin": "https://evil.example"})
    assert changed.status == 200


async def test_a_bad_token_is_refused_even_beside_a_good_session(browser: Browser) -> None:
    await browser.sign_in("anna")
    answer = await browser.open("/who", headers={"Authorization": "Bearer nonsense"})

    problem = await answer.json(content_type=None)
    assert (answer.status, problem["code"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_without_any_credentials_the_answer_says_how_to_get_them(browser: Browser) -> None:
    answer = await browser.open("/who")

    problem = await answer.json(content_type=None)
    assert (answer.status, problem["code"]) == (401, "sign_in_required")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_tokens_of_other_kinds_are_refused(
    site: str, new_browser: NewBrowser, shared_provider: IdentityProvider
) -> None:
    program = new_browser(site)
    tokens = await program.tokens(shared_provider, "anna", nonce="n")

    assert (await program.who(tokens["access_token"]))["code"] == "invalid_token", "a userinfo token"
    assert (await program.who(tokens["id_token"]))["code"] == "invalid_token", "an ID token"


async def test_a_program_is_not_a_person(site: str, new_browser: NewBrowser, shared_provider: IdentityProvider) -> None:
    program = new_browser(site)
    form = {"grant_type": "client_credentials", "scope": "service", "resource": AUDIENCE}
    token = (await program.redeem(shared_provider, form, SERVICE))["access_token"]

    assert (await program.who(token))["code"] == "person_required"


async def test_the_provider_insists_on_pkce(
    site: str, new_browser: NewBrowser, shared_provider: IdentityProvider
) -> None:
    program = new_browser(site)
    refused = await program.tokens(
        shared_provider, "anna", verifier="another-verifier-of-sufficient-length-as-it-were-1"
    )
    assert refused["error"] == "invalid_grant"

    without = await program.open(
        f"{shared_provider.issuer}/authorize?response_type=code&client_id=movie-together&scope=openid"
        f"&redirect_uri={shared_provider.site}/auth/callback",
        follow=False,
    )
    assert "error=invalid_request" in without.headers["Location"]
