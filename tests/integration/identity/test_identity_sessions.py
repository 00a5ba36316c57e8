"""Sessions that end: here, at the provider (back-channel logout), and wherever their cookie was copied to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import text

from api_service.database import Database, Statement
from api_service.identity.logout import EVENT
from deploy.local.free_ports import free_port
from shared.events.rooms import SESSION_ENDED
from tests.support.identity_adversary import Adversary
from tests.support.identity_fixtures import AUDIENCE, CLIENT_ID, Browser, IdentityProvider, running_site

NewBrowser = Callable[..., Browser]

_EVENTS = Statement(
    text(
        "SELECT data FROM outbox JOIN users ON users.id::text = outbox.subject "
        "WHERE type = :type AND issuer = :issuer ORDER BY outbox.id"
    )
)


@pytest.fixture
async def accounts(accounts_url: str) -> AsyncIterator[Database]:
    database = Database(accounts_url, acquire_deadline_s=60)
    await database.start()
    yield database
    await database.close()


async def ended(accounts: Database, issuer: str) -> list[dict[str, Any]]:
    """Return the data of the events of ended sessions."""
    return [row.data for row in await accounts.all(_EVENTS, type=SESSION_ENDED, issuer=issuer)]


async def is_signed_out(browser: Browser) -> None:
    """Wait until the site does not know the browser any more."""
    async with asyncio.timeout(60):
        while "code" not in await browser.who():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def another_process(site: str, provider: IdentityProvider, accounts_url: str) -> AsyncIterator[str]:
    url = f"http://127.0.0.1:{free_port()}"
    async with running_site(provider.settings(public_url=url), accounts_url):
        yield url


async def test_a_copied_cookie_is_dead_once_its_session_is_signed_out(
    browser: Browser, shared_provider: IdentityProvider, accounts_url: str, accounts: Database
) -> None:
    await browser.sign_in("anna")
    copied = f"movie_together_session={browser.cookie('movie_together_session')}"
    before = len(await ended(accounts, shared_provider.issuer))
    async with another_process(browser.site, shared_provider, accounts_url) as elsewhere:
        assert await Browser.raw(elsewhere, "/who", copied) == 200
        await browser.post("/auth/sign-out", headers={"Origin": browser.site}, follow=False)

        assert await Browser.raw(elsewhere, "/who", copied) == 401, "at once, in every process"
        assert await Browser.raw(browser.site, "/who", copied) == 401
    events = await ended(accounts, shared_provider.issuer)
    assert [event["reason"] for event in events[before:]] == ["signed_out"]


async def test_a_sign_out_at_the_provider_ends_the_sessions_that_it_began_and_no_other(
    browser: Browser, new_browser: NewBrowser, shared_provider: IdentityProvider, accounts: Database
) -> None:
    """The whole way: the provider itself calls the site."""
    await browser.sign_in("anna")
    telephone = new_browser(browser.site)
    await telephone.sign_in("anna")
    before = len(await ended(accounts, shared_provider.issuer))

    page = await browser.open(f"{shared_provider.issuer}/sign-out?client_id={CLIENT_ID}")
    await browser.submit(page, logout="yes")

    await is_signed_out(browser)
    assert (await telephone.who())["name"] == "Анна Белова"
    events = (await ended(accounts, shared_provider.issuer))[before:]
    assert [(event["reason"], len(event["sessions"])) for event in events] == [("provider_logout", 1)]


async def signed_in(adversary: Adversary, browser: Browser, **claims: Any) -> None:
    """Sign in at the adversary as mallory."""
    start = await browser.open("/auth/sign-in", follow=False)
    asked = dict(part.split("=", 1) for part in start.headers["Location"].partition("?")[2].split("&"))
    id_token = adversary.sign(adversary.id_claims(asked["nonce"], **claims))
    adversary.token_answer = {"id_token": id_token}
    answer = await browser.open("/auth/callback", params={"code": "c", "state": asked["state"]}, follow=False)
    assert answer.status == 303


def logout_claims(adversary: Adversary, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": adversary.issuer,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": f"{now}-{free_port()}",
        "events": {EVENT: {}},
        "sub": "mallory",
        "sid": "provider-session",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


async def tell(browser: Browser, token: str) -> int:
    """Tell the browser's site of a logout, as a provider does: without any cookie; return the status."""
    url = f"{browser.site}/auth/back-channel-logout"
    async with ClientSession() as http, http.post(url, data={"logout_token": token}) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status


FORGED: dict[str, Callable[[Adversary], str]] = {
    "an ID token": lambda it: it.sign(it.id_claims("n", sid="provider-session", jti="j")),
    "with a nonce": lambda it: it.sign(logout_claims(it, nonce="n"), typ="logout+jwt"),
    "of no event": lambda it: it.sign(logout_claims(it, events={}), typ="logout+jwt"),
    "of a malformed event": lambda it: it.sign(logout_claims(it, events={EVENT: "yes"}), typ="logout+jwt"),
    "of nobody": lambda it: it.sign(logout_claims(it, sub=None, sid=None), typ="logout+jwt"),
    "without an id": lambda it: it.sign(logout_claims(it, jti=None), typ="logout+jwt"),
    "for another client": lambda it: it.sign(logout_claims(it, aud="another"), typ="logout+jwt"),
    "of another issuer": lambda it: it.sign(logout_claims(it, iss="https://evil.example"), typ="logout+jwt"),
    "expired": lambda it: it.sign(logout_claims(it, exp=int(time.time()) - 30), typ="logout+jwt"),
    "old": lambda it: it.sign(logout_claims(it, iat=int(time.time()) - 3600), typ="logout+jwt"),
    "an access token": lambda it: it.sign(logout_claims(it), typ="at+jwt"),
    "unsigned": lambda it: it.unsigned(logout_claims(it), typ="logout+jwt"),
    "signed with the public key": lambda it: it.signed_with_the_public_key(logout_claims(it), typ="logout+jwt"),
    "none": lambda it: "",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_logout_token_signs_nobody_out(
    adversary: Adversary, victim: Browser, forge: Callable[[Adversary], str]
) -> None:
    await signed_in(adversary, victim, sid="provider-session")

    assert await tell(victim, forge(adversary)) == 400
    assert (await victim.who())["name"] == "Mallory"
    assert await tell(victim, adversary.sign(logout_claims(adversary), typ="logout+jwt")) == 200
    assert (await victim.who())["code"] == "sign_in_required"


async def test_a_logout_token_counts_once(adversary: Adversary, victim: Browser) -> None:
    token = adversary.sign(logout_claims(adversary, sid=None), typ="logout+jwt")
    await signed_in(adversary, victim)
    assert await tell(victim, token) == 200

    await signed_in(adversary, victim)
    assert await tell(victim, token) == 400
    assert (await victim.who())["name"] == "Mallory"


async def test_a_logout_of_one_session_leaves_others_and_other_people(adversary: Adversary, victim: Browser) -> None:
    await signed_in(adversary, victim, sid="another-session")
    assert await tell(victim, adversary.sign(logout_claims(adversary))) == 200
    assert await tell(victim, adversary.sign(logout_claims(adversary, sub="boris", sid="another-session"))) == 200
    assert await tell(victim, adversary.sign(logout_claims(adversary, sub="boris", sid=None))) == 200

    assert (await victim.who())["name"] == "Mallory"


async def test_access_tokens_of_an_ended_session_count_no_more(adversary: Adversary, victim: Browser) -> None:
    session = f"session-{free_port()}"
    one = adversary.sign(adversary.access_claims(sid=session), typ="at+jwt")
    other = adversary.sign(adversary.access_claims(sid="still-there"), typ="at+jwt")
    assert (await victim.who(one))["name"] == "Mallory"

    assert await tell(victim, adversary.sign(logout_claims(adversary, sid=session))) == 200
    assert (await victim.who(one))["code"] == "invalid_token"
    assert (await victim.who(other))["name"] == "Mallory"


async def test_a_logout_of_a_person_ends_the_tokens_that_were_issued_before(
    adversary: Adversary, victim: Browser
) -> None:
    now = int(time.time())
    before = adversary.sign(adversary.access_claims(sub="vera", iat=now - 5), typ="at+jwt")
    assert (await victim.who(before))["name"] == "Mallory"

    assert await tell(victim, adversary.sign(logout_claims(adversary, sub="vera", sid=None))) == 200
    assert (await victim.who(before))["code"] == "invalid_token"
    after = adversary.sign(adversary.access_claims(sub="vera", iat=int(time.time()) + 5), typ="at+jwt")
    assert (await victim.who(after))["name"] == "Mallory"


async def test_a_sign_out_with_a_token_beside_the_cookie_comes_from_our_own_page_too(
    adversary: Adversary, victim: Browser
) -> None:
    await signed_in(adversary, victim)
    token = adversary.sign(adversary.access_claims(aud=AUDIENCE), typ="at+jwt")
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}

    refused = await victim.post("/auth/sign-out", headers=headers, follow=False)
    assert refused.status == 403
    assert (await victim.who())["name"] == "Mallory"
    assert (await victim.post("/auth/sign-out", headers={**headers, "Origin": victim.site}, follow=False)).status == 303
    assert (await victim.who())["code"] == "sign_in_required"


async def test_who_signs_in_as_somebody_else_ends_the_earlier_session(
    adversary: Adversary, victim: Browser, accounts: Database
) -> None:
    await signed_in(adversary, victim)
    page_of_the_first = f"movie_together_session={victim.cookie('movie_together_session')}"
    start = await victim.open("/auth/sign-in", params={"next": "/who"}, follow=False)
    assert start.headers["Location"].endswith("/who"), "who is signed in needs no sign-in"

    other = victim.cookie("movie_together_session")
    victim.set_cookie("movie_together_session", "")
    start = await victim.open("/auth/sign-in", follow=False)
    asked = dict(part.split("=", 1) for part in start.headers["Location"].partition("?")[2].split("&"))
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(asked["nonce"], sub="boris"))}
    assert other is not None
    victim.set_cookie("movie_together_session", other)
    await victim.open("/auth/callback", params={"code": "c", "state": asked["state"]}, follow=False)

    assert await Browser.raw(victim.site, "/who", page_of_the_first) == 401
    assert [event["reason"] for event in await ended(accounts, adversary.issuer)] == ["replaced"]
