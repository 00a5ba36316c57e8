"""A walk through the pages in a real browser, on a phone: what is done there takes effect without leaving the page."""

from __future__ import annotations

from playwright.async_api import Page, expect

from api_service.usecases import friends
from api_service.usecases.invitations import Guests
from tests.integration.pages.conftest import opened, signs_in
from tests.support.api_fixtures import RunningSite, in_days


async def test_requests_and_invitations_are_answered_where_they_stand(site: RunningSite, page: Page) -> None:
    ann, bob, eve = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Eve")]
    await site.cinema.befriend(ann, bob)
    await friends.ask(site.cinema.db, eve.id, ann.id)
    await opened(site, bob, starts_at=in_days(1), guests=Guests(users=(ann.id,)))
    await signs_in(page, site, ann)
    counts = page.locator("#nav .count")

    await page.goto(f"{site.url}/")
    await page.evaluate("window.stays = true")
    await expect(counts).to_have_text(["1", "1"])
    assert "tomorrow" in await page.locator(".room-card__when").inner_text()
    await page.get_by_role("button", name="I am coming").click()
    await expect(page.locator("#whats-on h2")).to_have_text(["Coming up"])
    await expect(page.locator(".toast")).to_contain_text("You are coming.")
    await expect(counts).to_have_text(["1"])
    assert await page.evaluate("window.stays"), "the page was never left"

    await page.goto(f"{site.url}/friends")
    await page.evaluate("window.stays = true")
    await page.locator("[data-do=accept]").click()
    await expect(page.locator(".row[data-status=accepted]")).to_have_count(2)
    await expect(counts).to_have_count(0)
    await page.locator("[data-name=Eve] [data-do=remove]").click()
    await page.locator("dialog#remove [value=no]").click()
    await page.locator("[data-name=Eve] [data-do=remove]").click()
    await page.locator("dialog#remove [value=yes]").click()
    await expect(page.locator(".row[data-status=accepted]")).to_have_count(1)
    assert await page.evaluate("window.stays"), "the page was never left"


async def test_a_film_is_found_and_opened_with_two_presses(site: RunningSite, page: Page) -> None:
    ann, bob = await site.cinema.person("Ann", locale="en"), await site.cinema.person("Bob", locale="en")
    await site.cinema.befriend(ann, bob)
    old, new = await site.cinema.film("Old", year=1990), await site.cinema.film("New", year=2020)
    await site.cinema.want(old, bob)
    await signs_in(page, site, ann)

    await page.goto(f"{site.url}/")
    await page.get_by_label("Order").select_option("newest")
    await page.wait_for_url("**/?*order=newest*")
    shown = [await one.get_attribute("href") for one in await page.locator(".film :is(h2, h3) a").all()]
    assert shown == [f"/films/{new}", f"/films/{old}"]
    await page.goto(f"{site.url}/films/{old}")
    await page.locator("#who").click()
    await expect(page.locator("#who-answer li")).to_have_text(["BOBob"])
    await expect(page.locator("#invite")).to_be_hidden()
    await page.locator("#watch").click()
    await expect(page.locator("#open")).to_have_text("Open a room and invite: 1")
    await expect(page.locator("#open")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms/*")


async def test_what_is_chosen_of_an_account_is_sent_at_once(site: RunningSite, page: Page) -> None:
    ann = await site.cinema.person("Ann", locale="en")
    await signs_in(page, site, ann)
    body = page.locator("body")

    await page.goto(f"{site.url}/account")
    await page.get_by_label("Dark").check()
    await expect(body).to_have_css("background-color", "rgb(13, 15, 20)")
    await page.get_by_label("Light", exact=True).check()
    await expect(body).to_have_css("background-color", "rgb(247, 244, 238)")
    await page.wait_for_load_state()
    await page.evaluate("window.stays = true")
    for choice in ("[name=list][value=nobody]", "[name=mails][value=no]"):
        await page.locator(choice).check()
        await expect(page.locator(f"{choice}[checked]")).to_be_checked()  # as it came from the server
    assert await page.evaluate("window.stays"), "the page was never left"
    assert await site.cinema.value("SELECT list_hidden FROM users WHERE name = 'Ann'")
    await page.get_by_label("Русский").check()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Учётная запись")


async def test_the_sheet_of_invitations_shares_shows_a_code_and_tells_who_comes(site: RunningSite, page: Page) -> None:
    ann, *guests = [await site.cinema.person(name, locale="en") for name in ("Ann", "Bob", "Carl", "Dora")]
    await site.cinema.befriend(ann, *guests)
    room = await opened(site, ann, guests=Guests(users=tuple(one.id for one in guests)))
    answered = "UPDATE invitations SET answer = :answer, answered_at = now() WHERE invitee_id = :id RETURNING id"
    for guest, answer in zip(guests, ("accepted", "declined"), strict=False):
        await site.cinema.rows(answered, answer=answer, id=str(guest.id))
    await signs_in(page, site, ann)
    await page.add_init_script("window.shared = []; navigator.share = async (what) => void window.shared.push(what);")

    await page.goto(f"{site.url}/rooms/{room.code}")
    await page.locator("[data-opens=invite]").click()
    await expect(page.locator("#invited-counts")).to_have_text("Coming: 1 · not coming: 1 · no answer yet: 1")
    await page.locator("#share").click()
    title = "Watch together: The Honey Noon Express"
    assert await page.evaluate("window.shared") == [{"title": title, "url": room.link}]
    async with page.expect_response("**/qr") as loaded:
        await page.locator(".qr summary").click()
    assert (await loaded.value).ok
    told = await site.viewer(guests[0]).raw("GET", f"/rooms/{room.code}/qr")
    assert told.headers["Content-Type"] == "image/svg+xml"
    assert (await site.viewer(guests[0]).raw("GET", "/rooms/AAAAAAAAAAAAAAAAAAAAAA/qr")).status == 404
