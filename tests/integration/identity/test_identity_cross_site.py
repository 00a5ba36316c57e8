"""Other sites cannot act in a signed-in person's name."""

from __future__ import annotations

import pytest

from tests.support.identity_fixtures import Browser


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Authorization": "Basic eDp5"},
        {"Referer": "http://127.0.0.1/"},
    ],
)
async def test_a_change_by_cookie_from_elsewhere_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    await browser.sign_in("anna")

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await browser.send(method, "/who", headers=headers)
        problem = await answer.json(content_type=None)
        assert (answer.status, problem["code"]) == (403, "cross_site_request")


async def test_our_own_pages_may_change_things(browser: Browser) -> None:
    await browser.sign_in("anna")

    assert (await browser.post("/who", headers={"Origin": browser.site})).status == 200
    assert (await browser.post("/who", headers={"Sec-Fetch-Site": "same-origin"})).status == 200


async def test_nobody_is_signed_out_from_elsewhere(browser: Browser) -> None:
    await browser.sign_in("anna")

    refused = await browser.post("/auth/sign-out", headers={"Origin": "https://evil.example"})
    assert refused.status == 403
    assert (await browser.open("/auth/sign-out")).status == 405
    assert (await browser.who())["name"] == "Анна Белова"


async def test_reading_needs_no_proof(browser: Browser) -> None:
    await browser.sign_in("anna")

    assert (await browser.open("/who", headers={"Sec-Fetch-Site": "cross-site"})).status == 200
