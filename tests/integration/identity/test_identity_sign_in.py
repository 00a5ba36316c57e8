"""Signing in at the real provider, and out again."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from yarl import URL

from api_service.identity import provider as provider_module
from api_service.identity.cookies import SESSION_LIFETIME_S
from tests.support.identity_fixtures import Browser, IdentityProvider, running_site

NewBrowser = Callable[..., Browser]


async def test_a_viewer_signs_in_and_is_known_by_name(browser: Browser) -> None:
    landed = await browser.sign_in("anna")

    assert await landed.text() == "home of Анна Белова"
    who = await browser.who()
    assert (who["name"], who["email"], who["locale"]) == ("Анна Белова", "anna@example.com", "ru")


async def test_a_page_for_members_brings_the_viewer_back_after_signing_in(browser: Browser) -> None:
    page = await browser.open("/rooms/abc?q=%D1%91%26x")
    landed = await browser.submit(page, viewer="boris")

    assert str(landed.url) == str(URL(f"{browser.site}/rooms/abc?q=%D1%91%26x"))
    assert await landed.text() == "/rooms/abc?q=%D1%91%26x for Boris O'Neil <b>"


async def test_signing_in_again_keeps_the_account(browser: Browser, site: str, new_browser: NewBrowser) -> None:
    await browser.sign_in("anna")
    elsewhere = new_browser(site)
    await elsewhere.sign_in("anna")

    assert (await browser.who())["id"] == (await elsewhere.who())["id"]


async def test_someone_unknown_enters_an_address_and_becomes_a_viewer(
    browser: Browser, site: str, new_browser: NewBrowser
) -> None:
    page = await browser.open("/auth/sign-in?next=/rooms/abc")
    await browser.submit(page, form=1, email=" New.Comer@Example.com ")

    who = await browser.who()
    assert (who["name"], who["email"]) == ("New.comer", "new.comer@example.com")
    again = new_browser(site)
    page = await again.open("/auth/sign-in")
    await again.submit(page, form=1, email="new.comer@example.com")
    assert (await again.who())["id"] == who["id"]


async def test_an_address_that_is_none_is_asked_for_again(browser: Browser) -> None:
    page = await browser.open("/auth/sign-in?next=/rooms/abc")
    again = await browser.submit(page, form=1, email='"><script>@')

    assert again.status == 422
    assert "Это не похоже на адрес почты" in await again.text()
    assert "<script>@" not in await again.text()
    assert "for Анна" in await (await browser.submit(again, viewer="anna")).text()


async def test_several_tabs_may_be_signing_in_at_once(browser: Browser) -> None:
    first = await browser.open("/auth/sign-in?next=/rooms/first")
    second = await browser.open("/auth/sign-in?next=/rooms/second")

    assert "/rooms/first" in await (await browser.submit(first, viewer="anna")).text()
    assert "/rooms/second" in await (await browser.submit(second, viewer="anna")).text()


async def test_who_is_signed_in_goes_straight_on(browser: Browser) -> None:
    await browser.sign_in("anna")
    straight = await browser.open("/auth/sign-in?next=/rooms/abc", follow=False)

    assert straight.headers["Location"] == f"{browser.site}/rooms/abc"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "@evil.example",
    ],
)
async def test_no_next_leads_to_another_site(browser: Browser, wanted: str) -> None:
    landed = await browser.sign_in("anna", at=wanted)
    assert str(landed.url) == f"{browser.site}/"

    straight = await browser.open("/auth/sign-in", params={"next": wanted}, follow=False)
    assert straight.headers["Location"] == f"{browser.site}/"


async def test_a_viewer_who_changes_their_mind_is_told_how_to_start_again(browser: Browser) -> None:
    page = await browser.open("/auth/sign-in?next=/rooms/abc")
    denied = await browser.submit(page, form=2)

    problem = await denied.json(content_type=None)
    assert (denied.status, problem["code"]) == (403, "sign_in_denied")
    assert problem["sign_in_url"] == "/auth/sign-in?next=%2Frooms%2Fabc"


async def test_an_answer_used_once_is_worth_nothing_the_second_time(browser: Browser) -> None:
    page = await browser.open("/auth/sign-in?next=/rooms/abc")
    resume = await browser.submit(page, viewer="anna", follow=False)
    callback = (await browser.open(resume.headers["Location"], follow=False)).headers["Location"]
    assert (await browser.open(callback)).status == 200

    back = await browser.open(callback, follow=False)
    assert back.headers["Location"] == f"{browser.site}/rooms/abc"

    await browser.sign_out()
    replayed = await browser.open(callback)
    problem = await replayed.json(content_type=None)
    assert (replayed.status, problem["code"]) == (400, "sign_in_expired")
    assert problem["sign_in_url"] == "/auth/sign-in?next=%2Frooms%2Fabc"
    assert (await browser.who())["code"] == "sign_in_required"


async def test_an_answer_is_worth_nothing_in_another_browser(
    browser: Browser, site: str, new_browser: NewBrowser
) -> None:
    page = await browser.open("/auth/sign-in?next=/rooms/abc")
    resume = await browser.submit(page, viewer="anna", follow=False)
    callback = (await browser.open(resume.headers["Location"], follow=False)).headers["Location"]

    victim = new_browser(site)
    planted = await victim.open(callback)
    assert (await planted.json(content_type=None))["code"] == "sign_in_expired"
    assert (await victim.who())["code"] == "sign_in_required"


async def test_a_made_up_state_starts_again_at_a_place_of_ours(browser: Browser) -> None:
    stranger = await browser.open("/auth/callback?code=x&state=y.Ly9ldmlsLmV4YW1wbGU")  # //evil.example

    problem = await stranger.json(content_type=None)
    assert (stranger.status, problem["code"]) == (400, "sign_in_expired")
    assert problem["sign_in_url"] == "/auth/sign-in?next=%2F"


async def test_signing_out_ends_both_sessions(browser: Browser) -> None:
    await browser.sign_in("anna")
    landed = await browser.sign_out()

    assert str(landed.url) == f"{browser.site}/"
    assert await landed.text() == "home of nobody"
    assert "viewer" in await (await browser.open("/auth/sign-in")).text(), "the provider still knew who it was"


async def test_signing_out_by_a_link_from_elsewhere_asks_first(
    browser: Browser, shared_provider: IdentityProvider
) -> None:
    await browser.sign_in("anna")
    page = await browser.open(f"{shared_provider.issuer}/sign-out?client_id=movie-together")

    assert "Выйти?" in await page.text()
    assert "<script" not in await page.text()


async def test_the_sign_in_page_speaks_the_language_chosen_on_the_site(site: str, new_browser: NewBrowser) -> None:
    english = new_browser(site, "en-GB,en;q=0.9")
    assert "Who is watching?" in await (await english.open("/auth/sign-in")).text()
    assert "Кто будет смотреть?" in await (await english.open("/auth/sign-in?lang=ru")).text()


async def test_the_provider_is_reached_by_another_name_from_behind(
    shared_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser
) -> None:
    behind = f"http://localhost:{shared_provider.port}"
    async with running_site(shared_provider.settings(backchannel_url=behind), accounts_url):
        browser = new_browser(shared_provider.site)
        start = await browser.open("/auth/sign-in", follow=False)
        assert URL(start.headers["Location"]).origin() == URL(shared_provider.issuer)
        assert await (await browser.sign_in("anna")).text() == "home of Анна Белова"


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    start = await browser.open("/auth/sign-in", follow=False)
    page = await browser.open(start.headers["Location"])
    resume = await browser.submit(page, viewer="anna", follow=False)
    callback = (await browser.open(resume.headers["Location"], follow=False)).headers["Location"]
    finish = await browser.open(callback, follow=False)

    session = finish.cookies["movie_together_session"]
    [pending] = start.cookies.values()
    for cookie in (session, pending):
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert (session["path"], session["max-age"]) == ("/", str(7 * 24 * 3600))
    assert (pending["path"], pending["max-age"]) == ("/auth", "600")
    account = (await browser.who())["id"]
    for seen in (session.value, base64.urlsafe_b64decode(session.value).decode("latin-1")):
        assert account not in seen
        assert "anna@example.com" not in seen


async def test_behind_tls_cookies_insist_on_it(
    shared_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser
) -> None:
    settings = shared_provider.settings(public_url=shared_provider.site.replace("http:", "https:"))
    async with running_site(settings, accounts_url):
        start = await new_browser(shared_provider.site).open("/auth/sign-in", follow=False)
        [pending] = start.cookies.values()
        assert pending["secure"]
        asked = parse_qs(URL(start.headers["Location"]).query_string)
        assert asked["redirect_uri"] == [settings.public_url + "/auth/callback"]


async def test_sessions_outlive_a_restart_of_the_site(
    shared_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser
) -> None:
    browser = new_browser(shared_provider.site)
    async with running_site(shared_provider.settings(), accounts_url):
        await browser.sign_in("anna")
    async with running_site(shared_provider.settings(), accounts_url):
        assert (await browser.who())["name"] == "Анна Белова"
    async with running_site(shared_provider.settings(session_key=b"other-key-of-the-tests---32-byte"), accounts_url):
        assert (await browser.who())["code"] == "sign_in_required", "a session sealed with another key was believed"


async def test_a_session_ends_by_itself(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    await browser.sign_in("anna")
    cookie = f"movie_together_session={browser.cookie('movie_together_session')}"
    assert await Browser.raw(browser.site, "/who", cookie) == 200

    monkeypatch.setattr("time.time", lambda now=time.time: now() + SESSION_LIFETIME_S + 2)
    assert await Browser.raw(browser.site, "/who", cookie) == 401


async def test_a_session_planted_during_the_sign_in_is_replaced(
    browser: Browser, site: str, new_browser: NewBrowser
) -> None:
    attacker = new_browser(site)
    await attacker.sign_in("boris")
    planted = attacker.cookie("movie_together_session")
    assert planted is not None

    page = await browser.open("/auth/sign-in")
    browser.set_cookie("movie_together_session", planted)
    await browser.submit(page, viewer="anna")

    assert (await browser.who())["name"] == "Анна Белова"


@pytest.mark.parametrize("broken", ["", "x", "gAAAAABk", "гарбуз", "\udcff\udcfe", "A" * 3000])
async def test_a_broken_session_cookie_counts_as_none(browser: Browser, broken: str) -> None:
    await browser.sign_in("anna")
    good = browser.cookie("movie_together_session")
    assert good is not None
    changed = good[:40] + ("B" if good[40] == "A" else "A") + good[41:]
    for value in (broken, good[:-8], changed):
        raw = f"movie_together_session={value}".encode("utf-8", "surrogateescape").decode("latin-1")
        answer = await Browser.raw(browser.site, "/who", raw)
        assert answer == 401


async def test_while_the_provider_is_down_only_signing_in_is(
    own_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "RETRY_S", 0.1)
    own_provider.start()
    member = new_browser(own_provider.site)
    async with running_site(own_provider.settings(), accounts_url):
        await member.sign_in("anna")

    own_provider.stop()
    async with running_site(own_provider.settings(), accounts_url):
        assert (await member.who())["name"] == "Анна Белова"
        assert str((await member.post("/auth/sign-out", headers={"Origin": member.site})).url) == f"{member.site}/"
        late = new_browser(own_provider.site)
        answer = await late.open("/auth/sign-in?next=/rooms/abc")
        problem = await answer.json(content_type=None)
        assert (answer.status, problem["code"]) == (503, "identity_unavailable")
        assert problem["sign_in_url"] == "/auth/sign-in?next=%2Frooms%2Fabc"
        assert answer.headers["Retry-After"] == "5"

        own_provider.start()
        assert "/rooms/abc for Анна" in await (await late.sign_in("anna", at="/rooms/abc")).text()


async def test_who_signed_in_at_the_provider_stays_so_over_its_restart(
    own_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser
) -> None:
    own_provider.start()
    async with running_site(own_provider.settings(), accounts_url):
        browser = new_browser(own_provider.site)
        await browser.sign_in("anna")
        browser.set_cookie("movie_together_session", "")
        own_provider.stop()
        own_provider.start()

        landed = await browser.open("/auth/sign-in?next=/rooms/abc")
        assert "/rooms/abc for Анна" in await landed.text()


async def test_a_sign_in_begun_before_the_provider_restarted_can_be_finished(
    own_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser
) -> None:
    own_provider.start()
    async with running_site(own_provider.settings(), accounts_url):
        browser = new_browser(own_provider.site)
        page = await browser.open("/auth/sign-in?next=/rooms/abc")
        own_provider.stop()
        own_provider.start()
        assert "/rooms/abc for Анна" in await (await browser.submit(page, viewer="anna")).text()


async def test_new_signing_keys_are_picked_up(
    own_provider: IdentityProvider, accounts_url: str, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "REFETCH_S", 0.1)
    own_provider.start()
    async with running_site(own_provider.settings(), accounts_url):
        await new_browser(own_provider.site).sign_in("anna")
        own_provider.stop()
        own_provider.forget_keys()
        own_provider.start()
        assert await (await new_browser(own_provider.site).sign_in("anna")).text() == "home of Анна Белова"
