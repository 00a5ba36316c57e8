"""The profile follows what newer tokens say of a person, and userinfo completes what they leave out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from api_service.database import Database, Statement
from tests.support.identity_adversary import Adversary
from tests.support.identity_fixtures import Browser

NewBrowser = Callable[..., Browser]

NOW = int(time.time())
_PICTURE = Statement(text("SELECT picture_url FROM users WHERE issuer = :issuer AND subject = 'mallory'"))


def token(adversary: Adversary, **claims: Any) -> str:
    whole = {"email": "m@example.com", "email_verified": True, **claims}
    return adversary.sign(adversary.access_claims(**whole), typ="at+jwt")


async def told(victim: Browser, sent: str) -> tuple[str, str | None, str]:
    who = await victim.who(sent)
    return who["name"], who["email"], who["locale"]


async def test_newer_claims_change_the_account_and_older_ones_do_not(
    adversary: Adversary, victim: Browser, accounts_url: str
) -> None:
    first = token(adversary, updated_at=NOW - 100, locale="ru")
    later = token(
        adversary,
        updated_at=NOW - 50,
        name="Mallory M.",
        email="new@example.com",
        locale="en",
        picture="https://id.example/m.png",
    )
    older = token(adversary, updated_at=NOW - 80, name="Old", email="old@example.com", locale="ru")

    assert await told(victim, first) == ("Mallory", "m@example.com", "ru")
    assert await told(victim, later) == ("Mallory M.", "new@example.com", "en")
    assert await told(victim, older) == ("Mallory M.", "new@example.com", "en")
    assert await told(victim, first) == ("Mallory M.", "new@example.com", "en")
    database = Database(accounts_url, acquire_deadline_s=60)
    await database.start()
    assert (await database.one(_PICTURE, issuer=adversary.issuer)).picture_url == "https://id.example/m.png"
    await database.close()


async def test_without_updated_at_the_token_issued_last_counts(adversary: Adversary, victim: Browser) -> None:
    assert (await told(victim, token(adversary, iat=NOW - 60)))[0] == "Mallory"
    assert (await told(victim, token(adversary, iat=NOW - 30, name="Later")))[0] == "Later"
    assert (await told(victim, token(adversary, iat=NOW - 45, name="Between")))[0] == "Later"


async def test_what_a_token_does_not_speak_of_stays(adversary: Adversary, victim: Browser) -> None:
    assert await told(victim, token(adversary, iat=NOW - 60, locale="en")) == ("Mallory", "m@example.com", "en")
    adversary.userinfo = {"sub": "mallory"}
    bare = token(adversary, name=None, email=None, email_verified=None)
    assert await told(victim, bare) == ("Mallory", "m@example.com", "en")


async def test_an_address_that_a_token_leaves_out_is_asked_for_once(adversary: Adversary, victim: Browser) -> None:
    adversary.userinfo = {"sub": "mallory", "name": "Not this", "email": "m@example.com", "email_verified": True}
    nameless = token(adversary, email=None, email_verified=None)
    for _ in range(3):
        assert (await told(victim, nameless))[:2] == ("Mallory", "m@example.com")
    assert adversary.asked["userinfo"] == 1


async def test_somebody_known_gets_the_address_that_was_missing(adversary: Adversary, victim: Browser) -> None:
    """A userinfo endpoint that refused at first must not leave a person without letters for good."""
    bare = {"email": None, "email_verified": None}
    assert (await told(victim, token(adversary, iat=NOW - 60, updated_at=NOW - 99, **bare)))[:2] == ("Mallory", None)

    adversary.userinfo = {"sub": "mallory", "email": "m@example.com", "email_verified": True}
    again = token(adversary, iat=NOW - 30, updated_at=NOW - 99, **bare)
    assert (await told(victim, again))[:2] == ("Mallory", "m@example.com")


async def test_userinfo_that_is_not_needed_is_not_asked(adversary: Adversary, victim: Browser) -> None:
    assert (await told(victim, token(adversary)))[:2] == ("Mallory", "m@example.com")
    assert adversary.asked["userinfo"] == 0
