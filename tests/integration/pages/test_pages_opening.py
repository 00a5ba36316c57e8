"""Rooms in a real browser: what is chosen on a film's page is what the room has, and its film is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from api_service.cinema_hook import HookSettings
from deploy.local.free_ports import free_port
from shared.events.room_settings import SETTINGS_DEFAULTS
from tests.integration.pages.conftest import signs_in
from tests.support.api_fixtures import RunningSite, in_days, running_site, settings_for
from tests.support.cinema_hook import KEY, running_hook


@pytest.mark.parametrize("chosen", [False, True])
async def test_a_room_is_opened_with_what_was_chosen(site: RunningSite, page: Page, *, chosen: bool) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    film_id = await site.cinema.film()
    friends = [await site.cinema.person(name) for name in ("Bob", "Carl", "Dora")]
    await site.cinema.befriend(ann, *friends)
    await site.cinema.want(film_id, *friends)
    await signs_in(page, site, ann)

    await page.goto(f"{site.url}/films/{film_id}")
    await page.locator("#watch").click()
    await page.locator("#open:not([aria-busy])").wait_for()
    fits = "(sheet => sheet.scrollHeight <= sheet.clientHeight)(document.getElementById('watch-together'))"
    assert await page.evaluate(fits), "the form is one screen of a phone"
    await page.get_by_text("More settings").click()
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0, "the page is wider than a phone"
    if chosen:
        await page.get_by_label("Only those invited").check()
        await page.get_by_label("Moderators and me").check()
        await page.get_by_label("Keep playing").check()
        await page.get_by_label("Slow mode").select_option("15")
        await page.get_by_label("Maximum people").select_option("5")
        await page.get_by_label("At a set time").check()
        await page.get_by_label("Day and time").fill(in_days(2).strftime("%Y-%m-%dT%H:%M"))
        await page.get_by_label("Others can start the film early").check()
        await page.get_by_label("Wait for advertisements").select_option("60")
        await page.get_by_label("Wait for those who step out").select_option("30")
        most = page.get_by_label("Wait for nobody if more people")
        await most.press("ControlOrMeta+a")  # what is filled in goes behind the number that is there in Firefox
        await most.press_sequentially("4")
        await page.get_by_label("Pause at the picture").uncheck()
    await page.locator("#open").click()
    await page.wait_for_url("**/rooms/*")

    (room,) = await site.cinema.rows("SELECT access, control, capacity, settings FROM rooms")
    usual = SETTINGS_DEFAULTS.items() - {"locked": False, "hold_max_s": 10}.items()
    changed = {
        "hold": False,
        "slow_mode_s": 15,
        "early_start": True,
        "start": "at",
        "wait_ad_s": 60,
        "wait_away_s": 30,
        "wait_until_members": 4,
        "snap_on_pause": False,
        "guests": "nobody",
        "start_when_ready": 0,
    }
    expected = ("invited", "moderators", 5, changed) if chosen else ("link", "everyone", 50, dict(usual))
    assert tuple(room) == expected
    assert await site.cinema.value("SELECT count(*) FROM invitations") == 3, "whoever wants the film is invited"


async def test_a_room_whose_cinema_did_not_answer_at_first_gets_its_film_when_it_does(
    database_url: str, page: Page
) -> None:
    async with running_hook() as hook:
        settings = settings_for(database_url, port=free_port(), source_hook=HookSettings(hook.url, KEY))
        async with running_site(replace(settings, film_origins=("https://cdn.test",))) as site:
            ann = await site.cinema.person("Ann", locale="en")
            order = {"film_id": str(await site.cinema.film(media_url=None))}
            room = (await site.viewer(ann).post("/rooms", json=order)).body
            await signs_in(page, site, ann)
            hook.answers({}, 500)

            await page.goto(f"{site.url}/rooms/{room['code']}", wait_until="commit")
            hook.answers({"url": "https://cdn.test/film.mp4?visit=1"})

            await expect(page.locator("video")).to_have_attribute("src", "https://cdn.test/film.mp4?visit=1")
    assert len(hook.asked) >= 2
