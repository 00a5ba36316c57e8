"""Access tokens as the usual providers make them, each accepted or refused as the table in docs/accounts.md says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from api_service.identity import IdentitySettings, Provider
from api_service.identity.access_tokens import AccessTokens
from api_service.identity.programs import client_of
from api_service.identity.tokens import InvalidToken
from tests.support.identity_adversary import Adversary
from tests.support.identity_fixtures import settings_for

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "accounts.md"
# By the providers' documentation; ISSUER, IAT and EXP stand for what differs each time.
RECORDED: Final = {
    (shape["provider"], shape["token"]): shape
    for shape in json.loads((Path(__file__).parent / "provider_tokens.json").read_text("utf-8"))
}
FIELDS: Final = {
    "OIDC_AUDIENCE": "audience",
    "OIDC_TRUSTED_CLIENTS": "trusted_clients",
    "OIDC_SUBJECT_CLAIM": "subject_claim",
    "OIDC_INTROSPECTION": "introspection",
}


def table() -> list[list[str]]:
    """Return the rows of the table: provider, token, settings, answer."""
    _, _, rest = DOCUMENT.read_text("utf-8").partition("| provider | token | settings | answer |\n|---|---|---|---|\n")
    rows = rest.partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.fixture
async def adversary() -> AsyncIterator[Adversary]:
    async with Adversary().running() as adversary:
        yield adversary


def test_every_recorded_shape_stands_in_the_table() -> None:
    assert {(provider, token) for provider, token, _, _ in table()} == set(RECORDED)
    assert {provider for provider, _ in RECORDED} == {
        *("Keycloak", "Auth0", "Okta", "Ory Hydra", "Zitadel", "Authentik", "IdentityServer")
    }


def filled(value: Any, adversary: Adversary) -> Any:
    """Return a recorded value with this provider's issuer and with moments of today."""
    now = int(time.time())
    if isinstance(value, dict):
        return {name: filled(one, adversary) for name, one in value.items()}
    found = {"ISSUER": adversary.issuer, "IAT": now, "EXP": now + 300}
    return found.get(value, value) if isinstance(value, str) else value


def settings_of(cell: str, adversary: Adversary) -> IdentitySettings:
    named = dict(re.findall(r"`(\w+)=([^`]+)`", cell))
    changes: dict[str, Any] = {FIELDS[name]: value for name, value in named.items()}
    if "trusted_clients" in changes:
        changes["trusted_clients"] = frozenset(changes["trusted_clients"].split(","))
    return settings_for("http://127.0.0.1:1", adversary.issuer, **changes)


@pytest.mark.parametrize(("provider", "token", "settings", "answer"), table(), ids=lambda cell: cell)
async def test_a_token_is_answered_as_the_table_says(
    adversary: Adversary, provider: str, token: str, settings: str, answer: str
) -> None:
    shape = filled(RECORDED[provider, token], adversary)
    sent = shape.get("opaque") or adversary.sign(shape["claims"], headers=shape["header"])
    adversary.metadata["introspection_endpoint"] = f"{adversary.issuer}/introspect"
    adversary.introspected = {sent: shape.get("introspected", {"active": False})}
    identity = settings_of(settings, adversary)
    asked = Provider(identity)
    await asked.start()
    try:
        claims = await AccessTokens(identity, asked).claims(sent)
        found = "a person" if client_of(claims) is None else "a program"
    except InvalidToken:
        found = "refused"
    finally:
        await asked.close()
    assert found == answer


async def test_an_opaque_token_is_asked_about_once_until_it_expires(
    adversary: Adversary,
) -> None:
    now = time.time()
    ahead_s = 0
    adversary.metadata["introspection_endpoint"] = f"{adversary.issuer}/introspect"
    identity = settings_for("http://127.0.0.1:1", adversary.issuer)
    good = {"active": True, "sub": "anna", "client_id": "web", "aud": identity.audience, "exp": int(now) + 300}
    adversary.introspected = {"opaque": {**good, "scope": "openid"}}
    provider = Provider(identity)
    await provider.start()
    tokens = AccessTokens(identity, provider, lambda: now + ahead_s)
    for _ in range(3):
        assert (await tokens.claims("opaque"))["sub"] == "anna"
        with pytest.raises(InvalidToken, match="does not know it"):
            await tokens.claims("invented")
    assert adversary.asked["introspect"] == 2, "once about each"

    adversary.introspected = {}
    ahead_s = 301
    with pytest.raises(InvalidToken):
        await tokens.claims("opaque")
    assert adversary.asked["introspect"] == 3
    await provider.close()


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"active": "true"},
        {"token_use": "refresh_token"},
        {"scope": None},
        {"client_id": None},
        {"sub": 7},
        {"cnf": {"jkt": "x"}},
    ],
)
async def test_what_the_provider_answers_is_checked_too(adversary: Adversary, change: dict[str, Any]) -> None:
    adversary.metadata["introspection_endpoint"] = f"{adversary.issuer}/introspect"
    identity = settings_for("http://127.0.0.1:1", adversary.issuer)
    good = {"active": True, "sub": "anna", "client_id": "web", "aud": identity.audience, "scope": "openid"}
    bad = {name: value for name, value in {**good, **change}.items() if value is not None}
    adversary.introspected = {"good": good, "bad": bad}
    provider = Provider(identity)
    await provider.start()
    tokens = AccessTokens(identity, provider)
    assert (await tokens.claims("good"))["sub"] == "anna"
    with pytest.raises(InvalidToken):
        await tokens.claims("bad")
    await provider.close()
