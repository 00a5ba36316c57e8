"""What a broken or malicious provider, or somebody with forged tokens, does not get away with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from api_service.identity import provider as provider_module
from tests.support.identity_adversary import Adversary, public_jwk
from tests.support.identity_fixtures import AUDIENCE, CLIENT_ID, Browser

NewBrowser = Callable[..., Browser]
Forge = Callable[[Adversary, str], str]
STRANGER = ec.generate_private_key(ec.SECP256R1())


class Attempt:
    """One sign-in of a browser up to the provider, to be answered as an attacker likes."""

    def __init__(self, browser: Browser, asked: URL) -> None:
        self._browser = browser
        self.asked = asked
        self.nonce = asked.query["nonce"]

    async def answer(self, **query: str) -> ClientResponse:
        good = {"code": "a-code", "state": self.asked.query["state"]}
        return await self._browser.open(str(URL("/auth/callback").with_query({**good, **query})), follow=False)


async def attempt(browser: Browser) -> Attempt:
    start = await browser.open("/auth/sign-in?next=/rooms/abc", follow=False)
    return Attempt(browser, URL(start.headers["Location"]))


async def code_of(answer: ClientResponse) -> str:
    return str((await answer.json(content_type=None))["code"])


async def test_the_adversary_signs_in_when_it_behaves(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(begun.nonce))}

    assert (await begun.answer()).headers["Location"] == f"{victim.site}/rooms/abc"
    assert (await victim.who())["name"] == "Mallory"
    assert adversary.connection_kept is False, "a kept connection may turn out dead, and a code is redeemed only once"


FORGED_ID_TOKENS: dict[str, Forge] = {
    "of another sign-in": lambda it, nonce: it.sign(it.id_claims("another")),
    "without a nonce": lambda it, nonce: it.sign(it.id_claims(None)),
    "for another client": lambda it, nonce: it.sign(it.id_claims(nonce, aud="another")),
    "for several, issued to another": lambda it, nonce: it.sign(it.id_claims(nonce, aud=[CLIENT_ID, "x"], azp="x")),
    "for several, issued to nobody": lambda it, nonce: it.sign(it.id_claims(nonce, aud=[CLIENT_ID, "x"])),
    "of another issuer": lambda it, nonce: it.sign(it.id_claims(nonce, iss="https://evil.example")),
    "expired": lambda it, nonce: it.sign(it.id_claims(nonce, exp=int(time.time()) - 30)),
    "without an end": lambda it, nonce: it.sign(it.id_claims(nonce, exp=None)),
    "of the future": lambda it, nonce: it.sign(it.id_claims(nonce, iat=int(time.time()) + 600)),
    "of nobody": lambda it, nonce: it.sign(it.id_claims(nonce, sub="")),
    "of an unspeakable": lambda it, nonce: it.sign(it.id_claims(nonce, sub="a\x00b")),
    "unsigned": lambda it, nonce: it.unsigned(it.id_claims(nonce)),
    "signed with the public key as secret": lambda it, nonce: it.signed_with_the_public_key(it.id_claims(nonce)),
    "signed by a stranger under a good id": lambda it, nonce: it.sign(it.id_claims(nonce), key=STRANGER),
    "signed by a stranger under its own id": lambda it, nonce: it.sign(it.id_claims(nonce), key=STRANGER, kid="evil"),
    "no token": lambda it, nonce: "nonsense",
    "too long": lambda it, nonce: it.sign(it.id_claims(nonce, padding="x" * 20_000)),
}


@pytest.mark.parametrize("forge", FORGED_ID_TOKENS.values(), ids=FORGED_ID_TOKENS)
async def test_a_forged_id_token_signs_nobody_in(adversary: Adversary, victim: Browser, forge: Forge) -> None:
    begun = await attempt(victim)
    adversary.token_answer = {"id_token": forge(adversary, begun.nonce)}

    answer = await begun.answer()

    assert (answer.status, await code_of(answer)) == (502, "sign_in_failed")
    assert "movie_together_session" not in answer.cookies
    assert (await victim.who())["code"] == "sign_in_required"


async def test_a_failed_answer_uses_the_sign_in_up(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    adversary.token_answer = {"id_token": "nonsense"}
    await begun.answer()
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(begun.nonce))}

    assert await code_of(await begun.answer()) == "sign_in_expired"


async def test_an_answer_from_another_issuer_is_not_redeemed(adversary: Adversary, victim: Browser) -> None:
    adversary.metadata["authorization_response_iss_parameter_supported"] = True
    for named in ({"iss": "https://other.example"}, {}):
        begun = await attempt(victim)
        assert await code_of(await begun.answer(**named)) == "sign_in_failed"

    assert adversary.asked["/token"] == 0


async def test_a_state_of_ours_with_another_end_is_not_ours(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    state = begun.asked.query["state"]

    assert await code_of(await begun.answer(state=state + "A")) == "sign_in_expired"
    assert adversary.asked["/token"] == 0


async def test_a_code_that_the_provider_refuses_starts_over(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    adversary.token_status, adversary.token_answer = 400, {"error": "invalid_grant"}

    answer = await begun.answer()
    assert (answer.status, await code_of(answer)) == (400, "sign_in_expired")


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>"), (200, "[]"), (500, {}), (204, "")],
    ids=["no JSON", "no object", "an error", "nothing"],
)
async def test_an_answer_that_is_none_is_an_outage(
    adversary: Adversary, victim: Browser, status: int, body: Any
) -> None:
    begun = await attempt(victim)
    adversary.token_status, adversary.token_answer = status, body

    answer = await begun.answer()
    assert (answer.status, await code_of(answer)) == (503, "identity_unavailable")


async def test_a_flood_is_not_read_to_its_end(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    good = {"id_token": adversary.sign(adversary.id_claims(begun.nonce))}
    adversary.token_answer = {**good, "padding": "x" * 300_000}

    assert await code_of(await begun.answer()) == "identity_unavailable"


async def test_a_wrong_client_secret_is_a_failure_of_ours(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    adversary.token_status, adversary.token_answer = 401, {"error": "invalid_client"}

    assert await code_of(await begun.answer()) == "sign_in_failed"


async def test_our_secret_is_not_carried_to_where_a_redirect_points(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    adversary.token_status, adversary.token_headers = 307, {"Location": f"{adversary.issuer}/elsewhere"}
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(begun.nonce))}

    assert (await begun.answer()).status == 503
    assert (adversary.asked["/token"], adversary.asked["/elsewhere"]) == (1, 0)


async def test_a_provider_that_speaks_for_another_issuer_is_not_used(adversary: Adversary, victim: Browser) -> None:
    adversary.metadata["issuer"] = "https://evil.example"

    assert (await victim.open("/auth/sign-in", follow=False)).status == 503


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [None, "nonsense", 7])
async def test_metadata_without_its_addresses_is_an_outage(
    adversary: Adversary, victim: Browser, name: str, value: Any
) -> None:
    adversary.metadata[name] = value

    assert (await victim.open("/auth/sign-in", follow=False)).status == 503


async def test_what_the_id_token_leaves_out_is_asked_for(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    bare = adversary.id_claims(begun.nonce, name=None, email=None, email_verified=None)
    adversary.token_answer = {"id_token": adversary.sign(bare), "access_token": "opaque"}
    adversary.userinfo = {"sub": "mallory", "name": "Mallory M.", "email": "m@example.com", "email_verified": False}

    assert (await begun.answer()).status == 303
    who = await victim.who()
    assert (who["name"], who["email"]) == ("Mallory M.", None), "an address that nobody verified was believed"


async def test_an_id_token_too_long_for_a_cookie_still_signs_in(adversary: Adversary, victim: Browser) -> None:
    adversary.metadata["end_session_endpoint"] = f"{adversary.issuer}/sign-out"
    other_tab, begun = await attempt(victim), await attempt(victim)
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(other_tab.nonce))}
    await other_tab.answer()
    adversary.token_answer = {"id_token": adversary.sign(adversary.id_claims(begun.nonce, groups=["x" * 50] * 80))}

    answer = await begun.answer()
    assert len(answer.cookies["movie_together_session"].value) < 4096 - 200, "a browser drops it"
    assert (await victim.who())["name"] == "Mallory"
    out = await victim.post("/auth/sign-out", follow=False, headers={"Origin": victim.site})
    asked = URL(out.headers["Location"]).query
    assert asked.keys() == {"client_id", "post_logout_redirect_uri"}, "the hint of an earlier session was kept"


async def test_userinfo_of_another_person_signs_nobody_in(adversary: Adversary, victim: Browser) -> None:
    begun = await attempt(victim)
    bare = adversary.id_claims(begun.nonce, name=None)
    adversary.token_answer = {"id_token": adversary.sign(bare), "access_token": "opaque"}
    adversary.userinfo = {"sub": "somebody", "name": "Somebody"}

    assert await code_of(await begun.answer()) == "sign_in_failed"


FORGED_ACCESS_TOKENS: dict[str, Callable[[Adversary], str]] = {
    "an ID token": lambda it: it.sign(it.id_claims("n")),
    "an ID token for the API": lambda it: it.sign(it.id_claims("n", aud=AUDIENCE, azp="web", scope="openid", jti="j")),
    "an ID token with a hash": lambda it: it.sign(it.access_claims(at_hash="x", scope="openid")),
    "an ID token by its own word": lambda it: it.sign(it.access_claims(typ="ID", scope="openid")),
    "an ID token without any mark": lambda it: it.sign(it.access_claims(jti=None)),
    "a refresh token": lambda it: it.sign(it.access_claims(typ="Refresh", scope="openid")),
    "a logout token": lambda it: it.sign(it.access_claims(events={}), typ="logout+jwt"),
    "bound to a key": lambda it: it.sign(it.access_claims(cnf={"jkt": "x"}), typ="at+jwt"),
    "for another audience": lambda it: it.sign(it.access_claims(aud="another"), typ="at+jwt"),
    "of another issuer": lambda it: it.sign(it.access_claims(iss="https://evil.example"), typ="at+jwt"),
    "expired": lambda it: it.sign(it.access_claims(exp=int(time.time()) - 30), typ="at+jwt"),
    "without an end": lambda it: it.sign(it.access_claims(exp=None), typ="at+jwt"),
    "without a client": lambda it: it.sign(it.access_claims(client_id=None), typ="at+jwt"),
    "unsigned": lambda it: it.unsigned(it.access_claims(), typ="at+jwt"),
    "signed with the public key as secret": lambda it: it.signed_with_the_public_key(it.access_claims(), typ="at+jwt"),
    "signed by a stranger": lambda it: it.sign(it.access_claims(), key=STRANGER, typ="at+jwt"),
    "empty": lambda it: "",
    "of odd characters": lambda it: "ё.é.",
}


@pytest.mark.parametrize("forge", FORGED_ACCESS_TOKENS.values(), ids=FORGED_ACCESS_TOKENS)
async def test_a_forged_access_token_is_refused(
    adversary: Adversary, victim: Browser, forge: Callable[[Adversary], str]
) -> None:
    answer = await victim.open("/who", headers={"Authorization": f"Bearer {forge(adversary)}"})
    assert (answer.status, await code_of(answer)) == (401, "invalid_token")

    good = await victim.who(adversary.sign(adversary.access_claims(), typ="at+jwt"))
    assert good["name"] == "Mallory"


async def test_a_token_that_says_little_is_completed_by_userinfo_of_the_same_person(
    adversary: Adversary, victim: Browser
) -> None:
    token = adversary.sign(adversary.access_claims(name=None), typ="at+jwt")
    adversary.userinfo = {"sub": "somebody", "name": "Somebody"}
    assert (await victim.who(token))["code"] == "invalid_token"

    adversary.userinfo = {"sub": "mallory", "name": "Mallory M."}
    assert (await victim.who(token))["name"] == "Mallory M."
    assert (await victim.who(token))["name"] == "Mallory M."
    assert adversary.asked["userinfo"] == 2, "who is known was asked for again"


async def test_invented_key_ids_do_not_make_us_hammer_the_provider(
    adversary: Adversary, victim: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "REFETCH_S", 3600)
    for number in range(30):
        token = adversary.sign(adversary.access_claims(), key=STRANGER, kid=f"invented-{number}", typ="at+jwt")
        assert (await victim.who(token))["code"] == "invalid_token"

    assert adversary.asked["keys"] == 1


async def test_a_new_key_is_asked_for_and_an_old_one_forgotten(
    adversary: Adversary, victim: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "REFETCH_S", 0)
    old = adversary.sign(adversary.access_claims(), typ="at+jwt")
    assert (await victim.who(old))["name"] == "Mallory"

    adversary.keys = [{**public_jwk(STRANGER), "kid": "new", "use": "sig", "alg": "ES256"}]
    new = adversary.sign(adversary.access_claims(), key=STRANGER, kid="new", typ="at+jwt")
    assert (await victim.who(new))["name"] == "Mallory"
    assert (await victim.who(old))["code"] == "invalid_token"


async def test_a_key_meant_for_encryption_signs_nothing(adversary: Adversary, victim: Browser) -> None:
    adversary.keys[0]["use"] = "enc"

    assert (await victim.who(adversary.sign(adversary.access_claims(), typ="at+jwt")))["code"] == "invalid_token"


async def test_one_outage_is_asked_about_once_by_many(
    adversary: Adversary, victim: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "RETRY_S", 60)
    adversary.metadata["issuer"] = "https://evil.example"
    for _ in range(20):
        assert (await victim.open("/auth/sign-in", follow=False)).status == 503

    assert adversary.asked["metadata"] <= 2
