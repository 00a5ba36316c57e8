"""Invitations, names and moderators as the owner presses them, and letters that a person does not want."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.mails import Inbox
from tests.e2e.site import Site
from tests.e2e.viewer import FILMS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn


def invited(owner: Viewer, name: str) -> Locator:
    return owner.page.locator("#invited li", has_text=name)


async def opens_invitations(owner: Viewer) -> None:
    await owner.page.locator("[data-opens=invite]").click()
    await expect(owner.page.locator("#invite-friends .skeleton")).to_have_count(0)


async def writes(field: Locator, text: str) -> None:
    """Type a text in place of the field's.

    What Playwright fills in is no change of a viewer's to Firefox, and goes behind the number of a field of numbers.
    """
    await field.press("ControlOrMeta+a")
    await field.press_sequentially(text)
    await field.press("Tab")


async def test_the_owner_invites_names_a_moderator_and_takes_back(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, site: Site
) -> None:
    elena, boris = await new_viewer("elena"), await new_viewer("boris")
    link = await open_room(elena)
    page = elena.page
    address = f"{secrets.token_hex(4)}@example.com"
    await elena.look_here()

    await opens_invitations(elena)
    await page.locator("#invite-friends label", has_text=boris.name).click()
    error = page.locator("#invite-emails-error")
    await writes(page.locator("#invite-emails"), "это не адрес")
    await expect(error).to_contain_text("не похоже на адрес")
    await writes(page.locator("#invite-emails"), address)
    await expect(error).to_be_hidden()
    await page.locator("#invite-more [type=submit]").click()
    await expect(page.locator("#toasts")).to_contain_text("Приглашения отправлены")
    mails = await Inbox(site.inbox_url).wait_mails(address, link.rpartition("/")[2])
    assert link in mails[0]["links"]

    await opens_invitations(elena)
    await expect(page.locator("#invite-friends label", has_text=boris.name)).to_have_count(0)
    await invited(elena, boris.name).locator("[data-do=resend]").click()
    await expect(page.locator("#toasts .toast--alarm")).to_contain_text("Слишком часто")
    await invited(elena, boris.name).locator("[data-do=moderator]").click()
    await expect(invited(elena, boris.name)).to_contain_text(" · будет модератором")
    await expect(invited(elena, address).locator("[data-do=moderator]")).to_have_count(0)  # only friends are named
    await invited(elena, address).locator("[data-do=revoke]").click()
    await expect(invited(elena, address)).to_have_count(0)
    await page.locator("#invite [data-close]").first.click()

    await sign_in(boris)
    await boris.enter(link)
    await expect(boris.page.locator("#settings-button")).to_be_visible()


@pytest.mark.timeout(240)
async def test_a_room_is_opened_with_a_name_and_a_moderator_and_handed_over_to_them(
    new_viewer: NewViewer, sign_in: SignIn, site: Site
) -> None:
    elena, boris = await new_viewer("elena"), await new_viewer("boris")
    page = elena.page
    await sign_in(elena)
    await elena.open_film("tide-keeper")
    await page.locator("#watch").click()
    await page.locator("#open:not([aria-busy])").wait_for()
    await page.locator("#invite-others").evaluate("details => { details.open = true; }")
    friend = page.locator("#invite label:has([name=friend])", has_text=boris.name)
    await friend.locator("input").check()
    await page.locator("#invite-more summary").click()
    await page.locator("#room-title").fill("Суббота у Елены")
    moderator = page.locator("#invite-moderators label", has_text=boris.name)
    await moderator.click()
    await friend.click()
    await expect(moderator).to_have_count(0)  # only who is invited can be named
    await friend.click()
    await moderator.click()
    await page.locator("#open").click()
    await page.wait_for_url("**/rooms/*")
    link = page.url
    await elena.wait_in_room()
    await expect(page.locator("#hall-title")).to_have_text("Суббота у Елены")

    await sign_in(boris)
    await boris.page.goto(f"{site.url}/rooms")
    declines = boris.page.locator(f"li:has(a[href$='{link.rpartition('/')[2]}']) [data-answer=declined]")
    await declines.click()
    await expect(declines).to_have_attribute("aria-pressed", "true")
    answer = """SELECT answer FROM invitations AS i JOIN rooms AS r ON r.id = i.room_id
        JOIN users AS u ON u.id = i.invitee_id WHERE r.code = %s AND u.email = %s"""
    [told] = await asyncio.to_thread(site.rows, answer, link.rpartition("/")[2], boris.email)
    assert told["answer"] == "declined"
    await boris.page.reload()
    await expect(declines).to_have_attribute("aria-pressed", "true")
    await boris.enter(link)
    await expect(boris.page.locator("#settings-button")).to_be_visible()

    await page.locator("#settings-button").click()
    await page.locator("#arrange-people > summary").click()
    await page.locator("[data-opens=hand-over]").click()
    await expect(page.locator("#heirs label", has_text=elena.name)).to_have_count(0)
    await page.locator("#heirs label", has_text=boris.name).click()
    await page.locator("#hand-over [type=submit]").click()
    await expect(page.locator('[data-opens="close-room"]')).to_have_count(0)
    await expect(page.locator("#settings-button")).to_be_visible()  # she stays as a moderator
    owner = "SELECT u.email FROM rooms AS r JOIN users AS u ON u.id = r.owner_id WHERE r.code = %s"
    [told] = await asyncio.to_thread(site.rows, owner, link.rpartition("/")[2])
    assert told["email"] == boris.email


async def test_a_room_has_the_name_that_its_owner_gives_it_everywhere_at_once(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    film, name = FILMS["tide-keeper"]["title"]["ru"], "Пятница у Елены"
    await expect(farid.page.locator("#hall-title")).to_have_text(film)
    await expect(farid.page.locator("#about-film")).to_be_hidden()

    await elena.page.locator("#settings-button").click()
    await elena.page.locator("#room-title").fill(name)
    await elena.page.locator("#arrange [type=submit]").click()

    for viewer in together:
        await expect(viewer.page.locator("#hall-title")).to_have_text(name)
        await expect(viewer.page).to_have_title(f"{name} · Кино вместе")
        await expect(viewer.page.locator("#share")).to_have_attribute("data-share-title", f"Смотрим вместе: {name}")
        await expect(viewer.page.locator("#about-film")).to_be_visible()
        await expect(viewer.page.locator("#about-film")).to_have_text(f"{film} · ")
    await expect(farid.page.locator("movie-together-chat")).to_contain_text(f"название: «⁨{name}⁩»")
    await farid.enter(farid.page.url)
    await expect(farid.page.locator("#hall-title")).to_have_text(name)


async def test_the_settings_shown_follow_the_room_but_where_the_viewer_has_changed_them(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena = await new_viewer("elena")
    await open_room(elena)
    room, dialog = elena.page.locator("movie-together"), elena.page.locator("#room-settings")
    await elena.page.locator("#settings-button").click()
    await dialog.locator("#arrange-people > summary").click()
    await writes(dialog.locator("#capacity"), "7")

    await room.evaluate("room => room.changeSettings({ slow_mode_s: 30, capacity: 9 })")  # as somebody else would
    await expect(dialog.locator("#slow-mode")).to_have_value("30")
    await expect(dialog.locator("#capacity")).to_have_value("7")
    await dialog.locator("[type=submit]").click()

    await expect(dialog).to_be_hidden()
    kept = await room.evaluate("({ room: { room } }) => [room.settings.slow_mode_s, room.settings.capacity]")
    assert kept == [30, 7]


async def test_the_settings_fit_a_phone_folded_and_unfold_by_keys_and_where_something_is_wrong(
    new_viewer: NewViewer, open_room: OpenRoom
) -> None:
    elena = await new_viewer("elena")
    await open_room(elena)
    page, dialog = elena.page, elena.page.locator("#room-settings")
    for width, height in ((360, 640), (1280, 800)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.locator("#settings-button").click()
        assert await dialog.evaluate("one => one.scrollHeight - one.clientHeight") <= 0, (width, height)
        await page.keyboard.press("Escape")
    await page.locator("#settings-button").press("Enter")
    await expect(dialog.locator("details")).to_have_count(3)
    capacity, summary = dialog.locator("#capacity"), dialog.locator("#arrange-people > summary")
    await expect(capacity).to_be_hidden()

    while not await summary.evaluate("one => one === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(capacity).to_be_visible()
    await capacity.fill("1")
    await summary.press("Enter")
    await expect(capacity).to_be_hidden()
    await dialog.locator("[type=submit]").press("Enter")
    await expect(capacity).to_be_visible()
    await expect(dialog).to_be_visible()


async def test_a_room_that_was_closed_is_opened_again_by_a_press(new_viewer: NewViewer, open_room: OpenRoom) -> None:
    elena = await new_viewer("elena")
    link = await open_room(elena)
    await elena.close_room()
    await expect(elena.page.locator("movie-together .end")).to_contain_text("Комната закрыта")

    await elena.page.goto(link)
    await elena.page.locator("#reopen").click()

    await elena.wait_in_room()


async def test_whoever_wants_no_letters_of_an_inviter_says_so_on_the_page_of_rooms(
    new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn, site: Site
) -> None:
    elena, boris = await new_viewer("elena"), await new_viewer("boris")
    link = await open_room(elena)
    await sign_in(boris)
    await boris.enter(link)
    mute = boris.page.locator(f"li:has(a[href$='{link.rpartition('/')[2]}']) [data-mute]")

    for pressed in ("true", "false"):
        await boris.page.goto(f"{site.url}/rooms")
        await expect(mute).to_contain_text(elena.name)
        await mute.click()
        await expect(mute).to_have_attribute("aria-pressed", pressed)
        await boris.page.reload()
        await expect(mute).to_have_attribute("aria-pressed", pressed)
